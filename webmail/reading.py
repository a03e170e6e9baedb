"""All that the reading pane tells of one message beside its header: ``body_context``. Screens room, reads only.

In go the reader and a message of theirs, out comes a frozen ``BodyContext`` for the templates; every
text in it is plain and must be escaped there. The body itself is in the frame (``views/body.py``).
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import urlencode

from django.urls import reverse

from accounts import preferences
from accounts.models import TrustedSender, User
from mailsync.message.addresses import comparable
from mailsync.message.authres import Verdict
from mailsync.message.bodies import attachments as attached_parts
from mailsync.message.facts import Part
from mailsync.message.itip import read_version
from mailsync.message.protection import Protection, find_protection
from mailsync.models import Message, Outgoing
from mailsync.plan.invitations import Standing
from mailsync.store.events import calendar_text, load_standing
from mailsync.store.first_mail import Senders
from mailsync.store.opening import message_root, open_message
from mailsync.store.unsubscriptions import load_unsubscription
from mailsync.store.wanted_receipts import receipt_wanted_by
from mailsync.types import Address
from webmail.addresses import address_of
from webmail.bodies import ShownBody, load_body, picture_urls
from webmail.files import Preview, file_name, is_dangerous, preview_kind
from webmail.present.files import FileTile, file_tile
from webmail.present.invitation import Invitation, read_invitation
from webmail.present.lists import Farewell, Unsubscribe, present_farewell, ways_left, ways_out
from webmail.present.outbox import OutgoingCard, present_outgoing, without_bytes
from webmail.present.sealed import Sealed, present_sealed
from webmail.present.trust import Warned, domain_of, find_warnings, is_within, judge, was_always_verified
from webmail.render import THEMES, CleanBody, html_document, mode_of
from webmail.signatures import load_signers
from webmail.vcards import OfferedCards, offered_cards

#: A larger picture is no thumbnail of itself.
MAX_THUMB_BYTES = 2_000_000
#: A longer body would hold up the conversation around it.
MAX_DOCUMENT_CHARACTERS = 128 * 1024
#: Of each attached message.
MAX_FILES_WITHIN = 50
_UNKNOWN = Verdict()


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """One file of the message. ``preview`` says how it can be looked at before it is saved, empty if it cannot.

    ``dangerous`` files could run something when opened: say so, and offer them for saving only. ``thumb_url`` is a
    picture small enough to stand in its tile. ``within`` are the files of an attached message.
    """

    tile: FileTile
    url: str
    preview_url: str
    preview: Preview
    dangerous: bool
    thumb_url: str
    within: tuple["AttachedFile", ...] = ()


@dataclass(frozen=True, slots=True)
class BodyContext:
    """What the reading pane knows of a message's body.

    - ``state``: ``missing`` (not fetched yet), ``empty``, ``html``, ``text`` or ``encrypted`` (PGP or S/MIME)
    - ``frame_url``: the iframe's ``src``, with consent, theme and plain text already decided
    - ``document``: what is at that address, where it was asked for and needs nothing else; ``mode`` is its rendering
      mode (``webmail.render.doctype``)
    - ``pictures_url``, ``text_url``, ``html_url``, ``original_url``: what it becomes when the reader asks for
      the remote pictures this time, for the text, for the HTML again, for the sender's colours in place of dark ones;
      empty where that would change nothing
    - ``consent_url``: POST ``scope=sender|domain`` there to always show pictures (``views/body.py``); empty for
      what was encrypted
    - ``remote``: how many remote pictures wait (0 once shown); ``trackers``: how many beacons were stopped
    - ``refused``: the HTML could not be made safe, its text is shown; ``truncated``: its end is missing
    - ``left``: what the reader has done to leave this list; ``standing``: how the invitation stands, and their answer
    - ``contacts``: the vCards that came with it
    - ``receipt_to``: who asks for a read receipt, until the reader has said yes or no (``views/receipts.py``)
    - ``delivery``: of a message that the reader sent from here: what became of it, for whom
    - ``is_first``: nobody at this address has written before, as far as can be known
    - ``sealed``: what there is to say of its signature or encryption; ``has_key``: the sender's OpenPGP key came along
    - ``is_opened``: it was encrypted, and this is what it holds
    - ``verdict``: of the reader's own provider; ``warnings``: what is odd
    """

    state: Literal["missing", "empty", "html", "text", "encrypted"]
    frame_url: str = ""
    document: str = ""
    mode: str = ""
    pictures_url: str = ""
    text_url: str = ""
    html_url: str = ""
    original_url: str = ""
    consent_url: str = ""
    sender_domain: str = ""
    remote: int = 0
    shows_remote: bool = False
    trackers: int = 0
    deceptive_links: int = 0
    has_quote: bool = False
    refused: bool = False
    truncated: bool = False
    files: tuple[AttachedFile, ...] = ()
    verdict: Verdict = _UNKNOWN
    warnings: tuple[Warned, ...] = ()
    unsubscribe: Unsubscribe | None = None
    left: Farewell | None = None
    invitation: Invitation | None = None
    standing: Standing | None = None
    contacts: tuple[OfferedCards, ...] = ()
    receipt_to: str = ""
    delivery: OutgoingCard | None = None
    is_first: bool = False
    sealed: Sealed | None = None
    has_key: bool = False
    is_opened: bool = False

    @property
    def trust(self) -> Literal["verified", "failed", ""]:
        return "verified" if self.verdict.verified else "failed" if self.verdict.failed else ""


def body_context(
    user: User,
    message: Message,
    mine: Collection[str],
    *,
    senders: Senders | None = None,
    likes: preferences.Preferences | None = None,
    with_document: bool = False,
) -> BodyContext:
    """``mine`` are the reader's own addresses in lower case; ``senders`` is shared by messages opened together.
    A few queries; the body is cleaned on the way (or read from the cache), so that the frame finds it ready.
    ``likes`` is how mail is wanted, if not as the user has set. ``with_document``: it comes along, where it can."""
    verdict = verdict_on(message)
    root = message_root(open_message(user.pk, message))
    parts = attached_parts(root) if root else ()
    files = tuple(attached_file(message, part) for part in parts)
    senders = senders or Senders(user.pk, mine)
    # On a list, everybody is new; that is what it is for.
    is_first = "list_id" not in message.facts and senders.is_first(message)
    known = set(map(domain_of, mine))
    if not is_within(domain_of(message.from_address), known):
        known |= senders.contact_domains()
    warnings = find_warnings(
        Address(message.from_name, message.from_address),
        [Address(name, address) for name, address in message.recipients.get("reply_to", ())],
        message.facts,
        verdict,
        known_domains=known,
        dangerous_files=[one.tile.name for file in files for one in (file, *file.within) if one.dangerous],
        verified_others=_verified_others(message, verdict, senders),
    )
    unsubscribe = ways_out(message, verdict)
    left = load_unsubscription(user.pk, unsubscribe.list_key) if unsubscribe else None
    asker = receipt_wanted_by(message, {comparable(address) for address in mine})
    told: dict[str, Any] = {
        "files": files,
        "verdict": verdict,
        "warnings": warnings,
        "unsubscribe": ways_left(unsubscribe, left) if unsubscribe else None,
        "left": present_farewell(left),
        "sender_domain": domain_of(message.from_address),
        "receipt_to": asker.address if asker else "",
        "delivery": _delivery(user, message, mine),
        "is_first": is_first,
    }
    if message.raw_id is None:
        return BodyContext(state="missing", frame_url=address_of("body", message.pk), **told)
    likes = likes or preferences.load(user)
    shown = load_body(message, as_text=likes.plain_text, inside=root)
    told |= _event(user, message, mine)
    told["contacts"] = offered_cards(user.pk, message, parts)
    protection = find_protection(root, message.preview) if root else Protection("")
    signers = load_signers(message, protection)
    told["sealed"] = present_sealed(protection, signers, message.from_address, inside=message.inside)
    told["has_key"] = protection.has_key
    shows_remote = shows_pictures(user, message, shown.body, likes)
    # Pictures of others show only in a frame that is loaded by its own address.
    if with_document and not shown.is_empty and not shows_remote:
        told |= _document(user, message, likes, shown.body)
    return _with_frame(message, likes, shown, told, protection, shows_remote=shows_remote)


def _verified_others(message: Message, verdict: Verdict, senders: Senders) -> int:
    """Asked only where the provider looked and found neither yes nor no; lists break signatures on the way."""
    if not verdict.known or verdict.verified or verdict.failed or "list_id" in message.facts:
        return 0
    return was_always_verified(message.from_address, senders.other_results(message), message.account.host)


def _delivery(user: User, message: Message, mine: Collection[str]) -> OutgoingCard | None:
    if not message.message_id or message.from_address.lower() not in mine:
        return None
    rows = Outgoing.objects.filter(user=user, message_id=message.message_id).exclude(state=Outgoing.State.CANCELLED)
    row = without_bytes(rows).first()
    return present_outgoing(row) if row is not None else None


def _with_frame(
    message: Message,
    likes: preferences.Preferences,
    shown: ShownBody,
    told: dict[str, Any],
    protection: Protection,
    *,
    shows_remote: bool,
) -> BodyContext:
    body = shown.body
    theme = _theme(likes)
    form = {"as": "text"} if likes.plain_text and shown.has_html else {}
    at = "body_pictures" if shows_remote else "body"
    is_dark = likes.dark_mail and likes.theme != "light"
    return BodyContext(
        state=_state(shown, protection),
        frame_url=_url(message, at, theme | form),
        pictures_url=_url(message, "body_pictures", theme) if body.remote and not shows_remote else "",
        text_url=_url(message, "body", theme | {"as": "text"}) if shown.is_html else "",
        html_url=_url(message, at, theme | {"as": "html"}) if shown.has_html and not shown.is_html else "",
        original_url=_url(message, at, form | {"theme": "light"}) if body.sets_colors and is_dark else "",
        consent_url=address_of("body_pictures", message.pk) if message.inside is None else "",
        is_opened=message.inside is not None and not message.inside.problem,
        remote=0 if shows_remote else body.remote,
        shows_remote=shows_remote,
        trackers=body.trackers,
        deceptive_links=body.deceptive_links,
        has_quote=body.has_quote,
        refused=shown.refused,
        truncated=body.truncated,
        **told,
    )


def _document(user: User, message: Message, likes: preferences.Preferences, body: CleanBody) -> dict[str, str]:
    """What the frame would load, unless that is long."""
    own = picture_urls(message, user.pk, remote=False)
    text = html_document(body, picture_url=own, theme=THEMES[_theme(likes).get("theme", "auto")])
    return {"document": text, "mode": mode_of(body)} if len(text) <= MAX_DOCUMENT_CHARACTERS else {}


def _theme(likes: preferences.Preferences) -> dict[str, str]:
    if not likes.dark_mail:
        return {"theme": "light"}
    return {"theme": likes.theme} if likes.theme != "auto" else {}


def shows_pictures(user: User, message: Message, body: CleanBody, likes: preferences.Preferences) -> bool:
    """Whether remote pictures of this body load without being asked for."""
    if message.inside is not None:
        # EFAIL: who could change what is encrypted would learn by them what it says, so each time its reader decides.
        return False
    if not body.remote or likes.remote_pictures == "always":
        return bool(body.remote)
    # Whoever is trusted is meant, not who writes in their name: such pictures would tell a stranger who reads when.
    return trusts(user, message.from_address) and not verdict_on(message).failed


def trusts(user: User, address: str) -> bool:
    """Whether this reader always loads the pictures of this sender, or of their domain."""
    domain = domain_of(address)
    if not domain:
        return False
    return TrustedSender.has_any(user.pk, [address.lower(), f"@{domain}"])


def _url(message: Message, name: str, query: dict[str, str]) -> str:
    return address_of(name, message.pk) + _query(query)


def _query(query: dict[str, str]) -> str:
    return f"?{urlencode(query)}" if query else ""


def _state(shown: ShownBody, protection: Protection) -> Literal["empty", "html", "text", "encrypted"]:
    if not shown.is_empty:
        return "html" if shown.is_html else "text"
    return "encrypted" if protection.kind == "encrypted" else "empty"


def verdict_on(message: Message) -> Verdict:
    """What the reader's own provider says of the sender."""
    results = [str(value) for value in message.facts.get("authentication_results", [])]
    return judge(message.from_address, results, message.account.host)


