"""Template tags available in every template without loading: icons, avatars, times, sizes.

Rows and addresses flow in, safe HTML flows out. Nothing here asks the database.
"""

import zlib
from datetime import date, datetime, time
from functools import lru_cache

from django import template
from django.forms import BoundField
from django.templatetags.static import static
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from webmail.icons import SPRITE
from webmail.importmap import import_map as build_import_map
from webmail.present import said as sentences
from webmail.present import words

register = template.Library()

HUES = (15, 45, 75, 115, 150, 175, 205, 235, 260, 290, 325, 350)


@register.simple_tag
def icon(name: str, size: str = "", label: str = "", css: str = "") -> SafeString:
    """``{% icon "archive" %}``; ``size`` is "s", "l" or "xl". Without a ``label`` it is hidden from screen readers."""
    return _drawn(name, size, label, css)


# A list has hundreds, of which few differ. Typed, as a safe label is not escaped and an equal one is.
@lru_cache(maxsize=2048, typed=True)
def _drawn(name: str, size: str, label: str, css: str) -> SafeString:
    classes = " ".join(part for part in ("i", f"i-{size}" if size else "", css) if part)
    said = format_html('role="img" aria-label="{}"', label) if label else SafeString('aria-hidden="true"')
    return format_html('<svg class="{}" {}><use href="{}#i-{}"/></svg>', classes, said, static(SPRITE), name)


@register.simple_tag
def mark() -> SafeString:
    """Heron's own mark."""
    return format_html('<svg class="mark" aria-hidden="true"><use href="{}#i-mark"/></svg>', static(SPRITE))


@register.simple_tag
def kbd(*keys: str) -> SafeString:
    """The first of these that there is, as the mark of a key beside what it does."""
    return _key_mark(next(filter(None, keys), ""))


@lru_cache(maxsize=256)
def _key_mark(key: str) -> SafeString:
    return format_html('<span class="kbd" aria-hidden="true">{}</span>', key) if key else SafeString()


@register.simple_tag
def in_brackets(*keys: str) -> str:
    """The first of these that there is, behind the words of a tooltip."""
    key = next(filter(None, keys), "")
    return f" ({key})" if key else ""


@register.filter
def said(text: object) -> str:
    """What the mail rooms said, in the reader's language."""
    return sentences.said(text)


@register.filter
def breakable(address: str) -> SafeString:
    """An address in large letters: where the line is short it is parted before its “@”."""
    local, at, domain = address.rpartition("@")
    return format_html("{}<wbr>{}{}", local, at, domain)


@register.simple_tag
def script_words() -> dict[str, words.Phrase]:
    """What the scripts of the page say."""
    return words.script_words()


@register.simple_tag
def import_map() -> SafeString:
    """The import map, before any module script."""
    return build_import_map()


def hue_of(text: str) -> int:
    """The hue of an address: always the same one, whatever its letter case."""
    return HUES[zlib.crc32(text.strip().lower().encode()) % len(HUES)]


def initials_of(name: str, address: str) -> str:
    """One or two letters for an avatar.

    >>> initials_of("Priya Raman", "priya@nordlicht.example"), initials_of("", "github@example.org")
    ('PR', 'G')
    """
    parts = [w for w in "".join(c if c.isalnum() else " " for c in name).split() if w]
    if not parts:
        parts = [w for w in address[:1] if w.isalnum()] or ["?"]
    letters = parts[0][0] + (parts[-1][0] if len(parts) > 1 else "")
    return letters.upper()


@register.simple_tag
def avatar(address: object, size: str = "", name: str = "") -> SafeString:
    """A round avatar of initials. ``address`` is an ``Address`` (name, address), a user, or plain text."""
    if isinstance(address, str):
        mailbox = address
    else:  # an empty address is not what its object is called
        mailbox = str(getattr(address, "address", "") or getattr(address, "email", ""))
    return _portrait(mailbox, name or str(getattr(address, "name", "") or ""), size)


@lru_cache(maxsize=4096)
def _portrait(mailbox: str, name: str, size: str) -> SafeString:
    classes = " ".join(part for part in ("av", f"h{hue_of(mailbox)}", size) if part)
    return format_html('<span class="{}" aria-hidden="true">{}</span>', classes, initials_of(name, mailbox))


@register.filter
def control(field: BoundField) -> SafeString:
    """A form field's own control in the site's style, without a placeholder that repeats its label."""
    widget = field.field.widget
    kind = getattr(widget, "input_type", "")
    attrs: dict[str, str | bool] = {}
    if kind not in {"checkbox", "radio", "hidden"}:
        attrs["class"] = " ".join(part for part in ("in", str(widget.attrs.get("class", ""))) if part)
    if field.errors:
        attrs["aria-errormessage"] = f"{field.auto_id}_error"
    if str(field.label).strip().lower() in str(widget.attrs.get("placeholder", "")).lower():
        attrs["placeholder"] = ""
    return field.as_widget(attrs=attrs)


