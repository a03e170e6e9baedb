"""The admin as Heron has it: the pages that rooms register, by what they are about. Requests in, pages out.

Signing in and passwords are the site's own pages alone, where second factors are asked for and the log is written.
"""

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

#: What stands under which head; what is named nowhere comes last, under its app's name.
_GROUPS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (
        _("People"),
        ("User", "Authenticator", "SocialAccount", "UserSession", "SecurityEvent", "LogEntry"),
    ),
    (_("Mailboxes"), ("MailAccount", "Identity", "OutgoingServer", "AccountSync", "Folder")),
    (_("Work on the mail"), ("Outgoing", "Change", "SyncRun", "Hole", "Traffic", "ConnectionCap")),
    (_("Servers and calls"), ("ProviderRow", "OAuthApp", "TrustedCertificate", "BlockedHost", "Halt")),
)
#: What packages call otherwise, or in English alone.
_NAMES = {
    "Authenticator": _("Second factors"),
    "SocialAccount": _("Sign-in by providers"),
    "UserSession": _("Sessions"),
    "LogEntry": _("Log of administration"),
}


class HeronAdminSite(AdminSite):
    site_header = site_title = "Heron"
    index_title = _("Administration")

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        answer: HttpResponse = secure_admin_login(super().login)(request, extra_context)
        return answer

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Django's own page would end no other session, and nobody would be told."""
        return redirect("account_change_password")

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        apps: list[Any] = super().get_app_list(request, app_label)
        if app_label is not None:
            return apps
        rows = {row["object_name"]: row for app in apps for row in app["models"]}
        for name, row in rows.items():
            row["name"] = _NAMES.get(name, row["name"])
        index = reverse("admin:index", current_app=self.name)
        groups = []
        for number, (title, names) in enumerate(_GROUPS):
            found = [rows.pop(name) for name in names if name in rows]
            if found:
                label = f"group-{number}"
                groups.append({"name": title, "app_label": label, "app_url": index, "models": found})
        rest = [{**app, "models": [row for row in app["models"] if row["object_name"] in rows]} for app in apps]
        return groups + [app for app in rest if app["models"]]
