"""Calendar parts as invitations: what they say, and that a broken or hostile one says nothing."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from tests.corpus import corpus_files
from webmail.parts import render_part
from webmail.present.invitation import Invitation, read_invitation

REQUEST = """BEGIN:VCALENDAR
VERSION:2.0
METHOD:REQUEST
BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:STANDARD
DTSTART:19701025T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:42@cal.test
SEQUENCE:3
SUMMARY:Lunch\\, with <b>cake</b>
LOCATION:Room 5
DTSTART;TZID=Europe/Berlin:20260310T123000
DTEND;TZID=Europe/Berlin:20260310T133000
RRULE:FREQ=WEEKLY;COUNT=5
ORGANIZER;CN=Ann:mailto:ann@shop.test
ATTENDEE;CN=Bob;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:bob@people.test
ATTENDEE;PARTSTAT=ACCEPTED:MAILTO:eve@people.test
END:VEVENT
END:VCALENDAR
"""


def read(text: str) -> Invitation:
    found = read_invitation(text, {"bob@people.test"})
    assert found is not None
    return found


def test_a_request() -> None:
    event = read(REQUEST)
    assert (event.method, event.uid, event.sequence) == ("REQUEST", "42@cal.test", 3)
    assert event.summary == "Lunch, with <b>cake</b>"  # plain text; templates escape it
    assert event.location == "Room 5"
    assert event.starts_at.astimezone(UTC) == datetime(2026, 3, 10, 11, 30, tzinfo=UTC)
    assert event.ends_at is not None
    assert event.ends_at - event.starts_at == timedelta(hours=1)
    assert event.repeats == "every week, 5 times"
    assert event.organizer is not None
    assert event.organizer.address == "ann@shop.test"
    assert [(one.person.address, one.status, one.is_reader) for one in event.attendees] == [
        ("bob@people.test", "NEEDS-ACTION", True),
        ("eve@people.test", "ACCEPTED", False),
    ]
    assert event.can_answer
    assert event.reader is event.attendees[0]


def event_of(*lines: str, method: str = "PUBLISH") -> str:
    head = f"BEGIN:VCALENDAR\r\nMETHOD:{method}\r\nBEGIN:VEVENT\r\nUID:1\r\n"
    return head + "\r\n".join(lines) + "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"


def test_whole_days_end_on_their_last_day() -> None:
    event = read(event_of("DTSTART;VALUE=DATE:20260310", "DTEND;VALUE=DATE:20260312"))
    assert event.is_all_day
    assert (event.starts_at.day, event.ends_at and event.ends_at.day) == (10, 11)


def test_durations_and_floating_times() -> None:
    event = read(event_of("DTSTART:20260310T100000", "DURATION:PT90M"))
    assert event.floating
    assert event.ends_at == event.starts_at + timedelta(minutes=90)


@pytest.mark.parametrize("method", ["CANCEL", "REPLY", "PUBLISH", "COUNTER"])
def test_only_a_request_is_answered(method: str) -> None:
    event = read(event_of("DTSTART:20260310T100000Z", "ORGANIZER:mailto:a@b.test", method=method))
    assert event.method == method
    assert not event.can_answer


def test_unknown_methods_are_for_information() -> None:
    assert read(event_of("DTSTART:20260310T100000Z", method="<script>")).method == "PUBLISH"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "BEGIN:VCALENDAR",
        event_of("SUMMARY:no start"),
        event_of("DTSTART:99999999T999999Z"),
        event_of("DTSTART:20260310T100000Z").replace("END:VEVENT", ""),
        "BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\nEND:VTODO\r\nEND:VCALENDAR",
        "BEGIN:VCALENDAR\r\n" * 5_000,
        event_of("DTSTART:20260310T100000Z", "DESCRIPTION:" + "x" * 300_000),
    ],
)
def test_what_cannot_be_read_says_nothing(text: str) -> None:
    read_invitation(text, ())


def test_a_repeat_rule_is_not_expanded() -> None:
    assert read(event_of("DTSTART:20260310T100000Z", "RRULE:FREQ=SECONDLY;COUNT=999999999")).repeats == "repeats"


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("FREQ=DAILY", "every day"),
        ("FREQ=DAILY;INTERVAL=3;COUNT=1", "every 3 days, 1 time"),
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;UNTIL=20270228T230000Z",
            "every 2 weeks, Monday, Wednesday, until 1 March 2027",
        ),
        ("FREQ=WEEKLY;BYDAY=FR,TH,WE,TU,MO", "every week, Monday to Friday"),
        ("FREQ=MONTHLY;BYDAY=2TU", "every month, second Tuesday"),
        ("FREQ=MONTHLY;BYDAY=-1FR;UNTIL=20271231", "every month, last Friday, until 31 December 2027"),
        ("FREQ=MONTHLY;BYMONTHDAY=15,-1", "every month, on day 15, on the last day"),
        ("FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=10", "every year"),
        # What is more than these words say is not told in half.
        ("FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1", "repeats"),
        ("FREQ=WEEKLY;BYDAY=XX", "repeats"),
        ("FREQ=DAILY;BYMONTH=1", "repeats"),
        ("INTERVAL=2", ""),
        ("FREQ=WEEKLY;INTERVAL=0", "every week"),
    ],
)
def test_how_it_repeats(rule: str, words: str) -> None:
    with timezone.override(ZoneInfo("Europe/Berlin")):
        assert read(event_of("DTSTART:20260310T100000Z", f"RRULE:{rule}")).repeats == words


def test_one_date_of_a_series_is_told_apart() -> None:
    text = event_of("DTSTART:20260310T100000Z", "RECURRENCE-ID:20260310T090000Z", method="REQUEST")
    for event, told in ((text, True), (event_of("DTSTART:20260310T100000Z"), False)):
        html = render_part("mail/invitation.jinja", {"told": {"invitation": read(event)}}, None)
        assert ("one date of a series" in html) is told


def test_who_is_asked_and_what_they_said() -> None:
    html = render_part("mail/invitation.jinja", {"told": {"invitation": read(REQUEST)}}, None)
    asked = html.partition('<details class="asked">')[2].partition("</details>")[0]
    assert "Invited by Ann, 2 people asked" in asked
    assert re.findall(r'<bdi title="([^"]*)">([^<]*)</bdi> <span>([^<]*)<', asked) == [
        ("bob@people.test", "Bob", "no answer yet"),
        ("eve@people.test", "eve@people.test", "accepted"),
    ]


def test_a_day_is_named_once_as_its_reader_counts_days() -> None:
    text = event_of("DTSTART:20260310T210000Z", "DTEND:20260310T230000Z")
    with timezone.override(ZoneInfo("Europe/Berlin")):
        assert read(text).when == "Tuesday, 10 March 2026, 22:00 – Wednesday, 11 March 2026, 00:00"
    with timezone.override(ZoneInfo("America/New_York")):
        assert read(text).when == "Tuesday, 10 March 2026, 17:00 – 19:00"


@given(st.lists(st.sampled_from(REQUEST.splitlines()), max_size=25).map("\r\n".join))
def test_any_order_of_lines_is_survived(text: str) -> None:
    read_invitation(text, ())


def test_the_corpus_of_calendars() -> None:
    files = corpus_files("mime", ".ics")
    assert files
    for path in files:
        read_invitation(path.read_text(encoding="utf-8", errors="replace"), ())


@pytest.mark.parametrize(
    ("language", "expected"), [("en", "Tuesday, 10 March 2026, 12:30"), ("de", "Dienstag, 10. März 2026, 12:30")]
)
def test_its_time_is_written_as_its_reader_writes_times(language: str, expected: str) -> None:
    with translation.override(language), timezone.override(ZoneInfo("Europe/Berlin")):
        html = render_part("mail/invitation.jinja", {"told": {"invitation": read(REQUEST)}}, None)
    assert expected in html


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin", "Pacific/Auckland"])
def test_a_whole_day_is_the_same_day_wherever_its_reader_is(zone: str) -> None:
    text = event_of("DTSTART;VALUE=DATE:20260310", "DTEND;VALUE=DATE:20260312")
    with timezone.override(ZoneInfo(zone)):
        html = render_part("mail/invitation.jinja", {"told": {"invitation": read(text)}}, None)
    assert "Tuesday, 10 March 2026 – Wednesday, 11 March 2026" in html


def test_a_time_without_a_zone_is_written_as_it_stands() -> None:
    text = event_of("DTSTART:20260310T100000", "DURATION:PT90M")
    with timezone.override(ZoneInfo("Asia/Tokyo")):
        html = render_part("mail/invitation.jinja", {"told": {"invitation": read(text)}}, None)
    assert "Tuesday, 10 March 2026, 10:00 – 11:30" in html
