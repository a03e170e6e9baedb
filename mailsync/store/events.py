"""Which messages are about which calendar event, and what the user answered. Database room.

In: messages whose bodies have just come. Out: one ``EventNotice`` for each that carries an event; the other messages
about the same one; the last answer.
"""

from collections.abc import Iterable
from datetime import datetime

from mailsync.message.addresses import comparable
from mailsync.message.bodies import choose_bodies, decode_text, reader
from mailsync.message.facts import ParsedMessage
from mailsync.message.itip import MAX_CHARACTERS, EventVersion, read_version
from mailsync.message.plain import plain
from mailsync.models import EventAnswer, EventNotice, Message, Outgoing
from mailsync.plan.invitations import Notice, Standing, choose_standing
from mailsync.store.opening import message_root, part_reader


def record_events(account_id: int, arrived: Iterable[tuple[int, bytes, ParsedMessage]]) -> None:
    """Inside a transaction: ids, bytes and facts of messages; most carry no calendar and cost nothing."""
    rows = []
    for message_id, raw, parsed in arrived:
        part = choose_bodies(parsed.root).calendar
        version = read_version(decode_text(part, reader(raw), max_bytes=MAX_CHARACTERS)) if part is not None else None
        if version is not None:
            rows.append(
                EventNotice(
                    message_id=message_id,
                    account_id=account_id,
                    uid=plain(version.uid),
                    recurrence=version.recurrence,
                    method=plain(version.method),
                    sequence=version.sequence,
                    stamp=version.stamp,
                )
            )
    EventNotice.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["message"],
        update_fields=["uid", "recurrence", "method", "sequence", "stamp"],
    )


def calendar_text(message: Message) -> str:
    """The calendar that a message carries, "" for none. Raises ``BodyNotFetched``."""
    root = message_root(message)
    part = choose_bodies(root).calendar if root is not None else None
    return decode_text(part, part_reader(message), max_bytes=MAX_CHARACTERS) if part is not None else ""


def load_standing(user_id: int, message: Message, version: EventVersion) -> Standing:
    """How this message's event stands for the user. Two queries by index."""
    uid = plain(version.uid)
    rows = EventNotice.objects.filter(account__user=user_id, uid=uid, recurrence=version.recurrence)
    others = [
        Notice(pk, method, sequence, stamp, comparable(sender))
        for pk, method, sequence, stamp, sender in rows.exclude(message=message).values_list(
            "message_id", "method", "sequence", "stamp", "message__from_address"
        )
    ]
    own = Notice(message.pk, version.method, version.sequence, version.stamp, comparable(message.from_address))
    given = EventAnswer.objects.filter(user=user_id, uid=uid, recurrence=version.recurrence).first()
    if given is None:
        return choose_standing(own, others)
    return choose_standing(own, others, choice=given.choice, answered_sequence=given.sequence)


def record_answer(user_id: int, version: EventVersion, choice: str, outgoing: Outgoing, now: datetime) -> EventAnswer:
    """The user's last word on an event."""
    answer, _ = EventAnswer.objects.update_or_create(
        user_id=user_id,
        uid=plain(version.uid),
        recurrence=version.recurrence,
        defaults={
            "choice": choice,
            "sequence": version.sequence,
            "stamp": version.stamp,
            "outgoing": outgoing,
            "answered_at": now,
        },
    )
    return answer
