"""The lists: a folder, all inboxes, what is flagged, a label.

In goes a URL, out comes a full page or the part htmx asked for.
Page and part share one view and one context: ``HX-Target: rows`` gets rows, ``list`` the list pane,
``outline`` the list's length and keys, anything else the whole page.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.views.decorators.http import require_safe

from mailsync.models import Folder, Outgoing
from mailsync.store.follow_ups import count_unanswered, unanswered
from mailsync.store.journal import load_under_way
from mailsync.store.labels import load_labels
from mailsync.store.listing import AccountTree, ListRow, Sort, load_tree
from mailsync.store.opened_list import OpenedList
from mailsync.store.outline import STRETCH_ROWS
from mailsync.store.pinned import load_pinned
from mailsync.store.quota import storage_of
from mailsync.store.saved_searches import load_saved_searches
from mailsync.types import Role
from webmail import access
from webmail.events import made_at
from webmail.list_choice import as_chosen
from webmail.numbers import read_number
from webmail.parts import macro_of, render_part
from webmail.present.follow_ups import Unanswered, present_follow_up
from webmail.present.labels import Chip, label_choices
from webmail.present.notices import present_notices
from webmail.present.outbox import open_condition, scheduled_condition
from webmail.present.rows import Look, RowStyle, look_of, present_pinned, present_rows
from webmail.present.shortcuts import PRESETS, sheet
from webmail.present.snooze import snooze_presets
from webmail.present.tree import present_health, present_move_targets, present_nav
from webmail.reader import Reader, reader_of, user_of
from webmail.results import excerpts_of, orders_of, search_context
from webmail.scope import (
    PAGE_ROWS,
    Scope,
    choices_of,
    flagged_scope,
    folder_scope,
    folder_title,
    label_scope,
    load_page,
    outline_of,
    sort_of,
    unified_scope,
)

#: A script may ask for longer pages when it catches up; more than this is never read at once.
LONGEST_PAGE = 200


@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """The first list: all inboxes, the only account's inbox, or the form that connects the first account."""
    tree = load_tree(user_of(request).pk)
    inboxes = [entry.inbox for entry in tree if entry.inbox]
    if not tree:
        return redirect("account_add")
    if len(tree) == 1 and inboxes:
        return redirect("folder", inboxes[0].pk)
    return redirect("unified")


@require_safe
@login_required
def folder(request: HttpRequest, folder_id: int) -> HttpResponse:
    opened = access.opened_list_for(user_of(request), folder_id)
    scope = replace(folder_scope(opened.folder, request.GET), has_pinned=opened.has_pinned)
    return respond_with_list(request, as_chosen(request, scope, opened), opened=opened)


@require_safe
@login_required
def unified(request: HttpRequest) -> HttpResponse:
    tree = load_tree(user_of(request).pk)
    if not tree:
        return redirect("account_add")
    return respond_with_list(request, as_chosen(request, unified_scope(tree, request.GET)), tree)


@require_safe
@login_required
def flagged(request: HttpRequest) -> HttpResponse:
    tree = load_tree(user_of(request).pk)
    return respond_with_list(request, flagged_scope(tree, request.GET), tree)


@require_safe
@login_required
def label(request: HttpRequest, keyword: str) -> HttpResponse:
    """What carries a label; one that nothing carries is an empty list, as the last message may just have lost it."""
    tree = load_tree(user_of(request).pk)
    return respond_with_list(request, label_scope(tree, keyword), tree)


@require_safe
@login_required
def tree(request: HttpRequest) -> HttpResponse:
    """The navigation column alone, for a page that catches up; ``at`` is the folder on its screen."""
    loaded = load_tree(user_of(request).pk)
    scope = None
    if (at := read_number(request.GET.get("at", ""))) is not None:
        scope = folder_scope(access.folder_for(user_of(request), at), request.GET)
    response = render(request, "mail/tree.html", nav_context(request, loaded, scope))
    patch_cache_control(response, private=True, no_store=True)
    return response


