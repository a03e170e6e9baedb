"""The way of a message that nothing befalls: claimed, data started, dot sent, accepted. Database room.

In: ids that are due, and what the server answered. Out: a ``Claim`` with all that the worker needs of the row. Each
step is one statement and one commit, prepared on the server; accepting one message and claiming the next behind it
is one together, so that a further message of a run costs two commits. What goes otherwise is in ``store.outbox``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import psycopg
from django.db import connection
from django.utils import timezone

from mailsync.errors import LeaseLost
from mailsync.models import Outgoing, OutgoingRecipient
from mailsync.plan.delivery import RECIPIENTS_PER_TRANSACTION, Outcome

#: Longer than the task may run, which is longer than a server may take to answer the dot (RFC 5321 §4.5.3.2.6).
CLAIM = timedelta(minutes=16)
#: Who sends a message files it in the same run; should that worker die, another does after this.
FILED_AFTER = timedelta(minutes=1)
#: The reply code that asks for data (RFC 5321 §4.2.3): noted on the recipients of a transaction under way.
IN_FLIGHT = 354

_State = Outgoing.State
SENDABLE = (_State.HELD, _State.QUEUED, _State.DEFERRED)
#: Claimed, and no final dot has left: as good as unsent once the claim has run out.
BEFORE_DOT = (_State.CLAIMED, _State.DATA_STARTED)


@dataclass(frozen=True, slots=True)
class Claim:
    """One worker's right to one try, and what is to be sent; every later write names it."""

    outgoing_id: int
    attempt: int
    user_id: int
    account_id: int
    identity_id: int | None
    mail_from: str
    message_id: str
    raw: bytes = field(repr=False)
    #: Since when it is to be sent.
    begun_at: datetime
    recipients: tuple[str, ...]
    #: Whether an earlier try had somebody accepted.
    taken_before: bool
    #: Written by nobody's hand.
    automatic: bool
    #: Whether ``data_started`` was committed with the claim.
    data_started: bool


# One statement is one commit: its parts hold together without a transaction around them.
_TAKEN = """
    taken AS (
        UPDATE mailsync_outgoing SET state = %(claimed)s, claimed_until = %(until)s, due_at = %(until)s,
                                     attempts = attempts + 1
         WHERE id = %(next)s AND due_at <= %(now)s AND finished_at IS NULL
           AND (state = ANY(%(sendable)s) OR state = ANY(%(before_dot)s) AND claimed_until <= %(now)s)
        RETURNING id, attempts, user_id, account_id, identity_id, mail_from, message_id, raw,
                  greatest(created_at, send_at) AS begun_at, automatic
    )"""
_FOUND = """
    SELECT taken.*,
           ARRAY(SELECT address FROM mailsync_outgoingrecipient r WHERE r.outgoing_id = taken.id
                    AND r.state = 'pending' ORDER BY r.id LIMIT %(most)s),
           EXISTS(SELECT FROM mailsync_outgoingrecipient r WHERE r.outgoing_id = taken.id AND r.state = ANY(%(had)s))
      FROM taken"""
_ACCEPTED = """
    step AS (
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
    )"""
_CLAIM = f"WITH {_TAKEN} {_FOUND}"
_ACCEPT = f"WITH {_ACCEPTED} SELECT state FROM step"  # noqa: S608
_ACCEPT_AND_CLAIM = f"""
    WITH {_ACCEPTED}, {_TAKEN}, found AS ({_FOUND})
    SELECT (SELECT state FROM step), found.* FROM (VALUES (1)) AS always LEFT JOIN found ON true
"""  # noqa: S608  constants of ours
_DATA = """
    UPDATE mailsync_outgoing SET state = %(after)s
     WHERE id = %(id)s AND attempts = %(attempt)s AND state = %(before)s AND finished_at IS NULL
"""
_DOT = """
    WITH step AS (
        UPDATE mailsync_outgoing SET state = %(after)s
         WHERE id = %(id)s AND attempts = %(attempt)s AND state = %(before)s AND finished_at IS NULL
        RETURNING id
    ), under_way AS (
        UPDATE mailsync_outgoingrecipient r
           SET code = CASE WHEN r.address = ANY(%(taken)s) THEN %(in_flight)s::smallint END
          FROM step
         WHERE r.outgoing_id = step.id AND r.state = 'pending'
           AND (r.address = ANY(%(taken)s) OR r.code = %(in_flight)s)
    )
    INSERT INTO mailsync_outgoingevent (outgoing_id, kind, text, created_at)
    SELECT id, 'handed_over', %(words)s, %(now)s FROM step
"""


def claim(outgoing_id: int) -> Claim | None:
    """Take a due message for one try. None when it is not due, not wanted any more, or another worker's.

    A claim that ran out before the dot was sent is taken over: a retry is safe.
    """
    values = _claim_values(outgoing_id, timezone.now(), _State.CLAIMED)
    return _claim_of(_run(_CLAIM, values).fetchone(), data_started=False)


