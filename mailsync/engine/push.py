"""Carry what the user did to the server: the change log flows in, commands flow out. The meeting room.

One run under the account's ``push`` lease: load what is due, plan, take the steps, and again while that gets
anywhere. Every step's state is written before the next, so a run that dies is taken up from the rows.
A change that can never succeed is undone on the screen and told; one that may is tried again later.
"""

import logging
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from django.db import OperationalError

from accounts.models import MailAccount
from mailsync.announce import announce, announce_folders
from mailsync.engine import connect
from mailsync.engine.push_steps import Hands
from mailsync.errors import LeaseLost, NeedsUser, Rejected, TryLater, TryNow, Unavailable
from mailsync.models import Change
from mailsync.plan import push as plan
from mailsync.protocol.contract import MailSource
from mailsync.store import change_log, draft_copies, keeping, leases, pushing, pushing_folders, schedule, throttle

logger = logging.getLogger(__name__)

#: A run ends by itself well before the task's time limit; what is left is due at once.
RUN_SECONDS = 200.0
LEASE_SECONDS = 180.0
#: An upload may take as long as the task itself, and a second worker must not begin it again meanwhile.
APPEND_LEASE_SECONDS = 400.0
#: How soon to look again for the UID of a message that a pull has yet to meet.
UID_WAIT_SECONDS = 20.0
#: How soon to knock again at a server that could not be reached.
DIAL_AGAIN_SECONDS = 120.0
#: How often in a run a step is parted further, while the server can do none of its parts just now.
MOST_UNAVAILABLE = 20
#: Response codes (RFC 5530) of a refusal that passes by itself.
PASSING = frozenset({"UNAVAILABLE", "INUSE", "SERVERBUG", "CONTACTADMIN"})
#: … and of one that means a folder which is not where it was.
NO_FOLDER = frozenset({"NONEXISTENT", "TRYCREATE"})
FOLDER_TRIES, FOLDER_WAIT_SECONDS = 2, 30.0


def push_changes(account_id: int, *, open_source: Callable[[MailAccount], MailSource] | None = None) -> None:
    """Push what is due for this account; does nothing while another worker does."""
    account = MailAccount.objects.select_related("user").filter(pk=account_id).first()
    if account is None or account.state == MailAccount.State.PAUSED or not account.user.is_active:
        return
    if throttle.halt_of(account) is not None:
        return
    with throttle.held_connection(account, "push", seconds=LEASE_SECONDS) as lease:
        if lease is None:
            return
        run = _Run(account, lease, open_source or connect.open_source)
        try:
            run.go()
        except LeaseLost:
            logger.info("Push of account %s was taken over.", account_id)
            return
        except OperationalError as error:
            if not leases.is_passing(error):
                raise
            logger.info("Push of account %s gave way to another writer: %s", account_id, error)
        finally:
            run.close()
    pushing.schedule_next(account_id)


