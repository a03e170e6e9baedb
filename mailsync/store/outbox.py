"""Messages on their way: frozen once, claimed by one worker, each recipient's outcome a row. Database room.

Every step is a conditional update whose count must be 1, so that two workers, or one that was thought
dead, never both believe that the message is theirs. ``attempts`` is the fence: it grows with each claim.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from mailsync.errors import LeaseLost
from mailsync.models import Outgoing, OutgoingEvent, OutgoingRecipient
from mailsync.plan.delivery import RECIPIENTS_PER_TRANSACTION, TELL_AFTER_SECONDS, Outcome

#: Longer than the task may run, which is longer than a server may take to answer the dot (RFC 5321 §4.5.3.2.6).
CLAIM = timedelta(minutes=16)
#: After a lost reply: look in Sent at once, then after these; then it is the user's to say.
LOOK_SECONDS = (30, 120, 600)
#: Who sends a message files it in the same run; should that worker die, another does after this.
FILED_AFTER = timedelta(minutes=1)
#: The reply code that asks for data (RFC 5321 §4.2.3): noted on the recipients of a transaction under way.
IN_FLIGHT = 354

#: What may weigh megabytes, and is read only to be sent or filed.
BYTES = ("raw", "raw_sent_copy")

_State = Outgoing.State
SENDABLE = (_State.HELD, _State.QUEUED, _State.DEFERRED)
#: Claimed, and no final dot has left: as good as unsent once the claim has run out.
_BEFORE_DOT = (_State.CLAIMED, _State.DATA_STARTED)


@dataclass(frozen=True, slots=True)
class Claim:
    """One worker's right to one try; every later write names it."""

    outgoing_id: int
    attempt: int
    recipients: tuple[str, ...]
    #: Whether an earlier try had somebody accepted.
    taken_before: bool = False


def note(outgoing_id: int, kind: str, text: str) -> None:
    """One line of the delivery timeline."""
    note_all([outgoing_id], kind, text)


def note_all(outgoing_ids: Sequence[int], kind: str, text: str) -> None:
    """The same line for several messages."""
    OutgoingEvent.objects.bulk_create(
        OutgoingEvent(outgoing_id=outgoing_id, kind=kind, text=text[:2000]) for outgoing_id in outgoing_ids
    )


_CLAIM = """
    WITH taken AS (
        UPDATE mailsync_outgoing SET state = %(claimed)s, claimed_until = %(until)s, due_at = %(until)s,
                                     attempts = attempts + 1
         WHERE id = %(id)s AND due_at <= %(now)s AND finished_at IS NULL
           AND (state = ANY(%(sendable)s) OR state = ANY(%(before_dot)s) AND claimed_until <= %(now)s)
        RETURNING id, attempts
    )
    SELECT attempts,
           ARRAY(SELECT address FROM mailsync_outgoingrecipient r WHERE r.outgoing_id = taken.id
                    AND r.state = 'pending' ORDER BY r.id LIMIT %(most)s),
           EXISTS(SELECT FROM mailsync_outgoingrecipient r WHERE r.outgoing_id = taken.id AND r.state = ANY(%(had)s))
      FROM taken
"""


def claim(outgoing_id: int, *, most_recipients: int = RECIPIENTS_PER_TRANSACTION) -> Claim | None:
    """Take a due message for one try. None when it is not due, not wanted any more, or another worker's.

    A claim that ran out before the dot was sent is taken over: a retry is safe.
    """
    now = timezone.now()
    values: dict[str, Any] = {
        "id": outgoing_id,
        "now": now,
        "until": now + CLAIM,
        "claimed": _State.CLAIMED.value,
        "sendable": [*map(str, SENDABLE)],
        "before_dot": [*map(str, _BEFORE_DOT)],
        "most": most_recipients,
        "had": [*map(str, OutgoingRecipient.TAKEN)],
    }
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, values)
        row = cursor.fetchone()
    if row is None:
        return None
    attempt, addresses, taken_before = row
    return Claim(outgoing_id, attempt, tuple(addresses), taken_before)


