"""After acceptance: the copy under Sent, the mark on the original, the draft that is done with. Database room.

In: a message that its server has taken. Out: rows shown at once and changes for the account's own server.
Whatever happens here, the message is never sent again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import Identity, MailAccount
from mailsync.models import Draft, Folder, Message, Outgoing, Placement
from mailsync.store import allowance, changes, outbox, specials
from mailsync.store.authored import store_own_messages
from mailsync.store.draft_copies import retire_copy
from mailsync.store.locking import lock_placements
from mailsync.store.summary import FolderCounts, lock_folders, refresh
from mailsync.store.threads import refresh_threads
from mailsync.types import Role

#: A provider that files sent mail by itself gets this long before we look and, finding nothing, append.
OWN_COPY = timedelta(seconds=30)
#: The same for a server that we know nothing of.
PERHAPS_OWN_COPY = timedelta(seconds=5)


def file_sent(outgoing_ids: Sequence[int]) -> list[FolderCounts]:
    """Accepted → done, in one transaction for each account; doing it twice does it once."""
    accounts = Outgoing.objects.filter(pk__in=outgoing_ids, state=Outgoing.State.ACCEPTED)
    return [
        counts
        for account_id in accounts.values_list("account_id", flat=True).distinct()
        for counts in _file_of_account(account_id, outgoing_ids)
    ]


@transaction.atomic
def _file_of_account(account_id: int, outgoing_ids: Sequence[int]) -> list[FolderCounts]:
    rows = list(
        Outgoing.objects.select_for_update(of=("self",), no_key=True)  # a report may be noted meanwhile
        .filter(pk__in=outgoing_ids, account=account_id, state=Outgoing.State.ACCEPTED)
        .order_by("pk")
    )
    if not rows:
        return []
    _know_senders(rows)
    pairs = _show_in_sent([outgoing for outgoing in rows if not (outgoing.is_receipt or outgoing.automatic)])
    for outgoing in rows:
        pairs += [*_mark_original(outgoing), *_retire_draft(outgoing)]
    _finish(rows)
    counts = refresh(pairs)
    refresh_threads({thread for _, thread in pairs})
    return counts


def _know_senders(rows: Sequence[Outgoing]) -> None:
    """Account and identities are read once for all."""
    account = MailAccount.objects.get(pk=rows[0].account_id)
    identities = Identity.objects.select_related("outgoing_server", "account__outgoing_server")
    known = identities.in_bulk({row.identity_id for row in rows})
    for row in rows:
        row.account, row.identity = account, known.get(row.identity_id)


def _finish(rows: Sequence[Outgoing]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE mailsync_outgoing o"
            " SET state = %s, due_at = NULL, finished_at = %s, sent_placement_id = g.placement"
            " FROM unnest(%s::bigint[], %s::bigint[]) AS g(id, placement) WHERE o.id = g.id",
            [
                Outgoing.State.DONE.value,
                timezone.now(),
                [row.pk for row in rows],
                [row.sent_placement_id for row in rows],
            ],
        )


def _show_in_sent(sent: Sequence[Outgoing]) -> list[tuple[int, int]]:
    """Messages of one account in its Sent folder, each once. Returns the (folder, thread) pairs it touched."""
    if not sent:
        return []
    group = uuid4()
    account = sent[0].account
    folder = specials.role_folder(account, Role.SENT, group)
    lock_folders([folder.pk])
    now = timezone.now()
    raws = [bytes(one.raw_sent_copy if one.raw_sent_copy is not None else one.raw) for one in sent]
    messages = store_own_messages(account.pk, [(raw, now) for raw in raws])
    by_message, by_name = _standing(folder, messages)
    missing = []
    for outgoing, message in zip(sent, messages, strict=True):
        # The pull may have met the provider's own copy already.
        outgoing.sent_placement = by_message.get(message.pk) or by_name.get(outgoing.message_id)
        if outgoing.sent_placement is None:
            missing.append((outgoing, message))
    wanted = [(message, _hold(outgoing)) for outgoing, message in missing]
    appended = changes.record_appends(wanted, folder, flags=["\\Seen"], group=group)
    for (outgoing, _), (_, placement) in zip(missing, appended, strict=True):
        outgoing.sent_placement = placement
    outbox.note_all([one.pk for one in sent], "filed", f"Filed under {folder.name}.")
    placements = [one.sent_placement for one in sent if one.sent_placement is not None]
    return [(placement.folder_id, placement.thread_id) for placement in placements]


def _standing(folder: Folder, messages: Sequence[Message]) -> tuple[dict[int, Placement], dict[str, Placement]]:
    """What lies in the folder of these messages, by the message and by its Message-ID."""
    names = [message.message_id for message in messages]
    placements = Placement.objects.filter(folder=folder).select_related("message").defer("message__parts")
    found = list(placements.filter(Q(message__in=messages) | Q(message__message_id__in=names)).order_by("-pk"))
    return {one.message_id: one for one in found}, {one.message.message_id: one for one in found}


def _hold(outgoing: Outgoing) -> datetime | None:
    """How long to wait for the provider's own copy; through a relay none will come."""
    identity = outgoing.identity
    if identity is None:
        return None
    server = allowance.server_of(identity)
    if server is None or server.is_relay or server != identity.account.outgoing_server:
        return None
    provider = allowance.provider_of(identity)
    if provider is None:
        return timezone.now() + PERHAPS_OWN_COPY
    return timezone.now() + OWN_COPY if provider.saves_sent else None


def _mark_original(outgoing: Outgoing) -> list[tuple[int, int]]:
    if outgoing.original_id is None or not outgoing.original_flag:
        return []
    placements = Placement.objects.filter(message=outgoing.original_id, shown=True)
    lock_folders(placements.values_list("folder_id", flat=True))
    locked = lock_placements(placements.values_list("id", flat=True))
    touched = changes.record_flags(locked, add=[outgoing.original_flag], group=uuid4())
    return [(row.folder_id, row.thread_id) for row in touched]


def _retire_draft(outgoing: Outgoing) -> list[tuple[int, int]]:
    """The copy in the Drafts folder goes, unless the draft was opened again."""
    saved = outgoing.draft_snapshot or {}
    if not saved.get("placement") or Draft.objects.filter(pk=saved["id"]).exists():
        return []
    placement = Placement.objects.select_related("account", "folder").filter(pk=int(saved["placement"])).first()
    if placement is None:
        return []
    lock_folders([placement.folder_id])
    retire_copy(placement)
    return [(placement.folder_id, placement.thread_id)]
