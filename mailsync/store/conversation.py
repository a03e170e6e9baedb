"""A conversation as it is read: its messages, oldest first, each with where it lies. Database room; four queries."""

from dataclasses import dataclass

from accounts.ready import ReadyQuery, any_of
from mailsync.models import Folder, Message, Placement, Thread
from mailsync.types import Role

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
    """``left_out`` counts older messages beyond ``MOST_MESSAGES``."""

    thread: Thread
    messages: tuple[ConversationMessage, ...]
    left_out: int = 0

    @property
    def unread_count(self) -> int:
        return sum(message.unread for message in self.messages)

    def folder(self, folder_id: int) -> Folder | None:
        """The folder of this id, where some message lies in it."""
        folders = (placement.folder for message in self.messages for placement in message.placements)
        return next((folder for folder in folders if folder.pk == folder_id), None)


_THREAD = ReadyQuery(lambda pk, user: Thread.objects.select_related("account").filter(pk=pk, account__user_id=user))
# Newest first, so that the limit keeps the newest; a message may lie in several folders.
_PLACEMENTS = ReadyQuery(
    lambda thread: Placement.objects.filter(thread_id=thread, shown=True).order_by("-received_at", "-id")[
        : MOST_MESSAGES * 4
    ]
)
_FOLDERS = ReadyQuery(lambda ids: Folder.objects.filter(any_of("mailsync_folder.id", ids)))
_MESSAGES = ReadyQuery(
    lambda ids: Message.objects.filter(any_of("mailsync_message.id", ids)).order_by("received_at", "id")
)


def load_conversation(user_id: int, thread_id: int) -> Conversation:
    """Messages that no folder shows are left out. Raises ``Thread.DoesNotExist`` for another's conversation."""
    thread = _THREAD.one(thread_id, user_id)
    if thread is None:
        raise Thread.DoesNotExist(f"There is no conversation {thread_id} of this user's.")
    shown = _PLACEMENTS.all(thread_id)
    # Folders come by a query of their own: joined, a planner without statistics may begin with the folders' lists.
    folders = {folder.pk: folder for folder in _FOLDERS.all(list({placement.folder_id for placement in shown}))}
    placements: dict[int, list[Placement]] = {}
    for placement in shown:
        placement.folder = folders[placement.folder_id]
        if placement.folder.missing_since is None:
            placements.setdefault(placement.message_id, []).append(placement)
    found = _MESSAGES.all(list(placements)[:MOST_MESSAGES])
    # A conversation is of one account; read once, not with each of these.
    for message in found:
        message.account = thread.account
    for folder in folders.values():
        folder.account = thread.account
    messages = tuple(ConversationMessage(message, tuple(reversed(placements[message.id]))) for message in found)
    return Conversation(thread, messages, max(0, thread.message_count - len(messages)))
