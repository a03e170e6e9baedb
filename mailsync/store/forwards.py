"""New mail that rules send on: what is to go, what became of it, and the letter it becomes. Database room.

A rule leaves a row for each message and address in the transaction that treats the message, so each goes once, whoever
dies in between. The letter is made when all of the message is here: a new one, from the address that was written to,
as the author's own would fail the checks that guard their domain (DMARC); answers go to the author. It is automatic in
the outbox and lies in no Sent folder, as nobody wrote it.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count
from django.utils import timezone, translation

from accounts.models import Identity, MailAccount, User
from accounts.zones import zone_of
from mailsync.message import bodies
from mailsync.message.addresses import comparable
from mailsync.message.compose import build_message
from mailsync.message.facts import Composition, OutgoingAttachment, Part
from mailsync.message.outgoing_html import original_marker
from mailsync.message.plain import one_line
from mailsync.message.subject import forward_subject
from mailsync.models import Draft, Forward, ForwardAddress, Message, Outgoing, OutgoingRecipient, Placement
from mailsync.plan.forwards import is_own, may_forward
from mailsync.plan.rules import FORWARD, Deed
from mailsync.store import allowance, queueing, replying
from mailsync.store.composition import message_domain
from mailsync.store.drafts import default_identity
from mailsync.store.quoting import body_html, load_quote, plain_body
from mailsync.store.raw import raw_reader
from mailsync.types import Address

logger = logging.getLogger(__name__)

_LATELY = timedelta(days=30)
#: Until then the text of a message may come, and room in a provider's limits.
_PATIENCE = timedelta(days=2)
_CLAIM = timedelta(minutes=2)
_TEXT = timedelta(seconds=10)
_ROOM = timedelta(minutes=30)

#: Of people who may have mail sent, or of those who may not: whose rule it is, and whose mail.
_CLAIM_DUE = """
    UPDATE mailsync_forward SET due_at = %(again)s WHERE id IN (
        SELECT f.id FROM mailsync_forward f
          JOIN mailsync_forwardaddress t ON t.id = f.to_id JOIN accounts_user u ON u.id = t.user_id
          JOIN mailsync_message m ON m.id = f.message_id JOIN accounts_mailaccount a ON a.id = m.account_id
          JOIN accounts_user o ON o.id = a.user_id
         WHERE f.due_at <= %(now)s AND (u.is_active AND o.is_active) = %(is_active)s
         ORDER BY f.due_at LIMIT %(limit)s FOR UPDATE OF f SKIP LOCKED)
    RETURNING id
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """How an address stands: how much went there in 30 days, and why the last did not (``failed``)."""

    row: ForwardAddress
    count: int
    failed: str


def mine(user: User) -> set[str]:
    """Comparable addresses of a person's own mailboxes here."""
    addresses = Identity.objects.filter(user=user, verified_at__isnull=False).values_list("address", flat=True)
    boxes = MailAccount.objects.filter(user=user).values_list("address", flat=True)
    return {comparable(one) for one in (*addresses, *boxes)}


def load_addresses(user_id: int) -> list[Standing]:
    rows = list(ForwardAddress.objects.filter(user_id=user_id).order_by("address", "id"))
    last = Forward.objects.filter(to__in=rows, due_at=None).order_by("to", "-id").distinct("to")
    newest = {one.to_id: one for one in last.select_related("outgoing").defer("outgoing__raw")}
    lately = Forward.objects.filter(to__in=rows, created_at__gt=timezone.now() - _LATELY, outgoing__isnull=False)
    counts: dict[int, int] = dict(lately.values_list("to").annotate(count=Count("id")))
    return [Standing(row, counts.get(row.pk, 0), _failure(newest.get(row.pk))) for row in rows]


def _failure(last: Forward | None) -> str:
    if last is None or last.error or last.outgoing is None:
        return last.error if last is not None else ""
    if last.outgoing.state == Outgoing.State.FAILED:
        return last.outgoing.error or "The mail server refused it."
    missed = last.outgoing.recipients.filter(state__in=OutgoingRecipient.MISSED).first()
    return missed.text if missed is not None else ""


def queue_forwards(user_id: int, deeds: Iterable[Deed], rule: str, placements: Sequence[Placement]) -> None:
    """A rule sends these on, each once to an address, whatever rules name it."""
    named = [int(deed.argument) for deed in deeds if deed.verb == FORWARD]
    if not named:
        return
    now = timezone.now()
    Forward.objects.bulk_create(
        (
            Forward(to=to, message_id=one.message_id, rule=rule[:80], due_at=now)
            for to in ForwardAddress.objects.filter(user_id=user_id, pk__in=named, verified_at__isnull=False)
            for one in placements
            if may_forward(one.message.from_address, one.message.facts, to.address)
        ),
        ignore_conflicts=True,
    )


