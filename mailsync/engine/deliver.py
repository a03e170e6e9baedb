"""Send one message, or find out what became of it: the outbox flows in, SMTP flows out. The meeting room.

Each step is a row before it is a command. Before the final dot a retry is safe and sends the same bytes;
after it, a lost reply makes the message uncertain, and it is looked for in Sent and never sent again in
silence. What follows acceptance (the Sent copy, the mark on the original) cannot send it again.
"""

import logging
import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from accounts.models import Identity, MailAccount, OutgoingServer
from accounts.zones import zone_of
from mailsync.announce import announce, announce_folders
from mailsync.engine import connect
from mailsync.engine.session import remote_of
from mailsync.errors import LeaseLost, MailError, NeedsUser, Rejected, TryLater
from mailsync.models import Outgoing
from mailsync.plan import delivery
from mailsync.protocol.contract import MailSender, MailSource, UncertainDelivery
from mailsync.store import allowance, filing, outbox, throttle, transit, turns
from mailsync.store.specials import find_role_folder
from mailsync.store.transit import Claim
from mailsync.types import Role, SubmissionReply

logger = logging.getLogger(__name__)

#: One run goes on with further due messages of the same server over the same connection: so long, or so many. Then
#: others have their turn, and the rest of this server's mail takes its place at the end of the queue.
RUN_SECONDS = 30.0
RUN_MESSAGES = 50
#: Whoever looks at the outbox hears of a run no more often; of each message at its end.
TELL_SECONDS = 1.0
#: A message whose account waits for its user is looked at again after this.
NEEDS_USER_WAIT = timedelta(minutes=15)
#: An automatic reply is given up after this.
AUTOMATIC_AGE = timedelta(hours=4)

State = Outgoing.State


@dataclass(frozen=True, slots=True)
class Doors:
    """How the outside is reached; tests put their own in."""

    open_sender: Callable[[OutgoingServer, MailAccount], MailSender]
    open_source: Callable[[MailAccount], MailSource]
    jitter: Callable[[], float] = random.random


def _open_sender(server: OutgoingServer, account: MailAccount) -> MailSender:
    return connect.open_sender(server, account=account)


def deliver(outgoing_id: int, *, doors: Doors | None = None) -> int | None:
    """Take this message one step on, and further due ones of the same server while the connection is open.

    What the server has taken is filed together at the end of the run. Returns the message to go on with in another
    run, None when nothing of this server is due.
    """
    row = Outgoing.objects.filter(pk=outgoing_id, finished_at=None).values_list("state", "user_id").first()
    if row is None:
        return None
    run = _Run(doors or Doors(_open_sender, connect.open_source))
    state, user_id = row
    if state in (State.DOT_SENT, State.UNCERTAIN, State.ACCEPTED):
        _find_out(outgoing_id, state, run.doors)
        _file([outgoing_id], user_id)
        return None
    try:
        return run.send_from(outgoing_id, user_id)
    finally:
        run.line.close()


class _Run:
    """One worker's turn at one outgoing server: its connection, and what it has read of who may send there.

    A turn is short, so what an operator stops or a user takes back meanwhile holds from the next one on.
    """

    def __init__(self, doors: Doors) -> None:
        self.doors = doors
        self.line = _Line(doors)
        self.halts = throttle.load_halts()
        self._identities: dict[int, Identity | None] = {}
        self._told_at = time.monotonic()

    def send_from(self, outgoing_id: int, user_id: int) -> int | None:
        """This message and those of its user behind it. Returns the one that did not get its turn any more."""
        until = time.monotonic() + RUN_SECONDS
        tried = [outgoing_id]
        held = transit.claim(outgoing_id)
        # One more than a run takes: that one begins the next.
        waiting = deque(turns.others_of_same_server(outgoing_id, limit=RUN_MESSAGES) if held else [])

        def take() -> int | None:
            if not waiting or not self.line.is_open or len(tried) == RUN_MESSAGES or time.monotonic() > until:
                return None
            tried.append(waiting.popleft())
            return tried[-1]

        while held is not None:
            last = held.outgoing_id
            held = self._settle(held, _try(held, self), take)
            if held is not None and time.monotonic() - self._told_at > TELL_SECONDS:
                self._told_at = time.monotonic()
                announce(user_id, "outgoing", outgoing=last)
        _file(tried, user_id)
        return waiting[0] if waiting and self.line.is_open else None

    def _settle(self, held: Claim, outcome: delivery.Outcome | None, take: Callable[[], int | None]) -> Claim | None:
        """Write down what became of one, and claim the next: in one commit where all went well."""
        following = None
        try:
            if outcome is not None and transit.is_plain(outcome) and (next_id := take()) is not None:
                is_ours, following = transit.accept_and_claim(held, outcome, next_id)
                if not is_ours:
                    raise transit.lost(held)
            elif outcome is not None:
                outbox.settle(held, outcome)
                if outcome.pause_seconds:
                    until = timezone.now() + timedelta(seconds=outcome.pause_seconds)
                    outbox.pause_account(held.account_id, until, outcome.words)
        except LeaseLost:
            self.let_go(held)
        while following is None and (next_id := take()) is not None:
            following = transit.claim(next_id)
        return following

    def let_go(self, held: Claim) -> None:
        """Another worker has it, or it was taken back: nothing more of it leaves by us."""
        self.line.close()
        logger.info("Message %s was taken over or taken back.", held.outgoing_id)

    def identity(self, held: Claim) -> Identity | None:
        key = held.identity_id or 0
        if key not in self._identities:
            self._identities[key] = (
                Identity.objects.select_related("account__outgoing_server", "account__user", "outgoing_server", "user")
                .filter(pk=key)
                .first()
            )
        return self._identities[key]