def respond_with_list(
    request: HttpRequest, scope: Scope, tree: Sequence[AccountTree] | None = None, *, opened: OpenedList | None = None
) -> HttpResponse:
    """The list pane with an empty reading pane beside it, or the part asked for. ``opened`` is what was asked already
    of a folder's.
    """
    reader = reader_of(request, opened.owned if opened else None)
    if request.htmx.target == "rows":  # type: ignore[attr-defined]
        return finish(request, "mail/rows.jinja", rows_context(request, reader, scope))
    if request.htmx.target == "outline":  # type: ignore[attr-defined]
        return _outline(reader, scope)
    if request.htmx.target == "list":  # type: ignore[attr-defined]
        if tree is None:
            tree = [] if opened and opened.is_quiet else load_tree(reader.user.pk)
        return finish(request, "mail/list.jinja", list_context(request, reader, scope, tree))
    loaded = load_tree(reader.user.pk) if tree is None else tree
    return finish(request, "mail/page.html", page_context(request, reader, scope, loaded))


def _outline(reader: Reader, scope: Scope) -> HttpResponse:
    """What a scrollbar needs to know of a list, see ``mailsync.store.outline``."""
    outline = outline_of(scope, reader)
    if outline is None:
        raise Http404
    response = JsonResponse({"count": outline.count, "stretch": STRETCH_ROWS, "ends": outline.ends})
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    patch_cache_control(response, private=True, no_cache=True)
    return response


