"""Invitations: which version of which event a calendar is, and an answer that its organizer's program understands."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from mailsync.message.itip import CHOICES, Choice, attendee_among, build_answer, read_calendar, read_version
from mailsync.types import Address
from tests.corpus import corpus_files
from tests.web.test_invitation import REQUEST

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
ME = Address("Bob “the” B", "bob@people.test")


def test_the_version_of_a_request() -> None:
    version = read_version(REQUEST)
    assert version is not None
    assert (version.method, version.uid, version.recurrence, version.sequence) == ("REQUEST", "42@cal.test", "", 3)
    assert version.organizer == "ann@shop.test"
    later = read_version(REQUEST.replace("SEQUENCE:3", "SEQUENCE:3\nDTSTAMP:20260301T100000Z"))
    assert later is not None
    assert later.order > version.order


def test_one_of_a_series_is_told_apart() -> None:
    one = read_version(REQUEST.replace("SUMMARY", "RECURRENCE-ID;TZID=Europe/Berlin:20260317T123000\nSUMMARY"))
    assert one is not None
    assert one.recurrence == "2026-03-17T11:30:00+00:00"


def zone(name: str, offset: str) -> str:
    standard = f"BEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:{offset}\nTZOFFSETTO:{offset}\nEND:STANDARD\n"
    return f"BEGIN:VTIMEZONE\nTZID:{name}\n{standard}END:VTIMEZONE\n"


def starts(time: str, zones: str = "") -> str:
    """The beginning of an event with this DTSTART, in ISO 8601."""
    event = f"BEGIN:VEVENT\nUID:1\nDTSTART{time}\nEND:VEVENT\n"
    calendar = read_calendar(f"BEGIN:VCALENDAR\n{zones}{event}END:VCALENDAR\n")
    assert calendar is not None
    return str(calendar.walk("VEVENT")[0]["DTSTART"].dt.isoformat())


def test_what_a_calendar_calls_its_zones_is_its_own_affair() -> None:
    # Outlook gives this name to any zone that somebody has made; whoever means harm gives any name.
    for name in ("Customized Time Zone", "Pacific Standard Time"):
        time = f";TZID={name}:20260707T100000"
        assert starts(time, zone(name, "+0900")) == "2026-07-07T10:00:00+09:00"
        assert starts(time, zone(name, "-0300")) == "2026-07-07T10:00:00-03:00"
    assert starts(";TZID=Pacific Standard Time:20260707T100000") == "2026-07-07T10:00:00-07:00"
    assert starts(";TZID=Customized Time Zone:20260707T100000") == "2026-07-07T10:00:00"


@pytest.mark.parametrize(
    ("time", "iso"),
    [
        (";TZID=tzone://Microsoft/Utc:20260707T100000", "2026-07-07T10:00:00+00:00"),
        (";TZID=tzone://Microsoft/Custom:20260707T100000", "2026-07-07T10:00:00+02:00"),
        (";TZID=GMT+01:00:20260707T100000", "2026-07-07T10:00:00+01:00"),
        (';TZID="GMT+01:00":20260707T100000', "2026-07-07T10:00:00+01:00"),
        (";TZID=W. Europe Standard Time:20260707T100000", "2026-07-07T10:00:00+02:00"),
        (";TZID=Nowhere:20260707T100000", "2026-07-07T10:00:00"),
        (";VALUE=DATE:20260707", "2026-07-07"),
    ],
)
def test_names_of_zones_as_programs_write_them(time: str, iso: str) -> None:
    zones = zone("GMT+01:00", "+0100") + zone("tzone://Microsoft/Custom", "+0200")
    assert starts(time, zones) == iso


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "\ufeff" + text,
        lambda text: text[: text.index("END:VEVENT")],
        lambda text: text[: text.index("END:VCALENDAR")] + "\n\n",
        lambda text: "BEGIN:VCALENDAR\nEND:VCALENDAR\n" + text + text,
    ],
)
def test_a_calendar_that_is_marked_cut_or_not_alone_is_read(change: Callable[[str], str]) -> None:
    version = read_version(change(REQUEST))
    assert version is not None
    assert version.uid == "42@cal.test"


@pytest.mark.parametrize("choice", CHOICES)
def test_an_answer(choice: Choice) -> None:
    calendar = Calendar.from_ical(build_answer(REQUEST, ME, choice, NOW))
    (event,) = calendar.walk("VEVENT")
    assert calendar["METHOD"] == "REPLY"
    assert (event["UID"], event["SEQUENCE"]) == ("42@cal.test", 3)
    assert event["ORGANIZER"] == "mailto:ann@shop.test"
    assert event["ATTENDEE"] == "mailto:bob@people.test"  # RFC 5546 §3.2.3: the one who answers, and nobody else
    assert event["ATTENDEE"].params["PARTSTAT"] == choice
    assert event["DTSTAMP"].dt == NOW
    # Its zone comes along, as RFC 5546 §3.2.3 wants where a time names one.
    assert event["DTSTART"].params["TZID"] == "Europe/Berlin"
    assert len(calendar.walk("VTIMEZONE")) == 1
    assert "RRULE" not in event
    assert "DESCRIPTION" not in event


def test_nobody_to_answer() -> None:
    with pytest.raises(ValueError, match="names nobody"):
        build_answer(REQUEST.replace("ORGANIZER;CN=Ann:mailto:ann@shop.test\n", ""), ME, "ACCEPTED", NOW)


def test_which_of_ones_addresses_is_invited() -> None:
    assert attendee_among(REQUEST, {"other@people.test", "eve@people.test"}) == "eve@people.test"
    assert attendee_among(REQUEST, {"nobody@people.test"}) == ""


@pytest.mark.parametrize("text", ["", "BEGIN:VCALENDAR", REQUEST.replace("UID:42@cal.test\n", ""), "x" * 300_000])
def test_what_cannot_be_told_apart_is_no_event(text: str) -> None:
    assert read_version(text) is None


@given(st.text(alphabet=st.sampled_from("BEGIN:VEVNTDUSQC-;=\n\r\\,0123456789TZ"), max_size=300))
def test_nothing_raises(text: str) -> None:
    read_version(REQUEST.replace("SUMMARY", text + "\nSUMMARY"))


def test_the_calendars_of_the_corpus_can_be_answered() -> None:
    answered = 0
    for path in corpus_files("mime", ".ics"):
        text = path.read_text("utf-8", "replace")
        version = read_version(text)
        if version is not None and version.organizer:
            answer = read_version(build_answer(text, ME, "ACCEPTED", NOW))
            assert answer is not None, path.name
            assert (answer.uid, answer.recurrence, answer.sequence) == (
                version.uid,
                version.recurrence,
                version.sequence,
            )
            answered += 1
    assert answered >= 5