def due_forwards(*, limit: int = 50) -> list[int]:
    """Each is given out again only after a while. Those of a deactivated person wait, and grow no older by that."""
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM_DUE, {"again": now + _ROOM, "now": now, "limit": limit, "is_active": False})
        kept_back = [row[0] for row in cursor.fetchall()]
        if kept_back:
            cursor.execute("UPDATE mailsync_forward SET created_at = %s WHERE id = ANY(%s)", [now, kept_back])
        cursor.execute(_CLAIM_DUE, {"again": now + _CLAIM, "now": now, "limit": limit, "is_active": True})
        return [row[0] for row in cursor.fetchall()]


@transaction.atomic
def forward(forward_id: int) -> None:
    """Put the letter into the outbox, once; or look again later, or say why it cannot be."""
    waiting = Forward.objects.select_for_update(of=("self",)).select_related("to__user", "message__account")
    waiting = waiting.filter(to__user__is_active=True, message__account__user__is_active=True)
    row = waiting.filter(pk=forward_id, due_at__isnull=False).first()
    if row is None:
        return
    row.due_at, is_late = None, timezone.now() - row.created_at > _PATIENCE
    message, user = row.message, row.to.user
    identity = _identity(user, message)
    if row.to.verified_at is None or is_own(row.to.address, mine(user)):
        row.error = "This address may not be forwarded to."
    elif identity is None or allowance.server_of(identity) is None:
        row.error = "No outgoing server is set up for the mailbox that the message came to."
    elif message.raw_id is None:
        row.error = "The text of the message did not come from its server." if is_late else ""
        row.due_at = None if is_late else timezone.now() + _TEXT
    elif allowance.sending_room(identity).is_tight:
        # The other half of a day's limit is for what people write.
        row.error = "Too much was sent in these days: the sending limit left no room for it." if is_late else ""
        row.due_at = None if is_late else timezone.now() + _ROOM
    else:
        _send(row, identity)
    row.save(update_fields=["due_at", "error", "outgoing"])


def _identity(user: User, message: Message) -> Identity | None:
    named = replying.addressed_identities(user.pk, message)
    here = next((one for one in named if one.account_id == message.account_id), None)
    return here or default_identity(user.pk, message.account_id)


def _send(row: Forward, identity: Identity) -> None:
    name = f"{uuid4()}@{message_domain(identity)}"
    subject = forward_subject(row.message.subject)
    user = row.to.user
    try:
        with translation.override(user.language or settings.LANGUAGE_CODE), timezone.override(zone_of(user.timezone)):
            built = build_message(_composition(row, identity, name, subject))
    except ValueError as error:
        logger.info("Message %s cannot be forwarded: %s", row.message_id, error)
        row.error = "No letter could be made of the message."
        return
    row.outgoing = queueing.queue_letter(
        identity,
        message_id=name,
        raw=built.raw,
        recipients=built.recipients,
        subject=subject,
        why=f"Forwarded by the rule “{row.rule}”.",
        original=row.message,
        automatic=True,
    )


def _composition(row: Forward, identity: Identity, name: str, subject: str) -> Composition:
    """Its text as a person forwards it, with its pictures and files."""
    message = row.message
    draft = Draft(
        user_id=row.to.user_id,
        mode=Draft.Mode.FORWARD,
        original=message,
        body=original_marker(message.pk),
        is_html=True,
    )
    quote = load_quote(draft)
    people = message.recipients.get("reply_to") or [[message.from_name, message.from_address]]
    return Composition(
        sender=Address(identity.name, identity.address),
        to=(Address("", row.to.address),),
        cc=(),
        bcc=(),
        subject=one_line(subject),
        text=plain_body(draft).lstrip("\n"),  # the lines that a person would write on
        html=body_html(draft, quote),
        message_id=name,
        date=timezone.now(),
        reply_to=tuple(Address("", address) for _name, address in people if "@" in address),
        attachments=(*_files(message), *(quote.pictures if quote else ())),
        auto_submitted="auto-generated",
        forwarded=True,
    )


def _files(message: Message) -> list[OutgoingAttachment]:
    if message.parts is None:
        return []
    read, root = raw_reader(message), Part.from_json(message.parts)
    return [
        OutgoingAttachment(part.filename or f"part-{part.path}", part.content_type, bodies.decode_part(part, read))
        for part in bodies.attachments(root)
    ]