def finish(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """Render, and keep caches from mixing up a page with its parts."""
    if template.endswith(".jinja"):
        response = HttpResponse(render_part(template, context, request))
    else:
        response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request", "HX-Target", "Heron-Body", "Heron-Card", "Heron-After"])
    patch_cache_control(response, private=True, no_cache=True)
    return response


def page_context(
    request: HttpRequest,
    reader: Reader,
    scope: Scope,
    tree: Sequence[AccountTree],
    *,
    current_row: str = "",
    **reading: Any,
) -> dict[str, Any]:
    """All of a full page: column, list, and what ``reading`` adds for the reading pane, which shows ``current_row``."""
    return {
        **nav_context(request, tree, scope),
        **list_context(request, reader, scope, tree, current_row),
        "move_accounts": present_move_targets(tree),
        "shortcuts": sheet(request.keys),  # type: ignore[attr-defined]
        "whose_keys": PRESETS[request.keys.preset],  # type: ignore[attr-defined]
        "snooze_presets": snooze_presets(reader.now),
        "under_way": load_under_way(reader.user.pk),
        "reader": reader,
        "made": made_at(reader.now),
        **reading,
    }


def list_context(
    request: HttpRequest, reader: Reader, scope: Scope, tree: Sequence[AccountTree], current_row: str = ""
) -> dict[str, Any]:
    """All of the list pane: its rows, and what stands above them."""
    found = search_context(request, reader, scope) if scope.kind == "search" else {}
    return {
        **rows_context(request, reader, scope, current_row),
        **found,
        **_choices(reader, scope),
        "notices": present_notices(tree, scope, reader.now, _unanswered(reader, scope) if tree else None),
        "storage": storage_of(reader.user),
    }


def _unanswered(reader: Reader, scope: Scope) -> Unanswered | None:
    """Told above inboxes alone."""
    if scope.kind != "all" and scope.role != Role.INBOX:
        return None
    count = count_unanswered(reader.user.pk) or 0
    only = unanswered(reader.user.pk).first() if count == 1 else None
    return Unanswered(count, present_follow_up(only) if only else None) if count else None


def _choices(reader: Reader, scope: Scope) -> dict[str, Any]:
    """The filters and the orders that the head of this list offers."""
    if scope.kind == "label":
        return {}
    shows, sorts = ((), orders_of(scope, reader)) if scope.kind == "search" else choices_of(scope, reader)
    return {"shows": shows, "sorts": sorts, "sort_label": next((one.label for one in sorts if one.chosen), "")}


def column(request: HttpRequest) -> dict[str, Any]:
    """The navigation column for a page that shows no list."""
    return nav_context(request, load_tree(user_of(request).pk), None)


def nav_context(request: HttpRequest, tree: Sequence[AccountTree], scope: Scope | None) -> dict[str, Any]:
    user = user_of(request)
    later = Count("id", filter=scheduled_condition())
    failed = Count("id", filter=Q(state=Outgoing.State.FAILED))
    outgoing = Outgoing.objects.filter(open_condition(), user=user).aggregate(
        all=Count("id"), later=later, failed=failed
    )
    labels = load_labels(user.pk)
    saved = load_saved_searches(user.pk)
    return {
        "nav": present_nav(
            tree,
            scope,
            outbox=outgoing["all"] - outgoing["later"],
            failed=outgoing["failed"],
            scheduled=outgoing["later"],
            waiting=count_unanswered(user.pk),
            labels=labels,
            saved=saved,
        ),
        "label_choices": label_choices({one.keyword: one.hue for one in labels}),
        "column_health": present_health(tree),
        "unread_total": sum(entry.unread for entry in tree),
        "tree": tree,
    }


def rows_context(request: HttpRequest, reader: Reader, scope: Scope, current_row: str = "") -> dict[str, Any]:
    """A page of the list. ``before`` is where it begins, ``until`` its last row, ``start`` how many stand above it."""
    start = _number(request.GET.get("start"), 0, most=10_000_000)
    limit = max(1, _number(request.GET.get("limit"), PAGE_ROWS, most=LONGEST_PAGE))
    before = request.GET.get("before", "")
    page = load_page(scope, reader, before, limit, request.GET.get("until"))
    end = start + len(page.rows)
    pinned = _pinned(scope, reader)
    fixed = {row.placement_id for row in pinned}
    rows = [row for row in page.rows if row.placement_id not in fixed]
    excerpts = excerpts_of(scope, reader, page) if scope.kind == "search" else {}
    style = RowStyle(look_for(reader, scope), places_for(reader, scope), excerpts, current_row)
    return {
        "scope": scope,
        "groups": [*present_pinned(() if before else pinned, style), *present_rows(rows, style, start=start)],
        "before": before,
        "start": start,
        "next_url": scope.url(before=page.next, start=end) if page.next else "",
        "row_count": _row_count(scope, reader, end, is_last=page.next is None),
        "is_first_page": not before,
        "first_url": scope.url(),
    }


def _pinned(scope: Scope, reader: Reader) -> Sequence[ListRow]:
    """What stays on top of this list."""
    if scope.kind not in ("folder", "all") or scope.show != "all" or not scope.has_pinned:
        return ()
    accounts = sorted({folder.account_id for folder in scope.folders})
    return load_pinned(scope.folder_ids, accounts, by_conversation=reader.prefs.conversations)


def look_for(reader: Reader, scope: Scope) -> Look:
    sort = sort_of(scope, reader)
    is_by_date = sort in (Sort.NEWEST, Sort.OLDEST) and not scope.by_relevance
    zone = reader.now.tzinfo
    assert zone is not None
    return look_of(
        draw=macro_of("mail/row.jinja", "line"),
        mine=reader.mine,
        zone=zone,
        today=reader.now.date(),
        by_conversation=reader.prefs.conversations and scope.kind not in ("search", "label"),
        is_grouped=reader.prefs.group_by_date and is_by_date,
        is_sized=sort is Sort.LARGEST,
        beside=scope.beside,
        hues=tuple(sorted(reader.hues.items())),
    )


def places_for(reader: Reader, scope: Scope) -> Callable[[int], tuple[Chip, ...]]:
    """In a list over several folders: where a line of this folder lies."""
    folders = {folder.pk: folder for folder in scope.folders if scope.kind != "folder"}

    @cache
    def places(folder_id: int) -> tuple[Chip, ...]:
        where = folders.get(folder_id)
        return tuple(_where(where, scope, reader)) if where else ()

    return places


def _where(folder: Folder, scope: Scope, reader: Reader) -> list[Chip]:
    """In a list over several folders: the account where there are several, the folder where it is not the inbox."""
    found = []
    if folder.role != "inbox" and scope.kind != "all":
        found.append(Chip(folder_title(folder), 260))
    if reader.accounts > 1:
        account = folder.account
        found.append(Chip(account.label or account.address.partition("@")[2], account.hue))
    return found


def _row_count(scope: Scope, reader: Reader, end: int, *, is_last: bool) -> int:
    """For ``aria-rowcount``: the true number where it is known, else -1 (ARIA: not known)."""
    if is_last:
        return end
    if reader.prefs.conversations or scope.total is None:
        return -1
    return scope.total


def _number(text: str | None, default: int, *, most: int) -> int:
    number = read_number(text or "")
    return default if number is None else min(number, most)
