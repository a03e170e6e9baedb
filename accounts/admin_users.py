"""The administrator's pages for people: inviting them, shutting them out, what each is allowed, and their leaving.

Rows flow in and out. A person chooses their own password: an administrator mails them a link, and is shown it only
where it opens nothing yet.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import invitations, sessions
from accounts.admin_rows import ShownAdmin
from accounts.leaving import delete_person
from accounts.models import MailAccount, User
from accounts.zones import zone_choices


def _languages() -> list[tuple[str, Any]]:
    return [("", gettext_lazy("As the browser asks")), *settings.LANGUAGES]


class InviteForm(forms.ModelForm):  # type: ignore[type-arg]
    """What is needed to make a user; the password is theirs to choose."""

    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=_languages, required=False)

    class Meta:
        model = User
        fields = ["email", "name", "language", "is_superuser"]

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].strip().lower()
        if User.objects.filter(email__iexact=email).exists():
            raise forms.ValidationError(_("There is a user with this address already."))
        return email


class PersonForm(forms.ModelForm):  # type: ignore[type-arg]
    """What an administrator may change of a person."""

    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=_languages, required=False)
    timezone = forms.ChoiceField(label=gettext_lazy("Time zone"), choices=zone_choices)

    class Meta:
        model = User
        fields: ClassVar[list[str]] = []
        help_texts: ClassVar[dict[str, Any]] = {
            "email": gettext_lazy("By this address they sign in. Whoever reads its mail can set a new password."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kept = self.instance.timezone
        if kept not in dict(zone_choices()):  # of another machine, or of old: to save the page is not to change it
            self.fields["timezone"].choices = [(kept, kept), *zone_choices()]  # type: ignore[attr-defined]

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].strip().lower()
        if User.objects.filter(email__iexact=email).exclude(pk=self.instance.pk).exists():
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


class UserAdmin(ShownAdmin):
    """People. Adding one mails them an invitation. Registered by the room that can count their mail."""

    # So few and so short that they stand beside both columns of the admin on a screen of 1440 pixels.
    list_display = ("email", "name", "is_active", "is_administrator", "account_count", "last_seen")
    list_filter = ("is_active", "is_superuser")
    search_fields = ("email", "name")
    ordering = ("email",)
    actions = ("invite", "deactivate", "activate", "sign_out")
    readonly_fields = ("last_login", "date_joined")
    fieldsets: ClassVar[Any] = (
        (None, {"fields": ("email", "name", "language", "timezone")}),
        (gettext_lazy("Access"), {"fields": ("is_active", "is_superuser", *readonly_fields)}),
        (
            gettext_lazy("Limits"),
            {
                "fields": ("recipients_per_day", "messages_per_minute", "attachment_limit_mb", "storage_limit_mb"),
                "description": gettext_lazy("A limit that is left empty is the operator's or the mail provider's."),
            },
        ),
    )
    form = PersonForm
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

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is not None:
            return self.fieldsets
        days = settings.PASSWORD_RESET_TIMEOUT // 86_400
        told = _("They are mailed a link by which they choose a password. It holds for %(days)d days, once.")
        return ((None, {"fields": InviteForm.Meta.fields, "description": told % {"days": days}}),)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Nobody shuts themselves out by a slip."""
        own = obj is not None and obj.pk == request.user.pk
        return (*self.readonly_fields, "is_active", "is_superuser") if own else self.readonly_fields

    def get_inlines(self, request: HttpRequest, obj: User | None) -> Any:
        return () if obj is None else self.inlines

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or obj.pk != request.user.pk)

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

    def _invite(self, request: HttpRequest, user: User) -> bool:
        """Whether they are invited by mail; if not, the administrator reads why, and what to do."""
        try:
            invitations.send_invitation(user, invited_by=str(request.user))
        except OSError as error:  # smtplib's errors are OSErrors
            told = {"email": user.email, "error": error}
            if invitations.opens_nothing_yet(user):
                words = _(
                    "The invitation to %(email)s could not be mailed: %(error)s. Hand them this link yourself, "
                    "or check HERON_EMAIL_HOST and invite again:"
                )
                self.message_user(
                    request,
                    format_html("{} <code>{}</code>", words % told, invitations.password_link(user)),
                    messages.WARNING,
                )
                return False
            words = _(
                "The invitation to %(email)s could not be mailed: %(error)s. Check HERON_EMAIL_HOST, then invite again."
            )
            self.message_user(request, words % told, messages.ERROR)
            return False
        self.message_user(request, _("Invited by mail: %(email)s") % {"email": user.email}, messages.SUCCESS)
        return True

    @admin.action(description=gettext_lazy("Invite: mail a link to set a password"))
    def invite(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._each(request, queryset.filter(is_active=True), lambda user: self._invite(request, user), _("Invited."))
        shut_out = queryset.filter(is_active=False).count()
        if shut_out:
            words = ngettext(
                "%d user is deactivated and was not invited.",
                "%d users are deactivated and were not invited.",
                shut_out,
            )
            self.message_user(request, words % shut_out, messages.WARNING)

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
        """Do it to each, and write it into the log, which tells them too. Returns what ``act`` counted."""
        total = 0
        for user in users:
            done = act(user)
            total += done
            if done:
                self.log_change(request, user, words)
        return total
