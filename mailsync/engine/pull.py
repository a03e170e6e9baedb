"""Bring accounts into step: list the folders, visit each in order, fetch the bodies. The meeting room.

Each function here is what one task does: it claims a lane, works for a slice of a few minutes, notes
how it ended, and says whether there is more to do at once. Errors of the account end here as a due time.
"""

import logging
import time
from collections.abc import Callable, Sequence

from django.db import OperationalError
from django.db.models import F, QuerySet
from django.utils import timezone

from accounts.models import MailAccount, Protocol
from mailsync.announce import announce, announce_folders
from mailsync.engine.folder_pull import PullReport, known_folder, pull_folder, store_bodies
from mailsync.engine.pop_pull import pull_maildrop
from mailsync.engine.session import Connect, Session, dial, open_session, remote_of
from mailsync.engine.session import Outcome as Outcome
from mailsync.errors import LeaseLost, MailError, Poison, Rejected, TooManyConnections, TryLater, TryNow, Unavailable
from mailsync.models import Folder, Message, Placement, SyncRun
from mailsync.plan import pull as plan
from mailsync.store import (
    bodies,
    folders,
    leases,
    led_elsewhere,
    pieces,
    quota,
    schedule,
    text_index,
    throttle,
    vanish,
    verification,
)
from mailsync.store.holes import folders_with_due_holes
from mailsync.types import FolderStatus, Role

logger = logging.getLogger(__name__)

#: First these, then the rest by path; what nobody opens comes last.
_ORDER = (Role.INBOX, Role.SENT, Role.DRAFTS, Role.FLAGGED, Role.IMPORTANT, Role.ARCHIVE)
_LATE = (Role.ALL, Role.JUNK, Role.TRASH)
_BODY_SLICE = 500
#: So many visits in a row that ended with the connection, and the others go first.
_TROUBLE = 3
_OPEN_TRIES, _OPEN_WAIT_SECONDS = 20, 0.25


def pull_account(
    account_id: int,
    *,
    connect: Connect = dial,
    bodies_wanted: Callable[[int], None] = lambda account_id: None,
) -> Outcome:
    """List the folders and visit all that STATUS does not show unchanged; of a POP3 account, collect its mail."""
    account = _workable(account_id)
    if account is not None and account.protocol == Protocol.POP3:
        return pull_maildrop(account)
    return work_on(account_id, "pull", connect, lambda session: _pull_all(session, bodies_wanted))


def pull_one(
    folder_id: int,
    *,
    connect: Connect = dial,
    bodies_wanted: Callable[[int], None] = lambda account_id: None,
) -> Outcome:
    """Visit one folder now, and whatever else of its account has become due meanwhile."""
    account_id = Folder.objects.values_list("account_id", flat=True).filter(pk=folder_id).first()
    if account_id is None:
        return Outcome.IDLE

    def work(session: Session) -> Outcome:
        Folder.objects.filter(pk=folder_id).update(due_at=timezone.now())
        return _visit_due(session, bodies_wanted)

    outcome = work_on(account_id, "pull", connect, work, whole_account=False)
    if outcome is Outcome.BUSY:
        # Whoever holds the lane looks for due folders before giving it back.
        schedule.make_folder_due(folder_id)
    return outcome


def pull_bodies(account_id: int, *, connect: Connect = dial) -> Outcome:
    """Fetch bodies that are not here yet, newest first, folder by folder, while their owner has room for them."""
    if not _without_bodies(account_id).exists() or not quota.without_full([account_id]):
        return Outcome.IDLE
    return work_on(account_id, "bodies", connect, _pull_bodies, whole_account=False)


