"""The spans of time that a list is divided into, by the reader's clock. Pure: "now" is handed in."""

from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from django.utils import formats, translation
from django.utils.translation import gettext as _


class Group(NamedTuple):
    """A span of a list: ``key`` is stable within a day and sorts nothing, ``label`` is read by people."""

    key: str
    label: str


def group_of(moment: datetime, now: datetime) -> Group:
    """Today, Yesterday, This week, Last week, then months. Both times in the reader's zone."""
    return group_of_day(moment.date(), now.date())


def group_of_day(day: date, today: date) -> Group:
    return _group(day, today, translation.get_language())


# Found once: a long list has many rows of a day, and is looked at again and again.
@lru_cache(maxsize=1024)
def _group(day: date, today: date, _language: str | None) -> Group:
    monday = today - timedelta(days=today.weekday())
    if day > today:
        return Group("ahead", _("Ahead of time"))
    if day == today:
        return Group("today", _("Today"))
    if day == today - timedelta(days=1):
        return Group("yesterday", _("Yesterday"))
    if day >= monday:
        return Group("this-week", _("Earlier this week"))
    if day >= monday - timedelta(days=7):
        return Group("last-week", _("Last week"))
    if (day.year, day.month) == (today.year, today.month):
        return Group("this-month", _("Earlier this month"))
    return Group(f"{day:%Y-%m}", formats.date_format(day, "F" if day.year == today.year else "F Y"))
