"""A mail server's own search, for messages whose text is not here yet. The meeting room.

The server names the messages, their bodies are fetched before all others, and with that they stand in our own index:
so what it finds comes into the list by itself, judged by the same rules as everything else.
"""

import logging

from mailsync.engine import pull
from mailsync.engine.folder_pull import store_bodies
from mailsync.engine.session import Connect, Outcome, Session, dial
from mailsync.errors import MailError, Poison, Rejected, Unavailable
from mailsync.models import Folder, ServerSearch
from mailsync.plan.search_imap import search_keys
from mailsync.plan.search_terms import Term
from mailsync.store import quota, server_searches
from mailsync.store.search import prepare_search
from mailsync.types import SearchText

logger = logging.getLogger(__name__)

#: Of one account's answer so many are fetched at once; asking again brings the next.
MOST_FETCHED = 300
_FULL = "There is no room for more mail. Delete some, or ask the administrator for more storage."


def search_server(search_id: int, *, connect: Connect = dial) -> None:
    """Ask for one account and settle the row, or give it back for later."""
    asked = server_searches.claim(search_id)
    if asked is None:
        return
    prepared = prepare_search(asked.account.user_id, asked.query, [asked.folder_id] if asked.folder_id else None)
    folders = [one for one in server_searches.folders_to_ask(prepared) if one.account_id == asked.account_id]
    problems: list[str] = []
    skipped: list[str] = []

    def work(session: Session) -> Outcome:
        try:
            skipped[:] = _ask(session, asked, folders, prepared.term)
        except MailError as error:
            problems.append(str(error))
            raise
        return Outcome.DONE

    outcome = pull.work_on(asked.account_id, "search", connect, work, whole_account=False)
    if outcome in (Outcome.BUSY, Outcome.MORE):
        server_searches.give_back(asked)
    elif outcome is Outcome.DONE:
        is_full = asked.fetched < asked.found and quota.is_full(asked.account.user)
        server_searches.settle(asked, " ".join([*_not_searched(skipped), *([_FULL] if is_full else [])]))
    elif outcome is Outcome.IDLE:
        server_searches.settle(asked, "This mail account is paused, so its server is not asked.")
    else:
        server_searches.settle(asked, problems[0] if problems else "The mail server cannot be reached at the moment.")


def _not_searched(paths: list[str]) -> list[str]:
    return [f"The mail server could not search these folders: {', '.join(paths)}."] if paths else []


def _ask(session: Session, asked: ServerSearch, folders: list[Folder], term: Term | None) -> list[str]:
    """The paths of folders that could not be searched; what is wrong with one ends nothing but its own search."""
    asked.found = asked.fetched = asked.unlisted = 0
    skipped = []
    for folder in folders:
        try:
            if not pull.open_folder(session, folder):
                skipped.append(folder.path)
                continue
            wanted, unlisted = server_searches.known_uids(folder, _found(session, term))
            asked.found += len(wanted)
            asked.unlisted += unlisted
            asked.fetched += store_bodies(session, folder, wanted[: MOST_FETCHED - asked.fetched])
        except (Rejected, Poison, Unavailable) as error:
            if isinstance(error, _EnglishOnly) or len(folders) == 1:
                raise
            logger.info("Folder %s was not searched: %s (%s)", folder.pk, error, error.detail)
            skipped.append(folder.path)
        if session.is_over or asked.fetched >= MOST_FETCHED:
            break
    return skipped


class _EnglishOnly(Rejected):
    """The server knows no letters but those of English, whichever folder is searched."""


def _found(session: Session, term: Term | None) -> list[int]:
    keys = search_keys(term)
    try:
        return session.source.search(keys)
    except Rejected as error:
        # RFC 3501 §6.4.4: a server may know no charset but US-ASCII. Seen in practice: one that says only NO, or BAD.
        if all(key.text.isascii() for key in keys if isinstance(key, SearchText)):
            raise
        session.source.noop()
        plain = search_keys(term, ascii_only=True)
        if plain == ("ALL",):
            raise _EnglishOnly(
                "This mail server can search for letters of English only.", code=error.code, line=error.line
            ) from error
        return session.source.search(plain)