def attached_file(message: Message, part: Part) -> AttachedFile:
    name = file_name(part)
    url = reverse("attachment", args=[message.pk, part.path, name])
    preview = preview_kind(part)
    page = "nested" if preview == "message" else "view_file"
    return AttachedFile(
        tile=file_tile(name, part.path, part.content_type, part.size_bytes),
        url=url,
        preview_url=reverse(page, args=[message.pk, part.path]) if preview else "",
        preview=preview,
        dangerous=is_dangerous(name),
        thumb_url=f"{url}?inline=1" if preview == "picture" and part.size_bytes < MAX_THUMB_BYTES else "",
        within=tuple(_files_within(message, part)) if part.children and preview == "message" else (),
    )


def _files_within(message: Message, part: Part) -> Iterator[AttachedFile]:
    """The files of a message attached to this one, and of those attached to it, in one line."""
    for one in attached_parts(part.children[0])[:MAX_FILES_WITHIN]:
        file = attached_file(message, one)
        yield replace(file, within=())
        yield from file.within


def _event(user: User, message: Message, mine: Collection[str]) -> dict[str, Any]:
    """The invitation, if the message is one, and how it stands."""
    text = calendar_text(message)
    invitation = read_invitation(text, mine) if text else None
    if invitation is None:
        return {}
    version = read_version(text)
    asks = version is not None and version.method in ("REQUEST", "CANCEL")
    return {
        "invitation": invitation,
        "standing": load_standing(user.pk, message, version) if version is not None and asks else None,
    }
