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

from mailsync.store.excerpts import Excerpt
from mailsync.store.listing import ListRow
from mailsync.types import Address
from webmail.addresses import address_of
from webmail.present.clock import Group, group_of_day
from webmail.present.labels import Chip, is_forwarded, is_label, labels
from webmail.present.people import participants_line
from webmail.templatetags.heron import filesize, told_on

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
    lines: Markup


_UNGROUPED = Group("all", "")


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What all lines of a list have in common, whichever they are. Two of them are never the same: it is what a line is
    kept by, and ``look_of`` makes but one of the same facts.
    """

    #: One and the same for one language.
    draw: Draw
    mine: frozenset[str]
    zone: tzinfo
    today: date
    by_conversation: bool
    #: Whether date groups stand between them.
    is_grouped: bool
    #: Whether they say their size.
    is_sized: bool
    #: What is added to the address of each.
    beside: str
    #: Colours of labels, see ``labels.label_of``.
    hues: tuple[tuple[str, int], ...]


look_of = lru_cache(256)(Look)


@dataclass(frozen=True, slots=True)
class RowStyle:
    """How a list prints its lines. ``places`` are chips for a folder, where it is not plain that a line lies there."""

    look: Look
    places: Callable[[int], tuple[Chip, ...]]
    excerpts: Mapping[int, Excerpt] = field(default_factory=dict)
    #: The name of the row that the reading pane shows.
    current: str = ""


def present_rows(rows: Collection[ListRow], style: RowStyle, *, start: int = 0) -> list[RowGroup]:
    """Rows under their groups, in the order given; ``start`` counts the rows of the pages before."""
    groups: list[tuple[Group, list[Markup]]] = []
    for index, row in enumerate(rows, start=start + 1):
        group, line = _line(row, index, style)
        if not groups or groups[-1][0] != group:
            groups.append((group, []))
        groups[-1][1].append(line)
    return [_row_group(group, lines) for group, lines in groups]


def present_pinned(rows: Sequence[ListRow], style: RowStyle) -> list[RowGroup]:
    """The rows that stay on top, under a heading of their own."""
    if not rows:
        return []
    lines = [_line(row, at, style, is_pinned=True)[1] for at, row in enumerate(rows, 1)]
    return [_row_group(Group("pinned", _("Pinned")), lines)]


def _row_group(group: Group, lines: list[Markup]) -> RowGroup:
    return RowGroup(group.key, group.label, Markup("").join(lines))


def _line(row: ListRow, index: int, style: RowStyle, *, is_pinned: bool = False) -> tuple[Group, Markup]:
    is_current = bool(style.current) and style.current == _name(row, style.look)
    drawn_of = (style.look, row, index, style.places(row.folder_id), is_pinned, is_current)
    if style.excerpts:  # what was searched for is seldom searched for again
        return _drawn.__wrapped__(*drawn_of, style.excerpts.get(row.message_id))
    return _drawn(*drawn_of)


def _name(row: ListRow, look: Look) -> str:
    return f"t{row.folder_id}-{row.thread_id}" if look.by_conversation else f"p{row.placement_id}"


#: A shorter subject may be a greeting with which the message begins.
_TITLE_CHARS = 12


def _beyond(subject: str, preview: str) -> str:
    """The first words without the subject, where a message begins by saying it again, as newsletters do.

    >>> _beyond("Your week in Kiel", "Your week in Kiel – Mostly west")
    'Mostly west'
    """
    title, after = preview[: len(subject)], preview[len(subject) :]
    if len(subject) < _TITLE_CHARS or title.lower() != subject.lower() or after[:1].isalnum():
        return preview
    return after.lstrip(" -–—:|·.!?…") or preview


@lru_cache(_KEPT)
def _drawn(
    look: Look,
    row: ListRow,
    index: int,
    places: tuple[Chip, ...],
    is_pinned: bool,
    is_current: bool,
    excerpt: Excerpt | None = None,
) -> tuple[Group, Markup]:
    """A line and the group that it belongs to, of all that they depend on."""
    local = row.received_at.astimezone(look.zone)
    others = [person for person in row.participants if person.address.lower() not in look.mine]
    short_time, full_time = told_on(look.today, local)
    if look.by_conversation:
        url = address_of("thread", row.folder_id, row.thread_id)
    else:
        url = address_of("message", row.message_id)
    line = Row(
        name=_name(row, look),
        url=url + look.beside,
        person=next(iter(others or row.participants), Address("", "")),
        who=participants_line(row.participants, look.mine),
        count=row.message_count if look.by_conversation else 1,
        subject=row.subject.strip() or _("(no subject)"),
        preview=_beyond(row.subject.strip(), row.preview),
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
        chips=(*_marks(row, look), *places, *labels(row.keywords, dict(look.hues))[:3]),
        labels=tuple(keyword for keyword in row.keywords if is_label(keyword)),
        pinned=is_pinned,
        current=is_current,
        account_id=row.account_id,
        message_id=row.message_id,
        index=index,
    )
    group = group_of_day(local.date(), look.today) if look.is_grouped else _UNGROUPED
    return group, look.draw(line)


def _marks(row: ListRow, look: Look) -> Iterator[Chip]:
    if row.snoozed_until is not None:
        until = formats.date_format(row.snoozed_until.astimezone(look.zone), "D j M, H:i")
        yield Chip(_("Until %(time)s") % {"time": until}, 45)
    elif row.is_back and row.unread:
        yield Chip(_("Back from snooze"), 45)
    if look.is_sized:
        yield Chip(filesize(row.size_bytes), 205)
