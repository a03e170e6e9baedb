"""Collect the mail of a POP3 account: one session with the maildrop, from login to QUIT. The meeting room.

The order is the guarantee. Listing, RETR, commit; then DELE, and QUIT only when all that was retrieved is
stored, since a clean QUIT is what deletes and what marks mail as collected at some providers. Whatever
goes wrong before, the socket is dropped without QUIT: the server then forgets the session, and what was
not stored is there at the next one.
"""

import logging
import time
from collections.abc import Callable, Collection, Sequence

from django.conf import settings
from django.utils import timezone

from accounts.models import MailAccount
from mailsync.announce import announce
from mailsync.engine import connect as dialling
from mailsync.engine import rules
from mailsync.engine.session import SLICE_SECONDS, Outcome
from mailsync.errors import LeaseLost, MailError, Rejected
from mailsync.message.parse import parse_message
from mailsync.message.received import choose_received_at
from mailsync.models import Folder, SyncRun
from mailsync.plan import pop as plan
from mailsync.protocol.contract import MaildropSource
from mailsync.store import leases, pop, quota, schedule, throttle

logger = logging.getLogger(__name__)

#: One session retrieves and deletes no more than this, and is due again at once.
MOST_MESSAGES = 500
#: … and when the day's allowance for filling the account is spent, the newest few, without haste.
MOST_WHEN_SPENT = 25
#: Messages stored in one transaction.
BATCH_COUNT, BATCH_BYTES = 25, 4 * 1024 * 1024
#: A message of many megabytes may take as long as the task; a second worker must not begin it again meanwhile.
LEASE_SECONDS = 300.0
#: Of a slice, the part that looking at unnamed messages may take, so that new mail gets its turn.
_LOOKING = 0.6

ConnectMaildrop = Callable[[MailAccount], MaildropSource]


def pull_maildrop(account: MailAccount, *, connect: ConnectMaildrop = dialling.open_maildrop) -> Outcome:
    """One session, and a note of how it ended. The account is active and no other worker has its lane.

    Without room for its mail there is none: what the server holds may be the only copy, so it is left as it is.
    """
    if schedule.is_too_soon(account.pk) or quota.is_full(account.user):
        return Outcome.IDLE
    transcript: Sequence[str] = ()
    try:
        with throttle.held_connection(account, "pull", seconds=LEASE_SECONDS) as lease:
            if lease is None:
                return Outcome.BUSY
            source = connect(account)
            try:
                finished = _Session(account, lease, source).run()
            finally:
                transcript = list(source.transcript)
                source.drop()
            delay = plan.login_delay(source.capabilities)
            schedule.record_success(
                account.pk,
                capabilities=source.capabilities,
                again_now=not finished,
                least_seconds=delay if not finished else plan.least_seconds(account.provider, delay),
            )
    except LeaseLost as error:
        logger.info("Account %s, POP3: %s", account.pk, error)
        return Outcome.BUSY
    except MailError as error:
        logger.info("Account %s, POP3: %s", account.pk, error)
        schedule.record_failure(account.pk, error, transcript="\n".join(transcript))
        announce(account.user_id, "account", account=account.pk)
        return Outcome.FAILED
    announce(account.user_id, "account", account=account.pk)
    return Outcome.DONE if finished or delay else Outcome.MORE