def mark_data_started(held: Claim) -> None:
    """Committed before DATA leaves. Raises ``LeaseLost`` when the message is no longer ours."""
    if held.data_started:
        return
    values = {**_of(held), "before": _State.CLAIMED.value, "after": _State.DATA_STARTED.value}
    if _run(_DATA, values).rowcount != 1:
        raise lost(held)


def mark_dot_sent(held: Claim, taken: Sequence[str]) -> None:
    """Committed before the final dot leaves: from here on a lost reply is uncertain. Raises ``LeaseLost``.

    ``taken`` are those whom the server has accepted at RCPT; nobody else gets it with this dot.
    """
    values = {
        **_of(held),
        "before": _State.DATA_STARTED.value,
        "after": _State.DOT_SENT.value,
        "taken": list(taken),
        "in_flight": IN_FLIGHT,
        "words": "Handed over to the outgoing server; waiting for its answer.",
        "now": timezone.now(),
    }
    if _run(_DOT, values).rowcount != 1:
        raise lost(held)


def is_plain(outcome: Outcome) -> bool:
    """What nearly always happens: the same answer, accepted, for everyone it went to."""
    replies = {(one.state, one.code, one.enhanced, one.text) for one in outcome.recipients}
    return outcome.verdict == "accepted" and len(replies) == 1 and outcome.recipients[0].state == "accepted"


def accept(held: Claim, outcome: Outcome) -> str:
    """Write down a plain outcome; returns the message's new state. Raises ``LeaseLost``."""
    row = _run(_ACCEPT, _accept_values(held, outcome, timezone.now())).fetchone()
    if row is None:
        raise lost(held)
    return str(row[0])


def accept_and_claim(held: Claim, outcome: Outcome, next_id: int) -> tuple[bool, Claim | None]:
    """Write down a plain outcome, and take the next message up to ``data_started``: the connection stands.

    Returns whether the first was ours still, and the next one if it may be sent.
    """
    now = timezone.now()
    values = {**_accept_values(held, outcome, now), **_claim_values(next_id, now, _State.DATA_STARTED)}
    row = _run(_ACCEPT_AND_CLAIM, values).fetchone()
    assert row is not None
    return row[0] is not None, _claim_of(row[1:], data_started=True)


def accepted_words(count: int, words: str) -> str:
    """A line of the timeline."""
    people = "1 recipient" if count == 1 else f"{count} recipients"
    return f"Accepted for {people}. {words}".strip()[:2000]


def lost(held: Claim) -> LeaseLost:
    """The message is another worker's, or was taken back."""
    return LeaseLost(f"Message {held.outgoing_id} is no longer this worker's.")


def _run(statement: str, values: dict[str, Any]) -> psycopg.Cursor[tuple[Any, ...]]:
    """By psycopg's own cursor: it binds on the server, where a statement is planned once for each connection."""
    connection.ensure_connection()
    with connection.wrap_database_errors:
        return psycopg.Cursor(connection.connection).execute(statement, values, prepare=True)


def _of(held: Claim) -> dict[str, Any]:
    return {"id": held.outgoing_id, "attempt": held.attempt}


def _claim_values(outgoing_id: int, now: datetime, state: str) -> dict[str, Any]:
    return {
        "next": outgoing_id,
        "now": now,
        "until": now + CLAIM,
        "claimed": str(state),
        "sendable": [*map(str, SENDABLE)],
        "before_dot": [*map(str, BEFORE_DOT)],
        "most": RECIPIENTS_PER_TRANSACTION,
        "had": [*map(str, OutgoingRecipient.TAKEN)],
    }


def _claim_of(row: Sequence[Any] | None, *, data_started: bool) -> Claim | None:
    if row is None or row[0] is None:
        return None
    number, attempt, user, account, identity, mail_from, message_id, raw, begun_at, automatic, recipients, taken = row
    return Claim(
        outgoing_id=number,
        attempt=attempt,
        user_id=user,
        account_id=account,
        identity_id=identity,
        mail_from=mail_from,
        message_id=message_id,
        raw=raw,
        begun_at=begun_at,
        recipients=tuple(recipients),
        taken_before=taken,
        automatic=automatic,
        data_started=data_started,
    )


def _accept_values(held: Claim, outcome: Outcome, now: datetime) -> dict[str, Any]:
    reply = outcome.recipients[0]
    return {
        **_of(held),
        "before": [*map(str, (*BEFORE_DOT, _State.DOT_SENT))],
        "deferred": _State.DEFERRED.value,
        "accepted": _State.ACCEPTED.value,
        "now": now,
        "filed_by": now + FILED_AFTER,
        "addresses": [one.address for one in outcome.recipients],
        "code": reply.code,
        "enhanced": reply.enhanced,
        "text": reply.text[:2000],
        "words": accepted_words(len(outcome.recipients), outcome.words),
    }
