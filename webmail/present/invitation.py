"""A calendar part → what an invitation says. Reads RFC 5545 through ``icalendar``, bounded.

Every text in it is a stranger's: it is plain text here and is escaped by the templates.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal, cast

from icalendar.cal import Component

from mailsync.message.itip import read_calendar
from mailsync.types import Address
from webmail.present import event_words
from webmail.present.event_words import Recurrence

MAX_ATTENDEES = 200
_MAX_TEXT = 2_000

Method = Literal["REQUEST", "CANCEL", "REPLY", "COUNTER", "PUBLISH", "REFRESH", "ADD", "DECLINECOUNTER"]
_METHODS = frozenset({"REQUEST", "CANCEL", "REPLY", "COUNTER", "PUBLISH", "REFRESH", "ADD", "DECLINECOUNTER"})


@dataclass(frozen=True, slots=True)
class Attendee:
    """``status`` is the PARTSTAT (RFC 5545 §3.2.12): NEEDS-ACTION, ACCEPTED, DECLINED, TENTATIVE, DELEGATED."""

    person: Address
    status: str
    is_reader: bool

    @property
    def said(self) -> str:
        return event_words.status_word(self.status)


@dataclass(frozen=True, slots=True)
class Invitation:
    """One event as a card shows it.

    ``starts_at`` and ``ends_at`` carry a time zone, but for ``is_all_day``, when both are dates (the last day
    included) at midnight UTC. ``floating`` times name no zone: they are the local time of wherever it happens.
    """

    method: Method
    uid: str
    sequence: int
    summary: str
    location: str
    description: str
    starts_at: datetime
    ends_at: datetime | None
    is_all_day: bool
    floating: bool
    recurrence: Recurrence | None
    organizer: Address | None
    attendees: tuple[Attendee, ...]
    is_own: bool = False
    is_one_of_series: bool = False

    @property
    def when(self) -> str:
        return event_words.when(self.begins, self.ends)

    @property
    def repeats(self) -> str:
        """How, in words; empty for a single event."""
        return event_words.repeats(self.recurrence) if self.recurrence else ""

    @property
    def begins(self) -> date | datetime:
        """What pages write: a day, a moment for the reader's own time zone, or a time that floats as it stands."""
        return self._written(self.starts_at)

    @property
    def ends(self) -> date | datetime | None:
        return self._written(self.ends_at) if self.ends_at else None

    def _written(self, moment: datetime) -> date | datetime:
        if self.is_all_day:
            return moment.date()
        return moment.replace(tzinfo=None) if self.floating else moment

    @property
    def reader(self) -> Attendee | None:
        return next((one for one in self.attendees if one.is_reader), None)

    @property
    def can_answer(self) -> bool:
        """Whether Accept, Maybe and Decline make sense: a request, with somebody to answer to (RFC 5546 §3.2.2)."""
        return self.method == "REQUEST" and self.organizer is not None and not self.is_own

    @property
    def answerer(self) -> Attendee | None:
        """Of an answer (REPLY) or another proposal (COUNTER): who it is from (RFC 5546 §3.2.3: one attendee)."""
        return self.attendees[0] if self.method in ("REPLY", "COUNTER") and self.attendees else None


def read_invitation(text: str, mine: Collection[str]) -> Invitation | None:
    """The first event of a calendar, or None when there is none that can be read. Never raises.

    ``mine`` holds the reader's addresses in lower case.
    """
    calendar = read_calendar(text)
    if calendar is None:
        return None
    try:
        event = next(iter(calendar.walk("VEVENT")), None)
        return _invitation(calendar, event, frozenset(mine)) if event is not None else None
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, RecursionError):
        # Calendars in mail are as broken as the mail they come in; the part stays as a file.
        return None


def _invitation(calendar: Component, event: Component, mine: frozenset[str]) -> Invitation | None:
    start = _moment(event, "DTSTART")
    if start is None:
        return None
    starts_at, is_all_day, floating = start
    method = str(calendar.get("METHOD", "PUBLISH")).upper()
    organizer = _person(event.get("ORGANIZER"))
    return Invitation(
        method=cast(Method, method) if method in _METHODS else "PUBLISH",
        uid=str(event.get("UID", ""))[:255],
        sequence=_integer(event.get("SEQUENCE", 0)),
        summary=_text(event, "SUMMARY"),
        location=_text(event, "LOCATION"),
        description=_text(event, "DESCRIPTION"),
        starts_at=starts_at,
        ends_at=_end(event, starts_at, is_all_day),
        is_all_day=is_all_day,
        floating=floating,
        recurrence=_recurrence(event),
        organizer=organizer,
        attendees=tuple(_attendees(event, mine)),
        is_own=organizer is not None and organizer.address.lower() in mine,
        # RFC 5545 §3.8.4.4: about this date of a series alone.
        is_one_of_series="RECURRENCE-ID" in event,
    )


def _moment(event: Component, name: str) -> tuple[datetime, bool, bool] | None:
    """The moment, whether it is a whole day, and whether it names no zone."""
    field = event.get(name)
    value = getattr(field, "dt", None)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            return value.replace(tzinfo=UTC), False, True
        return value, False, False
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC), True, False
    return None


def _end(event: Component, starts_at: datetime, is_all_day: bool) -> datetime | None:
    end = _moment(event, "DTEND")
    ends_at = end[0] if end else None
    duration = getattr(event.get("DURATION"), "dt", None)
    if ends_at is None and isinstance(duration, timedelta):
        ends_at = starts_at + duration
    if ends_at is not None and is_all_day:
        # RFC 5545 §3.6.1: DTEND of whole days is the day after the last.
        ends_at = max(starts_at, ends_at - timedelta(days=1))
    return ends_at


def _recurrence(event: Component) -> Recurrence | None:
    rule = event.get("RRULE")
    if isinstance(rule, list):
        rule = rule[0] if rule else None
    if isinstance(rule, dict):
        return Recurrence.read(rule)
    return Recurrence("", whole=False) if rule else None  # one that cannot be read is one all the same


def _attendees(event: Component, mine: frozenset[str]) -> Iterator[Attendee]:
    field = event.get("ATTENDEE", [])
    for one in (field if isinstance(field, list) else [field])[:MAX_ATTENDEES]:
        person = _person(one)
        if person is not None:
            status = str(one.params.get("PARTSTAT", "NEEDS-ACTION")).upper()
            yield Attendee(person, status[:20], person.address.lower() in mine)


def _person(field: Any) -> Address | None:
    if field is None:
        return None
    if isinstance(field, list):
        field = field[0]
    address = str(field)
    if address[:7].lower() == "mailto:":
        address = address[7:]
    return Address(str(field.params.get("CN", ""))[:200], address[:320]) if "@" in address else None


def _text(event: Component, name: str) -> str:
    field = event.get(name, "")
    return str(field[0] if isinstance(field, list) else field)[:_MAX_TEXT].strip()


def _integer(field: Any) -> int:
    try:
        return int(field)
    except (TypeError, ValueError):
        return 0
