"""The lines of a list as they are printed: who, what, when, marks, under their date groups. Pure.

A list is drawn anew for each new message, each act and each way back to it, and hardly a line of it has changed: what
a line was drawn of tells whether it would look the same, and then it is not drawn again.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from functools import lru_cache

from django.utils import formats
from django.utils.translation import gettext as _
from markupsafe import Markup

from mailsync.models import Snooze
from mailsync.store.excerpts import Excerpt
from mailsync.store.listing import ListRow
from mailsync.types import Address
from webmail.present.clock import Group, group_of
from webmail.present.labels import Chip, is_forwarded, is_label, labels
from webmail.present.people import participants_line
from webmail.templatetags.heron import told_on

#: Lines that a process keeps, of some two kilobytes each.
_KEPT = 4096


@dataclass(frozen=True, slots=True)
class Row:
    """One line. ``name`` stands for its placements in forms (see ``access.placements_for``)."""

    name: str
    url: str
    person: Address
    who: str
    count: int
    subject: str
    preview: str
    #: Of a search: what matched, and where the subject did.
    excerpt: Excerpt | None
    at: datetime
    short_time: str
    full_time: str
    unread: bool
    flagged: bool
    answered: bool
    forwarded: bool
    has_attachment: bool
    has_draft: bool
    chips: tuple[Chip, ...]
    labels: tuple[str, ...]
    pinned: bool
    #: The reading pane shows it.
    current: bool
    account_id: int
    message_id: int
    index: int


#: HTML of a line, in the language that is active.
Draw = Callable[[Row], Markup]


@dataclass(frozen=True, slots=True)
class RowGroup:
    """Neighbouring lines of one span of time, drawn."""

    key: str
    label: str
    rows: tuple[Markup, ...]


_UNGROUPED = Group("all", "")


@dataclass(frozen=True, slots=True)
class RowStyle:
    """How a list prints its lines: ``url`` of a row, ``chips`` that say where it lies, where that is not plain;
    ``grouped`` puts date groups between them. ``draw`` is one and the same for one language.
    """

    by_conversation: bool
    mine: frozenset[str]
    now: datetime
    url: Callable[[ListRow], str]
    chips: Callable[[ListRow], tuple[Chip, ...]]
    draw: Draw
    grouped: bool = True
    excerpts: Mapping[int, Excerpt] = field(default_factory=dict)
    snoozes: Mapping[int, Snooze] = field(default_factory=dict)
    #: Placements of the rows that stay on top.
    pinned: frozenset[int] = frozenset()
    #: Colours of labels, see ``labels.label_of``.
    hues: Mapping[str, int] = field(default_factory=dict)
    #: The name of the row that the reading pane shows.
    current: str = ""


def present_rows(rows: Collection[ListRow], style: RowStyle, *, start: int = 0) -> list[RowGroup]:
    """Rows under their groups, in the order given; ``start`` counts the rows of the pages before."""
    groups: list[tuple[Group, list[Markup]]] = []
    for index, row in enumerate(rows, start=start + 1):
        group = group_of(row.received_at.astimezone(style.now.tzinfo), style.now) if style.grouped else _UNGROUPED
        if not groups or groups[-1][0] != group:
            groups.append((group, []))
        groups[-1][1].append(_line(row, index, style))
    return [RowGroup(group.key, group.label, tuple(lines)) for group, lines in groups]


def present_pinned(rows: Sequence[ListRow], style: RowStyle) -> list[RowGroup]:
    """The rows that stay on top, under a heading of their own."""
    if not rows:
        return []
    return [RowGroup("pinned", _("Pinned"), tuple(_line(row, at, style) for at, row in enumerate(rows, 1)))]


def _line(row: ListRow, index: int, style: RowStyle) -> Markup:
    name = f"t{row.folder_id}-{row.thread_id}" if style.by_conversation else f"p{row.placement_id}"
    drawn_of = (
        *(style.draw, style.mine, style.now.tzinfo, style.now.date(), style.by_conversation),
        *(row, name, index, style.url(row), tuple(_chips(row, style))),
        *(row.placement_id in style.pinned, name == style.current),
    )
    if style.excerpts:  # what was searched for is seldom searched for again
        return _drawn.__wrapped__(*drawn_of, style.excerpts.get(row.message_id))
    return _drawn(*drawn_of)


@lru_cache(_KEPT)
def _drawn(
    draw: Draw,
    mine: frozenset[str],
    zone: tzinfo,
    today: date,
    by_conversation: bool,
    row: ListRow,
    name: str,
    index: int,
    url: str,
    chips: tuple[Chip, ...],
    is_pinned: bool,
    is_current: bool,
    excerpt: Excerpt | None = None,
) -> Markup:
    """A line, of all that it depends on."""
    local = row.received_at.astimezone(zone)
    others = [person for person in row.participants if person.address.lower() not in mine]
    short_time, full_time = told_on(today, local)
    line = Row(
        name=name,
        url=url,
        person=next(iter(others or row.participants), Address("", "")),
        who=participants_line(row.participants, mine),
        count=row.message_count if by_conversation else 1,
        subject=row.subject.strip() or _("(no subject)"),
        preview=row.preview,
        excerpt=excerpt,
        at=local,
        short_time=short_time,
        full_time=full_time,
        unread=row.unread,
        flagged=row.flagged,
        answered=row.answered,
        forwarded=is_forwarded(row.keywords),
        has_attachment=row.has_attachment,
        has_draft=row.has_draft,
        chips=chips,
        labels=tuple(keyword for keyword in row.keywords if is_label(keyword)),
        pinned=is_pinned,
        current=is_current,
        account_id=row.account_id,
        message_id=row.message_id,
        index=index,
    )
    return draw(line)


def _chips(row: ListRow, style: RowStyle) -> Iterator[Chip]:
    snooze = style.snoozes.get(row.message_id)
    if snooze is not None and snooze.woken_at is None:
        until = formats.date_format(snooze.until.astimezone(style.now.tzinfo), "D j M, H:i")
        yield Chip(_("Until %(time)s") % {"time": until}, 45)
    elif snooze is not None and snooze.woken_at is not None and row.unread:
        yield Chip(_("Back from snooze"), 45)
    yield from style.chips(row)
    yield from labels(row.keywords, style.hues)[:3]
