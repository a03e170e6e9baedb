"""A search over the settings: words flow in, the places that speak of them flow out, each with its link."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from webmail.templatetags.settings_nav import PAGES
from webmail.views.settings import options


@dataclass(frozen=True, slots=True)
class Place:
    """A setting, or a page; ``where`` is the page it stands on, ``more`` what it is also found by."""

    label: str
    help: str
    where: str
    url: str
    more: str = ""


#: What stands on pages that are no lists of options: page, label, and the anchor or page it leads to.
_FURTHER: tuple[tuple[str, Promise | str, str], ...] = (
    ("settings_profile", _("Your name"), "settings_profile"),
    ("settings_profile", _("Time zone"), "settings_profile"),
    ("settings_profile", _("Language"), "settings_profile"),
    ("settings_writing", _("Signature"), "settings_writing"),
    ("settings_writing", _("Identities and signatures"), "settings_writing"),
    ("settings_writing", _("Templates"), "template_add"),
    ("settings_notifications", _("Tell this browser of new mail"), "settings_notifications"),
    ("settings_accounts", _("Connect a mail account"), "account_add"),
    ("settings_rules", _("New rule"), "rule_add"),
    ("settings_rules", _("Blocked senders"), "settings_rules"),
    ("settings_auto_replies", _("Out of office, holidays"), "settings_auto_replies"),
    ("settings_contacts", _("Import contacts"), "settings_contacts"),
    ("settings_contacts", _("Export contacts"), "settings_contacts"),
    ("settings_storage", _("Import mail"), "settings_import"),
    ("settings_storage", _("Export everything"), "settings_storage"),
    ("settings_storage", _("Settings as a file"), "settings_file"),
    ("settings_certificates", _("Open encrypted mail (S/MIME)"), "settings_certificates"),
    ("settings_certificates", _("Add a certificate"), "own_certificate_add"),
    ("settings_certificates", _("For whom you can encrypt"), "peer_certificates"),
    ("settings_security", _("Password"), "account_change_password"),
    ("settings_security", _("Passkeys and two-step sign-in"), "mfa_index"),
    ("settings_security", _("Sign-in addresses"), "account_email"),
    ("settings_security", _("Where you are signed in"), "usersessions_list"),
    ("settings_security", _("Delete my account here"), "settings_leave"),
)
_LISTS = {
    "settings_appearance": options.APPEARANCE,
    "settings_reading": options.READING,
    "settings_writing": options.WRITING,
    "settings_notifications": options.NOTIFICATIONS,
}


def _places() -> Iterator[Place]:
    titles = {name: str(label) for name, _icon, label, _also in PAGES}
    for name, title in titles.items():
        yield Place(title, "", "", reverse(name))
    for name, listed in _LISTS.items():
        for option in listed:
            anchor = f"{reverse(name)}#o-{option.name}"
            offered = " ".join(str(label) for _value, label in getattr(option, "values", ()))
            yield Place(str(option.label), str(option.help), titles[name], anchor, offered)
    for page, label, target in _FURTHER:
        yield Place(str(label), "", titles[page], reverse(target))


def find(typed: str) -> list[Place]:
    """The places that have every word typed, at the beginning of a word, those that have them in their name first."""
    wanted = typed.casefold().split()[:8]
    if not wanted:
        return []
    found = [place for place in _places() if _has(f"{place.label} {place.help} {place.where} {place.more}", wanted)]
    return sorted(found, key=lambda place: not _has(place.label, wanted))


def _has(text: str, wanted: list[str]) -> bool:
    words = text.casefold().replace("-", " ").split()
    return all(any(word.startswith(piece) for word in words) for piece in wanted)


@require_safe
@login_required
def search(request: HttpRequest) -> HttpResponse:
    typed = request.GET.get("q", "").strip()[:100]
    return render(request, "settings/search.html", {"typed": typed, "found": find(typed)})
