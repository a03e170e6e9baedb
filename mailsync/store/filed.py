"""Where messages are filed: what stored ones say of themselves, and other threads for them. Database room.

What finds conversations (``store.threads``), parts them (``store.dividing``) and finds them anew
(``store.rethreading``) has in common.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from mailsync.message.subject import base_subject, is_reply_subject
from mailsync.models import Message, Placement
from mailsync.plan.threading import ThreadFacts
from mailsync.store.summary import lock_folders

Pair = tuple[int, int]

#: Base subjects are compared and indexed by this much of them.
SUBJECT_LENGTH = 200
#: The first number of the advisory lock under which an account's conversations are joined.
_LOCK = 7_201
#: The columns that ``stored_facts`` reads.
FACTS = (
    *("thread_id", "message_id", "subject", "references", "in_reply_to", "provider_thread_id"),
    *("from_address", "recipients", "received_at"),
)
#: The thread that a message would be in, had the user split nothing.
WHOLE = Coalesce("thread__whole_id", "thread_id")


def lock_conversations(account_id: int) -> None:
    """Until the commit nobody else joins or parts conversations of this account.

    Two batches that name each other's messages would each make a thread of its own.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashint8(%s))", [_LOCK, account_id])


def stored_facts(message: Message) -> ThreadFacts:
    """What a stored message says of itself."""
    people = (*message.recipients.get("to", ()), *message.recipients.get("cc", ()))
    return ThreadFacts(
        message_id=message.message_id,
        references=tuple(message.references),
        in_reply_to=message.in_reply_to,
        provider_thread_id=message.provider_thread_id,
        base_subject=base_subject(message.subject),
        is_reply=is_reply_subject(message.subject),
        sender=message.from_address.lower(),
        recipients=frozenset(address.lower() for _, address in people),
        received_at=message.received_at,
    )


def named_facts(message: Message) -> ThreadFacts:
    """As ``stored_facts``, and a message without a Message-ID has a name by which a decision can know it."""
    facts = stored_facts(message)
    return facts if facts.message_id else replace(facts, message_id=f"#{message.pk}")


def wholes_of(account_id: int, names: Collection[str]) -> set[int]:
    """The threads under which the messages of these names (as ``named_facts`` has them) are filed."""
    numbers = [int(name[1:]) for name in names if name.startswith("#") and name[1:].isdecimal() and len(name) < 20]
    theirs = Q(message_id__in=names) | Q(message_id="", pk__in=numbers)
    return set(Message.objects.filter(theirs, account_id=account_id).values_list(WHOLE, flat=True))


def lock_lines(placements: QuerySet[Placement]) -> None:
    """Lock the folders in which these placements lie, so that nobody moves one on while it changes hands.

    Who moved one before the lock was ours has put it into a folder that we learn of only then: so look again.
    """
    locked: set[int] = set()
    while new := set(placements.values_list("folder_id", flat=True).distinct()) - locked:
        lock_folders(new)
        locked |= new


def file_anew(moves: Mapping[int, int]) -> set[Pair]:
    """Put messages into other threads; returns the lines that this touches."""
    if not moves:
        return set()
    mine = Placement.objects.filter(message__in=moves)
    lock_lines(mine)
    pairs: set[Pair] = set()
    for folder_id, thread_id, message_id in mine.values_list("folder_id", "thread_id", "message_id"):
        pairs |= {(folder_id, thread_id), (folder_id, moves[message_id])}
    values = {"ids": list(moves), "threads": list(moves.values())}
    with connection.cursor() as cursor:
        for table, key in (("mailsync_message", "id"), ("mailsync_placement", "message_id")):
            cursor.execute(
                f"UPDATE {table} t SET thread_id = m.thread"  # noqa: S608
                f" FROM unnest(%(ids)s::bigint[], %(threads)s::bigint[]) AS m(id, thread) WHERE t.{key} = m.id",
                values,
            )
    return pairs