class _Line:
    """The connection to one outgoing server, opened when first needed and reused."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self._sender: MailSender | None = None
        self._server_id: int | None = None

    @property
    def is_open(self) -> bool:
        return self._sender is not None

    def to(self, server: OutgoingServer, account: MailAccount) -> MailSender:
        if self._sender is None or self._server_id != server.pk:
            self.close()
            self._sender = self._doors.open_sender(server, account)
            self._server_id = server.pk
            allowance.note_size_limit(server, self._sender.size_limit_bytes)
        return self._sender

    def close(self) -> None:
        if self._sender is not None:
            self._sender.close()
            self._sender = None


def _find_out(outgoing_id: int, state: str, doors: Doors) -> None:
    """What became of a message whose dot has been sent."""
    if state == State.ACCEPTED:
        # Should filing fail, it is tried again after a while, not at once for ever.
        outbox.put_off_filing(outgoing_id)
        return
    if state == State.DOT_SENT:
        outbox.become_uncertain(outgoing_id, "The connection was lost before the server's answer came.")
    _look(outgoing_id, doors)


def _file(outgoing_ids: Sequence[int], user_id: int) -> None:
    """The Sent copies of those that were taken; whoever looks at the outbox is told."""
    announce_folders(filing.file_sent(outgoing_ids))
    for outgoing_id in outgoing_ids:
        announce(user_id, "outgoing", outgoing=outgoing_id)


def _try(held: Claim, run: _Run) -> delivery.Outcome | None:
    """One try. Returns what is to be written down; None where that has been done, or is not ours to do."""
    identity = run.identity(held)
    server = allowance.server_of(identity) if identity else None
    try:
        refusal = _why_not(held, identity, server) or _too_late(held)
        if refusal or identity is None or server is None:
            # Failed before anything left.
            return delivery.Outcome("failed", (), words=refusal)
        most = allowance.limits_of(identity).recipients_per_message or delivery.RECIPIENTS_PER_TRANSACTION
        held = replace(held, recipients=held.recipients[: min(most, delivery.RECIPIENTS_PER_TRANSACTION)])
        return None if _held_back(identity, held, run) else _submit(identity, server, held, run)
    except LeaseLost:
        run.let_go(held)
        return None


def _why_not(held: Claim, identity: Identity | None, server: OutgoingServer | None) -> str:
    """Checked again at the last moment: who may send as whom. Empty when all is well."""
    is_theirs = identity is not None and identity.user_id == held.user_id
    if identity is None or not is_theirs or held.mail_from not in ("", identity.address):
        who = held.mail_from or "The sender"
        return f"{who} is no longer one of your addresses. Open the message and choose another."
    if identity.verified_at is None:
        return f"{identity.address} is not confirmed. Confirm it in the settings, then send again."
    if server is None or server.user_id != held.user_id:
        return f"No outgoing server is set up for {identity.address}. Add one in the settings, then send again."
    return ""


def _too_late(held: Claim) -> str:
    """An automatic reply has no reader who waits for it, and is no use later; what a rule forwards is."""
    is_late = held.automatic and not held.mail_from and timezone.now() - held.begun_at > AUTOMATIC_AGE
    return "It could not leave within four hours, and was given up." if is_late else ""


def _held_back(identity: Identity, held: Claim, run: _Run) -> bool:
    """Whether the message waits: its person is deactivated, its account paused, or the provider's allowance used up."""
    if not identity.user.is_active:
        # Nothing of theirs is due to anybody until they are let in again, and then at once.
        outbox.hold_back(held, timezone.now(), "An administrator had deactivated you. It goes out by itself now.")
        return True
    if identity.account.state == MailAccount.State.PAUSED:
        outbox.hold_back(held, timezone.now() + NEEDS_USER_WAIT, "The account is paused. Resume it to send.")
        return True
    halt = throttle.halt_of(identity.account, run.halts)
    if halt is not None:
        outbox.hold_back(held, timezone.now() + NEEDS_USER_WAIT, throttle.halt_words(halt))
        return True
    turn = allowance.when_may_send(identity, len(held.recipients), automatic=held.automatic)
    if not turn.waits_for:
        return False
    words = _allowance_words(turn, zone_of(identity.user.timezone))
    outbox.hold_back(held, turn.at, words)
    # The rest need not be claimed one by one to learn the same; what people write does not wait for this.
    for_one = allowance.when_may_send(identity, 1)
    if for_one.waits_for:
        outbox.pause_account(held.account_id, for_one.at, words)
    return True


