"""A draft as the compose screen shows it: fields, addresses as chips, files as tiles, the quoted original.

In: a draft row and its user. Out: a frozen ``Composing`` for the template. Reads only.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Identity, User
from accounts.providers import provider_for_address
from mailsync.message import outgoing_html
from mailsync.message.addresses import comparable, format_address, parse_address_list
from mailsync.models import Draft, DraftAttachment, SignaturePicture
from mailsync.store.allowance import SendingRoom, sending_room
from mailsync.store.drafts import is_pasted
from mailsync.store.opening import is_encrypted
from mailsync.store.own_certificates import certified_address, signing_addresses
from mailsync.store.peer_certificates import reading_addresses
from mailsync.store.people import load_people
from mailsync.store.quoting import plain_body
from mailsync.store.replying import addressed_identities
from mailsync.store.room import files_limit
from mailsync.store.signatures import is_of_signature, load_signature
from mailsync.store.templates import Named, load_templates
from mailsync.types import Address
from webmail.forms import identities_of
from webmail.present.files import FileTile, file_tile
from webmail.present.guards import Warning, find_outsiders
from webmail.present.said import said
from webmail.present.spans import Span, spans
from webmail.templatetags.heron import hue_of, initials_of


@dataclass(frozen=True, slots=True)
class DraftFile:
    tile: FileTile
    pk: int
    url: str


@dataclass(frozen=True, slots=True)
class Signing:
    """``is_possible``: a certificate may sign as the identity now; ``by_itself``: all that is sent as it is signed;
    ``is_wished``: this message is to be."""

    is_possible: bool
    by_itself: bool
    is_wished: bool

    @property
    def is_offered(self) -> bool:
        """Also where it is wished in vain: then it can be taken back."""
        return self.is_possible or self.is_wished


@dataclass(frozen=True, slots=True)
class Composing:
    """Everything ``compose/window.html`` needs. ``html`` is for the editor, ``text`` for a plain text area."""

    draft: Draft
    title: str
    identities: list[Identity]
    identity_id: int | None
    html: str
    text: str
    files: list[DraftFile]
    files_bytes: int
    file_limit: int
    total_limit: int
    link_limit: int
    undo_seconds: int
    is_page: bool = False
    warnings: list[Warning] = field(default_factory=list)
    error: str = ""
    error_field: str = ""
    next_url: str = "/"
    quoted: str = ""
    room: SendingRoom | None = None
    templates: list[Named] = field(default_factory=list)
    signing_addresses: frozenset[str] = frozenset()
    reading_addresses: frozenset[str] = frozenset()

    @property
    def signing(self) -> Signing:
        """Whether it is to be signed, and what is said of that beside its From."""
        identity = self._identity
        by_itself = identity is not None and identity.signs_mail
        is_wished = by_itself if self.draft.is_signed is None else self.draft.is_signed
        return Signing(identity is not None and self._may_sign(identity), by_itself, is_wished)

    @property
    def may_encrypt(self) -> bool:
        """Whether that is offered, be it only to take it back."""
        return self.draft.is_encrypted or (self._identity is not None and self._may_encrypt(self._identity))

    @property
    def _identity(self) -> Identity | None:
        return next((one for one in self.identities if one.pk == self.identity_id), None)

    def _may_sign(self, identity: Identity) -> bool:
        return certified_address(identity) in self.signing_addresses

    def _may_encrypt(self, identity: Identity) -> bool:
        return certified_address(identity) in self.reading_addresses

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The address rows in their order; Cc and Bcc wait behind their links while they are empty."""
        lines = (("to", _("To"), self.draft.to), ("cc", _("Cc"), self.draft.cc), ("bcc", _("Bcc"), self.draft.bcc))
        return [
            {"name": name, "label": label, "value": value, "shown": name == "to" or bool(value), "known": _known(value)}
            for name, label, value in lines
        ]

    @property
    def signatures(self) -> list[dict[str, Any]]:
        """What goes with each identity: scripts put it in when From changes."""
        is_answer = self.draft.mode != Draft.Mode.NEW
        found = [(one, load_signature(one, is_answer=is_answer)) for one in self.identities]
        urls = signature_pictures(self.identities) if any("cid:" in one.html for _who, one in found) else {}
        return [
            {
                "identity": who,
                "signature": one,
                "html": outgoing_html.show_pictures(one.html, urls.get),
                "signing": Signing(self._may_sign(who), who.signs_mail, who.signs_mail),
                "encrypts": self._may_encrypt(who),
            }
            for who, one in found
        ]

    @property
    def send_at(self) -> datetime | None:
        """The time that a scheduled message had when it was stopped, while it is to come."""
        return coming_time(self.draft)

    @property
    def spans(self) -> Sequence[Span]:
        """After how long its writer can be reminded, if nobody answers."""
        return spans(self.draft.remind_days)

    @property
    def answers(self) -> bool:
        """Whether it is part of a conversation, in which others may answer meanwhile."""
        return self.draft.original_id is not None and self.draft.mode in (Draft.Mode.REPLY, Draft.Mode.REPLY_ALL)

    @property
    def unseals(self) -> bool:
        """Whether it answers or passes on what came encrypted, and goes out readable; the whole as a file stays so."""
        draft = self.draft
        if draft.original is None or not is_encrypted(draft.original):
            return False
        files = draft.attachments.filter(content_type="message/rfc822")
        return outgoing_html.has_original(draft.body) or draft.mode != Draft.Mode.FORWARD or not files.exists()

    @property
    def is_untouched(self) -> bool:
        return is_untouched(self.draft)


