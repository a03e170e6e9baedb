"""A conversation as it is read: its messages, oldest first, each with where it lies, and what is asked beside them of
whoever reads. Database room; one query."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS
from django.db.models import JSONField, Model
from django.db.models.base import ModelState

from accounts.models import MailAccount
from accounts.ready import ReadyQuery, any_of, prepared_cursor
from mailsync.models import Folder, Message, Placement, Thread
from mailsync.store.first_mail import CONTACTS, Heard, has_written
from mailsync.store.ownership import OWNED, Owned, owned_of
from mailsync.store.raw import BEGINNING_BYTES
from mailsync.types import Role

M = TypeVar("M", bound=Model)

#: The newest are shown; a conversation longer than this says how many are left out.
MOST_MESSAGES = 200


@dataclass(frozen=True, slots=True)
class ConversationMessage:
    """A message and its shown placements, each with its folder loaded."""

    message: Message
    placements: tuple[Placement, ...]

    @property
    def unread(self) -> bool:
        return any(not placement.seen for placement in self.placements)

    @property
    def flagged(self) -> bool:
        return any(placement.flagged for placement in self.placements)

    @property
    def answered(self) -> bool:
        return any(placement.answered for placement in self.placements)

    @property
    def draft(self) -> bool:
        return any(placement.draft or placement.folder.role == Role.DRAFTS for placement in self.placements)

    @property
    def keywords(self) -> tuple[str, ...]:
        return tuple(sorted({word for placement in self.placements for word in placement.keywords}))

    @property
    def roles(self) -> frozenset[Role]:
        """What the folders are for that it lies in."""
        return frozenset(Role(placement.folder.role) for placement in self.placements)


@dataclass(frozen=True, slots=True)
class Conversation:
    """``left_out`` counts older messages beyond ``MOST_MESSAGES``. ``owned`` is its reader's, ``heard`` of who sent
    the newest message."""

    thread: Thread
    messages: tuple[ConversationMessage, ...]
    left_out: int = 0
    owned: Owned | None = None
    heard: Heard | None = None

    @property
    def unread_count(self) -> int:
        return sum(message.unread for message in self.messages)

    def folder(self, folder_id: int) -> Folder | None:
        """The folder of this id, where some message lies in it."""
        folders = (placement.folder for message in self.messages for placement in message.placements)
        return next((folder for folder in folders if folder.pk == folder_id), None)


_MESSAGES = ReadyQuery(lambda ids: Message.objects.filter(any_of("mailsync_message.id", ids)))


class _Taken(Generic[M]):
    """The columns of one table that reading wants, in a row that has those of others before them. What else is asked of
    a model that is made of them costs a query."""

    columns: str
    ends: int

    def __init__(self, before: "_Taken[Any] | None", alias: str, model: type[M], *names: str) -> None:
        fields = [field for field in model._meta.concrete_fields if field.attname in names]
        assert len(fields) == len(names), f"{model.__name__} has no such field: {names}"
        self._model, self._names = model, [field.attname for field in fields]
        self._begins = before.ends if before else 0
        self.ends = self._begins + len(fields)
        self.columns = ", ".join(f'{alias}."{name}"' for name in self._names)
        self._json = [field.attname for field in fields if isinstance(field, JSONField)]

    def key(self, row: Sequence[Any]) -> int | None:
        """None where the row has none of this table."""
        key: int | None = row[self._begins]
        return key

    def made_of(self, row: Sequence[Any]) -> M:
        """As ``Model.from_db``, which goes through all fields of the table, there or not."""
        made = self._model.__new__(self._model)
        made.__dict__.update(zip(self._names, row[self._begins : self.ends], strict=True))
        for name in self._json:
            if made.__dict__[name] is not None:
                made.__dict__[name] = json.loads(made.__dict__[name])
        made._state = ModelState()
        made._state.adding, made._state.db = False, DEFAULT_DB_ALIAS
        return made


_THREAD = _Taken(None, "t", Thread, "id", "account_id", "base_subject", "message_count", "muted", "pinned")
_ACCOUNT = _Taken(_THREAD, "a", MailAccount, "id", "user_id", "label", "address", "host", "protocol")
_PLACEMENT = _Taken(
    *(_ACCOUNT, "p", Placement, "id", "account_id", "folder_id", "epoch", "message_id", "thread_id", "received_at"),
    *("seen", "flagged", "answered", "draft", "keywords", "shown"),
)
_FOLDER = _Taken(
    *(_PLACEMENT, "f", Folder, "id", "account_id", "path", "delimiter", "name", "role", "is_local", "selectable"),
    *("missing_since", "header_cursor", "bodies_pending", "total", "unread"),
)
_MESSAGE = _Taken(
    *(_FOLDER, "m", Message, "id", "account_id", "thread_id", "raw_id", "message_id", "subject", "from_name"),
    *("from_address", "recipients", "sent_at", "received_at", "preview", "attachment_count", "facts", "parts"),
    "created_at",
)
_HAS_WRITTEN = has_written(
    sender="lower(m.from_address)",
    thread="t.id",
    mine="ARRAY(SELECT word FROM owned WHERE account IS NOT NULL"
    " UNION ALL SELECT lower(email) FROM accounts_user WHERE id = %(user)s)",
    account="t.account_id",
)
# Newest first, so that the limit keeps the newest; a message may lie in several folders. Messages come along, unless
# there may be more of them than are shown. Folders and messages are looked up by their ids one by one: merely joined, a
# planner without statistics may begin with the folders' lists. What is asked once stands in the first row.
_CONVERSATION = f"""
    WITH placed AS MATERIALIZED (
        SELECT {_PLACEMENT.columns} FROM mailsync_placement p WHERE p.thread_id = %(thread)s AND p.shown {{which}}
         ORDER BY p.received_at DESC, p.id DESC LIMIT {MOST_MESSAGES * 4}
    ), newest AS MATERIALIZED (
        SELECT id FROM placed ORDER BY received_at DESC, id DESC LIMIT 1
    ), owned AS MATERIALIZED ({OWNED})
    SELECT {_THREAD.columns}, {_ACCOUNT.columns}, {_PLACEMENT.columns}, {_FOLDER.columns}, {_MESSAGE.columns},
           r.beginning, r.has_written, r.contacts, r.owned
      FROM mailsync_thread t JOIN accounts_mailaccount a ON a.id = t.account_id AND a.user_id = %(user)s
      LEFT JOIN placed p ON true
      LEFT JOIN LATERAL (SELECT * FROM mailsync_folder WHERE id = p.folder_id OFFSET 0) f ON true
      LEFT JOIN LATERAL (SELECT * FROM mailsync_message WHERE id = p.message_id
                            AND (SELECT count(*) FROM placed) <= {MOST_MESSAGES} OFFSET 0) m ON true
      LEFT JOIN LATERAL (
          SELECT (SELECT substring(data FROM 1 FOR {BEGINNING_BYTES}) FROM mailsync_rawmessage WHERE id = m.raw_id)
                     AS beginning,
                 {_HAS_WRITTEN} AS has_written,
                 {CONTACTS} AS contacts,
                 (SELECT jsonb_agg(jsonb_build_array(word, account, hue)) FROM owned) AS owned
           WHERE p.id = (SELECT id FROM newest) AND m.id IS NOT NULL OFFSET 0) r ON true
     WHERE t.id = %(thread)s ORDER BY p.received_at DESC, p.id DESC
