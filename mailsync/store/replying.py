"""Answers to a message: who sends, who gets it, what is quoted, which files go along. Database room.

In: a stored message and the way it is answered. Out: a ``Draft`` row. The wording (recipients, subject,
quote) is decided by the pure ``mailsync.message.reply``; here its facts are loaded and its plan is kept.
"""

from collections.abc import Callable, Iterable
from typing import Literal

from django.utils import timezone

from accounts.models import Identity
from mailsync.message import bodies
from mailsync.message.addresses import comparable, format_address, without_tag
from mailsync.message.facts import ParsedHeader, Part
from mailsync.message.outgoing_html import clean_draft
from mailsync.message.reply import Mode as ReplyMode
from mailsync.message.reply import plan_reply
from mailsync.models import Draft, DraftAttachment, Message, Placement
from mailsync.store import blobs, drafts
from mailsync.store.opening import message_root, open_message, part_reader
from mailsync.store.peer_certificates import own_reader
from mailsync.store.quoting import opening_body
from mailsync.store.raw import raw_reader, read_raw
from mailsync.store.signatures import give_pictures
from mailsync.types import Address

_MODES: dict[Draft.Mode, ReplyMode] = {
    Draft.Mode.REPLY: "reply",
    Draft.Mode.REPLY_ALL: "reply_all",
    Draft.Mode.FORWARD: "forward",
}
OnlyTo = Literal["", "list", "author"]
_ONLY_TO: dict[str, ReplyMode] = {"list": "reply_list", "author": "reply_author"}


def receiving_identity(user_id: int, message: Message) -> Identity | None:
    """The identity that the message was written to (or from, for one's own), else the account's default."""
    named = addressed_identities(user_id, message)
    return named[0] if named else drafts.default_identity(user_id, message.account_id)


def addressed_identities(user_id: int, message: Message) -> list[Identity]:
    """The verified identities that the message names, those of its own account first."""
    mine = list(Identity.objects.select_related("account").filter(user_id=user_id, verified_at__isnull=False))
    # The account that holds the message goes first, then its default identity.
    mine.sort(key=lambda row: (row.account_id != message.account_id, not row.is_default, row.pk))
    named = [message.from_address]
    for field in ("to", "cc", "bcc"):
        named += [address for _, address in message.recipients.get(field, ())]
    named += message.facts.get("delivered_to", ())
    wanted = {comparable(form) for address in named if address for form in (address, without_tag(address))}
    return [identity for identity in mine if comparable(identity.address) in wanted]


def create_answer(
    user_id: int, original: Message, mode: Draft.Mode, identity: Identity, *, only_to: OnlyTo = ""
) -> Draft:
    """The draft of a reply (``only_to``: to the mailing list alone, or to who wrote to it) or forward. Raises
    ``BodyNotFetched`` while only the header is here."""
    raw_reader(open_message(user_id, original))
    plan = plan_reply(_ONLY_TO.get(only_to, _MODES[mode]), header_of(original), "", _own_addresses(user_id))
    draft = Draft.objects.create(
        user_id=user_id,
        identity=identity,
        mode=mode,
        original=original,
        to=_line(plan.to),
        cc=_line(plan.cc),
        bcc=identity.default_bcc,
        subject=plan.subject,
        body=opening_body(identity, original),
        # What came encrypted goes on encrypted, where its writer could read it then.
        is_encrypted=original.inside is not None and own_reader(identity, timezone.now()) is not None,
    )
    give_pictures(draft)
    if mode == Draft.Mode.FORWARD:
        copy_attachments(original, draft)
    return draft


def copy_attachments(original: Message, draft: Draft) -> None:
    """Give the draft the files of a stored message, and the pictures its HTML shows."""
    root = message_root(original)
    if root is None:
        return
    read = part_reader(original)
    for position, part in enumerate(bodies.attachments(root)):
        _copy_part(draft, part, read, position)


