"""The navigation column: what stands at the top, the folders, one tree for each further account. No queries.

With one account its folders are the column. With several, what they share comes first and each
account has a tree of its own, with its health and its unread mail.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from mailsync.store.labels import LabelCount
from mailsync.store.listing import AccountTree, FolderLine
from mailsync.store.saved_searches import Saved
from mailsync.store.tree import Health
from mailsync.types import Role
from webmail.addresses import address_of
from webmail.present.labels import is_label, label_of
from webmail.present.said import said
from webmail.scope import Scope, folder_title
from webmail.templatetags.heron import heron_ago

ICONS = {
    Role.INBOX.value: "inbox",
    Role.SENT.value: "send",
    Role.DRAFTS.value: "file-pen-line",
    Role.ARCHIVE.value: "archive",
    Role.JUNK.value: "shield-alert",
    Role.TRASH.value: "trash-2",
    Role.ALL.value: "mails",
    Role.FLAGGED.value: "flag",
    Role.IMPORTANT.value: "star",
    Role.SNOOZED.value: "alarm-clock",
}
#: Folders whose count is of all they hold, as each message there waits: for its writer, for its time.
_COUNT_ALL = frozenset({Role.DRAFTS.value, Role.SNOOZED.value})
#: Folders whose unread mail is nobody's task.
_COUNT_NONE = frozenset({Role.SENT.value, Role.TRASH.value, Role.ALL.value, Role.ARCHIVE.value})
#: What comes first in an account, in this order.
_FIRST = (Role.INBOX, Role.SNOOZED, Role.DRAFTS, Role.SENT, Role.ARCHIVE, Role.JUNK, Role.TRASH)

#: Views of mail that lies elsewhere, and what needs a time besides.
_NO_TARGETS = frozenset({Role.ALL.value, Role.FLAGGED.value, Role.IMPORTANT.value, Role.SNOOZED.value})


@dataclass(frozen=True, slots=True)
class NavItem:
    """One link. ``folder_id`` 0: not a folder. ``strong``: the count is of unread mail. ``go`` ends a command."""

    label: str
    url: str
    icon: str
    count: int = 0
    strong: bool = False
    current: bool = False
    depth: int = 0
    folder_id: int = 0
    account_id: int = 0
    key: str = ""
    role: str = ""
    selectable: bool = True
    go: str = ""
    hue: int = -1
    edit_url: str = ""
    keyword: str = ""


@dataclass(frozen=True, slots=True)
class NavAccount:
    """An account with its own tree; ``is_open`` when the folder on the screen is in it."""

    account_id: int
    label: str
    address: str
    health: Health
    health_text: str
    unread: int
    items: tuple[NavItem, ...]
    is_open: bool


@dataclass(frozen=True, slots=True)
class Nav:
    top: tuple[NavItem, ...]
    folders: tuple[NavItem, ...]
    accounts: tuple[NavAccount, ...]
    labels: tuple[NavItem, ...] = ()
    searches: tuple[NavItem, ...] = ()


@dataclass(frozen=True, slots=True)
class MoveTarget:
    """A folder that mail can be moved to, under the name it has in its account."""

    folder_id: int
    label: str
    icon: str
    depth: int


@dataclass(frozen=True, slots=True)
class MoveAccount:
    account_id: int
    label: str
    folders: tuple[MoveTarget, ...]


def present_nav(
    tree: Sequence[AccountTree],
    scope: Scope | None,
    *,
    outbox: int = 0,
    failed: int = 0,
    scheduled: int = 0,
    waiting: int | None = None,
    labels: Sequence[LabelCount] = (),
    saved: Sequence[Saved] = (),
) -> Nav:
    """``scope`` is the list on the screen, None on a page that is none; ``outbox`` counts what is on its way and what
    could not be sent, ``failed`` the latter, ``scheduled`` what waits for a chosen moment; ``waiting`` is None
    where no answer is waited for, else how many have not come in time."""
    named = _labels(labels, scope)
    searches = _searches(saved, scope)
    current = scope.folders[0].pk if scope and scope.kind == "folder" else 0
    kind = scope.kind if scope else ""
    several = len(tree) > 1
    top: list[NavItem] = []
    if several:
        unread = sum(account.unread for account in tree)
        everything = (_("All inboxes"), reverse("unified"), "inbox", unread, bool(unread), kind == "all")
        top.append(NavItem(*everything, key="all", go="inbox"))
    roles = {} if several or not tree else _by_role(tree[0], current)
    if Role.INBOX in roles:
        top.append(roles[Role.INBOX])
    top.append(
        NavItem(_("Flagged"), reverse("flagged"), "flag", current=kind == "flagged", key="flagged", go="flagged")
    )
    top.extend(roles[role] for role in _FIRST[1:4] if role in roles)
    if scheduled:
        top.append(NavItem(_("Scheduled"), reverse("scheduled"), "calendar-clock", scheduled, key="scheduled"))
    if waiting is not None:
        top.append(NavItem(_("Waiting for answers"), reverse("waiting"), "hourglass", waiting, key="waiting"))
    if outbox:
        top.append(NavItem(_("Outbox"), reverse("outbox"), "circle-alert" if failed else "clock", outbox, key="outbox"))
    top.extend(roles[role] for role in _FIRST[4:] if role in roles)
    if several:
        return Nav(tuple(top), (), tuple(_account(entry, current) for entry in tree), named, searches)
    folders = tuple(_item(line, current) for line in tree[0].folders if line.folder.role not in _FIRST) if tree else ()
    return Nav(tuple(top), folders, (), named, searches)


def is_shown(one: Saved, scope: Scope | None) -> bool:
    """Whether this saved search is the list on the screen."""
    if scope is None or scope.kind != "search" or scope.query.strip() != one.query:
        return False
    return scope.within == (str(one.folder_id) if one.folder_id else "")


def _searches(saved: Sequence[Saved], scope: Scope | None) -> tuple[NavItem, ...]:
    """Saved searches by name. Without counts: each would be a search of its own on every page."""
    items = []
    for one in saved:
        # With a space at the end, as in a query that is no longer being typed: its last word is whole.
        asked = {"q": f"{one.query} ", **({"folder": one.folder_id} if one.folder_id else {})}
        url = f"{reverse('search')}?{urlencode(asked)}"
        items.append(NavItem(one.name, url, "search", current=is_shown(one, scope), key="saved"))
    return tuple(items)


def _labels(counts: Sequence[LabelCount], scope: Scope | None) -> tuple[NavItem, ...]:
    """Labels by name, with the number of their messages."""
    current = scope.query.lower() if scope and scope.kind == "label" else ""
    named = [(one, label_of(one.keyword)) for one in counts if is_label(one.keyword)]
    items = [
        NavItem(
            chip.text,
            reverse("label", args=[one.keyword]),
            "tag",
            one.total,
            current=one.keyword.lower() == current,
            key="label",
            hue=chip.hue if one.hue is None else one.hue,
            edit_url=reverse("label_edit", args=[one.keyword]),
            keyword=one.keyword,
        )
        for one, chip in named
    ]
    return tuple(sorted(items, key=lambda item: item.label.casefold()))


def present_move_targets(tree: Sequence[AccountTree]) -> tuple[MoveAccount, ...]:
    return tuple(
        MoveAccount(
            entry.account.pk,
            str(entry.account),
            tuple(
                MoveTarget(
                    line.folder.pk, folder_title(line.folder), ICONS.get(line.folder.role, "folder"), min(line.depth, 4)
                )
                for line in entry.folders
                if line.folder.selectable and line.folder.role not in _NO_TARGETS
            ),
        )
        for entry in tree
    )


def _account(entry: AccountTree, current: int) -> NavAccount:
    roles = _by_role(entry, current)
    items = (
        *(roles[role] for role in _FIRST if role in roles),
        *(_item(line, current) for line in entry.folders if line.folder.role not in _FIRST),
    )
    return NavAccount(
        account_id=entry.account.pk,
        label=str(entry.account),
        address=entry.account.address,
        health=entry.health,
        health_text=said(entry.health_text),
        unread=entry.unread,
        items=items,
        is_open=any(item.current for item in items),
    )


def _by_role(entry: AccountTree, current: int) -> dict[Role, NavItem]:
    found: dict[Role, NavItem] = {}
    for line in entry.folders:
        if line.folder.role:
            found.setdefault(Role(line.folder.role), _item(line, current))
    return found


def _item(line: FolderLine, current: int) -> NavItem:
    folder = line.folder
    counts_all = folder.role in _COUNT_ALL
    count = folder.total if counts_all else 0 if folder.role in _COUNT_NONE else folder.unread
    return NavItem(
        label=folder_title(folder),
        url=address_of("folder", folder.pk),
        icon=ICONS.get(folder.role, "folder"),
        count=count,
        strong=bool(count) and not counts_all and folder.role != Role.JUNK,
        current=folder.pk == current,
        depth=0 if folder.role in _FIRST else min(line.depth, 4),
        folder_id=folder.pk,
        account_id=folder.account_id,
        role=folder.role,
        selectable=folder.selectable,
        go=folder.role if folder.role in _GO else "",
        edit_url=address_of("folder_edit", folder.pk),
    )


#: Where ``go_inbox`` and the like of ``present.shortcuts`` lead.
_GO = frozenset(
    role.value for role in (Role.INBOX, Role.DRAFTS, Role.SENT, Role.ARCHIVE, Role.TRASH, Role.JUNK, Role.SNOOZED)
)


@dataclass(frozen=True, slots=True)
class HealthLine:
    """The state of all accounts in two or three words; ``kind`` is "", "busy" or "trouble"."""

    kind: str
    label: str
    text: str


def present_health(tree: Sequence[AccountTree]) -> HealthLine | None:
    """What the top bar says; None without accounts."""
    if not tree:
        return None
    troubled = [entry for entry in tree if entry.health in ("needs_user", "failing")]
    if troubled:
        text = "; ".join(f"{entry.account.address}: {said(entry.health_text)}" for entry in troubled)
        count = len(troubled)
        label = _("1 account needs attention") if count == 1 else _("%d accounts need attention") % count
        return HealthLine("trouble", label, text)
    if any(entry.health == "syncing" for entry in tree):
        return HealthLine(
            "busy", _("Fetching mail"), "; ".join(filter(None, (said(entry.health_text) for entry in tree)))
        )
    checked = [entry.sync.last_success_at for entry in tree if entry.sync and entry.sync.last_success_at]
    return HealthLine("", _("Up to date"), _("Last looked %s") % heron_ago(min(checked)) if checked else "")
