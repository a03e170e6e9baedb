"""The administrator's pages for people and their connections: rows flow in and out, secrets never do.

An administrator makes users, invites them, shuts them out; sees which accounts are connected and how
they fare. Passwords of mailboxes, tokens and second factors are not shown anywhere, and accounts
are connected by their owners only.
"""

from collections.abc import Callable
from typing import Any, ClassVar

import allauth.mfa.admin
import allauth.socialaccount.admin
import allauth.usersessions.admin  # noqa: F401
import django.contrib.auth.admin  # noqa: F401  these register first, so that ours can take their place
from allauth.account.decorators import secure_admin_login
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import invitations, provider_rows, security_log, sessions
from accounts.leaving import delete_person
from accounts.models import (
    Identity,
    MailAccount,
    OutgoingServer,
    ProviderRow,
    SecurityEvent,
    TrustedSender,
    User,
)

# Signing in happens on the site's own page alone, where second factors are asked for.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.site_header = admin.site.site_title = "Heron"
# Providers for signing in come from the environment alone, as their secrets would lie in those tables in the clear.
admin.site.unregister([Group, Authenticator, UserSession, SocialAccount, SocialApp, SocialToken])


class InviteForm(forms.ModelForm):  # type: ignore[type-arg]
    """What is needed to make a user; the password is theirs to choose."""

    class Meta:
        model = User
        fields = ["email", "name", "is_superuser"]

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].strip().lower()
        if User.objects.filter(email__iexact=email).exists():
            raise forms.ValidationError(_("There is a user with this address already."))
        return email


class MailAccountInline(admin.TabularInline):  # type: ignore[type-arg]
    """The user's connected accounts, to look at."""

    model = MailAccount
    fields = ("address", "protocol", "host", "state", "state_reason")
    readonly_fields = fields
    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(User)
class UserAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """People. Adding one mails them an invitation."""

    # So few and so short that they stand beside both columns of the admin on a screen of 1440 pixels.
    list_display = ("email", "name", "is_active", "is_administrator", "account_count", "last_seen")
    list_filter = ("is_active", "is_superuser")
    search_fields = ("email", "name")
    ordering = ("email",)
    actions = ("invite", "deactivate", "activate", "sign_out")
    readonly_fields = ("last_login", "date_joined")
    limits = ("recipients_per_day", "messages_per_minute", "attachment_limit_mb", "storage_limit_mb")
    fields = ("email", "name", "language", "timezone", "is_active", "is_superuser", *limits, *readonly_fields)
    inlines = (MailAccountInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        users: QuerySet[User] = super().get_queryset(request)
        return users.annotate(accounts_connected=Count("mail_accounts"))

    @admin.display(description=gettext_lazy("accounts"), ordering="accounts_connected")
    def account_count(self, user: Any) -> int:
        return int(user.accounts_connected)

    @admin.display(description=gettext_lazy("admin"), boolean=True, ordering="is_superuser")
    def is_administrator(self, user: User) -> bool:
        return user.is_superuser

    @admin.display(description=gettext_lazy("signed in"), ordering="last_login", empty_value="–")
    def last_seen(self, user: User) -> str | None:
        return (
            formats.date_format(timezone.localtime(user.last_login), "SHORT_DATE_FORMAT") if user.last_login else None
        )

    def get_form(self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any) -> Any:
        return InviteForm if obj is None else super().get_form(request, obj, change, **kwargs)

    def get_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        return InviteForm.Meta.fields if obj is None else self.fields

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Nobody shuts themselves out by a slip."""
        own = obj is not None and obj.pk == request.user.pk
        return (*self.readonly_fields, "is_active", "is_superuser") if own else self.readonly_fields

    def get_inlines(self, request: HttpRequest, obj: User | None) -> Any:
        return () if obj is None else self.inlines

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or obj.pk != request.user.pk)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """In numbers: to name what goes would show an administrator every message."""
        people = list(objs)
        boxes = MailAccount.objects.filter(user__in=people).count()
        mail = ngettext("%d mail account", "%d mail accounts", boxes) % boxes
        told = [*map(str, people), mail, _("All mail kept here")]
        missing = set() if self.has_delete_permission(request) else {str(User._meta.verbose_name)}
        return told, {str(User._meta.verbose_name_plural): len(people)}, missing, []

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        delete_person(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset:
            if user != request.user:
                delete_person(user)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        obj.is_staff = obj.is_superuser  # there are no half administrators
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)
        if not change or "email" in form.changed_data:
            invitations.trust_address(obj)
        if change and "is_active" in form.changed_data and not obj.is_active:
            sessions.end_sessions(obj)
        if not change:
            self._invite(request, obj)

    def _invite(self, request: HttpRequest, user: User) -> None:
        try:
            invitations.send_invitation(user, invited_by=str(request.user))
        except OSError as error:  # smtplib's errors are OSErrors
            self.message_user(
                request,
                _(
                    "The invitation to %(email)s could not be mailed: %(error)s. "
                    "Check HERON_EMAIL_HOST, then invite again."
                )
                % {"email": user.email, "error": error},
                messages.ERROR,
            )
        else:
            self.message_user(request, _("%(email)s is invited by mail.") % {"email": user.email}, messages.SUCCESS)

    @admin.action(description=gettext_lazy("Invite: mail a link to set a password"))
    def invite(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset:
            if user.is_active:
                self._invite(request, user)

    @admin.action(description=gettext_lazy("Deactivate: end sessions, stop sync, keep everything"))
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        count = self._each(request, queryset.exclude(email=str(request.user)), sessions.deactivate, _("Deactivated."))
        self.message_user(request, ngettext("%d user was deactivated.", "%d users were deactivated.", count) % count)

    @admin.action(description=gettext_lazy("Activate"))
    def activate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        count = self._each(request, queryset, sessions.activate, _("Activated again."))
        self.message_user(request, ngettext("%d user was activated.", "%d users were activated.", count) % count)

    @admin.action(description=gettext_lazy("Sign out everywhere"))
    def sign_out(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        count = self._each(request, queryset, sessions.end_sessions, _("Signed out everywhere."))
        self.message_user(request, ngettext("%d session was ended.", "%d sessions were ended.", count) % count)

    def _each(self, request: HttpRequest, users: QuerySet[User], act: Callable[[User], int], words: str) -> int:
        """Do it to each, and tell each of it in their log. Returns what ``act`` counted."""
        total = 0
        for user in users:
            done = act(user)
            total += done
            if done:
                security_log.record(SecurityEvent.Kind.ADMIN_ACT, user, detail=words, actor=request.user)
        return total


class OwnedAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """What belongs to its user: an administrator looks, and may delete; the owner adds and changes."""

    list_select_related: ClassVar[tuple[str, ...]] = ("user",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(MailAccount)
class MailAccountAdmin(OwnedAdmin):
    """Connected accounts and how they fare."""

    list_display = ("address", "user", "protocol", "host", "port", "security", "state", "state_since", "state_reason")
    list_filter = ("state", "protocol", "provider", "security")
    search_fields = ("address", "label", "host", "user__email")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """To disconnect is the owner's; whoever leaves takes their accounts along."""
        return False


@admin.register(OutgoingServer)
class OutgoingServerAdmin(OwnedAdmin):
    list_display = ("host", "user", "port", "security", "auth_method", "username", "is_relay")
    list_filter = ("is_relay", "security")
    search_fields = ("host", "label", "user__email")


@admin.register(Identity)
class IdentityAdmin(OwnedAdmin):
    list_display = ("address", "name", "user", "account", "is_default", "verified_at")
    list_select_related: ClassVar[tuple[str, ...]] = ("user", "account")
    search_fields = ("address", "user__email")


class ProviderRowForm(forms.ModelForm):  # type: ignore[type-arg]
    """Refuses what the provider table could not read."""

    class Meta:
        model = ProviderRow
        fields = ["key", "settings"]
        widgets = {"settings": forms.Textarea(attrs={"rows": 16, "cols": 90, "spellcheck": "false"})}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        try:
            provider_rows.parse_row(data.get("key", ""), data.get("settings", ""))
        except (ValueError, TypeError) as error:
            self.add_error("settings", str(error))
        return data


@admin.register(ProviderRow)
class ProviderRowAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Mail providers beside those that are built in, or settings of theirs that are better known here."""

    form = ProviderRowForm
    list_display = ("key", "updated_at")

    def save_model(self, request: HttpRequest, obj: ProviderRow, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        provider_rows.refresh(now=True)

    def delete_model(self, request: HttpRequest, obj: ProviderRow) -> None:
        super().delete_model(request, obj)
        provider_rows.refresh(now=True)


@admin.register(TrustedSender)
class TrustedSenderAdmin(OwnedAdmin):
    list_display = ("address", "user", "created_at")
    search_fields = ("address", "user__email")


@admin.register(SecurityEvent)
class SecurityEventAdmin(OwnedAdmin):
    """The log of security events, of everybody: to read."""

    list_display = ("created_at", "user", "kind", "detail", "actor", "ip")
    list_select_related: ClassVar[tuple[str, ...]] = ("user", "actor")
    list_filter = ("kind",)
    search_fields = ("user__email", "ip", "detail")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A log that can be cut is none; with a user their lines go too."""
        return obj is not None and not User.objects.filter(pk=obj.user_id).exists()


@admin.register(Authenticator)
class AuthenticatorAdmin(OwnedAdmin):
    """Second factors without their secrets; deleting one helps a person who has lost it."""

    list_display = ("user", "type", "created_at", "last_used_at")
    fields = list_display
    list_filter = ("type",)
    search_fields = ("user__email",)


@admin.register(SocialAccount)
class SocialAccountAdmin(OwnedAdmin):
    """By which accounts elsewhere people sign in here; deleting one ends that."""

    list_display = ("user", "provider", "uid", "date_joined", "last_login")
    fields = list_display
    search_fields = ("user__email", "uid")


@admin.register(UserSession)
class UserSessionAdmin(OwnedAdmin):
    """Who is signed in, from where. Deleting one ends it."""

    list_display = ("user", "created_at", "last_seen_at", "ip", "user_agent")
    fields = list_display
    search_fields = ("user__email", "ip")

    def delete_model(self, request: HttpRequest, obj: UserSession) -> None:
        obj.end()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[UserSession]) -> None:
        for session in queryset:
            session.end()
