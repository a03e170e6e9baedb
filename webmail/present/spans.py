"""After how long one is reminded of what nobody answers, in words. Screens room."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import ngettext

from mailsync.plan.follow_ups import DAYS


@dataclass(frozen=True, slots=True)
class Span:
    days: int
    label: str
    chosen: bool


def spans(chosen: int = 3) -> Sequence[Span]:
    return [Span(days, _in_words(days), days == chosen) for days in DAYS]


def _in_words(days: int) -> str:
    if days % 7 == 0:
        return ngettext("after a week", "after %(n)d weeks", days // 7) % {"n": days // 7}
    return ngettext("after a day", "after %(n)d days", days) % {"n": days}
