"""When an event is and how it repeats, in the reader's words and time zone: facts of a calendar in, phrases out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Self

from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format
from django.utils.timezone import is_aware, localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

_DAYS = {"MO": 0, "TU": 1, "WE": 2, "TH": 3, "FR": 4, "SA": 5, "SU": 6}
_WORKING_DAYS = [(0, day) for day in range(5)]
_MOST = 31


@dataclass(frozen=True, slots=True)
class Recurrence:
    """What a rule says (RFC 5545 §3.3.10), as far as it is put into words; it is never expanded.

    ``days`` are (which of the month, 0 for each; weekday, 0 for Monday); ``whole`` is False where there is more.
    """

    frequency: str
    interval: int = 1
    days: tuple[tuple[int, int], ...] = ()
    month_days: tuple[int, ...] = ()
    count: int = 0
    until: date | None = None
    whole: bool = True

    @classmethod
    def read(cls, rule: Mapping[str, Any]) -> Self | None:
        """Of a rule as ``icalendar`` has it, None where it names no frequency."""
        frequency = str(_first(rule.get("FREQ")) or "").upper()
        if not frequency:
            return None
        until = _first(rule.get("UNTIL"))
        days = [_weekday(str(one)) for one in _all(rule.get("BYDAY"))]
        more = {"BYSETPOS", "BYYEARDAY", "BYWEEKNO", "BYHOUR", "BYMINUTE"}.intersection(rule)
        more |= {"BYMONTH"} if "BYMONTH" in rule and frequency != "YEARLY" else set()
        return cls(
            frequency=frequency,
            interval=max(1, _number(_first(rule.get("INTERVAL"))) or 1),
            days=tuple(one for one in days if one is not None),
            month_days=tuple(_number(one) for one in _all(rule.get("BYMONTHDAY"))),
            count=_number(_first(rule.get("COUNT"))),
            until=until if isinstance(until, date) else None,
            whole=not more and None not in days,
        )


def _first(value: Any) -> Any:
    return next(iter(_all(value)), None)


def _all(value: Any) -> list[Any]:
    return list(value)[:_MOST] if isinstance(value, list | tuple) else [] if value is None else [value]


def _number(value: Any) -> int:
    try:
        return int(value or 0)
    except (TypeError, ValueError):
        return 0


def _weekday(text: str) -> tuple[int, int] | None:
    day = _DAYS.get(text[-2:].upper())
    return (_number(text[:-2]), day) if day is not None else None


def when(begins: date, ends: date | None) -> str:
    """From when to when; a day is named once. Times with a zone are told in the reader's."""
    if not isinstance(begins, datetime):
        return " – ".join(_day(one) for one in dict.fromkeys((begins, ends)) if one is not None)
    begins = localtime(begins) if is_aware(begins) else begins
    words = _moment(begins)
    if isinstance(ends, datetime) and ends:
        ends = localtime(ends) if is_aware(ends) else ends
        words += f" – {date_format(ends, 'H:i') if ends.date() == begins.date() else _moment(ends)}"
    return words


def _day(day: date) -> str:
    return date_format(day, pgettext("date format", "l, j F Y"))


def _moment(moment: datetime) -> str:
    return date_format(moment, pgettext("date format", "l, j F Y, H:i"))


def repeats(rule: Recurrence) -> str:
    """How often, on which days, and for how long; only that it does where the rule says more than that."""
    every = _every(rule)
    if not every or not rule.whole:
        return _("repeats")
    return ", ".join(filter(None, (every, _on(rule), _how_long(rule))))


def _every(rule: Recurrence) -> str:
    n = rule.interval
    words = {
        "DAILY": ngettext("every day", "every %(n)s days", n),
        "WEEKLY": ngettext("every week", "every %(n)s weeks", n),
        "MONTHLY": ngettext("every month", "every %(n)s months", n),
        "YEARLY": ngettext("every year", "every %(n)s years", n),
    }
    return words.get(rule.frequency, "") % {"n": n}


def _on(rule: Recurrence) -> str:
    if sorted(rule.days) == _WORKING_DAYS:
        return _("Monday to Friday")
    days = [_nth(which) % {"day": WEEKDAYS[day]} for which, day in rule.days]
    if rule.frequency != "YEARLY":
        days += [_("on day %(n)s") % {"n": day} for day in rule.month_days if day > 0]
        days += [_("on the last day") for day in rule.month_days if day == -1]
    return ", ".join(days)


def _nth(which: int) -> str:
    return {
        1: _("first %(day)s"),
        2: _("second %(day)s"),
        3: _("third %(day)s"),
        4: _("fourth %(day)s"),
        5: _("fifth %(day)s"),
        -1: _("last %(day)s"),
    }.get(which, "%(day)s")


def _how_long(rule: Recurrence) -> str:
    if rule.count:
        return ngettext("%(n)s time", "%(n)s times", rule.count) % {"n": rule.count}
    if rule.until is None:
        return ""
    until = rule.until
    if isinstance(until, datetime) and is_aware(until):
        until = localtime(until)
    return _("until %(day)s") % {"day": date_format(until, pgettext("date format", "j F Y"))}


def status_word(status: str) -> str:
    """What somebody who is asked has said (RFC 5545 §3.2.12)."""
    return {
        "ACCEPTED": pgettext("invitation", "accepted"),
        "DECLINED": pgettext("invitation", "declined"),
        "TENTATIVE": pgettext("invitation", "maybe"),
        "DELEGATED": pgettext("invitation", "sends somebody else"),
    }.get(status, pgettext("invitation", "no answer yet"))