class _Session:
    """A logged-in session, until its QUIT."""

    def __init__(self, account: MailAccount, lease: leases.HeldLease, source: MaildropSource) -> None:
        self.account, self.lease, self.source = account, lease, source
        self.policy = plan.Policy(plan.as_leave(account.leave_on_server), account.leave_days)
        self.began = time.monotonic()
        self.inbox: Folder
        self.finished = True
        self.retrieved = self.deleted = 0
        self._can_top = not source.capabilities or "TOP" in source.capabilities

    def run(self) -> bool:
        """The whole session. False when there is more to do at once. Raises as the source does, and ``LeaseLost``."""
        run = SyncRun(account=self.account, kind="pop3", started_at=timezone.now())
        self.inbox = pop.make_local_folders(self.lease, self.account)
        try:
            todo = self._plan()
            pop.apply_listing(self.lease, todo)
            self._delete([*todo.delete, *self._retrieve(todo)], todo)
            self._quit()
        except MailError as error:
            run.error = str(error)
            raise
        finally:
            if run.error or self.retrieved or self.deleted:
                run.headers = run.bodies = self.retrieved
                run.folder, run.removed, run.finished_at = self.inbox, self.deleted, timezone.now()
                run.save()
        return self.finished

    def _spent(self, share: float = 1.0) -> bool:
        return time.monotonic() - self.began >= SLICE_SECONDS * share

    # What is there. -----------------------------------------------------------------------------

    def _plan(self) -> plan.SessionPlan:
        count, _ = self.source.stat()
        uidls, sizes = self.source.uidl(), self.source.list()
        ledger = pop.load_ledger(self.account.pk)
        looks: dict[int, plan.Look] = {}
        todo = plan.SessionPlan()
        for trust in (True, False):
            listed = self._look_at(plan.choose_names(uidls, sizes, trust=trust), ledger, looks)
            todo = plan.plan_session(listed, ledger, looks, self.policy, complete=len(listed) == count)
            if not todo.renamed:
                break
            logger.warning("Account %s: the server gives known UIDLs to other messages.", self.account.pk)
        return todo

    def _look_at(
        self, listed: Sequence[plan.Listed], ledger: Sequence[plan.Entry], looks: dict[int, plan.Look]
    ) -> Sequence[plan.Listed]:
        """Fill ``looks``; returns the listing without what there was no time to look at."""
        unsure: set[int] = set()
        for one in reversed(plan.choose_looks(listed, ledger, self.policy)):
            if one.number in looks:
                continue
            if self._spent(_LOOKING):
                unsure.add(one.number)
                self.finished = False
            elif (look := self._look(one.number)) is not None:
                looks[one.number] = look
        return [one for one in listed if one.number not in unsure]

    def _look(self, number: int) -> plan.Look | None:
        """The message's header; None where the server has no TOP (it is optional, RFC 1939 §7)."""
        if not self._can_top:
            return None
        try:
            return plan.look_at(self.source.top(number))
        except Rejected:
            self._can_top = False
            return None

    # What is new. -------------------------------------------------------------------------------

    def _retrieve(self, todo: plan.SessionPlan) -> list[plan.Deletion]:
        """RETR one by one, stored in small batches; returns those that the policy wants gone at once."""
        spent = throttle.is_spent(self.account)
        most = MOST_WHEN_SPENT if spent else MOST_MESSAGES
        if len(todo.fetch) > most and not spent:
            self.finished = False
        deletions: list[plan.Deletion] = []
        batch: list[pop.Retrieved] = []
        left_bytes = quota.room_left(self.account.user)
        for one in todo.fetch[:most]:
            if left_bytes is not None and left_bytes <= 0:
                break
            if self._spent():
                self.finished = False
                break
            try:
                batch.append(self._fetch(one))
                left_bytes = None if left_bytes is None else left_bytes - len(batch[-1].raw)
            except Rejected as error:
                # Of this message alone.
                logger.warning("Account %s: message %s was not given: %s", self.account.pk, one.name, error)
                pop.note_failure(self.lease, one, str(error))
            except MailError as error:
                self._store(batch, present=todo.present)
                pop.note_failure(self.lease, one, str(error))
                raise
            if len(batch) >= BATCH_COUNT or sum(len(item.raw) for item in batch) >= BATCH_BYTES:
                deletions += self._store(batch, present=todo.present)
                batch = []
        return deletions + self._store(batch, present=todo.present)

    def _fetch(self, one: plan.Listed) -> pop.Retrieved:
        if one.size_bytes is not None and one.size_bytes > settings.HERON_MESSAGE_SIZE_LIMIT_BYTES:
            raise Rejected(f"The message is larger than Heron takes: {one.size_bytes // 1024**2} MB.", code="TOOBIG")
        raw = self.source.retr(one.number)
        now = timezone.now()
        return pop.Retrieved(one, raw, parse_message(raw), plan.look_at(raw), choose_received_at(raw, now))

    def _store(self, batch: Sequence[pop.Retrieved], *, present: Collection[int]) -> list[plan.Deletion]:
        if not batch:
            return []
        leases.heartbeat(self.lease, seconds=LEASE_SECONDS)
        done = pop.record_retrieved(self.lease, self.inbox.pk, batch, present=present)
        size_bytes = sum(len(item.raw) for item in batch)
        throttle.spend(self.account.pk, size_bytes)
        quota.note_growth(self.account.user, size_bytes)
        self.retrieved += done.new
        rules.settle(self.account, self.inbox, done.counts, has_new=bool(done.new))
        return [
            plan.Deletion(number, entry, proved=True)
            for number, entry in done.entries.items()
            if plan.should_delete(entry, self.policy)
        ]

    # What may go. -------------------------------------------------------------------------------

    def _delete(self, wanted: Sequence[plan.Deletion], todo: plan.SessionPlan) -> None:
        """DELE, once it is written down that it was asked for."""
        if len(wanted) > MOST_MESSAGES:
            self.finished = False
        proved: list[plan.Deletion] = []
        for deletion in wanted[:MOST_MESSAGES]:
            if self._spent():
                self.finished = False
                break
            if deletion.proved or self._prove(deletion, todo):
                proved.append(deletion)
        if not proved:
            return
        leases.heartbeat(self.lease, seconds=LEASE_SECONDS)
        pop.record_dele(self.lease, [deletion.entry.id for deletion in proved])
        for deletion in proved:
            try:
                self.source.dele(deletion.number)
            except Rejected as error:
                logger.warning("Account %s: DELE was refused: %s", self.account.pk, error)
            else:
                self.deleted += 1

    def _prove(self, deletion: plan.Deletion, todo: plan.SessionPlan) -> bool:
        """Is it that message still? Where a look could not tell, its bytes must: RETR once more.

        A UIDL that went to another message must not delete what was never stored; it is stored now.
        """
        one = next((one for one in todo.listed if one.number == deletion.number), plan.Listed(deletion.number))
        try:
            item = self._fetch(one)
        except Rejected:
            return False
        if pop.is_stored_as(deletion.entry.id, item.raw):
            return True
        self._store([item], present=())
        return False

    def _quit(self) -> None:
        """QUIT, with all that was retrieved committed. Not confirmed, nobody knows: the next listing decides."""
        try:
            self.source.quit()
        except MailError as error:
            logger.info("Account %s: QUIT was not confirmed: %s", self.account.pk, error)