def fetch_message(message_id: int, *, connect: Connect = dial) -> Outcome:
    """The body of one message, now: its reader is waiting."""
    placement = (
        Placement.objects.filter(message_id=message_id, message__raw__isnull=True, uid__isnull=False, gone_phase=0)
        .filter(epoch=F("folder__epoch"))
        .select_related("folder")
        .first()
    )
    if placement is None or not quota.without_full([placement.account_id]):
        return Outcome.IDLE

    def work(session: Session) -> Outcome:
        assert placement.uid is not None
        if not open_folder(session, placement.folder):
            return Outcome.IDLE
        size = Message.objects.values_list("size_bytes", flat=True).get(pk=message_id)
        have_bytes = pieces.have_bytes(placement.folder, placement.uid)
        store_bodies(session, placement.folder, [bodies.WantedBody(placement.uid, size, have_bytes)])
        return Outcome.DONE

    for _ in range(_OPEN_TRIES):
        outcome = work_on(placement.account_id, "open", connect, work, whole_account=False)
        if outcome is not Outcome.BUSY:
            break
        # Another message is being opened, or all connections are taken; both pass quickly.
        time.sleep(_OPEN_WAIT_SECONDS)
    return outcome


def work_on(
    account_id: int,
    lane: str,
    connect: Connect,
    work: Callable[[Session], Outcome],
    *,
    whole_account: bool = True,
) -> Outcome:
    """Claim, connect, work, and note how it ended."""
    account = _workable(account_id)
    if account is None or account.protocol != Protocol.IMAP:
        return Outcome.IDLE
    transcript: Sequence[str] = ()
    try:
        with open_session(account, lane, connect=connect) as session:
            if session is None:
                return Outcome.BUSY
            try:
                outcome = work(session)
            finally:
                transcript = list(session.source.transcript)
            if whole_account:
                schedule.record_success(
                    account_id, capabilities=session.source.capabilities, again_now=outcome is Outcome.MORE
                )
    except LeaseLost as error:
        logger.info("Account %s, lane %s: %s", account_id, lane, error)
        return Outcome.BUSY
    except OperationalError as error:
        if not leases.is_passing(error):
            raise
        logger.info("Account %s, lane %s gave way to another writer: %s", account_id, lane, error)
        return Outcome.MORE
    except MailError as error:
        logger.info("Account %s, lane %s: %s", account_id, lane, error)
        if isinstance(error, TooManyConnections):
            throttle.learn_fewer(account)
        schedule.record_failure(account_id, error, transcript="\n".join(transcript))
        announce(account.user_id, "account", account=account_id)
        return Outcome.FAILED
    if whole_account:
        announce(account.user_id, "account", account=account_id)
    return outcome


def _workable(account_id: int) -> MailAccount | None:
    """The account, unless it is gone, paused or halted, or its user may not sign in."""
    account = MailAccount.objects.select_related("user", "outgoing_server").filter(pk=account_id).first()
    if account is None or not account.user.is_active or account.state == MailAccount.State.PAUSED:
        return None
    return None if throttle.halt_of(account) is not None else account


def _pull_all(session: Session, bodies_wanted: Callable[[int], None]) -> Outcome:
    began = timezone.now()
    verification.begin(session.lease)
    schedule.unpark(session.account.pk)
    listed = folders.apply_list(session.lease, session.source.list_folders(with_status=True))
    by_role = sorted(listed, key=lambda entry: _rank(entry.folder))
    total = PullReport()
    holed = folders_with_due_holes(session.account.pk)
    unchanged = {entry.folder.pk for entry in listed if _is_unchanged(session, entry) and entry.folder.pk not in holed}
    schedule.record_unchanged(unchanged)
    for entry in by_role:
        if entry.folder.parked_at is not None or entry.folder.pk in unchanged:
            continue
        # STATUS knows nothing of a hole whose time has come, and less than whoever has made the folder due since.
        wanted = entry.folder.due_at is not None or entry.folder.pk in holed
        total.add(_visit(session, entry.folder, bodies_wanted, None if wanted else entry.remote.status))
        if session.is_over or not total.finished:
            return Outcome.MORE
    announce_folders(led_elsewhere.settle(session.lease))
    announce_folders(vanish.retire_missing(session.lease))
    vanish.confirm_gone(session.account.pk, cycle_began=began)
    verification.finish(session.account.pk)
    return _visit_due(session, bodies_wanted)


def _is_unchanged(session: Session, entry: folders.ListedFolder) -> bool:
    """Nothing has happened since the last visit, which went well, and nobody has asked for another."""
    folder = entry.folder
    if folder.parked_at is not None or folder.due_at is not None or folder.failures:
        return False
    return plan.is_unchanged(known_folder(folder), entry.remote.status, session.source.capabilities)


