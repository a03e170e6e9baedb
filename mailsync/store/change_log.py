"""The log of changes itself, and the rows that its changes show and hide. Database room.

In: placements and what becomes of them. Out: ``Change`` rows that ``engine.push`` carries to the server, copies of rows
in another folder, and when an account is due. ``store.changes`` says what each thing that a user wants takes.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import F
from django.utils import timezone

from accounts.models import MailAccount, Protocol
from accounts.ready import cursor_for, prepared_cursor
from mailsync.models import ONLY_HERE_EPOCH, AccountSync, Change, Folder, Placement


def copy_rows(moving: Sequence[Placement], target: Folder) -> list[Placement]:
    """The same messages with the same flags in ``target``, in the order given: one statement for a whole folder."""
    with connection.cursor() as cursor:
        cursor.execute(_COPY, {"ids": [old.pk for old in moving], "folder": target.pk, "epoch": target.epoch})
        new_ids = dict(cursor.fetchall())
    return [
        Placement(
            pk=new_ids[old.pk],
            account_id=old.account_id,
            folder=target,
            epoch=ONLY_HERE_EPOCH if old.epoch == ONLY_HERE_EPOCH else target.epoch,
            message_id=old.message_id,
            thread_id=old.thread_id,
            received_at=old.received_at,
        )
        for old in moving
    ]


_COPY = """
    WITH old AS MATERIALIZED (
        SELECT p.*, nextval(pg_get_serial_sequence('mailsync_placement', 'id')) AS new_id
          FROM mailsync_placement p WHERE p.id = ANY(%(ids)s) ORDER BY p.id
    ), new AS (
        INSERT INTO mailsync_placement (id, account_id, folder_id, epoch, message_id, thread_id, received_at, seen,
                                        flagged, answered, draft, keywords, server_flags, gone_phase, shown, uid, kept)
        SELECT new_id, account_id, %(folder)s, CASE WHEN epoch = 0 THEN 0 ELSE %(epoch)s END, message_id, thread_id,
               received_at, seen, flagged, answered, draft, keywords, server_flags, 0, true,
               -- What is only here is copied here alone.
               CASE WHEN epoch = 0 THEN new_id END, epoch = 0 FROM old
    )
    SELECT id, new_id FROM old
"""


def log_moves(
    moving: Sequence[Placement],
    arrived: Sequence[Placement],
    target: Folder,
    *,
    group: UUID,
    hold_until: datetime | None,
    kind: Change.Kind = Change.Kind.MOVE,
) -> None:
    if kind is Change.Kind.MOVE:
        hide(moving)
    log_changes(
        [old.pk for old in moving],
        kind,
        group,
        hold_until=hold_until,
        target_id=target.pk,
        arrived=[new.pk for new in arrived],
    )
    wake_accounts(moving, hold_until)


def hide(placements: Sequence[Placement]) -> None:
    with connection.cursor() as cursor:
        ids = [placement.pk for placement in placements]
        cursor.execute("UPDATE mailsync_placement SET shown = false WHERE id = ANY(%s)", [ids])
    for placement in placements:
        placement.shown = False


def put_away(placement_ids: Iterable[int]) -> None:
    """Hidden placements are gone for good; their bytes are kept for a while, like those of vanished mail."""
    Placement.objects.filter(id__in=list(placement_ids)).update(gone_phase=2, gone_at=timezone.now(), shown=False)


def is_local(account: MailAccount) -> bool:
    """Whether the account's folders are ours alone."""
    return account.protocol == Protocol.POP3


def is_gmail(account_id: int) -> bool:
    """Whether the folders are labels, views of one store of messages (Gmail's X-GM-EXT-1)."""
    return AccountSync.objects.filter(account_id=account_id, capabilities__contains="X-GM-EXT-1").exists()


def wake_account(account_id: int, hold_until: datetime | None) -> None:
    """Note when the account's changes are due, never later than already noted. Redis may be gone: this stays."""
    with prepared_cursor() as cursor:
        cursor.execute(_NOTE_DUE, {"due": hold_until or timezone.now(), "account": account_id})


_NOTE_DUE = """
    UPDATE mailsync_accountsync SET push_due_at = %(due)s
     WHERE account_id = %(account)s AND (push_due_at IS NULL OR push_due_at > %(due)s)
"""


def log_changes(
    placement_ids: Sequence[int],
    kind: Change.Kind,
    group: UUID,
    *,
    add: Sequence[str] = (),
    remove: Sequence[str] = (),
    hold_until: datetime | None = None,
    target_id: int | None = None,
    arrived: Sequence[int] | None = None,
    waits: bool = False,
) -> None:
    """A change to each of these, in one statement for a whole folder.

    In a POP3 account, or where the message is only here, it is done as soon as it is shown, unless it ``waits``.
    """
    values = {
        "ids": list(placement_ids),
        "arrived": list(arrived) if arrived is not None else [None] * len(placement_ids),
        "kind": kind.value,
        "group": group,
        "target": target_id,
        "add": list(add),
        "remove": list(remove),
        "hold": hold_until,
        "waits": waits,
        "now": timezone.now(),
    }
    with cursor_for(len(placement_ids)) as cursor:
        cursor.execute(_LOG, values)


_LOG = """
    INSERT INTO mailsync_change (account_id, kind, state, "group", message_id, placement_id, source_id, target_id,
                                 target_placement_id, add_flags, remove_flags, path, hold_until, attempts, error,
                                 created_at, finished_at)
    SELECT p.account_id, %(kind)s, CASE WHEN l.done THEN 'done' ELSE 'queued' END, %(group)s, p.message_id, p.id,
           p.folder_id, %(target)s::bigint, given.arrived, %(add)s::text[], %(remove)s::text[], '',
           %(hold)s::timestamptz, 0, '', %(now)s, CASE WHEN l.done THEN %(now)s::timestamptz END
      FROM unnest(%(ids)s::bigint[], %(arrived)s::bigint[]) WITH ORDINALITY AS given(id, arrived, place)
      JOIN mailsync_placement p ON p.id = given.id
      JOIN accounts_mailaccount a ON a.id = p.account_id
     CROSS JOIN LATERAL (SELECT (a.protocol = 'pop3' OR p.epoch = 0) AND NOT %(waits)s AS done) AS l
     ORDER BY given.place
"""


def wake_accounts(placements: Sequence[Placement], hold_until: datetime | None, *, even_local: bool = False) -> None:
    for account in {placement.account for placement in placements}:
        if even_local or not is_local(account):
            wake_account(account.pk, hold_until)


def settle_cancelled(changes: Iterable[Change]) -> None:
    """Mark changes as taken back before they left."""
    Change.objects.filter(id__in=[change.pk for change in changes]).update(
        state=Change.State.CANCELLED, finished_at=timezone.now()
    )


def remember_failure(change: Change, words: str) -> None:
    """Mark a change as impossible, with what to tell the user."""
    Change.objects.filter(pk=change.pk).update(
        state=Change.State.FAILED, error=words, finished_at=timezone.now(), attempts=F("attempts") + 1
    )
