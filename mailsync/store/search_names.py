"""What people keep of searches, when a folder, an account or a label gets another name. Database room.

Saved searches, the latest ones, and those of rules name folders by what they are called. Around whatever changes that
stands ``searches_follow``: it compares which folders each name has meant with which it means then, and writes those
queries anew that would have lost one. So it does not matter who renamed a folder (its owner, another mail program, a
server that refuses), nor when its subfolders follow, and Undo is a renaming like any other.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import models

from mailsync.message.words import fold
from mailsync.models import RecentSearch, Rule, SavedSearch
from mailsync.plan.search_names import Kind, label_key, rewrite_names
from mailsync.plan.search_terms import Account, In
from mailsync.store.search import load_places
from mailsync.store.search_sql import Place, named

#: What a name is to be; see ``rewrite_names``.
Change = Callable[[Kind, str], Sequence[str] | None]
#: Where queries stand, by the name that an act has for it, and how long each may be.
_KEPT: dict[str, tuple[type[SavedSearch] | type[RecentSearch] | type[Rule], int]] = {
    "saved": (SavedSearch, 500),
    "recent": (RecentSearch, 500),
    "rule": (Rule, 1000),
}


@contextmanager
def searches_follow(user_id: int) -> Iterator[None]:
    """Within this, folders or accounts of a user get other names. Part of the caller's transaction."""
    before = load_places(user_id)
    yield
    after = load_places(user_id)
    if _names(before) != _names(after):
        _rewrite(user_id, lambda kind, name: _followed(kind, name, before, after))


def rename_label(user_id: int, old: str, new: str) -> dict[str, Any]:
    """Searches ask for a label by its new name, and rules give it so. What ``put_back`` needs, for the act's detail."""

    def change(kind: Kind, name: str) -> list[str] | None:
        return [new] if kind == "label" and label_key(name) == label_key(old) else None

    rewritten = _rewrite(user_id, change)
    giving = Rule.objects.select_for_update().filter(deeds__contains=[["label", old]], user_id=user_id)
    for rule in giving.order_by("id"):
        deeds = [["label", new] if deed == ["label", old] else deed for deed in rule.deeds]
        rewritten.append(("rule", rule.pk, "deeds", rule.deeds, deeds))
        Rule.objects.filter(pk=rule.pk).update(deeds=deeds)
    return {"rewritten": rewritten} if rewritten else {}


def put_back(user_id: int, detail: Mapping[str, Any]) -> None:
    """Take ``rename_label`` back, where nobody has changed it since."""
    for kind, pk, column, before, after in detail.get("rewritten", ()):
        model, _ = _KEPT[kind]
        row = model._default_manager.filter(pk=pk, user_id=user_id, **{column: after})
        if row.exists():
            _write(kind, user_id, pk, {column: before})


def _rewrite(user_id: int, change: Change) -> list[tuple[str, int, str, Any, Any]]:
    """What was changed: where, which row, which column, from what to what."""
    rewritten: list[tuple[str, int, str, Any, Any]] = []
    for kind, (model, longest) in _KEPT.items():
        rows = model._default_manager.select_for_update().filter(user_id=user_id, query__contains=":")
        for row in rows.order_by("pk"):
            was = _columns(row)
            is_now: dict[str, Any] = {"query": rewrite_names(row.query, change)}
            if isinstance(row, Rule) and "search" in row.fields:
                is_now["fields"] = {**row.fields, "search": rewrite_names(row.fields["search"], change)}
            changed = {column: value for column, value in is_now.items() if value != was[column]}
            if changed and len(is_now["query"]) <= longest:
                changed |= _named_after(row, is_now["query"])
                _write(kind, user_id, row.pk, changed)
                rewritten += [(kind, row.pk, column, was[column], value) for column, value in changed.items()]
    return rewritten


def _columns(row: SavedSearch | RecentSearch | Rule) -> dict[str, Any]:
    if isinstance(row, RecentSearch):
        return {"query": row.query}
    return {"query": row.query, "name": row.name, **({"fields": row.fields} if isinstance(row, Rule) else {})}


def _named_after(row: SavedSearch | RecentSearch | Rule, query: str) -> dict[str, Any]:
    """What nobody gave a name of its own is called as it is written."""
    if isinstance(row, RecentSearch):
        return {}
    longest = row._meta.get_field("name").max_length
    return {"name": query[:longest]} if row.name == row.query[:longest] else {}


def _write(kind: str, user_id: int, pk: int, columns: dict[str, Any]) -> None:
    model, _ = _KEPT[kind]
    if kind == "recent":
        # Each is kept once.
        RecentSearch.objects.filter(user_id=user_id, **columns).exclude(pk=pk).delete()
    if kind == "saved" and "name" in columns:
        # No two are called alike.
        others = SavedSearch.objects.filter(user_id=user_id, name__iexact=columns["name"]).exclude(pk=pk)
        columns = {name: value for name, value in columns.items() if name != "name" or not others.exists()}
    rows: models.QuerySet[Any] = model._default_manager.filter(pk=pk)
    if columns:
        rows.update(**columns)


def _followed(kind: Kind, name: str, before: list[Place], after: list[Place]) -> list[str] | None:
    """What a name of a folder or an account is to be, so that it means what it has meant."""
    if kind == "label":
        return None
    term = In(name) if kind == "folder" else Account(name)
    meant, means = named(term, before), named(term, after)
    lost = _keys(kind, meant) - _keys(kind, means)
    was = {_key(kind, place): place for place in meant}
    # A role that went to another folder, or a folder that is gone, is no new name.
    renamed = {
        _key(kind, place): place
        for place in after
        if _key(kind, place) in lost and _called(kind, place) != _called(kind, was[_key(kind, place)])
    }
    if not renamed:
        return None
    stays = [name] if _keys(kind, meant) & _keys(kind, means) else []
    return list(dict.fromkeys([*stays, *(_spelled(kind, name, was[key], renamed[key], after) for key in renamed)]))


def _spelled(kind: Kind, name: str, was: Place, place: Place, after: list[Place]) -> str:
    """By its path where its path was typed, or where others have its name; an account likewise by its address."""
    if kind == "account":
        choices = [place.account_label, place.account_address]
    else:
        by_path = fold(name).strip("/") != fold(was.name)
        choices = [place.path, place.name] if by_path else [place.name, place.path]
    usual = next(one for one in choices if one)
    terms = {one: In(one) if kind == "folder" else Account(one) for one in choices if one}
    alone = (one for one, term in terms.items() if _keys(kind, named(term, after)) == {_key(kind, place)})
    return next(alone, usual)


def _key(kind: Kind, place: Place) -> int:
    return place.folder_id if kind == "folder" else place.account_id


def _keys(kind: Kind, places: list[Place]) -> set[int]:
    return {_key(kind, place) for place in places}


def _called(kind: Kind, place: Place) -> tuple[str, str]:
    return (place.name, place.path) if kind == "folder" else (place.account_label, place.account_address)


def _names(places: list[Place]) -> dict[int, tuple[str, ...]]:
    return {place.folder_id: (*_called("folder", place), *_called("account", place)) for place in places}
