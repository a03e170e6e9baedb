"""The administrator's pages for what belongs to people: rows flow in and out, secrets never do.

Which accounts are connected and how they fare, who is signed in and by what, and the logs. Passwords of mailboxes,
tokens and second factors are not shown anywhere, and accounts are connected by their owners only.
"""

from typing import Any, ClassVar

import allauth.account.admin
import allauth.mfa.admin
import allauth.socialaccount.admin
import allauth.usersessions.admin  # noqa: F401
import django.contrib.auth.admin  # noqa: F401  these register first, so that ours can take their place
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from accounts import provider_rows
from accounts.admin_rows import OwnedAdmin, ReadOnlyAdmin, RevocableAdmin, ShownAdmin
from accounts.models import Identity, MailAccount, OutgoingServer, ProviderRow, SecurityEvent

# Providers for signing in come from the environment alone, as their secrets would lie in those tables in the clear.
# A person's sign-in address is changed on their own page.
admin.site.unregister([Group, EmailAddress, Authenticator, UserSession, SocialAccount, SocialApp, SocialToken])


@admin.register(MailAccount)
class MailAccountAdmin(OwnedAdmin):
    """Connected accounts and how they fare."""

    list_display = ("address", "user", "protocol", "host", "port", "security", "state", "state_since", "state_reason")
    list_filter = ("state", "protocol", "security")
    fields = (
        *("user", "address", "label", "state", "state_reason", "state_since", "created_at"),
        *("provider", "protocol", "host", "port", "security", "auth_method", "oauth_app", "username"),
        *("outgoing_server", "leave_on_server", "leave_days", "keep_days"),
    )
    search_fields = ("address", "label", "host", "user__email")


@admin.register(OutgoingServer)
class OutgoingServerAdmin(OwnedAdmin):
    list_display = ("host", "user", "port", "security", "auth_method", "username", "is_relay")
    list_filter = ("is_relay", "security")
    search_fields = ("host", "label", "user__email")


@admin.register(Identity)
class IdentityAdmin(OwnedAdmin):
    list_display = ("address", "name", "user", "account", "is_default", "verified_at")
    fields = (*list_display, "outgoing_server")
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
class ProviderRowAdmin(ShownAdmin):
    """Mail providers beside those that are built in, or settings of theirs that are better known here."""

    form = ProviderRowForm
    list_display = ("key", "updated_at")

    def save_model(self, request: HttpRequest, obj: ProviderRow, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        provider_rows.refresh(now=True)

    def delete_model(self, request: HttpRequest, obj: ProviderRow) -> None:
        super().delete_model(request, obj)
        provider_rows.refresh(now=True)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ProviderRow]) -> None:
        super().delete_queryset(request, queryset)
        provider_rows.refresh(now=True)


@admin.register(SecurityEvent)
class SecurityEventAdmin(OwnedAdmin):
    """The log of security events, of everybody: to read."""

    list_display = ("created_at", "user", "kind", "detail", "actor", "ip")
    list_select_related: ClassVar[tuple[str, ...]] = ("user", "actor")
    list_filter = ("kind",)
    search_fields = ("user__email", "ip", "detail")


@admin.register(LogEntry)
class LogEntryAdmin(ReadOnlyAdmin):
    """What administrators did in these pages; it outlives the person it was done to."""

    list_display = ("action_time", "user", "action_flag", "what", "change")
    list_select_related = ("user", "content_type")
    list_filter = ("action_flag",)
    search_fields = ("user__email", "object_repr")
    fields = list_display

    @admin.display(description=gettext_lazy("what"), ordering="object_repr")
    def what(self, entry: LogEntry) -> str:
        return f"{entry.content_type.name if entry.content_type else ''} {entry.object_repr}".strip()

    @admin.display(description=gettext_lazy("change"))
    def change(self, entry: LogEntry) -> str:
        return str(entry.get_change_message())


@admin.register(Authenticator)
class AuthenticatorAdmin(RevocableAdmin):
    """Second factors without their secrets; deleting one helps a person who has lost it."""

    list_display = ("user", "type", "created_at", "last_used_at")
    fields = list_display
    list_filter = ("type",)
    search_fields = ("user__email",)


@admin.register(SocialAccount)
class SocialAccountAdmin(RevocableAdmin):
    """By which accounts elsewhere people sign in here; deleting one ends that."""

    list_display = ("user", "provider", "uid", "date_joined", "last_login")
    fields = list_display
    search_fields = ("user__email", "uid")


@admin.register(UserSession)
class UserSessionAdmin(RevocableAdmin):
    """Who is signed in, from where. Deleting one ends it."""

    list_display = ("user", "created_at", "last_seen_at", "ip", "user_agent")
    fields = list_display
    search_fields = ("user__email", "ip")

    def delete_model(self, request: HttpRequest, obj: UserSession) -> None:
        obj.end()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[UserSession]) -> None:
        for session in queryset:
            session.end()
