"""Messages on their way: frozen once, claimed by one worker, each recipient's outcome a row. Database room.

Every step is a conditional update whose count must be 1, so that two workers, or one that was thought
dead, never both believe that the message is theirs. ``attempts`` is the fence: it grows with each claim.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from mailsync.models import Outgoing, OutgoingEvent, OutgoingRecipient
from mailsync.plan.delivery import TELL_AFTER_SECONDS, Outcome
from mailsync.store import transit
from mailsync.store.transit import BEFORE_DOT, FILED_AFTER, IN_FLIGHT, Claim, accepted_words, lost

#: After a lost reply: look in Sent at once, then after these; then it is the user's to say.
LOOK_SECONDS = (30, 120, 600)
#: What may weigh megabytes, and is read only to be sent or filed.
BYTES = ("raw", "raw_sent_copy")

_State = Outgoing.State


def note(outgoing_id: int, kind: str, text: str) -> None:
    """One line of the delivery timeline."""
    note_all([outgoing_id], kind, text)


def note_all(outgoing_ids: Sequence[int], kind: str, text: str) -> None:
    """The same line for several messages."""
    OutgoingEvent.objects.bulk_create(
        OutgoingEvent(outgoing_id=outgoing_id, kind=kind, text=text[:2000]) for outgoing_id in outgoing_ids
    )


def _step(held: Claim, before: Collection[str], after: str, **columns: object) -> None:
    taken = Outgoing.objects.filter(
        pk=held.outgoing_id, attempts=held.attempt, state__in=before, finished_at=None
    ).update(state=after, **columns)
    if taken != 1:
        raise lost(held)


def settle(held: Claim, outcome: Outcome) -> str:
    """Write down one try's outcome; returns the message's new state. Raises ``LeaseLost``."""
    if transit.is_plain(outcome):
        return transit.accept(held, outcome)
    with transaction.atomic():
        return _settle_each(held, outcome)


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
        (*BEFORE_DOT, _State.DOT_SENT),
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
        note(outgoing_id, "accepted", accepted_words(len(done), done[0].text))
    for one in outcome.recipients:
        if one.state == "failed":
            note(outgoing_id, "refused", f"{one.address}: {one.code or ''} {one.enhanced} {one.text}".strip())
    if state == _State.FAILED:
        # The server's words stand at each recipient that it refused.
        told = "" if any(one.state == "failed" for one in outcome.recipients) else outcome.words
        note(outgoing_id, "failed", told or "Refused for every recipient.")
    if state == _State.DEFERRED and outcome.verdict == "retry":
        note(outgoing_id, "deferred", outcome.words)
        outgoing = Outgoing.objects.only("created_at", "send_at").get(pk=outgoing_id)
        late = now - max(outgoing.created_at, outgoing.departs_at)
        if late.total_seconds() > TELL_AFTER_SECONDS and not outgoing.events.filter(kind="delayed").exists():
            note(
                outgoing_id, "delayed", "Not delivered for four hours. It is tried for two days before it is given up."
            )


@transaction.atomic
def hold_back(held: Claim, until: datetime, words: str) -> None:
    """The account's allowance is used up, or it waits for its user: due again at ``until``, the try not counted."""
    _step(held, BEFORE_DOT, _State.DEFERRED, due_at=until, claimed_until=None, error=words, attempts=F("attempts") - 1)
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
def doubt_waiting() -> int:
    """The tables are older than what was sent (a backup is back): what waited may have left since, so it is looked for
    in Sent and not sent again in silence. What is scheduled for later waits on. Returns how many are doubted."""
    now = timezone.now()
    waiting = Outgoing.objects.filter(
        state__in=(_State.HELD, _State.QUEUED, _State.DEFERRED, *BEFORE_DOT, _State.DOT_SENT)
    )
    words = "It waited when a backup was made that is in use again, so it may have been sent since."
    ids = list(waiting.exclude(send_at__gt=now).select_for_update().values_list("pk", flat=True))
    pending = OutgoingRecipient.objects.filter(outgoing__in=ids, state=OutgoingRecipient.State.PENDING)
    pending.update(code=IN_FLIGHT)  # found in Sent, they have it
    Outgoing.objects.filter(pk__in=ids).update(
        state=_State.UNCERTAIN, due_at=now, sent_copy_checks=0, claimed_until=None, finished_at=None, error=words
    )
    note_all(ids, "uncertain", words)
    return len(ids)


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
def leave_uncertain(outgoing_id: int) -> None:
    """An automatic message that may have been sent: done with, as nobody misses one and nobody is to have two."""
    now = timezone.now()
    uncertain = Outgoing.objects.filter(pk=outgoing_id, state=_State.UNCERTAIN, automatic=True)
    if uncertain.update(state=_State.FAILED, due_at=None, finished_at=now):
        note(outgoing_id, "failed", "It may have been sent, and is not sent twice.")


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


def put_off_filing(outgoing_id: int) -> None:
    """Should filing fail, it is tried again after a while, not at once for ever."""
    later = timezone.now() + timedelta(minutes=5)
    Outgoing.objects.filter(pk=outgoing_id, state=_State.ACCEPTED).update(due_at=later)
