"""Invitations: which version of which event a calendar is, and an answer that its organizer's program understands."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from mailsync.message.itip import CHOICES, Choice, attendee_among, build_answer, read_version
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
