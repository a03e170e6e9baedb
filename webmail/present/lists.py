"""How to leave a mailing list, as its message offers it. Pure (RFC 2369, RFC 8058)."""

from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, unquote, urlsplit

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from mailsync.message.addresses import comparable, is_address
from mailsync.message.authres import Verdict
from mailsync.models import Message, Outgoing, Unsubscription
from mailsync.store.unsubscriptions import is_refused
from webmail.present.said import said
from webmail.render.links import compose_target

_MAX_FIELD = 500


@dataclass(frozen=True, slots=True)
class MailRequest:
    """The letter that a list takes for a farewell (RFC 2369 §3.2, RFC 6068)."""

    address: str
    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """``one_click_url`` takes a POST from our server, and is set only when the provider verified a DKIM signature that
    covers it; ``mail`` is a letter that we can send; ``page_url`` is opened by the reader in a new tab;
    ``compose_url`` is our compose page with the list's command filled in. ``list_key`` tells one list from another."""

    list_key: str
    one_click_url: str = ""
    page_url: str = ""
    compose_url: str = ""
    mail: MailRequest | None = None


@dataclass(frozen=True, slots=True)
class Farewell:
    """What became of leaving a list, in words; ``failed``: it may be tried again, ``refused``: in another way only."""

    words: str
    failed: bool = False
    refused: bool = False


def present_farewell(left: Unsubscription | None) -> Farewell | None:
    """None for a list that its reader has not asked to leave, or whose letter they have taken back."""
    if left is None:
        return None
    letter = left.outgoing
    if letter is not None and letter.state == Outgoing.State.CANCELLED:
        return None
    if letter is not None and letter.state == Outgoing.State.FAILED:
        words = _("The letter that asks to leave this mailing list could not be sent.")
        return Farewell(f"{words} {said(letter.error)}".strip(), failed=True)
    if left.state == Unsubscription.State.FAILED:
        return Farewell(
            f"{_('This mailing list could not be left.')} {said(left.error)}".strip(),
            failed=True,
            refused=is_refused(left),
        )
    is_sent = letter is not None and letter.state == Outgoing.State.DONE
    # A letter may have gone with the account that sent it.
    if left.state == Unsubscription.State.DONE or is_sent or not (left.url or letter):
        day = formats.date_format(timezone.localtime(left.asked_at), pgettext("date format", "D j M Y"))
        return Farewell(_("You left this mailing list on %(day)s.") % {"day": day})
    return Farewell(_("This mailing list is being told to remove you."))


def ways_out(message: Message, verdict: Verdict) -> Unsubscribe | None:
    urls = [str(url) for url in message.facts.get("list_unsubscribe", [])]
    page = next((url for url in urls if url.lower().startswith(("https://", "http://"))), "")
    mailto = next((url for url in urls if url.lower().startswith("mailto:")), "")
    if not page and not mailto:
        return None
    return Unsubscribe(
        list_key=str(message.facts.get("list_id") or comparable(message.from_address))[:320],
        one_click_url=page if _one_click(message, verdict, page) else "",
        page_url=page,
        compose_url=compose_target(mailto) if mailto else "",
        # Who is not who they say gets no letter that says which address is read.
        mail=None if verdict.failed or not mailto else read_mailto(mailto),
    )


def _one_click(message: Message, verdict: Verdict, page: str) -> bool:
    """RFC 8058 §4: https, offered, and both fields covered by a DKIM signature that passed."""
    if not message.facts.get("list_unsubscribe_post") or not page.lower().startswith("https://"):
        return False
    if not verdict.verified or verdict.by != "dkim":
        return False
    needed = {"list-unsubscribe", "list-unsubscribe-post"}
    return any(
        str(signature.get("domain", "")).lower() == verdict.domain
        and needed <= {str(name).lower() for name in signature.get("headers", [])}
        for signature in message.facts.get("dkim_signatures", [])
    )


def ways_left(ways: Unsubscribe, left: Unsubscription | None) -> Unsubscribe:
    """Without the request that the list's server has refused already."""
    return replace(ways, one_click_url="") if left is not None and is_refused(left) else ways


def read_mailto(url: str) -> MailRequest | None:
    """One recipient, subject and body, and nothing else: a letter that we send has no Cc of a stranger's.

    >>> read_mailto("mailto:leave@list.example?subject=off%20now")
    MailRequest(address='leave@list.example', subject='off now', body='')
    """
    parts = urlsplit(url)
    address = unquote(parts.path).strip()
    if not is_address(address):
        return None
    try:
        fields = dict(reversed(parse_qsl(parts.query.replace("+", "%2B"), max_num_fields=20)))
    except ValueError:
        fields = {}
    by_name = {name.lower(): value for name, value in fields.items()}
    return MailRequest(
        address,
        " ".join(by_name.get("subject", "").split())[:_MAX_FIELD] or "unsubscribe",
        by_name.get("body", "")[:_MAX_FIELD],
    )
