"""After acceptance: the copy under Sent, the mark on the original, the draft that is done with. Database room.

In: a message that its server has taken. Out: rows shown at once and changes for the account's own server.
Whatever happens here, the message is never sent again.
"""

from datetime import datetime, timedelta
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from mailsync.models import Draft, Outgoing, Placement
from mailsync.store import allowance, changes, outbox, specials
from mailsync.store.authored import store_own_message
from mailsync.store.draft_copies import retire_copy
from mailsync.store.summary import FolderCounts, lock_folders, refresh
from mailsync.store.threads import refresh_threads
from mailsync.types import Role

#: A provider that files sent mail by itself gets this long before we look and, finding nothing, append.
OWN_COPY = timedelta(seconds=30)
#: The same for a server that we know nothing of.
PERHAPS_OWN_COPY = timedelta(seconds=5)


def file_sent(outgoing_id: int) -> list[FolderCounts]:
    """Accepted → done, in one transaction; doing it twice does it once."""
    with transaction.atomic():
        outgoing = (
            Outgoing.objects.select_for_update(of=("self",), no_key=True)  # a report may be noted meanwhile
            .select_related("account", "identity__outgoing_server", "identity__account__outgoing_server")
            .filter(pk=outgoing_id, state=Outgoing.State.ACCEPTED)
            .first()
        )
        if outgoing is None:
            return []
        pairs = [] if outgoing.is_receipt else [_show_in_sent(outgoing)]
        pairs += [*_mark_original(outgoing), *_retire_draft(outgoing)]
        now = timezone.now()
        Outgoing.objects.filter(pk=outgoing.pk).update(
            state=Outgoing.State.DONE, due_at=None, finished_at=now, sent_placement=outgoing.sent_placement
        )
        counts = refresh(pairs)
        refresh_threads({thread for _, thread in pairs})
        return counts


def _show_in_sent(outgoing: Outgoing) -> tuple[int, int]:
    group = uuid4()
    folder = specials.role_folder(outgoing.account, Role.SENT, group)
    lock_folders([folder.pk])
    raw = bytes(outgoing.raw_sent_copy if outgoing.raw_sent_copy is not None else outgoing.raw)
    message = store_own_message(outgoing.account_id, raw, timezone.now())
    standing = Placement.objects.filter(folder=folder, message=message).first()
    if standing is None:
        # The pull may have met the provider's own copy already.
        standing = Placement.objects.filter(folder=folder, message__message_id=outgoing.message_id).first()
    if standing is None:
        _, standing = changes.record_append(message, folder, flags=["\\Seen"], group=group, hold_until=_hold(outgoing))
    outgoing.sent_placement = standing
    outbox.note(outgoing.pk, "filed", f"Filed under {folder.name}.")
    return standing.folder_id, standing.thread_id


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
    locked = changes.lock_placements(placements.values_list("id", flat=True))
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