def mark_data_started(held: Claim) -> None:
    """Committed before DATA leaves. Raises ``LeaseLost`` when the message is no longer ours."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE mailsync_outgoing SET state = %s WHERE id = %s AND attempts = %s AND state = %s"
            " AND finished_at IS NULL",
            [_State.DATA_STARTED.value, held.outgoing_id, held.attempt, _State.CLAIMED.value],
        )
        if cursor.rowcount != 1:
            raise _lost(held)


# One statement is one commit: its parts hold together without a transaction around them.
_DOT = """
    WITH step AS (
        UPDATE mailsync_outgoing SET state = %(after)s
         WHERE id = %(id)s AND attempts = %(attempt)s AND state = %(before)s AND finished_at IS NULL
        RETURNING id
    ), under_way AS (
        UPDATE mailsync_outgoingrecipient r
           SET code = CASE WHEN r.address = ANY(%(taken)s) THEN %(in_flight)s END
          FROM step
         WHERE r.outgoing_id = step.id AND r.state = 'pending'
           AND (r.address = ANY(%(taken)s) OR r.code = %(in_flight)s)
    )
    INSERT INTO mailsync_outgoingevent (outgoing_id, kind, text, created_at)
    SELECT id, 'handed_over', %(words)s, %(now)s FROM step
"""


def mark_dot_sent(held: Claim, taken: Sequence[str]) -> None:
    """Committed before the final dot leaves: from here on a lost reply is uncertain. Raises ``LeaseLost``.

    ``taken`` are those whom the server has accepted at RCPT; nobody else gets it with this dot.
    """
    values: dict[str, Any] = {
        "id": held.outgoing_id,
        "attempt": held.attempt,
        "before": _State.DATA_STARTED.value,
        "after": _State.DOT_SENT.value,
        "taken": list(taken),
        "in_flight": IN_FLIGHT,
        "words": "Handed over to the outgoing server; waiting for its answer.",
        "now": timezone.now(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_DOT, values)
        if cursor.rowcount != 1:
            raise _lost(held)


def _step(held: Claim, before: Collection[str], after: str, **columns: object) -> None:
    taken = Outgoing.objects.filter(
        pk=held.outgoing_id, attempts=held.attempt, state__in=before, finished_at=None
    ).update(state=after, **columns)
    if taken != 1:
        raise _lost(held)


def _lost(held: Claim) -> LeaseLost:
    return LeaseLost(f"Message {held.outgoing_id} is no longer this worker's.")


def settle(held: Claim, outcome: Outcome) -> str:
    """Write down one try's outcome; returns the message's new state. Raises ``LeaseLost``."""
    replies = {(one.state, one.code, one.enhanced, one.text) for one in outcome.recipients}
    if outcome.verdict == "accepted" and len(replies) == 1 and outcome.recipients[0].state == "accepted":
        return _settle_accepted(held, outcome)
    with transaction.atomic():
        return _settle_each(held, outcome)


_ACCEPTED = """
    WITH step AS (
        UPDATE mailsync_outgoing o
           SET claimed_until = NULL, error = '',
               state = CASE WHEN waits.more THEN %(deferred)s ELSE %(accepted)s END,
               due_at = CASE WHEN waits.more THEN %(now)s ELSE %(filed_by)s END
          FROM (SELECT EXISTS(SELECT FROM mailsync_outgoingrecipient r WHERE r.outgoing_id = %(id)s
                                 AND r.state = 'pending' AND r.address <> ALL(%(addresses)s)) AS more) AS waits
         WHERE o.id = %(id)s AND o.attempts = %(attempt)s AND o.state = ANY(%(before)s) AND o.finished_at IS NULL
        RETURNING o.id, o.state
    ), told AS (
        UPDATE mailsync_outgoingrecipient r
           SET state = 'accepted', code = %(code)s, enhanced = %(enhanced)s, text = %(text)s, settled_at = %(now)s
          FROM step WHERE r.outgoing_id = step.id AND r.address = ANY(%(addresses)s)
    ), noted AS (
        INSERT INTO mailsync_outgoingevent (outgoing_id, kind, text, created_at)
        SELECT id, 'accepted', %(words)s, %(now)s FROM step
    )
    SELECT state FROM step
