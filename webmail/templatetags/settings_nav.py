"""The column of settings pages: which there are, and which one is open."""

from dataclasses import dataclass
from typing import Any

from django import template
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

register = template.Library()

PAGES: tuple[tuple[str, str, Promise | str, tuple[str, ...]], ...] = (
    ("settings_profile", "circle-user", _("Profile"), ()),
    ("settings_appearance", "palette", _("Appearance"), ()),
    ("settings_reading", "inbox", _("Reading and list"), ()),
    ("settings_writing", "square-pen", _("Writing and signatures"), ("/settings/identities/", "/settings/templates/")),
    ("settings_notifications", "bell", _("Notifications"), ()),
    ("settings_accounts", "at-sign", _("Mail accounts"), ()),
    ("settings_rules", "list-checks", _("Rules and blocking"), ()),
    ("settings_auto_replies", "tree-palm", _("Automatic replies"), ()),
    ("settings_contacts", "book-user", _("Contacts"), ()),
    ("settings_subscriptions", "list", _("Mailing lists"), ()),
    ("settings_storage", "hard-drive", _("Storage and export"), ()),
    ("settings_certificates", "shield-check", _("Certificates"), ()),
    ("settings_security", "fingerprint-pattern", _("Security and sign-in"), ("/accounts/",)),
)


@dataclass(frozen=True, slots=True)
class SettingsPage:
    url: str
    icon: str
    label: Promise | str
    current: bool


@register.simple_tag(takes_context=True)
def settings_pages(context: dict[str, Any]) -> list[SettingsPage]:
    """The pages in order; ``current`` for the one whose address begins like the request's."""
    request = context.get("request")
    path = request.path if request else ""
    pages = []
    for name, icon, label, also in PAGES:
        url = reverse(name)
        current = path.startswith((url, *also)) or (name == "settings_profile" and path == reverse("settings"))
        pages.append(SettingsPage(url, icon, label, current))
    return pages
