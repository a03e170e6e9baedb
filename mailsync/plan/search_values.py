"""Days and sizes as people write them in a search. Pure: the day it is comes in with the text.

Understood: ``2026-03-01``, ``2026/3/1``, ``1.3.2026``, ``2026-03``, ``2026``, ``today``, ``yesterday``,
``this week``, ``last month``, ``monday``, ``march``, ``march 2026``, ``1 march 2026``, ``2 weeks ago``, the same in
German, ``3d``, ``2w``, ``10M``, ``500k``. Every day or span is a ``Days``. Weeks begin on Monday (ISO 8601).
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta

_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
#: What the words of a day are in English, from the other language that Heron speaks.
_GERMAN = """
    heute=today gestern=yesterday diese=this diesen=this dieser=this dieses=this
    letzte=last letzten=last letzter=last letztes=last vorige=last vorigen=last voriges=last
    tag=day tage=days tagen=days woche=week wochen=weeks
    monat=month monate=months monaten=months jahr=year jahre=years jahren=years
    montag=monday dienstag=tuesday mittwoch=wednesday donnerstag=thursday freitag=friday samstag=saturday
    sonnabend=saturday sonntag=sunday
    januar=january jänner=january februar=february feber=february mär=march märz=march maerz=march mai=may
    juni=june juli=july okt=october oktober=october dez=december dezember=december
"""
_IN_ENGLISH = dict(pair.split("=") for pair in _GERMAN.split())
_SIZE = re.compile(r"(\d{1,12})(?:[.,](\d{1,3}))?\s*([kmg]?)i?b?", re.IGNORECASE)
_SPAN = re.compile(r"(\d{1,5})\s*(d|w|m|y|days?|weeks?|months?|years?)", re.IGNORECASE)
_SPAN_AGO = re.compile(r"(\d{1,5})\s*(days?|weeks?|months?|years?) ago")
_LARGEST = 2**60
_FACTORS = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3}


@dataclass(frozen=True, slots=True)
class Days:
    """From ``first`` on, before ``end``."""

    first: date
    end: date


def parse_size(text: str) -> int | None:
    """Bytes; k, M and G are powers of 1,000, as sizes are shown.

    >>> parse_size("10M"), parse_size("1.5k"), parse_size("big")
    (10000000, 1500, None)
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        return None
    whole, fraction, unit = match.groups()
    return min(int(float(f"{whole}.{fraction or 0}") * _FACTORS[unit.lower()]), _LARGEST)


def parse_span(text: str, today: date) -> date | None:
    """The day that long ago: ``3d``, ``2w``, ``1m``, ``1y``.

    >>> parse_span("1m", date(2026, 3, 31))
    datetime.date(2026, 2, 28)
    """
    match = _SPAN.fullmatch(_in_english(text.lower().split()))
    return _ago(int(match[1]), match[2].lower()[0], today) if match else None


def parse_days(text: str, today: date) -> Days | None:
    """
    >>> parse_days("last week", date(2026, 3, 4))
    Days(first=datetime.date(2026, 2, 23), end=datetime.date(2026, 3, 2))
    """
    words = _in_english(text.lower().replace(",", " ").replace("_", " ").split())
    try:
        return _numbers(words) or _named(words, today) or _months(words, today)
    except (ValueError, OverflowError):
        # 31 February, or a year no calendar has.
        return None


def _in_english(words: list[str]) -> str:
    """
    >>> _in_english(["letzte", "woche"]), _in_english(["vor", "3", "tagen"]), _in_english(["3.", "märz"])
    ('last week', '3 days ago', '3. march')
    """
    said = " ".join(_IN_ENGLISH.get(word.rstrip("."), word) for word in words)
    return f"{said.removeprefix('vor ')} ago" if said.startswith("vor ") else said


def _numbers(text: str) -> Days | None:
    if match := re.fullmatch(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})", text):
        return _day(date(int(match[1]), int(match[3]), int(match[4])))
    if match := re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", text):
        return _day(date(int(match[3]), int(match[2]), int(match[1])))
    if match := re.fullmatch(r"(\d{1,2})([/-])(\d{1,2})\2(\d{4})", text):
        first, second = int(match[1]), int(match[3])
        # 3/4/2026 is March in one country and April in the next: only what can be read one way is a day.
        if first > 12 or first == second:
            return _day(date(int(match[4]), second, first))
        return _day(date(int(match[4]), first, second)) if second > 12 else None
    if match := re.fullmatch(r"(\d{4})[-/](\d{1,2})", text):
        return _month(int(match[1]), int(match[2]))
    if re.fullmatch(r"(19|20)\d\d", text):
        return Days(date(int(text), 1, 1), date(int(text) + 1, 1, 1))
    return None


def _named(text: str, today: date) -> Days | None:
    monday = today - timedelta(days=today.weekday())
    match text:
        case "today":
            return _day(today)
        case "yesterday":
            return _day(today - timedelta(days=1))
        case "this week":
            return Days(monday, monday + timedelta(days=7))
        case "last week":
            return Days(monday - timedelta(days=7), monday)
        case "this month":
            return _month(today.year, today.month)
        case "last month":
            return _month(*divmod(today.year * 12 + today.month - 2, 12), offset=1)
        case "this year":
            return Days(date(today.year, 1, 1), date(today.year + 1, 1, 1))
        case "last year":
            return Days(date(today.year - 1, 1, 1), date(today.year, 1, 1))
    if match := _SPAN_AGO.fullmatch(text):
        day = _ago(int(match[1]), match[2][0], today)
        return _day(day) if day else None
    number = _named_number(text.removeprefix("last "), _DAYS)
    if number is not None:
        # The newest such day before today.
        return _day(today - timedelta(days=(today.weekday() - number - 1) % 7 + 1))
    return None


def _months(text: str, today: date) -> Days | None:
    match = re.fullmatch(r"(?:(\d{1,2})\.? )?([a-z]{3,9})\.?(?: (\d{1,2}))?(?: (\d{4}))?", text)
    number = _named_number(match[2], _MONTHS) if match else None
    if match is None or number is None or (match[1] and match[3]):
        return None
    month, day = number + 1, match[1] or match[3]
    # Without a year: the newest that has begun.
    year = int(match[4]) if match[4] else today.year - (date(today.year, month, int(day or 1)) > today)
    return _day(date(year, month, int(day))) if day else _month(year, month)


def _named_number(text: str, names: tuple[str, ...]) -> int | None:
    """The place of a name, written out or by three letters or more."""
    if len(text) < 3:
        return None
    return next((number for number, name in enumerate(names) if name.startswith(text)), None)


def _ago(count: int, unit: str, today: date) -> date | None:
    try:
        match unit:
            case "d":
                return today - timedelta(days=count)
            case "w":
                return today - timedelta(weeks=count)
            case _:
                months = today.year * 12 + today.month - 1 - count * (12 if unit == "y" else 1)
                month = _month(*divmod(months, 12), offset=1)
                return min(month.first.replace(day=1) + timedelta(days=today.day - 1), month.end - timedelta(days=1))
    except (ValueError, OverflowError):
        return None


def _day(day: date) -> Days:
    return Days(day, day + timedelta(days=1))


def _month(year: int, month: int, *, offset: int = 0) -> Days:
    month += offset
    return Days(date(year, month, 1), date(year + month // 12, month % 12 + 1, 1))