"""


def _settle_accepted(held: Claim, outcome: Outcome) -> str:
    """What nearly always happens, in one statement: the same answer for everyone it went to."""
    now, reply = timezone.now(), outcome.recipients[0]
    values: dict[str, Any] = {
        "id": held.outgoing_id,
        "attempt": held.attempt,
        "before": [*map(str, (*_BEFORE_DOT, _State.DOT_SENT))],
        "deferred": _State.DEFERRED.value,
        "accepted": _State.ACCEPTED.value,
        "now": now,
        "filed_by": now + FILED_AFTER,
        "addresses": [one.address for one in outcome.recipients],
        "code": reply.code,
        "enhanced": reply.enhanced,
        "text": reply.text[:2000],
        "words": _accepted_words(len(outcome.recipients), outcome.words),
    }
    with connection.cursor() as cursor:
        cursor.execute(_ACCEPTED, values)
        row = cursor.fetchone()
    if row is None:
        raise _lost(held)
    return str(row[0])


def _settle_each(held: Claim, outcome: Outcome) -> str:
    now = timezone.now()
    for one in outcome.recipients:
        settled = now if one.state != "pending" else None
        OutgoingRecipient.objects.filter(outgoing=held.outgoing_id, address=one.address).update(
            state=one.state, code=one.code, enhanced=one.enhanced, text=one.text[:2000], settled_at=settled
        )
    rows = OutgoingRecipient.objects.filter(outgoing=held.outgoing_id)
    waiting = rows.filter(state=OutgoingRecipient.State.PENDING)
    accepted = rows.filter(state__in=OutgoingRecipient.TAKEN).exists()
    if outcome.verdict == "failed":
        waiting.update(state=OutgoingRecipient.State.FAILED, text=outcome.words[:2000], settled_at=now)
    state, due_at = _next(outcome, waiting=waiting.exists(), accepted=accepted, now=now)
    _step(
        held,
        (*_BEFORE_DOT, _State.DOT_SENT),
        state,
        due_at=due_at,
        claimed_until=None,
        error="" if state == _State.ACCEPTED else outcome.words[:2000],
        finished_at=now if state == _State.FAILED else None,
    )
    _tell(held.outgoing_id, state, outcome, now)
    return state


def _next(outcome: Outcome, *, waiting: bool, accepted: bool, now: datetime) -> tuple[str, datetime | None]:
    """Recipients beyond one transaction are still waiting after an accepted one: they follow at once."""
    if outcome.verdict == "retry":
        return _State.DEFERRED, now + timedelta(seconds=outcome.due_seconds)
    if waiting:
        return _State.DEFERRED, now
    return (_State.ACCEPTED, now + FILED_AFTER) if accepted else (_State.FAILED, None)


def _tell(outgoing_id: int, state: str, outcome: Outcome, now: datetime) -> None:
    done = [one for one in outcome.recipients if one.state == "accepted"]
    if done:
        note(outgoing_id, "accepted", _accepted_words(len(done), outcome.words))
    for one in outcome.recipients:
        if one.state == "failed":
            note(outgoing_id, "refused", f"{one.address}: {one.code or ''} {one.enhanced} {one.text}".strip())
    if state == _State.FAILED:
        note(outgoing_id, "failed", outcome.words or "Refused for every recipient.")
    if state == _State.DEFERRED and outcome.verdict == "retry":
        note(outgoing_id, "deferred", outcome.words)
        outgoing = Outgoing.objects.only("created_at", "send_at").get(pk=outgoing_id)
        late = now - max(outgoing.created_at, outgoing.send_at or outgoing.created_at)
        if late.total_seconds() > TELL_AFTER_SECONDS and not outgoing.events.filter(kind="delayed").exists():
            note(
                outgoing_id, "delayed", "Not delivered for four hours. It is tried for two days before it is given up."
            )


def _accepted_words(count: int, words: str) -> str:
    people = "1 recipient" if count == 1 else f"{count} recipients"
    return f"Accepted for {people}. {words}".strip()[:2000]


@transaction.atomic
def hold_back(held: Claim, until: datetime, words: str) -> None:
    """The account's allowance is used up, or it waits for its user: due again at ``until``, the try not counted."""
    _step(held, _BEFORE_DOT, _State.DEFERRED, due_at=until, claimed_until=None, error=words, attempts=F("attempts") - 1)
    note(held.outgoing_id, "deferred", words)


