"""What replies mean, as tables."""

from datetime import UTC, datetime, timedelta

import pytest

from mailsync.plan.delivery import (
    DAY,
    GIVE_UP_SECONDS,
    HOUR,
    ReplyClass,
    after_break,
    classify,
    next_state,
    retry_seconds,
    when_allowed,
    window_seconds,
)
from mailsync.types import RecipientReply, SubmissionReply


@pytest.mark.parametrize(
    ("code", "enhanced", "text", "expected"),
    [
        (250, "2.0.0", "OK", ReplyClass.ACCEPTED),
        (251, "", "will forward", ReplyClass.ACCEPTED),
        (421, "4.7.0", "Try again later", ReplyClass.LATER),
        (450, "4.2.1", "Mailbox busy", ReplyClass.LATER),
        (452, "4.5.3", "Too many recipients", ReplyClass.LATER),
        (452, "4.2.2", "The email account that you tried to reach is over quota", ReplyClass.LATER),
        (550, "5.1.1", "No such user", ReplyClass.REFUSED),
        (552, "5.2.2", "Mailbox quota exceeded", ReplyClass.REFUSED),
        (552, "5.3.4", "Message too big", ReplyClass.REFUSED),
        (554, "5.7.1", "Looks like spam", ReplyClass.REFUSED),
        (530, "5.7.0", "Authentication required", ReplyClass.LOGIN),
        (535, "5.7.8", "Bad credentials", ReplyClass.LOGIN),
        (550, "5.4.5", "Daily user sending limit exceeded.", ReplyClass.QUOTA),
        (554, "", "You have exceeded the number of messages allowed", ReplyClass.QUOTA),
        (450, "", "Requested mail action not taken: Mail send limit exceeded", ReplyClass.QUOTA),
        (421, "4.7.28", "Unusual rate of mail", ReplyClass.QUOTA),
        (451, "4.7.1", "Greylisted, please come back", ReplyClass.LATER),
    ],
)
def test_classes(code: int, enhanced: str, text: str, expected: ReplyClass) -> None:
    assert classify(code, enhanced, text) is expected


def rcpt(address: str, code: int = 250, enhanced: str = "", text: str = "") -> RecipientReply:
    return RecipientReply(address, code == 250, code, enhanced, text)


OK, GONE, BUSY = rcpt("ok"), rcpt("gone", 550, "5.1.1", "No such user"), rcpt("busy", 451, "4.2.1", "Busy")


@pytest.mark.parametrize(
    ("replies", "final", "verdict", "states", "due"),
    [
        ([OK], 250, "accepted", ["accepted"], 0),
        ([OK, GONE], 250, "accepted", ["accepted", "failed"], 0),
        ([OK, BUSY], 250, "retry", ["accepted", "pending"], 0),
        ([BUSY, GONE], None, "retry", ["pending", "failed"], 60),
        ([GONE], None, "failed", ["failed"], 0),
        ([OK], 451, "retry", ["pending"], 60),
        ([OK, GONE], 554, "failed", ["failed", "failed"], 0),
    ],
)
def test_one_transaction(
    replies: list[RecipientReply], final: int | None, verdict: str, states: list[str], due: float
) -> None:
    outcome = next_state(SubmissionReply(tuple(replies), final, "", ""), attempts=1, age_seconds=0, jitter=0)
    assert (outcome.verdict, [one.state for one in outcome.recipients]) == (verdict, states)
    assert outcome.due_seconds == due


def test_the_last_refusal_after_an_accepted_part_is_no_failure_of_the_whole() -> None:
    reply = SubmissionReply((GONE,), None, "", "")
    assert next_state(reply, attempts=2, age_seconds=0, jitter=0, accepted_before=True).verdict == "accepted"


def test_two_days_are_enough() -> None:
    reply = SubmissionReply((BUSY,), None, "", "")
    outcome = next_state(reply, attempts=9, age_seconds=GIVE_UP_SECONDS, jitter=0)
    assert outcome.verdict == "failed"
    assert outcome.recipients[0].text == "Given up after two days. Busy"
    assert after_break("no route", attempts=9, age_seconds=GIVE_UP_SECONDS, jitter=0).verdict == "failed"


def test_a_used_up_allowance_does_not_count_against_the_message() -> None:
    reply = SubmissionReply((OK,), 550, "5.4.5", "Daily sending limit exceeded")
    outcome = next_state(reply, attempts=3, age_seconds=GIVE_UP_SECONDS * 2, jitter=0)
    assert (outcome.verdict, outcome.pause_seconds) == ("retry", DAY)


def test_retries_spread() -> None:
    assert [retry_seconds(n, 0) for n in range(1, 9)] == [60, 300, 900, 1800, 3600, 7200, 14400, 14400]
    assert retry_seconds(1, 0.999) < 66 + 0.1
    assert after_break("x", attempts=1, age_seconds=0, jitter=0, after_seconds=500).due_seconds == 500


@pytest.mark.parametrize(
    ("words", "seconds"), [("hourly limit", HOUR), ("limit per minute", 120), ("daily limit", DAY), ("limit", DAY)]
)
def test_windows(words: str, seconds: float) -> None:
    assert window_seconds(words) == seconds


NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


@pytest.mark.parametrize(
    ("used", "needed", "limit", "expected"),
    [
        ([], 5, None, NOW),
        ([(ago(hours=1), 400)], 1, 400, ago(hours=1) + timedelta(days=1)),
        ([(ago(hours=1), 399)], 1, 400, NOW),
        # The oldest goes out of the window first; only as much as is needed.
        ([(ago(hours=1), 200), (ago(hours=20), 150), (ago(hours=10), 50)], 100, 400, ago(hours=20) + timedelta(days=1)),
        ([(ago(hours=25), 400)], 400, 400, NOW),
        # Larger than the limit: once the window is empty.
        ([(ago(hours=3), 1)], 900, 400, ago(hours=3) + timedelta(days=1)),
        ([], 900, 400, NOW),
    ],
)
def test_rolling_windows(used: list[tuple[datetime, int]], needed: int, limit: int | None, expected: datetime) -> None:
    assert when_allowed(NOW, used, needed=needed, limit=limit, window=timedelta(days=1)) == expected
