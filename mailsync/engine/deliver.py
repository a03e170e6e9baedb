"""Send one message, or find out what became of it: the outbox flows in, SMTP flows out. The meeting room.

Each step is a row before it is a command. Before the final dot a retry is safe and sends the same bytes;
after it, a lost reply makes the message uncertain, and it is looked for in Sent and never sent again in
silence. What follows acceptance (the Sent copy, the mark on the original) cannot send it again.
"""

import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from accounts.models import Identity, MailAccount, OutgoingServer
from mailsync.announce import announce, announce_folders
from mailsync.engine import connect
from mailsync.engine.session import remote_of
from mailsync.errors import LeaseLost, MailError, NeedsUser, Rejected, TryLater
from mailsync.models import Outgoing
from mailsync.plan import delivery
from mailsync.protocol.contract import MailSender, MailSource, UncertainDelivery
from mailsync.store import allowance, filing, outbox, throttle, turns
from mailsync.store.specials import find_role_folder
from mailsync.types import Role

logger = logging.getLogger(__name__)

#: One run goes on with further due messages of the same server over the same connection: so long, or so many. Then
#: others have their turn, and the rest of this server's mail takes its place at the end of the queue.
RUN_SECONDS = 30.0
RUN_MESSAGES = 25
#: A message whose account waits for its user is looked at again after this.
NEEDS_USER_WAIT = timedelta(minutes=15)

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

    def send_from(self, outgoing_id: int, user_id: int) -> int | None:
        """This message and those of its user behind it. Returns the one that did not get its turn any more."""
        until = time.monotonic() + RUN_SECONDS
        _send(outgoing_id, self)
        sent = [outgoing_id]
        # One more than a run takes: that one begins the next.
        others = turns.others_of_same_server(outgoing_id, limit=RUN_MESSAGES) if self.line.is_open else []
        while others and self.line.is_open and len(sent) < RUN_MESSAGES and time.monotonic() < until:
            announce(user_id, "outgoing", outgoing=sent[-1])
            sent.append(others.pop(0))
            _send(sent[-1], self)
        _file(sent, user_id)
        return others[0] if others and self.line.is_open else None

    def identity(self, outgoing: Outgoing) -> Identity | None:
        key = outgoing.identity_id or 0
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


def _send(outgoing_id: int, run: _Run) -> None:
    """One try."""
    outgoing = Outgoing.objects.defer("raw_sent_copy", "draft_snapshot").filter(pk=outgoing_id).first()
    if outgoing is None:
        return
    identity = run.identity(outgoing)
    most = allowance.limits_of(identity).recipients_per_message if identity else None
    held = outbox.claim(
        outgoing_id,
        most_recipients=min(most or delivery.RECIPIENTS_PER_TRANSACTION, delivery.RECIPIENTS_PER_TRANSACTION),
    )
    if held is None:
        return
    try:
        server = allowance.server_of(identity) if identity else None
        refusal = _why_not(outgoing, identity, server)
        if refusal or identity is None or server is None:
            outbox.refuse(held, refusal)
        elif not _held_back(outgoing, identity, held, run):
            _submit(outgoing, identity, server, held, run)
    except LeaseLost:
        # Another worker has it, or it was taken back: nothing of ours left after that.
        run.line.close()
        logger.info("Message %s was taken over or taken back.", outgoing_id)


def _why_not(outgoing: Outgoing, identity: Identity | None, server: OutgoingServer | None) -> str:
    """Checked again at the last moment: who may send as whom. Empty when all is well."""
    is_theirs = identity is not None and identity.user_id == outgoing.user_id
    if identity is not None and is_theirs and not identity.user.is_active:
        return "This user may not send any more."
    if identity is None or not is_theirs or outgoing.mail_from not in ("", identity.address):
        who = outgoing.mail_from or "The sender"
        return f"{who} is no longer one of your addresses. Open the message and choose another."
    if identity.verified_at is None:
        return f"{identity.address} is not confirmed. Confirm it in the settings, then send again."
    if server is None or server.user_id != outgoing.user_id:
        return f"No outgoing server is set up for {identity.address}. Add one in the settings, then send again."
    return ""


def _held_back(outgoing: Outgoing, identity: Identity, held: outbox.Claim, run: _Run) -> bool:
    """Whether the message waits: its account is paused, or the provider's allowance is used up."""
    if identity.account.state == MailAccount.State.PAUSED:
        outbox.hold_back(held, timezone.now() + NEEDS_USER_WAIT, "The account is paused. Resume it to send.")
        return True
    halt = throttle.halt_of(identity.account, run.halts)
    if halt is not None:
        outbox.hold_back(held, timezone.now() + NEEDS_USER_WAIT, throttle.halt_words(halt))
        return True
    turn = allowance.when_may_send(identity, len(held.recipients))
    if not turn.waits_for:
        return False
    words = _allowance_words(turn, ZoneInfo(identity.user.timezone))
    outbox.hold_back(held, turn.at, words)
    # The rest need not be claimed one by one to learn the same.
    for_one = allowance.when_may_send(identity, 1)
    if for_one.waits_for:
        outbox.pause_account(outgoing.account_id, for_one.at, words)
    return True


def _allowance_words(turn: allowance.Turn, zone: ZoneInfo) -> str:
    when = turn.at.astimezone(zone)
    whose = "The provider's sending limit" if turn.waits_for == "provider" else "Your administrator's sending limit"
    return f"{whose} is reached. It goes out by itself at {when:%H:%M} on {when:%-d %B}."


def _submit(outgoing: Outgoing, identity: Identity, server: OutgoingServer, held: outbox.Claim, run: _Run) -> None:
    line, doors = run.line, run.doors
    begun = max(outgoing.created_at, outgoing.send_at or outgoing.created_at)
    age = (timezone.now() - begun).total_seconds()
    try:
        sender = line.to(server, identity.account)
        reply = sender.submit(
            mail_from=outgoing.mail_from,
            recipients=held.recipients,
            raw=bytes(outgoing.raw),
            before_data=lambda: outbox.mark_data_started(held),
            before_dot=lambda taken: outbox.mark_dot_sent(held, taken),
            envelope_id=outgoing.message_id,
        )
    except UncertainDelivery as error:
        line.close()
        outbox.lose_reply(held, str(error))
        _look(outgoing.pk, doors)
        return
    except NeedsUser as error:
        line.close()
        outbox.hold_back(held, timezone.now() + NEEDS_USER_WAIT, str(error))
        announce(outgoing.user_id, "account", account=outgoing.account_id)
        return
    except Rejected as error:
        # The sender, or the message as a whole, was refused (RFC 5321 §4.2.1: 5yz).
        outcome = _all_refused(held, error)
    except MailError as error:
        line.close()
        outcome = delivery.after_break(
            f"{error} {error.detail}".strip(),
            attempts=held.attempt,
            age_seconds=age,
            jitter=doors.jitter(),
            after_seconds=error.after_seconds if isinstance(error, TryLater) else None,
        )
    else:
        outcome = delivery.next_state(
            reply, attempts=held.attempt, age_seconds=age, jitter=doors.jitter(), accepted_before=held.taken_before
        )
    outbox.settle(held, outcome)
    if outcome.pause_seconds:
        until = timezone.now() + timedelta(seconds=outcome.pause_seconds)
        outbox.pause_account(outgoing.account_id, until, outcome.words)


def _all_refused(held: outbox.Claim, error: Rejected) -> delivery.Outcome:
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
