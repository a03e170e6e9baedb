"""What a person's mail and files take up here, and how much they may. Database room; reads only.

In: people. Out: bytes used and the limit that counts for them: their own, else the operator's. What mail takes is kept
as a sum of each account (``mail_sums.py``); all of it is asked for at most once a minute, to which what is fetched
meanwhile is added, and of whoever has no limit never. Mail that is gone from its server does not count, though its
bytes stay for a month (``vanish.py``): room that was made is there at once.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from django.db import connection

from accounts.models import MailAccount, User
from mailsync.errors import CannotDo

KEPT_SECONDS = 60
#: From this share on a person is told that room runs out.
TIGHT_SHARE = 0.9

_USED = """
    SELECT user_id, sum(size_bytes) FROM (
        -- Account by account (OFFSET 0 keeps the planner from turning that into a join): the few lines of each.
        SELECT a.user_id, mail.size_bytes
          FROM accounts_mailaccount a
         CROSS JOIN LATERAL (
                SELECT coalesce(sum(size_bytes), 0) AS size_bytes FROM mailsync_mailsum
                 WHERE account_id = a.id OFFSET 0) AS mail
         WHERE a.user_id = ANY(%(users)s)
        UNION ALL
        SELECT a.user_id, -r.size_bytes
          FROM (SELECT DISTINCT p.message_id
                  FROM mailsync_placement p JOIN accounts_mailaccount o ON o.id = p.account_id
                 WHERE o.user_id = ANY(%(users)s) AND p.gone_phase > 0) AS gone
          JOIN mailsync_message m ON m.id = gone.message_id
          JOIN mailsync_rawmessage r ON r.id = m.raw_id
          JOIN accounts_mailaccount a ON a.id = r.account_id
         WHERE NOT EXISTS (SELECT FROM mailsync_placement p WHERE p.message_id = m.id AND p.gone_phase = 0)
        UNION ALL
        SELECT user_id, size_bytes FROM mailsync_blob WHERE user_id = ANY(%(users)s)
        UNION ALL
        -- What an upload has announced counts from its first byte on, or ten at once would get past this.
        SELECT user_id, size_bytes FROM mailsync_upload WHERE user_id = ANY(%(users)s)
    ) AS kept GROUP BY user_id
"""


@dataclass(frozen=True, slots=True)
class Storage:
    """What is used of what is allowed; no ``limit_bytes``: as much as there is."""

    used_bytes: int
    limit_bytes: int | None

    @property
    def is_full(self) -> bool:
        return self.limit_bytes is not None and self.used_bytes >= self.limit_bytes

    @property
    def is_tight(self) -> bool:
        """Nearly full, and not yet."""
        return self.limit_bytes is not None and not self.is_full and self.used_bytes >= self.limit_bytes * TIGHT_SHARE

    @property
    def left_bytes(self) -> int | None:
        return None if self.limit_bytes is None else max(self.limit_bytes - self.used_bytes, 0)


def limit_of(user: User) -> int | None:
    """In bytes. A person's own limit comes before the operator's; nought of either is none."""
    if user.storage_limit_mb is not None:
        return user.storage_limit_mb * 1_000_000 or None
    return settings.HERON_STORAGE_LIMIT_BYTES or None


def load_used(user_ids: Iterable[int]) -> dict[int, int]:
    """Bytes of each, counted now in one query."""
    users = list(user_ids)
    if not users:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_USED, {"users": users})
        used = {user_id: int(size_bytes) for user_id, size_bytes in cursor.fetchall()}
    cache.set_many({_key(user_id): used.get(user_id, 0) for user_id in users}, KEPT_SECONDS)
    return {user_id: used.get(user_id, 0) for user_id in users}


def load_storage(users: Sequence[User]) -> dict[int, Storage]:
    """Of each of these, limited or not, as it was within the last minute."""
    kept = cache.get_many([_key(user.pk) for user in users])
    used = {user.pk: kept[_key(user.pk)] for user in users if _key(user.pk) in kept}
    used |= load_used(user.pk for user in users if user.pk not in used)
    return {user.pk: Storage(used[user.pk], limit_of(user)) for user in users}


def storage_of(user: User) -> Storage | None:
    """None where there is no limit; nothing is asked then."""
    return None if limit_of(user) is None else load_storage([user])[user.pk]


def room_left(user: User) -> int | None:
    """Bytes that may still be fetched; None: any number."""
    storage = storage_of(user)
    return None if storage is None else storage.left_bytes


def is_full(user: User) -> bool:
    return room_left(user) == 0


def note_growth(user: User, size_bytes: int) -> None:
    """So much has come since the sum was read."""
    if limit_of(user) is not None:
        # ValueError: its minute has passed, and whoever asks next counts anew.
        with suppress(ValueError):
            cache.incr(_key(user.pk), size_bytes)


def without_full(account_ids: Sequence[int]) -> list[int]:
    """Those of these accounts whose owners have room, in their order."""
    owners = {one.pk: one.user for one in MailAccount.objects.filter(pk__in=account_ids).select_related("user")}
    limited = {user.pk: user for user in owners.values() if limit_of(user) is not None}
    full = {user_id for user_id, storage in load_storage(list(limited.values())).items() if storage.is_full}
    return [account_id for account_id in account_ids if account_id in owners and owners[account_id].pk not in full]


def check_room(user_id: int, more_bytes: int) -> None:
    """Raises ``CannotDo`` when so much more does not fit; counted now, as somebody may just have made room."""
    limit = limit_of(User.objects.get(pk=user_id))
    if limit is None:
        return
    used = load_used([user_id])[user_id]
    if used + more_bytes > limit:
        raise CannotDo(
            f"There is no room for this file: your mail and files take {used / 1e6:.1f} of {limit / 1e6:.1f} MB here."
            " Delete large mail and empty the bin, discard drafts with big files, or ask your administrator for more.",
            field="attachments",
        )


def _key(user_id: int) -> str:
    # With the database's name, as one Redis may serve several.
    return f"storage:{connection.settings_dict['NAME']}:{user_id}"
