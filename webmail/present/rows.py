"""The lines of a list as they are printed: who, what, when, marks, under their date groups. Pure."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import formats
from django.utils.translation import gettext as _

from mailsync.models import Snooze
from mailsync.store.excerpts import Excerpt
from mailsync.store.listing import ListRow
from mailsync.types import Address
from webmail.present.clock import Group, group_of
from webmail.present.labels import Chip, is_forwarded, is_label, labels
from webmail.present.people import participants_line


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
    unread: bool
    flagged: bool
    answered: bool
    forwarded: bool
    has_attachment: bool
    has_draft: bool
    chips: tuple[Chip, ...]
    labels: tuple[str, ...]
    pinned: bool
    account_id: int
    message_id: int
    index: int


@dataclass(frozen=True, slots=True)
class RowGroup:
    """Neighbouring lines of one span of time."""

    key: str
    label: str
    rows: tuple[Row, ...]


_UNGROUPED = Group("all", "")


@dataclass(frozen=True, slots=True)
class RowStyle:
    """How a list prints its lines: ``url`` of a row, ``chips`` that say where it lies, where that is not plain;
    ``grouped`` puts date groups between them.
    """

    by_conversation: bool
    mine: Collection[str]
    now: datetime
    url: Callable[[ListRow], str]
    chips: Callable[[ListRow], tuple[Chip, ...]]
    grouped: bool = True
    excerpts: Mapping[int, Excerpt] = field(default_factory=dict)
    snoozes: Mapping[int, Snooze] = field(default_factory=dict)
    #: Placements of the rows that stay on top.
    pinned: frozenset[int] = frozenset()
    #: Colours of labels, see ``labels.label_of``.
    hues: Mapping[str, int] = field(default_factory=dict)


def present_rows(rows: Collection[ListRow], style: RowStyle, *, start: int = 0) -> list[RowGroup]:
    """Rows under their groups, in the order given; ``start`` counts the rows of the pages before."""
    groups: list[tuple[Group, list[Row]]] = []
    for index, row in enumerate(rows, start=start + 1):
        local = row.received_at.astimezone(style.now.tzinfo)
        group = group_of(local, style.now) if style.grouped else _UNGROUPED
        if not groups or groups[-1][0] != group:
            groups.append((group, []))
        groups[-1][1].append(_present_row(row, local, index, style))
    return [RowGroup(group.key, group.label, tuple(lines)) for group, lines in groups]


def present_pinned(rows: Sequence[ListRow], style: RowStyle) -> list[RowGroup]:
    """The rows that stay on top, under a heading of their own."""
    if not rows:
        return []
    zone = style.now.tzinfo
    lines = tuple(_present_row(row, row.received_at.astimezone(zone), at, style) for at, row in enumerate(rows, 1))
    return [RowGroup("pinned", _("Pinned"), lines)]


def _present_row(row: ListRow, local: datetime, index: int, style: RowStyle) -> Row:
    others = [person for person in row.participants if person.address.lower() not in style.mine]
    first = next(iter(others or row.participants), None)
    return Row(
        name=f"t{row.folder_id}-{row.thread_id}" if style.by_conversation else f"p{row.placement_id}",
        url=style.url(row),
        person=first or Address("", ""),
        who=participants_line(row.participants, style.mine),
        count=row.message_count if style.by_conversation else 1,
        subject=row.subject.strip() or _("(no subject)"),
        preview=row.preview,
        excerpt=style.excerpts.get(row.message_id),
        at=local,
        unread=row.unread,
        flagged=row.flagged,
        answered=row.answered,
        forwarded=is_forwarded(row.keywords),
        has_attachment=row.has_attachment,
        has_draft=row.has_draft,
        chips=tuple(_chips(row, style)),
        labels=tuple(keyword for keyword in row.keywords if is_label(keyword)),
        pinned=row.placement_id in style.pinned,
        account_id=row.account_id,
        message_id=row.message_id,
        index=index,
    )


def _chips(row: ListRow, style: RowStyle) -> Iterator[Chip]:
    snooze = style.snoozes.get(row.message_id)
    if snooze is not None and snooze.woken_at is None:
        until = formats.date_format(snooze.until.astimezone(style.now.tzinfo), "D j M, H:i")
        yield Chip(_("Until %(time)s") % {"time": until}, 45)
    elif snooze is not None and snooze.woken_at is not None and row.unread:
        yield Chip(_("Back from snooze"), 45)
    yield from style.chips(row)
    yield from labels(row.keywords, style.hues)[:3]
