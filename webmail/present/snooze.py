"""When something that is put off may come back: a few usual times, and any other. Pure: "now" is handed in."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils import formats
from django.utils.translation import gettext as _

_MORNING = time(8)
_EVENING = time(18)


@dataclass(frozen=True, slots=True)
class Preset:
    """``key`` is what a button says, ``at`` in the reader's zone, ``when`` the same in words."""

    key: str
    label: str
    at: datetime
    when: str


def snooze_presets(now: datetime) -> list[Preset]:
    """The usual times from now on, each of them still to come and none twice, by the reader's clock."""
    seen: set[datetime] = set()
    presets = []
    for preset in _usual_times(now):  # on a Friday this weekend is tomorrow, on a Sunday next week is
        if preset.at not in seen:
            presets.append(preset)
        seen.add(preset.at)
    return presets


def _usual_times(now: datetime) -> list[Preset]:
    tomorrow = now.date() + timedelta(days=1)
    saturday = now.date() + timedelta(days=(5 - now.weekday()) % 7 or 7)
    monday = now.date() + timedelta(days=7 - now.weekday())
    found = [
        ("tomorrow", _("Tomorrow"), _at(now, tomorrow, _MORNING)),
        ("week", _("Next week"), _at(now, monday, _MORNING)),
    ]
    if now.weekday() < 5:
        found.insert(1, ("weekend", _("This weekend"), _at(now, saturday, _MORNING)))
    evening = _at(now, now.date(), _EVENING)
    if evening - now > timedelta(hours=1):
        found.insert(0, ("evening", _("This evening"), evening))
    later = (now + timedelta(hours=3)).replace(minute=0, second=0, microsecond=0)
    if later.date() == now.date() and later < evening:
        found.insert(0, ("later", _("Later today"), later))
    return [Preset(key, label, at, formats.date_format(at, "D H:i")) for key, label, at in found]


def read_time(key: str, until: str, now: datetime) -> datetime | None:
    """The time that a button or a field named; None where it is none.

    >>> from datetime import UTC
    >>> read_time("", "2026-03-02T07:30", datetime(2026, 3, 1, tzinfo=UTC)).isoformat()
    '2026-03-02T07:30:00+00:00'
    """
    for preset in _usual_times(now):
        if preset.key == key:
            return preset.at
    try:
        told = datetime.fromisoformat(until)
    except ValueError:
        return None
    return told if told.tzinfo is not None else told.replace(tzinfo=now.tzinfo)


def _at(now: datetime, day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, tzinfo=now.tzinfo)