def _allowance_words(turn: allowance.Turn, zone: ZoneInfo) -> str:
    when = turn.at.astimezone(zone)
    whose = "The provider's sending limit" if turn.waits_for == "provider" else "Your administrator's sending limit"
    return f"{whose} is reached. It goes out by itself at {when:%H:%M} on {when:%-d %B}."


def _submit(identity: Identity, server: OutgoingServer, held: Claim, run: _Run) -> delivery.Outcome | None:
    line, doors = run.line, run.doors
    age = (timezone.now() - held.begun_at).total_seconds()
    try:
        reply = _hand_over(line.to(server, identity.account), identity, held)
    except UncertainDelivery as error:
        line.close()
        outbox.lose_reply(held, str(error))
        _look(held.outgoing_id, doors)
        return None
    except NeedsUser as error:
        line.close()
        outbox.hold_back(held, timezone.now() + NEEDS_USER_WAIT, str(error))
        announce(held.user_id, "account", account=held.account_id)
        return None
    except Rejected as error:
        # The sender, or the message as a whole, was refused (RFC 5321 §4.2.1: 5yz).
        return _all_refused(held, error)
    except MailError as error:
        line.close()
        return delivery.after_break(
            f"{error} {error.detail}".strip(),
            attempts=held.attempt,
            age_seconds=age,
            jitter=doors.jitter(),
            after_seconds=error.after_seconds if isinstance(error, TryLater) else None,
        )
    return delivery.next_state(
        reply, attempts=held.attempt, age_seconds=age, jitter=doors.jitter(), accepted_before=held.taken_before
    )


def _hand_over(sender: MailSender, identity: Identity, held: Claim) -> SubmissionReply:
    def submit(mail_from: str, claim: Claim) -> SubmissionReply:
        return sender.submit(
            mail_from=mail_from,
            recipients=claim.recipients,
            raw=claim.raw,
            before_data=lambda: transit.mark_data_started(claim),
            before_dot=lambda taken: transit.mark_dot_sent(claim, taken),
            envelope_id=claim.message_id,
        )

    try:
        return submit(held.mail_from, held)
    except Rejected as error:
        if not held.automatic or held.mail_from or error.code == "552":
            raise
        # Seen in practice: submission servers that take no empty sender. RFC 3834 §3.3 allows an address that answers
        # nothing automatic, which the identity's is.
        is_marked = Outgoing.objects.filter(pk=held.outgoing_id, state=State.DATA_STARTED).exists()
        return submit(identity.address, replace(held, data_started=is_marked))


def _all_refused(held: Claim, error: Rejected) -> delivery.Outcome:
    code = int(error.code) if error.code.isdigit() else 550
    words = error.line or str(error)
    if delivery.classify(code, "", words) is delivery.ReplyClass.QUOTA:
        pause = delivery.window_seconds(words)
        return delivery.Outcome("retry", (), pause, pause, words)
    refused = tuple(delivery.RecipientOutcome(address, "failed", code, "", str(error)) for address in held.recipients)
    return delivery.Outcome("failed", refused, words=str(error))


def _look(outgoing_id: int, doors: Doors) -> None:
    """Is an uncertain message in Sent? Only providers that file by themselves can tell; else it stays uncertain."""
    outgoing = Outgoing.objects.select_related("account").defer(*outbox.BYTES).get(pk=outgoing_id)
    if outgoing.state != State.UNCERTAIN or outgoing.due_at is None or outgoing.due_at > timezone.now():
        return
    if outgoing.automatic:
        # It may have been sent, nobody need be asked, and it has no copy that could be found.
        outbox.leave_uncertain(outgoing_id)
        return
    try:
        found = _is_in_sent(outgoing, doors)
    except (MailError, OSError) as error:
        logger.info("Sent of account %s could not be looked at: %s", outgoing.account_id, error)
        found = False
    if found:
        outbox.found_after_all(outgoing_id, "Found in Sent: the server had taken it.")
    else:
        outbox.looked_in_vain(outgoing_id)


def _is_in_sent(outgoing: Outgoing, doors: Doors) -> bool:
    sent = find_role_folder(outgoing.account_id, Role.SENT)
    if sent is None or sent.is_local:
        return False
    source = doors.open_source(outgoing.account)
    try:
        source.select(remote_of(sent))
        return bool(source.find_message_id(outgoing.message_id))
    finally:
        source.close()