def person_facts(one: Address) -> dict[str, str]:
    """An address as the recipient fields draw it."""
    return {
        "name": one.name,
        "address": one.address,
        "line": format_address(one),
        "initials": initials_of(one.name, one.address),
        "hue": f"h{hue_of(one.address)}",
    }


def is_untouched(draft: Draft) -> bool:
    """Begun here and nothing written or attached since, so that no copy is due. What lies in the Drafts folder, from
    wherever, is never untouched."""
    return draft.version == 1 and draft.placement_id is None and draft.store_due_at is None


def coming_time(draft: Draft) -> datetime | None:
    """When the draft is to leave unless its writer says otherwise; None: at once."""
    return draft.send_at if draft.send_at is not None and draft.send_at > timezone.now() else None


def present_draft(user: User, draft: Draft, *, undo_seconds: int = 10, **more: Any) -> Composing:
    identities = list(identities_of(user))
    shown = set(outgoing_html.cids_in(draft.body)) if draft.is_html else set()
    rows = list(draft.attachments.select_related("blob").defer("blob__data"))
    files = [row for row in rows if row.content_id not in shown and not is_pasted(row.content_id)]
    cids = {row.content_id for row in rows if row.content_id}
    body = outgoing_html.clean_draft(draft.body) if draft.is_html else ""
    return Composing(
        draft=draft,
        title=title_of(draft),
        identities=identities,
        identity_id=draft.identity_id or (identities[0].pk if identities else None),
        html=outgoing_html.show_pictures(body, lambda cid: picture_url(draft, cid) if cid in cids else None),
        text=plain_body(draft),
        files=[present_file(draft, row) for row in files],
        files_bytes=sum(row.blob.size_bytes for row in rows),
        file_limit=settings.HERON_UPLOAD_LIMIT_BYTES,
        total_limit=files_limit(draft),
        link_limit=settings.HERON_LINK_LIMIT_BYTES,
        undo_seconds=undo_seconds,
        quoted=_quoted(draft),
        room=_tight_room(draft, identities),
        templates=load_templates(user.pk),
        signing_addresses=signing_addresses(user.pk, timezone.now()),
        reading_addresses=reading_addresses(user.pk, timezone.now()),
        **more,
    )


def present_file(draft: Draft, row: DraftAttachment) -> DraftFile:
    tile = file_tile(row.name, str(row.pk), row.content_type, row.blob.size_bytes)
    return DraftFile(tile, row.pk, reverse("draft_file", args=[draft.pk, row.pk]))