@transaction.atomic
def pause_account(account_id: int, until: datetime, words: str) -> None:
    """The provider has had enough for now: nothing of this account leaves before ``until``."""
    waiting = Outgoing.objects.filter(account=account_id, state__in=(_State.QUEUED, _State.DEFERRED), finished_at=None)
    waiting.filter(due_at__lt=until).update(due_at=until, error=words[:2000])


@transaction.atomic
def become_uncertain(outgoing_id: int, words: str) -> bool:
    """The dot was sent and no reply came, or the worker that would have read it died. Looked for next."""
    now = timezone.now()
    taken = Outgoing.objects.filter(
        Q(claimed_until__lte=now) | Q(claimed_until=None), pk=outgoing_id, state=_State.DOT_SENT
    ).update(state=_State.UNCERTAIN, due_at=now, sent_copy_checks=0, claimed_until=None, error=words)
    if taken == 1:
        note(outgoing_id, "uncertain", words)
    return taken == 1


@transaction.atomic
def lose_reply(held: Claim, words: str) -> None:
    """As above, by the worker that lost it. Raises ``LeaseLost``."""
    _step(
        held,
        (_State.DOT_SENT,),
        _State.UNCERTAIN,
        due_at=timezone.now(),
        sent_copy_checks=0,
        claimed_until=None,
        error=words,
    )
    note(held.outgoing_id, "uncertain", words)


@transaction.atomic
def looked_in_vain(outgoing_id: int) -> bool:
    """Not in Sent (yet). Returns whether to look again; if not, the user has to say what is true."""
    outgoing = Outgoing.objects.select_for_update().defer(*BYTES).get(pk=outgoing_id)
    if outgoing.state != _State.UNCERTAIN:
        return False
    again = outgoing.sent_copy_checks < len(LOOK_SECONDS)
    outgoing.due_at = timezone.now() + timedelta(seconds=LOOK_SECONDS[outgoing.sent_copy_checks]) if again else None
    outgoing.sent_copy_checks += 1
    outgoing.save(update_fields=["due_at", "sent_copy_checks"])
    if not again:
        note(outgoing_id, "uncertain", "It may have been sent: it was not found in Sent, and it is not sent twice.")
    return again


@transaction.atomic
def found_after_all(outgoing_id: int, words: str, *, all_pending: bool = False) -> bool:
    """An uncertain message was taken: those it was under way to have it; others (a later part) are still to come.

    ``all_pending``: the user says so, for all of them.
    """
    now = timezone.now()
    uncertain = Outgoing.objects.select_for_update().defer(*BYTES).filter(pk=outgoing_id, state=_State.UNCERTAIN)
    outgoing = uncertain.first()
    if outgoing is None:
        return False
    rows = outgoing.recipients.filter(state=OutgoingRecipient.State.PENDING)
    (rows if all_pending else rows.filter(code=IN_FLIGHT)).update(
        state=OutgoingRecipient.State.ACCEPTED, code=250, settled_at=now
    )
    more = outgoing.recipients.filter(state=OutgoingRecipient.State.PENDING).exists()
    outgoing.state, outgoing.due_at, outgoing.error = (_State.DEFERRED if more else _State.ACCEPTED), now, ""
    outgoing.save(update_fields=["state", "due_at", "error"])
    note(outgoing_id, "accepted", words)
    return True


def refuse(held: Claim, words: str) -> None:
    """It must not be sent at all (the identity is gone, or not proved): failed before anything left."""
    settle(held, Outcome("failed", (), words=words))


def put_off_filing(outgoing_id: int) -> None:
    """Should filing fail, it is tried again after a while, not at once for ever."""
    later = timezone.now() + timedelta(minutes=5)
    Outgoing.objects.filter(pk=outgoing_id, state=_State.ACCEPTED).update(due_at=later)
