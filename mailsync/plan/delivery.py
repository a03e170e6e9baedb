"""What a server's replies mean for a message on its way, and when to try again. Pure.

In: one transaction's replies, how often and how long we have tried, and a jitter drawn by the caller.
Out: each recipient's outcome and the state of the whole. Accepted recipients are never tried again,
refused ones are told, and only the rest waits.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Literal

from mailsync.types import RecipientReply, SubmissionReply

#: RFC 5321 §4.5.4.1, quicker at first because a person waits: 1, 5, 15, 30 minutes, then 1, 2, 4 hours.
RETRY_SECONDS = (60, 300, 900, 1800, 3600, 7200, 14400)
GIVE_UP_SECONDS = 48 * 3600
TELL_AFTER_SECONDS = 4 * 3600
#: RFC 5321 §4.5.3.1.8: a server must take this many recipients; more are split.
RECIPIENTS_PER_TRANSACTION = 100
HOUR, DAY = 3600, 24 * 3600


class ReplyClass(Enum):
    """What a reply code asks of us."""

    ACCEPTED = "accepted"
    LATER = "later"
    #: The account has sent its share: the account waits, the message is not to blame.
    QUOTA = "quota"
    #: The login is not (or no longer) good: only the account's user can mend it.
    LOGIN = "login"
    REFUSED = "refused"


RecipientState = Literal["pending", "accepted", "failed"]
#: ``retry``: something waits; ``accepted``: the server has it for somebody and nothing waits; ``failed``: for nobody.
Verdict = Literal["retry", "accepted", "failed"]


@dataclass(frozen=True, slots=True)
class RecipientOutcome:
    address: str
    state: RecipientState
    code: int | None = None
    enhanced: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """``due_seconds`` from now for ``retry``; ``pause_seconds`` > 0 keeps the whole account's mail back so long."""

    verdict: Verdict
    recipients: tuple[RecipientOutcome, ...]
    due_seconds: float = 0.0
    pause_seconds: float = 0.0
    words: str = ""
    needs_login: bool = False


_LOGIN_CODES = frozenset({530, 534, 535, 538})
# Seen in practice: Gmail "550 5.4.5 Daily user sending limit exceeded", EarthLink "554 … exceeded the number of
# messages", IONOS "450 Mail send limit exceeded", Zoho "550 5.4.6 Unusual sending activity".
_QUOTA_WORDS = re.compile(
    r"(daily|hourly|sending|send|message|outgoing|rate|user) (sending )?(limit|quota|rate)\w* (is |was |has been )?"
    r"(exceeded|reached|hit)|exceeded (the|your|its) [\w ]*(limit|quota|number of (messages|recipients|emails))"
    r"|too many (messages|emails|mails)|(limit|quota) (for|of) (sending|outgoing)|over (your )?(daily|hourly|sending)",
    re.IGNORECASE,
)
_QUOTA_ENHANCED = frozenset({"5.4.5", "4.4.5", "5.4.6", "4.7.28"})


def classify(code: int, enhanced: str, text: str) -> ReplyClass:
    """The class of one reply.

    >>> classify(550, "5.4.5", "Daily user sending limit exceeded")
    <ReplyClass.QUOTA: 'quota'>
    >>> classify(552, "5.2.2", "Mailbox over quota")  # theirs, not ours
    <ReplyClass.REFUSED: 'refused'>
    """
    if 200 <= code < 300:
        return ReplyClass.ACCEPTED
    if code in _LOGIN_CODES:
        return ReplyClass.LOGIN
    # RFC 3463 §3.3: x.2.x speaks of the recipient's mailbox.
    theirs = enhanced[1:4] == ".2."
    if enhanced in _QUOTA_ENHANCED or (not theirs and _QUOTA_WORDS.search(text)):
        return ReplyClass.QUOTA
    return ReplyClass.LATER if code < 500 else ReplyClass.REFUSED


