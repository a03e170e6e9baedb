"""The mail servers are asked for what is not here yet. In: the user and the search on the screen."""

from mailsync.actions import wake
from mailsync.actions.verb import verb
from mailsync.errors import CannotDo
from mailsync.store import server_searches
from mailsync.store.search import prepare_search


@verb
def ask_servers(user_id: int, query: str, folder_id: int | None = None) -> None:
    """Have workers ask each account that has mail which is not wholly here; ``folder_id`` keeps it to one folder."""
    query = query.strip()
    if not query or len(query) > 500:
        raise CannotDo("Type what to search for first.", field="q")
    prepared = prepare_search(user_id, query, [folder_id] if folder_id else None)
    accounts = {folder.account_id for folder in server_searches.folders_to_ask(prepared)}
    for search_id in server_searches.request(query, folder_id, sorted(accounts)):
        wake.search_soon(search_id)
