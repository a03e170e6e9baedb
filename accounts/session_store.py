"""Where sessions are kept: a cookie's key flows in, what the session holds flows out, and whose it is beside it.
Django's own table, read by a statement that is ready. Knows Django, allauth and the table of people.

Every request asks for its session once, and then for its user. A copy in Redis (``cached_db``) takes longer to ask than
the rows by their keys, and would have to be told of each session that ends.
"""

from functools import cache
from typing import Any

from django.contrib.sessions.backends import db
from django.db import connection

from accounts.models import User
from accounts.ready import prepared_cursor
from accounts.sessions import key_changed

# allauth notes whose a session is with its first request; until then nobody is found beside it.
_ALIVE = """
    SELECT s.session_data, {columns}
      FROM django_session s
      LEFT JOIN usersessions_usersession o ON o.session_key = s.session_key
      LEFT JOIN accounts_user u ON u.id = o.user_id
     WHERE s.session_key = %s AND s.expire_date > now()
"""


class SessionStore(db.SessionStore):
    """Django looks for it under this name. ``owner`` is the user as of the moment when the session was loaded."""

    owner: User | None = None

    def cycle_key(self) -> None:
        """A new password gives the session at hand a new key, and what belongs to it goes along."""
        old = self.session_key
        super().cycle_key()
        if old:
            key_changed.send(sender=type(self), old=old, new=self.session_key)

    def load(self) -> dict[str, Any]:
        with prepared_cursor() as cursor:
            cursor.execute(_alive(), [self.session_key])
            row = cursor.fetchone()
        if row is None:
            self._session_key = None  # a key that is not ours is not taken over
            return {}
        data: dict[str, Any] = self.decode(row[0])
        self.owner = _user(row[1:])
        return data


@cache
def _alive() -> str:
    return _ALIVE.format(columns=", ".join(f'u."{field.column}"' for field in User._meta.concrete_fields))


def _user(values: tuple[Any, ...]) -> User | None:
    key, *_others = values
    if key is None:
        return None
    fields = User._meta.concrete_fields
    made = [
        field.from_db_value(value, None, connection) if hasattr(field, "from_db_value") else value
        for field, value in zip(fields, values, strict=True)
    ]
    return User.from_db(connection.alias, [field.attname for field in fields], made)
