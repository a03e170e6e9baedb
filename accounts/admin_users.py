"""The administrator's pages for people: inviting them, shutting them out, what each is allowed, and their leaving.

Rows flow in and out. A person chooses their own password: an administrator mails them a link, and is shown it only
where it opens nothing yet.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import invitations, notices, security_log, sessions
from accounts.admin_rows import ShownAdmin
from accounts.leaving import begin_leaving
from accounts.models import Departure, MailAccount, SecurityEvent, User
from accounts.zones import zone_choices


def _languages() -> list[tuple[str, Any]]:
    return [("", gettext_lazy("As the browser asks")), *settings.LANGUAGES]


def _departure(user: User) -> Departure | None:
    return getattr(user, "departure", None)


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
    list_display = ("address", "name", "is_active", "is_administrator", "account_count", "last_seen")
    list_filter = ("is_active", "is_superuser")
    search_fields = ("email", "name", "departure__address")
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
    #: All that is shown of who is being deleted.
    fields_of_leaving: ClassVar[tuple[str, ...]] = ("address", "name", "leaving_since")
    form = PersonForm
    inlines = (MailAccountInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        users: QuerySet[User] = super().get_queryset(request)
        people = users.filter(Q(departure=None) | Q(departure__is_person=True)).select_related("departure")
        return people.annotate(accounts_connected=Count("mail_accounts"))

    @admin.display(description=gettext_lazy("email address"), ordering="email")
    def address(self, user: User) -> str:
        departure = _departure(user)
        if departure is None:
            return user.email
        return format_html('{} <span class="leaving">{}</span>', departure.address, _("being deleted"))

    @admin.display(description=gettext_lazy("being deleted since"))
    def leaving_since(self, user: User) -> str:
        departure = _departure(user)
        return formats.localize(timezone.localtime(departure.asked_at)) if departure else ""

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
            return self.fieldsets if _departure(obj) is None else ((None, {"fields": self.fields_of_leaving}),)
        days = settings.PASSWORD_RESET_TIMEOUT // 86_400
        told = _("They are mailed a link by which they choose a password. It holds for %(days)d days, once.")
        return ((None, {"fields": InviteForm.Meta.fields, "description": told % {"days": days}}),)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Nobody shuts themselves out by a slip."""
        if obj is not None and _departure(obj) is not None:
            return self.fields_of_leaving
        own = obj is not None and obj.pk == request.user.pk
        return (*self.readonly_fields, "is_active", "is_superuser") if own else self.readonly_fields

    def get_inlines(self, request: HttpRequest, obj: User | None) -> Any:
        return () if obj is None or _departure(obj) is not None else self.inlines

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        is_other = obj is None or (obj.pk != request.user.pk and _departure(obj) is None)
        return super().has_delete_permission(request, obj) and is_other

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Who is being deleted is only looked at."""
        return super().has_change_permission(request, obj) and (obj is None or _departure(obj) is None)

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        begin_leaving(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset.filter(departure=None):
            if user != request.user:
                begin_leaving(user)

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: int) -> HttpResponse:
        """Shut out they are; the rest takes as long as they have mail."""
        words = _(
            "Nobody can sign in as %(person)s any more, and the address is free. What is here of them is being deleted."
        )
        self.message_user(request, words % {"person": obj_display}, messages.SUCCESS)
        return redirect("admin:accounts_user_changelist")

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        obj.is_staff = obj.is_superuser  # there are no half administrators
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)
        if not change or "email" in form.changed_data:
            invitations.trust_address(obj)
        if change and "email" in form.changed_data:
            self._tell_of_new_address(request, obj, form.initial["email"])
        if change and "is_active" in form.changed_data and not obj.is_active:
            sessions.end_sessions(obj)
        if not change:
            self._invite(request, obj)

    def _tell_of_new_address(self, request: HttpRequest, user: User, former: str) -> None:
        """In their log, and at the address that was theirs until now."""
        detail = f"{former} → {user.email}"
        security_log.record(SecurityEvent.Kind.ADDRESS_CHANGED, user, detail=detail, actor=request.user)
        if not former or former.lower() == user.email.lower():
            return

        def tell() -> None:
            try:
                notices.tell_former_address(user, former, changed_by=str(request.user))
            except OSError as error:  # smtplib's errors are OSErrors
                words = _("%(email)s could not be told that it is no longer the address to sign in with: %(error)s.")
                self.message_user(request, words % {"email": former, "error": error}, messages.WARNING)
            else:
                self.message_user(request, _("Told by mail: %(email)s") % {"email": former}, messages.INFO)

        transaction.on_commit(tell)

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
        queryset = queryset.filter(departure=None)
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
        for user in users.filter(departure=None):
            done = act(user)
            total += done
            if done:
                self.log_change(request, user, words)
        return total