"""  # noqa: S608  names of columns are ours
_WHOLE = _CONVERSATION.format(which="")
_ALONE = _CONVERSATION.format(which="AND p.message_id = %(message)s")


def load_conversation(user_id: int, thread_id: int, *, alone: int | None = None) -> Conversation:
    """Messages that no folder shows are left out, and all but the one that is to be read ``alone``, which may be older
    than those of a long conversation. Raises ``Thread.DoesNotExist`` for another's conversation."""
    with prepared_cursor() as cursor:
        asked = {"thread": thread_id, "user": user_id, "message": alone}
        cursor.execute(_WHOLE if alone is None else _ALONE, asked)
        rows = cursor.fetchall()
    if not rows:
        raise Thread.DoesNotExist(f"There is no conversation {thread_id} of this user's.")
    thread = _THREAD.made_of(rows[0])
    # A conversation is of one account; read once, not with each of these.
    thread.account = _ACCOUNT.made_of(rows[0])
    folders: dict[int, Folder] = {}
    placements: dict[int, list[Placement]] = {}
    found: dict[int, Message] = {}
    for row in rows:
        if _PLACEMENT.key(row) is None:
            break  # no folder shows any
        placement = _PLACEMENT.made_of(row)
        folder = folders.get(placement.folder_id)
        if folder is None:
            folder = folders[placement.folder_id] = _FOLDER.made_of(row)
            folder.account = thread.account
        placement.folder = folder
        if folder.missing_since is None:
            placements.setdefault(placement.message_id, []).append(placement)
            if placement.message_id not in found and _MESSAGE.key(row) is not None:
                found[placement.message_id] = _MESSAGE.made_of(row)
    if placements and not found:
        found = {message.pk: message for message in _MESSAGES.all(list(placements)[:MOST_MESSAGES])}
    for message in found.values():
        message.account = thread.account
    messages = tuple(
        ConversationMessage(message, tuple(reversed(placements[message.pk])))
        for message in sorted(found.values(), key=lambda message: (message.received_at, message.pk))
    )
    *_, beginning, written, contacts, owned = rows[0]
    if owned is None:  # no folder shows any, or too many messages
        return Conversation(thread, messages, max(0, thread.message_count - len(messages)))
    newest = _MESSAGE.key(rows[0])
    assert newest is not None
    if newest in found:
        found[newest].beginning = bytes(beginning or b"")
    return Conversation(
        thread,
        messages,
        max(0, thread.message_count - len(messages)),
        owned=owned_of(json.loads(owned)),
        heard=Heard(newest, written, contacts),
    )