def next_state(
    reply: SubmissionReply, *, attempts: int, age_seconds: float, jitter: float, accepted_before: bool = False
) -> Outcome:
    """After one transaction. ``attempts`` counts it, ``jitter`` is in [0, 1), ``age_seconds`` since it was queued.

    ``accepted_before``: an earlier transaction had recipients accepted.
    """
    outcomes = [_recipient(one, reply) for one in reply.recipients]
    classes = [_class_of(one, reply) for one in reply.recipients]
    words = _words(reply)
    accepted = any(one.state == "accepted" for one in outcomes)
    waiting = any(one.state == "pending" for one in outcomes)
    if ReplyClass.LOGIN in classes:
        return Outcome("retry", tuple(outcomes), retry_seconds(attempts, jitter), words=words, needs_login=True)
    if ReplyClass.QUOTA in classes:
        pause = window_seconds(words)
        return Outcome("retry", tuple(outcomes), pause, pause, words)
    if waiting and age_seconds >= GIVE_UP_SECONDS:
        outcomes = [_given_up(one) for one in outcomes]
        waiting = False
    if waiting:
        # Seen in practice: 452 4.5.3 after the n-th RCPT; the rest may follow at once.
        due = 0.0 if accepted else retry_seconds(attempts, jitter)
        return Outcome("retry", tuple(outcomes), due, words=words)
    verdict: Verdict = "accepted" if accepted or accepted_before else "failed"
    return Outcome(verdict, tuple(outcomes), words=words)


def after_break(
    words: str, *, attempts: int, age_seconds: float, jitter: float, after_seconds: float | None = None
) -> Outcome:
    """The connection failed before the dot: nothing was sent, so the same bytes go again."""
    if age_seconds >= GIVE_UP_SECONDS:
        return Outcome("failed", (), words=words)
    pause = window_seconds(words) if _QUOTA_WORDS.search(words) else 0.0
    due = max(retry_seconds(attempts, jitter), after_seconds or 0.0, pause)
    return Outcome("retry", (), due, pause, words)


def retry_seconds(attempts: int, jitter: float) -> float:
    """How long to wait after the n-th failed try: the table, up to a tenth later.

    >>> [round(retry_seconds(n, 0.0)) for n in (1, 2, 7, 99)]
    [60, 300, 14400, 14400]
    """
    step = RETRY_SECONDS[min(max(attempts, 1), len(RETRY_SECONDS)) - 1]
    return step * (1 + jitter / 10)


def window_seconds(words: str) -> float:
    """How long a used-up allowance lasts, by what the server says of it."""
    lowered = words.lower()
    if "minute" in lowered:
        return 120.0
    return float(HOUR if "hour" in lowered else DAY)


def when_allowed(
    now: datetime, used: Sequence[tuple[datetime, int]], *, needed: int, limit: int | None, window: timedelta
) -> datetime:
    """When ``needed`` more fit under ``limit`` within a rolling ``window``; ``now`` if they do already.

    ``used`` are (when, how many), in any order. What is larger than the limit goes once the window is empty.
    """
    if limit is None:
        return now
    recent = sorted(entry for entry in used if entry[0] > now - window)
    left = sum(count for _, count in recent)
    room = max(limit - needed, 0)
    when = now
    for at, count in recent:
        if left <= room:
            break
        left -= count
        when = at + window
    return when


def _class_of(one: RecipientReply, reply: SubmissionReply) -> ReplyClass:
    if not one.accepted:
        return classify(one.code, one.enhanced, one.text)
    if reply.code is None:
        # Accepted at RCPT, but no data was sent: the others' refusals ended it.
        return ReplyClass.LATER
    return classify(reply.code, reply.enhanced, reply.text)


def _recipient(one: RecipientReply, reply: SubmissionReply) -> RecipientOutcome:
    about_data = one.accepted and reply.code is not None
    code = reply.code if about_data else one.code
    enhanced = reply.enhanced if about_data else one.enhanced
    text = reply.text if about_data else one.text
    states: dict[ReplyClass, RecipientState] = {ReplyClass.ACCEPTED: "accepted", ReplyClass.REFUSED: "failed"}
    return RecipientOutcome(one.address, states.get(_class_of(one, reply), "pending"), code, enhanced, text)


def _given_up(one: RecipientOutcome) -> RecipientOutcome:
    if one.state != "pending":
        return one
    return RecipientOutcome(
        one.address, "failed", one.code, one.enhanced, f"Given up after two days. {one.text}".strip()
    )


def _words(reply: SubmissionReply) -> str:
    """The server's own words, of the reply that matters most."""
    if reply.code is not None and not 200 <= reply.code < 300:
        return f"{reply.code} {reply.enhanced} {reply.text}".replace("  ", " ").strip()
    refused = [one for one in reply.recipients if not one.accepted]
    if not refused:
        return reply.text
    one = refused[0]
    return f"{one.code} {one.enhanced} {one.text}".replace("  ", " ").strip()
