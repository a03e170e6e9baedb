"""The Date field (RFC 5322 §3.3) in, an aware datetime or None out. Pure; no clock is read."""

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz

_MONTHS = dict(
    zip(("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), range(1, 13), strict=True)
)
_USUAL = re.compile(
    r"(?:[A-Za-z]{3},?\s*)?(\d{1,2})\s+([A-Za-z]{3})[a-z]*\s+(\d{4})\s+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([+-]\d{4})?"
)
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2}))?")
_YEARS = range(1971, 2101)


def parse_date(text: str) -> datetime | None:
    """When the sender says the message was written; None where it cannot be read or cannot be true.

    Offsets beyond ±14 hours and years outside 1971–2100 are lies. Seen in practice: no zone at all (UTC is
    taken), two-digit years, names of zones, ISO dates, second 60.

    >>> parse_date("Fri, 21 Nov 1997 09:55:06 -0600").isoformat()
    '1997-11-21T09:55:06-06:00'
    """
    text = text[:200].strip()
    usual = _USUAL.match(text)
    if usual is not None and usual.group(7):
        day, month, year, hour, minute, second, zone = usual.groups()
        offset = (int(zone[1:3]) * 60 + int(zone[3:5])) * (-1 if zone[0] == "-" else 1)
        return _build(int(year), _MONTHS.get(month.lower(), 0), int(day), int(hour), int(minute), second, offset)
    iso = _ISO.match(text)
    if iso is not None:
        year, month, day, hour, minute, second = iso.groups()
        return _build(int(year), int(month), int(day), int(hour), int(minute), second, 0)
    try:
        parsed = parsedate_tz(text)
    except (ValueError, IndexError, OverflowError, TypeError):
        return None
    if parsed is None:
        return None
    return _build(*parsed[:5], str(parsed[5]), (parsed[9] or 0) // 60)


def _build(
    year: int, month: int, day: int, hour: int, minute: int, second: str | None, offset_minutes: int
) -> datetime | None:
    if year not in _YEARS:
        return None
    zone = timezone(timedelta(minutes=offset_minutes)) if abs(offset_minutes) <= 14 * 60 else UTC
    try:
        return datetime(year, month, day, hour, minute, min(int(second or 0), 59), tzinfo=zone)
    except (ValueError, OverflowError):
        return None