class _Run:
    """One push of one account: the connection, opened when first needed, and how errors are answered."""

    def __init__(
        self, account: MailAccount, lease: leases.HeldLease, open_source: Callable[[MailAccount], MailSource]
    ) -> None:
        self._account = account
        self._lease = lease
        self._open_source = open_source
        self._source: MailSource | None = None
        self._reconnected = False
        self._dialling = False
        self._unavailables = 0

    def go(self) -> None:
        until = time.monotonic() + RUN_SECONDS
        announce_folders(draft_copies.store_due_drafts(self._lease))
        if change_log.is_local(self._account):
            self._settle_locally()
            return
        taken: set[tuple[int, str]] = set()
        while time.monotonic() < until:
            announce_folders(keeping.settle_changes(self._lease))
            pending = pushing.load_pending(self._account.pk)
            states = {change.id: (change.id, change.state) for change in pending}
            # A change that is back in the state it had before its step has had its turn in this run.
            step = next(
                (
                    step
                    for step in plan.plan_push(pending)
                    if not taken.issuperset(states[change_id] for change_id in _change_ids(step))
                ),
                None,
            )
            if step is None:
                self._wait([change_id for change_id, state in states.values() if (change_id, state) not in taken])
                return
            taken.update(states[change_id] for change_id in _change_ids(step))
            is_append = isinstance(step, plan.Append)
            leases.heartbeat(self._lease, seconds=APPEND_LEASE_SECONDS if is_append else LEASE_SECONDS)
            if not self._take(step):
                return

    def close(self) -> None:
        if self._source is not None:
            self._source.close()
            self._source = None

    def _take(self, step: plan.Step) -> bool:
        """One step, with every failure answered. False: nothing more can be done in this run."""
        ids = _change_ids(step)
        try:
            announce_folders(Hands(self._lease, self._connected).take(step))
        except Rejected as error:
            self._refused(step, error)
        except TryNow as error:
            self.close()
            self._later(ids, 0 if not self._reconnected else self._backoff(ids), str(error))
            if self._reconnected:
                return False
            self._reconnected = True
        except TryLater as error:
            if isinstance(error, Unavailable) and not self._dialling:
                return self._unavailable(step, error)
            self.close()
            after = error.after_seconds if error.after_seconds is not None else self._backoff(ids)
            self._later(ids, after, str(error))
            return False
        except NeedsUser as error:
            # The pull meets the same refusal, and tells the user; the changes wait for the mending.
            self.close()
            self._later(ids, 900, str(error), count=False)
            return False
        return True

    def _connected(self) -> MailSource:
        if self._source is None:
            self._dialling = True
            self._source = self._open_source(self._account)
            self._dialling = False
        return self._source

    def _refused(self, step: plan.Step, error: Rejected) -> None:
        """The server said NO to the step: part it to find whom it means, then wait or give up."""
        code = error.code.upper()
        step = self._what_is_left(step)
        ids = _change_ids(step)
        parts = _halves(step)
        if code in PASSING:
            self._later(ids, 300, str(error))
        elif code in NO_FOLDER and pushing.most_attempts(ids) < FOLDER_TRIES:
            # Another program may have renamed it: the next listing tells.
            schedule.make_account_due(self._account.pk)
            self._later(ids, FOLDER_WAIT_SECONDS, str(error))
        elif parts:
            for part in parts:
                self._take(part)
        elif isinstance(step, plan.RemoveCopied):
            self._give_up(ids, _KEPT_TWICE)
        else:
            self._give_up(ids, _words(code, error))

    def _what_is_left(self, step: plan.Step) -> plan.Step:
        """Of a move without MOVE that stopped once the copies were made, that the originals go: not one more copy.

        What was not among the copies is looked for by the next run.
        """
        if not isinstance(step, plan.Move):
            return step
        copied = pushing.copied_of(_change_ids(step))
        items = tuple(item for item in step.items if copied.issuperset(item.change_ids))
        return plan.RemoveCopied(step.folder_id, items) if items else step

    def _unavailable(self, step: plan.Step, error: Unavailable) -> bool:
        """Not just now. Another time the step is parted, as it may be one message that the server cannot move."""
        step = self._what_is_left(step)
        ids = _change_ids(step)
        parts = _halves(step) if pushing.most_attempts(ids) else ()
        if parts and self._unavailables < MOST_UNAVAILABLE:
            return all(self._take(part) for part in parts)
        self._unavailables += 1
        self._later(ids, self._backoff(ids), str(error))
        return True

    def _later(self, ids: Collection[int], after_seconds: float, words: str, *, count: bool = True) -> None:
        # A server out of reach says nothing against the change: however long that lasts, it is kept.
        count = count and not self._dialling
        spent = pushing.defer_changes(self._lease, ids, after_seconds=after_seconds, words=words, count=count)
        if spent:
            self._give_up(spent, f"Given up after {pushing.MOST_ATTEMPTS} tries. The last answer was: {words}")

    def _give_up(self, ids: Collection[int], words: str) -> None:
        said = "\n".join(self._source.transcript) if self._source is not None else ""
        announce_folders(pushing.fail_changes(self._lease, ids, words, transcript=said))
        announce(self._account.user_id, "notice", account=self._account.pk, text=words)
        logger.warning("Changes of account %s were given up: %s", self._account.pk, words)

    def _wait(self, ids: Collection[int]) -> None:
        """What no step could carry: its message has no UID yet, or it depends on another change."""
        if ids:
            spent = pushing.wait_for_uid(self._lease, ids, after_seconds=UID_WAIT_SECONDS)
            if spent:
                self._give_up(spent, "The server never showed this message in its new folder.")

    def _settle_locally(self) -> None:
        """A POP3 account: only deletions wait here, for the toast to go."""
        due = list(pushing.due_changes(self._account.pk))
        ids = [change.pk for change in due if change.kind == Change.Kind.EXPUNGE]
        if ids:
            pushing.finish_expunges(self._lease, ids, expunged=True)
        for change in due:
            if change.kind == Change.Kind.FOLDER_DELETE:
                pushing_folders.finish_folder(self._lease, change, ())

    def _backoff(self, ids: Collection[int]) -> float:
        """15 s, doubling to 10 minutes, by the tries that the oldest of these has had."""
        if self._dialling:
            return DIAL_AGAIN_SECONDS
        tries = pushing.most_attempts(ids)
        return float(min(15 * 2**tries, 600))


def _change_ids(step: plan.Step) -> list[int]:
    match step:
        case plan.Settle(change_ids=ids):
            return list(ids)
        case plan.Append(change_id=one) | plan.ChangeFolder(change_id=one):
            return [one]
        case _:
            return [change_id for item in step.items for change_id in item.change_ids]


def _halves(step: plan.Step) -> Sequence[plan.Step]:
    """Two steps that together are this one; none when it cannot be parted."""
    if isinstance(step, plan.Settle | plan.Append | plan.ChangeFolder) or len(step.items) < 2:
        return ()
    middle = len(step.items) // 2
    return [_with_items(step, step.items[:middle]), _with_items(step, step.items[middle:])]


def _with_items(
    step: plan.StoreFlags | plan.Move | plan.LookForMoved | plan.Copy | plan.RemoveCopied | plan.Expunge,
    items: tuple[plan.Item, ...],
) -> plan.Step:
    return replace(step, items=items)


_KEPT_TWICE = (
    "The message was copied, but the server does not let it be removed from where it was. It is in both folders now."
    " Whoever manages the first one can let you delete there."
)


def _words(code: str, error: Rejected) -> str:
    """The refusal for the user, with what to do where we know it (RFC 5530)."""
    match code:
        case "OVERQUOTA":
            return "The mailbox is full, so the server refused the change. Make room and try again."
        case "TRYCREATE" | "NONEXISTENT":
            return "The folder no longer exists on the server, so the change was taken back."
        case "NOPERM" | "READ-ONLY":
            return "The server does not allow changes in this folder, so the change was taken back."
        case "NOTEMPTY":
            return "The folder still holds messages on the server, so it was not deleted. Move or delete them first."
        case "TOOBIG" | "LIMIT":
            return "The server refused the message as too large for this folder."
    return f"The server refused the change, so it was taken back: {error.line or error}"
