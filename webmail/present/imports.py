"""Imports, and accounts that are copied, as lines of their pages: what became of each so far. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mailsync.models import Act
from webmail.present.said import said


@dataclass(frozen=True, slots=True)
class CopyLine:
    """Something long that the workers do: all mail of an account on its way to another. ``percent`` is how much of it
    is done, while it is; ``notes`` say what became of its messages."""

    group: str
    label: str
    at: datetime
    is_busy: bool
    is_stopped: bool
    percent: int
    notes: tuple[str, ...]
    may_undo: bool


@dataclass(frozen=True, slots=True)
class ImportLine(CopyLine):
    """``percent`` is of the file; ``left_out`` names the messages that were left out, as far as they were noted."""

    folder_id: int
    left_out: tuple[str, ...]


def present_imports(acts: Sequence[Act]) -> list[ImportLine]:
    return [
        ImportLine(
            **_facts(act),
            notes=tuple(_notes(act)),
            may_undo=_may_undo(act) and act.count > 0,
            folder_id=int(act.argument),
            left_out=() if act.state in Act.UNDER_WAY else tuple(_left_out(act)),
        )
        for act in acts
    ]


def present_copies(acts: Sequence[Act]) -> list[CopyLine]:
    return [CopyLine(**_facts(act), notes=tuple(_copied(act)), may_undo=_may_undo(act)) for act in acts]


def _facts(act: Act) -> dict[str, Any]:
    return {
        "group": str(act.group),
        "label": act.label,
        "at": act.created_at,
        "is_busy": act.state in Act.UNDER_WAY,
        "is_stopped": act.state == Act.State.STOPPED,
        "percent": percent_of(act),
    }


def _may_undo(act: Act) -> bool:
    return act.state in (Act.State.DONE, Act.State.WORKING, Act.State.STOPPED)


def _copied(act: Act) -> Iterable[str]:
    if act.state in (Act.State.UNDONE, Act.State.UNDOING):
        yield _("Taken back") if act.state == Act.State.UNDONE else _("Being taken back")
        return
    if act.state == Act.State.STOPPED:
        yield _("Stopped: %(why)s") % {"why": said(act.error)}
    yield ngettext("%(n)s message copied", "%(n)s messages copied", act.count) % {"n": _grouped(act.count)}
    if left := act.detail.get("left", 0):
        words = ngettext("%(n)s could not be had from its server", "%(n)s could not be had from their server", left)
        yield words % {"n": _grouped(left)}


def percent_of(act: Act) -> int:
    return min(100, act.rows_done * 100 // act.total) if act.total else 0


def _notes(act: Act) -> Iterable[str]:
    if act.state == Act.State.UNDONE:
        yield _("Taken back")
        return
    if act.state == Act.State.UNDOING:
        yield _("Being taken back")
        return
    if act.state == Act.State.STOPPED:
        yield _("Stopped: %(why)s") % {"why": said(act.error)}
    yield ngettext("%(n)s message imported", "%(n)s messages imported", act.count) % {"n": _grouped(act.count)}
    known, large, others = (act.detail.get(name, 0) for name in ("known", "too_large", "no_mail"))
    if known:
        yield ngettext("%(n)s was here already", "%(n)s were here already", known) % {"n": _grouped(known)}
    if large:
        yield ngettext("%(n)s is too large", "%(n)s are too large", large) % {"n": _grouped(large)}
    if others:
        yield ngettext("%(n)s file holds no mail", "%(n)s files hold no mail", others) % {"n": _grouped(others)}


def _left_out(act: Act) -> Iterable[str]:
    why = {"known": _("was here already"), "too_large": _("too large"), "no_mail": _("no mail")}
    named = act.detail.get("left_out", [])
    for fate, name in named:
        yield f"{name or _('(no subject)')} ({why[fate]})"
    if more := sum(act.detail.get(fate, 0) for fate in why) - len(named):
        yield ngettext("and %(n)s more", "and %(n)s more", more) % {"n": _grouped(more)}


def _grouped(number: int) -> str:
    return number_format(number, force_grouping=True)
