"""A draft's copy in the server's Drafts folder: replaced some time after each save, never piled up. Database room.

In: drafts whose copy is due. Out: an ``append`` change for the new copy and, waiting for it, an ``expunge`` of
the old one; so other programs always find one copy, and a failed append leaves the old one alone.
"""

import logging
from uuid import uuid4

from cryptography import x509
from django.utils import timezone, translation

from accounts.models import Identity, MailAccount
from accounts.zones import zone_of
from mailsync.errors import CannotDo
from mailsync.message.compose import build_message
from mailsync.models import Change, Draft, Placement
from mailsync.store import change_log, changes, composition, leases, specials
from mailsync.store.authored import store_own_message
from mailsync.store.peer_certificates import own_reader
from mailsync.store.summary import FolderCounts, lock_folders, refresh
from mailsync.store.threads import refresh_threads
from mailsync.types import Role

logger = logging.getLogger(__name__)


def store_due_drafts(lease: leases.HeldLease) -> list[FolderCounts]:
    """Turn the due drafts of this account into changes; returns the folders whose counts changed."""
    due = Draft.objects.filter(identity__account_id=lease.account_id, store_due_at__lte=timezone.now())
    return [counts for draft_id in due.values_list("id", flat=True) for counts in _store(lease, draft_id)]


def _store(lease: leases.HeldLease, draft_id: int) -> list[FolderCounts]:
    with leases.commit(lease):
        draft = (
            Draft.objects.select_for_update(of=("self",))
            .select_related("identity__account", "placement__folder", "placement__message", "user")
            .filter(pk=draft_id, store_due_at__lte=timezone.now())
            .first()
        )
        if draft is None or draft.identity is None:
            return []
        Draft.objects.filter(pk=draft.pk).update(store_due_at=None)
        now = timezone.now()
        # Each version is a message of its own, so that a lost reply can be looked for.
        message_id = (
            f"{draft.message_id}.{draft.version}.{uuid4().hex[:6]}@{composition.message_domain(draft.identity)}"
        )
        try:
            with timezone.override(zone_of(draft.user.timezone)), translation.override(draft.user.language or None):
                composed = composition.compose_draft(
                    draft, message_id=message_id, date=timezone.localtime(now), lenient=True
                )
            built = build_message(composed, readers=_readers(draft, draft.identity))
        except (CannotDo, ValueError) as error:
            logger.info("Draft %s has no copy on the server yet: %s", draft.pk, error)
            return []
        return _replace(draft, draft.identity.account, built.raw_sent_copy)


def _readers(draft: Draft, identity: Identity) -> list[x509.Certificate]:
    """Of what is to be sent encrypted, the server has no copy that it can read: it is for its writer alone."""
    if not draft.is_encrypted:
        return []
    own = own_reader(identity, timezone.now())
    if own is None:
        raise ValueError("an encrypted draft needs a certificate of its writer")
    return [own]


def _replace(draft: Draft, account: MailAccount, raw: bytes) -> list[FolderCounts]:
    group = uuid4()
    folder = specials.role_folder(account, Role.DRAFTS, group)
    old = draft.placement
    lock_folders([folder.pk, *([old.folder_id] if old else [])])
    message = store_own_message(account.pk, raw, timezone.now())
    append, placement = changes.record_append(message, folder, flags=["\\Draft", "\\Seen"], group=group)
    Draft.objects.filter(pk=draft.pk).update(placement=placement)
    pairs = [(placement.folder_id, placement.thread_id)]
    if old is not None:
        pairs.append((old.folder_id, old.thread_id))
        retire_copy(old, after=append)
    counts = refresh(pairs)
    refresh_threads({thread for _, thread in pairs})
    return counts


def retire_copy(old: Placement, *, after: Change | None = None) -> None:
    """Take a copy away from the Drafts folder, once ``after`` is done. One that never reached the server is forgotten,
    and the copy that was to go after it goes after ``after``.

    The caller refreshes the folder's rows.
    """
    unsent = list(Change.objects.filter(target_placement=old, kind=Change.Kind.APPEND, state=Change.State.QUEUED))
    if old.uid is None and unsent:
        Change.objects.filter(after__in=unsent, kind=Change.Kind.EXPUNGE, finished_at=None).update(after=after)
        change_log.settle_cancelled(unsent)
        change_log.put_away([old.pk])
        return
    group = after.group if after else uuid4()
    locked = Placement.objects.select_related("account", "folder").get(pk=old.pk)
    changes.record_expunges([locked], group=group, hold_until=None)
    if after is not None:
        Change.objects.filter(placement=old, kind=Change.Kind.EXPUNGE, finished_at=None).update(after=after)
