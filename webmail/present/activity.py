"""The journal as lines under their days: what was done, to what, what became of it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mailsync.models import Act
from mailsync.store.journal import Entry
from webmail.present.clock import group_of
from webmail.present.imports import percent_of
from webmail.present.labels import label_of
from webmail.present.said import said

_ICONS = {
    Act.IMPORT: "upload",
    "archive": "archive",
    "trash": "trash-2",
    "delete_for_good": "trash-2",
    "empty_folder": "trash-2",
    "empty_by_time": "trash-2",
    Act.DISCARD: "trash-2",
    "release": "archive",
    "delete_folder": "trash-2",
    "junk": "shield-alert",
    "notjunk": "shield-check",
    "move": "folder-input",
    "move_folder": "folder-input",
    "mark_read": "mail-open",
    "read": "mail-open",
    "unread": "mail",
    "flag": "flag",
    "unflag": "flag-off",
    "snooze": "alarm-clock",
    "mute": "bell-off",
    "pin": "pin",
    "merge": "merge",
    "split": "split",
    "copy": "copy",
    "set_keyword": "tag",
    "label": "tag",
    "unlabel": "tag",
    "rule": "list-checks",
    "auto_reply": "tree-palm",
    "auto_reply_failed": "tree-palm",
    "block": "ban",
    "block_sender": "ban",
    "block_senders_of": "ban",
    "block_sender_of": "ban",
}


#: What nothing here can take back.
FINAL = frozenset({"release"})


def icon_of(verb: str) -> str:
    return _ICONS.get(verb, "folder")


@dataclass(frozen=True, slots=True)
class Line:
    """``note`` says what became of it, where that is not simply done; ``may_undo`` offers to take it back."""

    group: str
    icon: str
    label: str
    subjects: str
    at: datetime
    note: str
    refused: tuple[str, ...]
    may_undo: bool


@dataclass(frozen=True, slots=True)
class Day:
    label: str
    lines: tuple[Line, ...]


def present_entries(entries: Sequence[Entry], now: datetime) -> list[Day]:
    """Lines under Today, Yesterday, and so on, in the order given."""
    days: list[tuple[str, list[Line]]] = []
    for entry in entries:
        at = entry.act.created_at.astimezone(now.tzinfo)
        label = group_of(at, now).label
        if not days or days[-1][0] != label:
            days.append((label, []))
        days[-1][1].append(_line(entry, at))
    return [Day(label, tuple(lines)) for label, lines in days]


def _line(entry: Entry, at: datetime) -> Line:
    act = entry.act
    keyword = act.detail.get("keyword") or (act.argument if act.verb in ("label", "unlabel") else "")
    label = f"{act.label}: {label_of(keyword).text}" if keyword else _of_rule(act) or act.label
    subjects = ", ".join(subject.strip() or _("(no subject)") for subject in entry.subjects)
    if act.count > len(entry.subjects) and entry.subjects:
        subjects += " …"
    return Line(
        group=str(act.group),
        icon=icon_of(act.verb),
        label=label,
        subjects=subjects,
        at=at,
        note=_note(entry),
        refused=tuple(
            ngettext("%(n)d was refused: %(why)s", "%(n)d were refused: %(why)s", one.count)
            % {"n": one.count, "why": said(one.why)}
            for one in entry.refused
        ),
        may_undo=act.verb not in FINAL and act.state in (Act.State.DONE, Act.State.WORKING, Act.State.STOPPED),
    )


def _of_rule(act: Act) -> str:
    """What came in and was treated before anybody saw it."""
    if act.verb == "rule":
        words = ngettext("Rule “%(name)s”: %(n)d message", "Rule “%(name)s”: %(n)d messages", act.count)
    elif act.verb == "block":
        words = ngettext("Blocked sender %(name)s: %(n)d message", "Blocked sender %(name)s: %(n)d messages", act.count)
    else:
        return ""
    return words % {"name": act.label, "n": act.count}


def say_missed(missed: int) -> str:
    """What is said of an Undo that had to leave some messages where they are."""
    words = ngettext(
        "Taken back, but for %(n)d message that has changed since.",
        "Taken back, but for %(n)d messages that have changed since.",
        missed,
    )
    return words % {"n": missed}


def _note(entry: Entry) -> str:
    act = entry.act
    if act.state == Act.State.UNDONE:
        missed = act.detail.get("missed", 0)
        return say_missed(missed) if missed else _("Taken back")
    if act.state == Act.State.UNDOING:
        return _("Being taken back")
    if act.state == Act.State.WORKING and act.verb == Act.IMPORT:
        return _("Under way: %(percent)d %%") % {"percent": percent_of(act)}
    if act.state == Act.State.WORKING:
        return _("Under way: %(done)d of %(total)s") % {"done": act.rows_done, "total": act.total or "?"}
    if act.state == Act.State.STOPPED:
        return _("Stopped: %(why)s") % {"why": said(act.error)}
    if entry.waiting:
        words = ngettext("%(n)d is yet to reach the server", "%(n)d are yet to reach the server", entry.waiting)
        return words % {"n": entry.waiting}
    if left := act.detail.get("left", 0):
        words = ngettext(
            "%(n)d stayed where it is: its server has not given its text.",
            "%(n)d stayed where they are: their server has not given their texts.",
            left,
        )
        return words % {"n": left}
    return ""