def _visit_due(session: Session, bodies_wanted: Callable[[int], None]) -> Outcome:
    """Folders that became due while we worked; the last look comes before the lane is given back."""
    while not session.is_over:
        due = Folder.objects.filter(
            account_id=session.account.pk, due_at__lte=timezone.now(), parked_at__isnull=True, is_local=False
        )
        folder = due.order_by("due_at").first()
        if folder is None:
            return Outcome.DONE
        if not _visit(session, folder, bodies_wanted).finished:
            return Outcome.MORE
    return Outcome.MORE


def _visit(
    session: Session, folder: Folder, bodies_wanted: Callable[[int], None], status: FolderStatus | None = None
) -> PullReport:
    """One folder; what is wrong with this folder alone is noted there and stops nothing else."""
    run = SyncRun(account_id=session.account.pk, folder=folder, kind="folder", started_at=timezone.now())
    # Before the visit, not after it: whoever hears of something new while it runs is not to be forgotten.
    Folder.objects.filter(pk=folder.pk, due_at__isnull=False).update(due_at=None)
    report = PullReport()
    try:
        pull_folder(
            session,
            folder,
            remote_of(folder),
            status,
            bodies_wanted=lambda: bodies_wanted(session.account.pk),
            report=report,
        )
    except (Rejected, Poison, Unavailable) as error:
        _note_failure(session, folder, error)
        run.error = str(error)
    except (TryNow, TryLater) as error:
        # The line, or the server; but if it is this folder, the others are not to wait behind it for ever.
        schedule.note_folder_trouble(folder.pk, error)
        raise
    else:
        schedule.record_folder_success(folder.pk, finished=report.finished)
    finally:
        if run.error or report.moved:
            run.headers, run.bodies = report.headers, report.bodies
            run.flags, run.removed = report.flags, report.removed
            run.finished_at = timezone.now()
            run.save()
    return report


def _note_failure(session: Session, folder: Folder, error: MailError) -> None:
    logger.warning("Folder %s: %s (%s)", folder.pk, error, error.detail)
    schedule.record_folder_failure(folder.pk, error, transcript="\n".join(session.source.transcript))


def open_folder(session: Session, folder: Folder) -> bool:
    """Select the folder, if its UIDs still mean the messages that we know by them; else it is visited first.

    One that will not open is noted, and stops no other.
    """
    try:
        selected = session.select(remote_of(folder))
    except (Rejected, Poison, Unavailable) as error:
        _note_failure(session, folder, error)
        return False
    if not selected.has_uids_of(folder.uidvalidity, folder.mailbox_id):
        # RFC 9051 §2.3.1.1: under another UIDVALIDITY the same UID is another message.
        schedule.make_folder_due(folder.pk)
        return False
    return True


def _pull_bodies(session: Session) -> Outcome:
    for folder in sorted(_without_bodies(session.account.pk), key=_rank):
        if not open_folder(session, folder):
            continue
        while True:
            wanted = bodies.wanted_bodies(folder, limit=_BODY_SLICE)
            if not wanted:
                bodies.correct_pending(folder)
                text_index.merge_waiting()
                break
            if throttle.is_spent(session.account) or quota.is_full(session.account.user):
                # The dispatcher takes it up again when the next day has begun, or room has been made.
                return Outcome.DONE
            try:
                store_bodies(session, folder, wanted)
            except Unavailable as error:
                _note_failure(session, folder, error)
                break
            except (TryNow, TryLater) as error:
                schedule.note_folder_trouble(folder.pk, error)
                raise
            if session.is_over:
                return Outcome.MORE
    return Outcome.DONE


def _without_bodies(account_id: int) -> QuerySet[Folder]:
    folders = Folder.objects.filter(account_id=account_id, missing_since__isnull=True, parked_at__isnull=True)
    return folders.filter(bodies_pending__gt=0)


def _rank(folder: Folder) -> tuple[bool, int, str]:
    """In which order folders are visited: what has failed again and again comes last."""
    role, is_trouble = Role(folder.role), folder.failures >= _TROUBLE
    if role in _ORDER:
        return (is_trouble, _ORDER.index(role), folder.path)
    return (is_trouble, len(_ORDER) + (role in _LATE), folder.path)
