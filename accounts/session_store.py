"""Where sessions are kept: a cookie's key flows in, what the session holds flows out. Django's own table, read by a
statement that is ready. Knows Django alone.

Every request asks for its session once. A copy in Redis (``cached_db``) takes longer to ask than the row by its key,
and would have to be told of each session that ends.
"""

from typing import Any

from django.contrib.sessions.backends import db

from accounts.ready import prepared_cursor

_ALIVE = "SELECT session_data FROM django_session WHERE session_key = %s AND expire_date > now()"


class SessionStore(db.SessionStore):
    """Django looks for it under this name."""

    def load(self) -> dict[str, Any]:
        with prepared_cursor() as cursor:
            cursor.execute(_ALIVE, [self.session_key])
            row = cursor.fetchone()
        if row is None:
            self._session_key = None  # a key that is not ours is not taken over
            return {}
        data: dict[str, Any] = self.decode(row[0])
        return data