@register.filter
def initials(person: object) -> str:
    """The initials of a user or an address."""
    mailbox = str(getattr(person, "address", None) or getattr(person, "email", ""))
    return initials_of(str(getattr(person, "name", "")), mailbox)


@register.filter
def hue(text: object) -> str:
    """The hue class of an address or a label's name: "h205"."""
    return f"h{hue_of(str(text))}"


@register.filter
def hue_class(hue: int) -> str:
    """The class of the nearest hue there is, on the wheel of 360 degrees: 37 is "h45"."""
    return f"h{min(HUES, key=lambda known: min(abs(known - hue), 360 - abs(known - hue)))}"


@register.filter
def heron_time(moment: datetime | None) -> str:
    """A time as short as it stays clear: 09:41 today, Mon this week, 12 Oct this year, else 2025-10-12."""
    return times(moment)[0]


@register.filter
def heron_time_full(moment: datetime | None) -> str:
    """The whole time, for titles and open messages: Today 09:41, else Mon 12 Oct 2026, 09:41."""
    return times(moment)[1]


def times(moment: datetime | None) -> tuple[str, str]:
    """A time told shortly, and whole."""
    return ("", "") if moment is None else told_on(timezone.localdate(), timezone.localtime(moment))


def told_on(today: date, local: datetime) -> tuple[str, str]:
    """``times`` by a clock that shows ``today``; ``local`` is in the same zone."""
    return _told_of(local.date(), time(local.hour, local.minute), today, get_language())


# A list has a hundred times, and is looked at again and again.
@lru_cache(maxsize=8192)
def _told_of(day: date, clock: time, today: date, _language: str | None) -> tuple[str, str]:
    """Both ways of telling a time, in the language that is active, which is named to be kept apart."""
    hour = formats.time_format(clock, pgettext("time format", "H:i"))  # 09:41
    days = (today - day).days
    if days == 0:
        return hour, _("Today %(time)s") % {"time": hour}
    full = _dated(day, hour)
    if days == 1:
        full = _("Yesterday %(time)s") % {"time": hour}
    if 0 < days < 7:
        return formats.date_format(day, "D"), full
    pattern = pgettext("date format", "j M") if day.year == today.year else pgettext("date format", "Y-m-d")
    return formats.date_format(day, pattern), full


def _dated(day: date, hour: str) -> str:
    return f"{formats.date_format(day, pgettext('date format', 'D j M Y'))}, {hour}"


@register.filter
def heron_dated(moment: datetime) -> str:
    """For paper, where "today" is soon another day: Mon 12 Oct 2026, 09:41."""
    local = timezone.localtime(moment)
    return _dated(local.date(), formats.time_format(local, pgettext("time format", "H:i")))


@register.filter
def heron_day(moment: date | None) -> str:
    """A day with its year, of a moment or as it is: Mon 12 Oct 2026."""
    if moment is None:
        return ""
    day = timezone.localtime(moment) if isinstance(moment, datetime) else moment
    return formats.date_format(day, pgettext("date format", "D j M Y"))


@register.filter
def heron_ago(moment: datetime | None) -> str:
    """How long ago, in the largest whole unit: "just now", "5 minutes ago", "3 days ago"."""
    if moment is None:
        return _("never")
    seconds = int((timezone.now() - moment).total_seconds())
    if seconds < 60:
        return _("just now")
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes < 60:
        return ngettext("%(n)d minute ago", "%(n)d minutes ago", minutes) % {"n": minutes}
    if hours < 24:
        return ngettext("%(n)d hour ago", "%(n)d hours ago", hours) % {"n": hours}
    return ngettext("%(n)d day ago", "%(n)d days ago", days) % {"n": days}


_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
_BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))


@register.filter
def device(user_agent: str) -> str:
    """A browser's user agent in words: "Firefox on Windows"."""
    browser = next((name for sign, name in _BROWSERS if sign in user_agent), _("Unknown browser"))
    system = next((name for sign, name in _SYSTEMS if sign in user_agent), "")
    return _("%(browser)s on %(system)s") % {"browser": browser, "system": system} if system else browser


@register.filter
def filesize(size_bytes: int | None) -> str:
    """Bytes as people say them: 512 B, 14 kB, 1.7 MB (powers of ten, as on the box of a disk)."""
    size = float(size_bytes or 0)
    if size < 1000:
        return f"{int(size)} B"
    for unit in ("kB", "MB", "GB", "TB"):
        size /= 1000
        if size < 999.5 or unit == "TB":
            digits = 1 if size < 9.95 and unit != "kB" else 0
            return f"{formats.number_format(round(size, digits), digits)} {unit}"
    raise AssertionError("unreachable")
