"""Invitations (iTIP, RFC 5546) as mail carries them: which event a calendar is about, and the answer to it. Pure.

Reading is bounded and never raises: calendars in mail are as broken as the mail they come in.
"""

import re
import threading
import warnings
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, cast

from icalendar import Calendar, Event, vCalAddress, vDatetime
from icalendar.cal import Component
from icalendar.timezone import tzp

from mailsync.message.addresses import comparable
from mailsync.types import Address

MAX_CHARACTERS = 256 * 1024
#: RFC 5546 §3.2.3: what an answer repeats of the request, so that its organizer's program finds the event.
_REPEATED = ("UID", "RECURRENCE-ID", "DTSTART", "DTEND", "DURATION", "SUMMARY", "LOCATION", "SEQUENCE")

_EXCHANGE_UTC = re.compile(r"(;TZID=)tzone://Microsoft/Utc(?=[:;])", re.IGNORECASE)
_ZONE_WITH_COLON = re.compile(r'(;TZID=)([^"\r\n;,:]*:[^"\r\n;,]*?)(?=:\d{8}(?:T|\s|$))', re.IGNORECASE)
_BORDER = re.compile(r"^(BEGIN|END):([A-Z-]{1,20})[ \t\r]*$", re.IGNORECASE | re.MULTILINE)
_zones = threading.Lock()

Choice = Literal["ACCEPTED", "TENTATIVE", "DECLINED"]
CHOICES: tuple[Choice, ...] = ("ACCEPTED", "TENTATIVE", "DECLINED")


@dataclass(frozen=True, slots=True)
class EventVersion:
    """What tells one message about an event from another. ``recurrence`` is "" for the event itself, else which one
    of a series. Of two versions the one with the higher ``sequence`` is newer, then that with the later ``stamp``
    (RFC 5546 §2.1.5)."""

    method: str
    uid: str
    recurrence: str
    sequence: int
    stamp: datetime
    organizer: str

    @property
    def order(self) -> tuple[int, datetime]:
        return self.sequence, self.stamp


def read_calendar(text: str) -> Component | None:
    """The calendar, None for what is none or is too large; of several the first with an event."""
    if len(text) > MAX_CHARACTERS:
        return None
    try:
        # The library keeps what a calendar calls its time zones for all that are read later, so that a stranger's
        # "Pacific Standard Time" would move everybody's meetings: it forgets them before each.
        with _zones, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what the library guesses of odd time zones is as good as it gets
            tzp.use_default()
            found = Calendar.from_ical(_mended(text), multiple=True)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, RecursionError):
        return None
    return cast(Component, next((one for one in found if one.walk("VEVENT")), found[0] if found else None))


def _mended(text: str) -> str:
    """What programs write and the library does not read, each seen in practice."""
    text = text.removeprefix("\ufeff").rstrip()
    # Exchange's own name for UTC, and names with a colon that are not quoted: "GMT+01:00".
    text = _ZONE_WITH_COLON.sub(r'\1"\2"', _EXCHANGE_UTC.sub(r"\1UTC", text))
    if text and not text[-15:].upper().endswith("END:VCALENDAR"):
        text += "".join(f"\r\nEND:{name}" for name in reversed(_unclosed(text)))
    return text


def _unclosed(text: str) -> list[str]:
    """The components that a text cut short leaves open, outermost first."""
    names: list[str] = []
    for verb, name in _BORDER.findall(text):
        if verb.upper() == "BEGIN":
            names.append(name)
        elif names:
            names.pop()
    return names


def read_version(text: str) -> EventVersion | None:
    """The version of its first event, None where there is none that could be told from others."""
    calendar = read_calendar(text)
    event = _first_event(calendar)
    if calendar is None or event is None:
        return None
    uid = str(_one(event, "UID") or "").strip()
    if not uid:
        return None
    return EventVersion(
        method=str(calendar.get("METHOD", "PUBLISH")).upper()[:20],
        uid=uid[:255],
        recurrence=_recurrence(event),
        sequence=_integer(_one(event, "SEQUENCE")),
        stamp=_stamp(event),
        organizer=_address(_one(event, "ORGANIZER")),
    )


def read_description(text: str) -> str:
    """What its first event says at length; "" where it says nothing, or cannot be read."""
    event = _first_event(read_calendar(text))
    return str(_one(event, "DESCRIPTION") or "").strip() if event is not None else ""


def attendee_among(text: str, mine: Collection[str]) -> str:
    """Which of these addresses (``comparable``) is invited, "" for none."""
    event = _first_event(read_calendar(text))
    field = event.get("ATTENDEE", []) if event is not None else []
    invited = [_address(one) for one in (field if isinstance(field, list) else [field])[:2000]]
    return next((address for address in invited if comparable(address) in mine), "")


def build_answer(text: str, attendee: Address, choice: Choice, now: datetime) -> str:
    """The calendar of an answer (METHOD:REPLY, RFC 5546 §3.2.3). Raises ``ValueError`` where nobody can be answered."""
    request = read_calendar(text)
    event = _first_event(request)
    if request is None or event is None or not _address(_one(event, "ORGANIZER")):
        raise ValueError("This invitation names nobody who could be answered.")
    answer = Event()
    for name in _REPEATED:
        if (value := _one(event, name)) is not None:
            answer[name] = value
    answer["DTSTAMP"] = vDatetime(now.astimezone(UTC))
    answer["ORGANIZER"] = _one(event, "ORGANIZER")
    me = vCalAddress(f"mailto:{attendee.address}")
    me.params["PARTSTAT"] = choice
    if attendee.name:
        me.params["CN"] = attendee.name.replace('"', "'")
    answer["ATTENDEE"] = me
    answer["REQUEST-STATUS"] = "2.0;Success"
    calendar = Calendar()
    calendar.add("PRODID", "-//Heron//Webmail//EN")
    calendar.add("VERSION", "2.0")
    calendar.add("METHOD", "REPLY")
    for zone in request.walk("VTIMEZONE"):
        calendar.add_component(zone)
    calendar.add_component(answer)
    return str(calendar.to_ical().decode("utf-8"))


def _first_event(calendar: Component | None) -> Component | None:
    return next(iter(calendar.walk("VEVENT")), None) if calendar is not None else None


def _one(event: Component, name: str) -> Any:
    value = event.get(name)
    return value[0] if isinstance(value, list) and value else value


def _address(field: Any) -> str:
    text = str(field or "").strip()
    if text[:7].lower() == "mailto:":
        text = text[7:]
    return text[:320] if "@" in text else ""


def _recurrence(event: Component) -> str:
    field = _one(event, "RECURRENCE-ID")
    value = getattr(field, "dt", None)
    if isinstance(value, datetime) and value.tzinfo is not None:
        value = value.astimezone(UTC)
    return value.isoformat()[:40] if value is not None else ""


def _stamp(event: Component) -> datetime:
    value = getattr(_one(event, "DTSTAMP"), "dt", None)
    if not isinstance(value, datetime):
        return datetime(1970, 1, 1, tzinfo=UTC)
    return value if value.tzinfo is not None else value.replace(tzinfo=UTC)


def _integer(field: Any) -> int:
    try:
        return min(max(int(field), 0), 2**31 - 1)
    except (TypeError, ValueError):
        return 0