def picture_url(draft: Draft, cid: str) -> str:
    return reverse("draft_cid", args=[draft.pk, cid])


def title_of(draft: Draft) -> str:
    if draft.subject:
        return draft.subject
    return {
        Draft.Mode.REPLY: _("Reply"),
        Draft.Mode.REPLY_ALL: _("Reply to all"),
        Draft.Mode.FORWARD: _("Forward"),
    }.get(Draft.Mode(draft.mode), _("New message"))


def signature_pictures(identities: Iterable[Identity]) -> dict[str, str]:
    """Where the pictures of signatures are shown, by their Content-IDs."""
    rows = SignaturePicture.objects.filter(identity__in=identities).values_list("content_id", "identity_id", "pk")
    return {cid: reverse("signature_picture", args=[owner, pk]) for cid, owner, pk in rows}


def all_recipients(draft: Draft) -> list[Address]:
    return [one for line in (draft.to, draft.cc, draft.bcc) for one in parse_address_list(line).addresses]


def seen_recipients(draft: Draft) -> list[Address]:
    """Whom every recipient sees."""
    return [one for line in (draft.to, draft.cc) for one in parse_address_list(line).addresses]


def promised_files(draft: Draft) -> int:
    """The files that go along, those given as links too; a logo is none."""
    files = [cid for cid in draft.attachments.values_list("content_id", flat=True) if not is_of_signature(cid)]
    return len(files) + draft.uploads.filter(is_link=True, expires_at__gt=timezone.now()).count()


def new_outsiders(draft: Draft) -> tuple[Address, ...]:
    """Recipients from elsewhere in a letter among people of one's own domain: neither of the original nor known."""
    if draft.identity is None:
        return ()
    sender, people = draft.identity.address, all_recipients(draft)
    is_public = provider_for_address(sender) is not None
    named: set[str] = set()
    if draft.original is not None:
        named = {comparable(draft.original.from_address)}
        named |= {comparable(one) for field in draft.original.recipients.values() for _name, one in field}
    if not find_outsiders(sender, people, named, is_public=is_public):
        return ()
    if draft.original is None:
        named = {comparable(one.address) for one in load_people(draft.user_id)}
    return find_outsiders(sender, people, named, is_public=is_public)


def received_as(draft: Draft) -> str:
    """Which of the writer's addresses the answered message came to; "" where it names none, or several."""
    if draft.original is None or draft.mode == Draft.Mode.FORWARD:
        return ""
    named = addressed_identities(draft.user_id, draft.original)
    mine = {comparable(one.address) for one in named}
    sender = comparable(draft.identity.address) if draft.identity is not None else ""
    return named[0].address if named and sender not in mine else ""


def written_text(draft: Draft) -> str:
    """What the writer wrote, as text, without the quoted original."""
    if not draft.is_html:
        return draft.body
    return outgoing_html.splice_original(draft.body, "").replace("<blockquote", "\n<blockquote")


def _tight_room(draft: Draft, identities: list[Identity]) -> SendingRoom | None:
    """How much of the day's recipients is used, once it is more than half."""
    identity = next((one for one in identities if one.pk == draft.identity_id), None)
    room = sending_room(identity) if identity is not None else None
    return room if room is not None and room.is_tight else None


def _known(line: str) -> str:
    """The chips of an address line, as JSON; what is no address keeps its text beside the reason."""
    parsed = parse_address_list(line)
    wrong = [{**person_facts(Address("", "")), "line": _named(error), "error": said(error)} for error in parsed.errors]
    return json.dumps([*map(person_facts, parsed.addresses), *wrong])


def _named(error: str) -> str:
    return error.partition("“")[2].partition("”")[0]


def _quoted(draft: Draft) -> str:
    """The words on the fold of the quoted original."""
    if draft.original is None:
        return ""
    sender = Address(draft.original.from_name, draft.original.from_address)
    name = sender.name or format_address(sender)
    return (
        _("Forwarded message from %(name)s") % {"name": name}
        if draft.mode == Draft.Mode.FORWARD
        else (_("%(name)s wrote") % {"name": name})
    )