def _copy_part(draft: Draft, part: Part, read: Callable[[int, int], bytes], position: int) -> None:
    DraftAttachment.objects.create(
        draft=draft,
        blob=blobs.keep_blob(draft.user_id, bodies.decode_part(part, read)),
        name=part.filename or f"part-{part.path}",
        content_type=part.content_type,
        content_id=part.content_id,
        position=position,
    )


def create_attached_forward(user_id: int, original: Message, identity: Identity) -> Draft:
    """The draft of a forward that carries the original whole, as a file (RFC 2046 §5.2.1)."""
    raw = read_raw(original)
    plan = plan_reply("forward", header_of(original), "", ())
    draft = Draft.objects.create(
        user_id=user_id,
        identity=identity,
        mode=Draft.Mode.FORWARD,
        original=original,
        bcc=identity.default_bcc,
        subject=plan.subject,
        body=opening_body(identity, None, is_answer=True),
    )
    give_pictures(draft)
    name = "".join(sign if sign.isprintable() and sign not in '/\\:*?"<>|' else " " for sign in original.subject)
    DraftAttachment.objects.create(
        draft=draft,
        blob=blobs.keep_blob(user_id, raw),
        name=f"{' '.join(name.split())[:80] or 'message'}.eml",
        content_type="message/rfc822",
    )
    return draft


def write_again(user_id: int, message: Message, identity: Identity) -> Draft:
    """A new draft with the words, people and files of a message that was sent; it is sent as a message of its own."""
    return adopt_stored(user_id, message, None, identity)


def adopt_stored(user_id: int, message: Message, placement: Placement | None, identity: Identity) -> Draft:
    """A draft row for a message that another program left in the Drafts folder."""
    read = part_reader(open_message(user_id, message))
    root = message_root(message)
    if root is None:
        return _adopted(user_id, message, placement, identity, "", False)
    chosen = bodies.choose_bodies(root)
    part = chosen.html or chosen.text
    text = bodies.decode_text(part, read) if part else ""
    is_html = chosen.html is not None
    draft = _adopted(user_id, message, placement, identity, clean_draft(text) if is_html else text, is_html)
    copy_attachments(message, draft)
    for part in chosen.related:
        if part.content_id:
            _copy_part(draft, part, read, draft.attachments.count())
    return draft


def _adopted(
    user_id: int, message: Message, placement: Placement | None, identity: Identity, body: str, is_html: bool
) -> Draft:
    answered = _answered(user_id, message)
    return Draft.objects.create(
        user_id=user_id,
        identity=identity,
        mode=Draft.Mode.REPLY if answered else Draft.Mode.NEW,
        original=answered,
        to=_line(_people(message, "to")),
        cc=_line(_people(message, "cc")),
        bcc=_line(_people(message, "bcc")),
        subject=message.subject,
        body=body,
        is_html=is_html,
        placement=placement,
        is_encrypted=message.inside is not None,
    )


def _answered(user_id: int, message: Message) -> Message | None:
    """What the message says it answers, of its own account where several have it."""
    if not message.in_reply_to:
        return None
    named = Message.objects.filter(account__user=user_id, message_id=message.in_reply_to)
    return min(named, key=lambda one: (one.account_id != message.account_id, one.pk), default=None)


def header_of(message: Message) -> ParsedHeader:
    """What an answer is planned from."""
    return ParsedHeader(
        message_id=message.message_id,
        in_reply_to=message.in_reply_to,
        references=tuple(message.references),
        subject=message.subject,
        sender=Address(message.from_name, message.from_address),
        to=_people(message, "to"),
        cc=_people(message, "cc"),
        reply_to=_people(message, "reply_to"),
        sent_at=message.sent_at,
        facts=message.facts,
    )


def _own_addresses(user_id: int) -> list[str]:
    return list(Identity.objects.filter(user_id=user_id).values_list("address", flat=True))


def _people(message: Message, field: str) -> tuple[Address, ...]:
    return tuple(Address(name, address) for name, address in message.recipients.get(field, ()))


def _line(people: Iterable[Address]) -> str:
    return ", ".join(format_address(person) for person in people)
