"""A conversation as it is read: its messages, oldest first, each with where it lies. Database room; three queries."""

from dataclasses import dataclass

from accounts.ready import ReadyQuery
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


def load_conversation(user_id: int, thread_id: int) -> Conversation:
    """Messages that no folder shows are left out. Raises ``Thread.DoesNotExist`` for another's conversation."""
    thread = _THREAD.one(thread_id, user_id)
    if thread is None:
        raise Thread.DoesNotExist(f"There is no conversation {thread_id} of this user's.")
    # Folders come by a query of their own: joined, a planner without statistics may begin with the folders' lists.
    shown = Placement.objects.filter(thread_id=thread_id, shown=True).prefetch_related("folder")
    placements: dict[int, list[Placement]] = {}
    # Newest first, so that the limit keeps the newest; a message may lie in several folders.
    for placement in shown.order_by("-received_at", "-id")[: MOST_MESSAGES * 4]:
        if placement.folder.missing_since is None:
            placements.setdefault(placement.message_id, []).append(placement)
    kept = list(placements)[:MOST_MESSAGES]
    found = Message.objects.filter(id__in=kept).order_by("received_at", "id")
    # A conversation is of one account; read once, not with each of these.
    for message in found:
        message.account = thread.account
    for placement in (one for rows in placements.values() for one in rows):
        placement.folder.account = thread.account
    messages = tuple(ConversationMessage(message, tuple(reversed(placements[message.id]))) for message in found)
    return Conversation(thread, messages, max(0, thread.message_count - len(messages)))
