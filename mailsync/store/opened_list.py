"""A folder as its list is opened. Database room; one query, for what each of them asks.

In: a user and the id of a folder. Out: the folder, as far as its list shows it, and what else decides how it looks.
"""

import json
from dataclasses import dataclass

from accounts.ready import prepared_cursor
from mailsync.models import Folder
from mailsync.store.list_choices import Chosen
from mailsync.store.ownership import OWNED, Owned, owned_of
from mailsync.store.tree import QUIET


@dataclass(frozen=True, slots=True)
class OpenedList:
    """``folder`` has what ``_COLUMNS`` names, all else of it is loaded when it is asked for.

    ``chosen`` is the filter and the order chosen last; ``is_quiet``: there is nothing to say above the list, so that
    its tree need not be loaded to say it; ``has_pinned``: something of the account stays on top of its lists. ``owned``
    is the user's.
    """

    folder: Folder
    chosen: Chosen | None
    is_quiet: bool
    has_pinned: bool
    owned: Owned


_COLUMNS = ("id", "account_id", "name", "role", "total", "unread")
_OPENED = f"""
    SELECT {", ".join(f"f.{column}" for column in _COLUMNS)}, c.show, c.sort,
           {QUIET} AND NOT EXISTS (SELECT FROM mailsync_autoreply v WHERE v.account_id = a.id AND v.enabled)
               AND NOT EXISTS (SELECT FROM mailsync_followup w WHERE w.user_id = a.user_id AND w.told_at IS NOT NULL),
           EXISTS (SELECT FROM mailsync_thread t WHERE t.pinned AND t.account_id = a.id),
           (SELECT jsonb_agg(jsonb_build_array(o.word, o.account, o.hue)) FROM ({OWNED}) AS o)
      FROM mailsync_folder f
      JOIN accounts_mailaccount a ON a.id = f.account_id
      LEFT JOIN mailsync_listchoice c ON c.folder_id = f.id AND c.user_id = a.user_id
     WHERE f.id = %(folder)s AND a.user_id = %(user)s
"""  # noqa: S608  ours


def load_opened(user_id: int, folder_id: int) -> OpenedList | None:
    """None where this is no folder of this user's."""
    with prepared_cursor() as cursor:
        cursor.execute(_OPENED, {"folder": folder_id, "user": user_id})
        row = cursor.fetchone()
    if row is None:
        return None
    *values, show, sort, is_quiet, has_pinned, owned = row
    chosen = None if show is None else Chosen(show, sort)
    folder = Folder.from_db(None, _COLUMNS, values)
    return OpenedList(folder, chosen, is_quiet, has_pinned, owned_of(json.loads(owned)))
