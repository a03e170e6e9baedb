"""Searches asked of mail servers: requested, claimed, settled, and what they say together. Database room."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from accounts.models import Protocol
from accounts.ready import prepared_cursor
from mailsync.message.plain import plain
from mailsync.models import Folder, Placement, ServerSearch
from mailsync.store.bodies import WantedBody
from mailsync.store.search import Search

#: Whoever took one and is not done by then has died.
_CLAIM = timedelta(minutes=5)
#: An account that is not reached for so long is not waited for any longer.
_GIVE_UP = timedelta(minutes=15)
_KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ServerAnswer:
    """What all accounts together have said to one query. ``problems`` are sentences, each once."""

    is_waiting: bool
    found: int
    fetched: int
    unlisted: int
    problems: tuple[str, ...]

    @property
    def left(self) -> int:
        return self.found - self.fetched


@dataclass(frozen=True, slots=True)
class Standing:
    """What can be said of a search beside its results: the servers' ``answer``, None where they were not asked for it
    within the day; ``can_ask``, whether there are ``folders_to_ask``; ``is_indexed``, whether all texts of the accounts
    searched are."""

    answer: ServerAnswer | None
    can_ask: bool
    is_indexed: bool


#: Not wholly here, and the server can be asked.
_TO_ASK = """
    SELECT f.id FROM mailsync_folder f JOIN accounts_mailaccount a ON a.id = f.account_id
     WHERE f.id = ANY(%(folders)s) AND a.protocol = %(protocol)s AND NOT f.is_local AND f.selectable
       AND (f.bodies_pending > 0 OR f.header_cursor > 1 OR f.header_cursor IS NULL
            OR EXISTS (SELECT FROM mailsync_hole h WHERE h.folder_id = f.id AND h.epoch = f.epoch))
"""
#: One row for each answer that one user's accounts were given, and one without where there is none.
_STANDING = f"""
    SELECT EXISTS ({_TO_ASK}),
           NOT EXISTS (SELECT FROM mailsync_messagetext t WHERE t.account_id = ANY(%(accounts)s) AND NOT t.complete),
           s.state, s.found, s.fetched, s.unlisted, s.problem
      FROM (SELECT) AS one
      LEFT JOIN (
          SELECT s.* FROM accounts_mailaccount a JOIN mailsync_serversearch s ON s.account_id = a.id
           WHERE a.user_id = %(user)s AND s.query = %(query)s AND s.folder_id IS NOT DISTINCT FROM %(folder)s::bigint
             AND s.asked_at > %(since)s
      ) AS s ON true
"""  # noqa: S608  no word of anybody's


def folders_to_ask(search: Search) -> list[Folder]:
    """Those of the folders searched that are not wholly here and whose server can be asked."""
    return list(Folder.objects.filter(pk__in=_to_ask(search)).order_by("pk"))


def _to_ask(search: Search) -> list[int]:
    with prepared_cursor() as cursor:
        cursor.execute(_TO_ASK, _asked_of(search))
        return [folder_id for (folder_id,) in cursor.fetchall()]


def _asked_of(search: Search) -> dict[str, Any]:
    return {"folders": [place.folder_id for place in search.places], "protocol": Protocol.IMAP.value}


def request(query: str, folder_id: int | None, account_ids: Sequence[int]) -> list[int]:
    """Rows to be worked off, one an account; what was asked before is asked anew, and old ones go."""
    now = timezone.now()
    mine = ServerSearch.objects.filter(account__in=account_ids)
    mine.filter(_same(query, folder_id) | Q(asked_at__lt=now - _KEPT)).delete()
    rows = [ServerSearch(account_id=one, query=plain(query), folder_id=folder_id, asked_at=now) for one in account_ids]
    return [row.pk for row in ServerSearch.objects.bulk_create(rows)]


def forget_old_searches() -> None:
    """What nobody is shown any more."""
    ServerSearch.objects.filter(asked_at__lt=timezone.now() - _KEPT).delete()


def _same(query: str, folder_id: int | None) -> Q:
    asked = Q(query=plain(query))
    return asked & (Q(folder=folder_id) if folder_id else Q(folder__isnull=True))


def due_searches(*, limit: int = 100) -> list[int]:
    """Asked for and with no worker at them."""
    rows = ServerSearch.objects.filter(_unclaimed(), state=ServerSearch.State.ASKED)
    return list(rows.order_by("asked_at").values_list("pk", flat=True)[:limit])


def _unclaimed() -> Q:
    return Q(claimed_at=None) | Q(claimed_at__lt=timezone.now() - _CLAIM)


def claim(search_id: int) -> ServerSearch | None:
    """The row, for this worker; None when it is settled, gone, or another's."""
    rows = ServerSearch.objects.filter(_unclaimed(), pk=search_id, state=ServerSearch.State.ASKED)
    if not rows.update(claimed_at=timezone.now()):
        return None
    return ServerSearch.objects.select_related("account").filter(pk=search_id).first()


def give_back(asked: ServerSearch) -> None:
    """The account's connections are taken: the clock tries again, for a while."""
    if asked.asked_at < timezone.now() - _GIVE_UP:
        settle(asked, "The mail server could not be asked, as other work with it did not end. Try again later.")
    else:
        ServerSearch.objects.filter(pk=asked.pk).update(claimed_at=None)


def settle(asked: ServerSearch, problem: str = "") -> None:
    """What came of it. A row that was asked anew meanwhile is gone, and its worker's."""
    ServerSearch.objects.filter(pk=asked.pk).update(
        state=ServerSearch.State.FAILED if problem else ServerSearch.State.DONE,
        problem=problem,
        found=asked.found,
        fetched=asked.fetched,
        unlisted=asked.unlisted,
    )


def known_uids(folder: Folder, uids: Sequence[int]) -> tuple[list[WantedBody], int]:
    """Of these UIDs the messages whose bodies are not here, newest first, and how many are not listed here at all."""
    rows = Placement.objects.filter(folder=folder, epoch=folder.epoch, uid__in=list(uids)).order_by("-uid")
    known = {row.uid: row.message for row in rows.select_related("message") if row.uid is not None}
    wanted = [WantedBody(uid, message.size_bytes) for uid, message in known.items() if message.raw_id is None]
    return wanted, len(set(uids) - set(known))


def load_standing(user_id: int, search: Search, query: str, folder_id: int | None) -> Standing:
    """``query`` and ``folder_id`` as the servers were asked with them. One query."""
    values = {
        **_asked_of(search),
        "accounts": sorted({place.account_id for place in search.places}),
        "user": user_id,
        "query": plain(query),
        "folder": folder_id,
        "since": timezone.now() - _KEPT,
    }
    with prepared_cursor() as cursor:
        cursor.execute(_STANDING, values)
        rows = cursor.fetchall()
    can_ask, is_indexed, *_ = rows[0]
    return Standing(_answer([row[2:] for row in rows if row[2] is not None]), can_ask, is_indexed)


def _answer(rows: Sequence[tuple[str, int, int, int, str]]) -> ServerAnswer | None:
    if not rows:
        return None
    states, found, fetched, unlisted, problems = zip(*rows, strict=True)
    return ServerAnswer(
        is_waiting=ServerSearch.State.ASKED in states,
        found=sum(found),
        fetched=sum(fetched),
        unlisted=sum(unlisted),
        problems=tuple(sorted({problem for problem in problems if problem})),
    )
