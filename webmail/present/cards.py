"""An opened conversation: each message as a card, closed to one line, or open with header and files."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from mailsync.message.list_author import author_behind_list
from mailsync.models import ONLY_HERE_EPOCH, Message, Placement
from mailsync.store.listing import Conversation, ConversationMessage
from mailsync.types import Address, Role
from webmail.present.labels import NO_HUES, Chip, is_label, labels
from webmail.present.people import display_name, participants_line, recipients_line
from webmail.reading import BodyContext
from webmail.scope import folder_title

#: Each is a body to clean, and a document for the browser: of two hundred a page took three seconds and more.
MOST_OPEN = 30


@dataclass(frozen=True, slots=True)
class Recipients:
    """One line of the address list that opens: "To", and who."""

    label: str
    people: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """One message. ``names`` are its placements in forms; ``told`` is None while the card is closed, which does not say
    to whom the message went. ``author`` wrote to a list in whose name the message comes."""

    message: Message
    names: tuple[str, ...]
    sender: Address
    who: str
    to_line: str
    recipients: tuple[Recipients, ...]
    at: datetime
    subject: str
    is_open: bool
    unread: bool
    flagged: bool
    answered: bool
    is_draft: bool
    is_mine: bool
    has_files: bool
    preview: str
    told: BodyContext | None
    chips: tuple[Chip, ...]
    where: tuple[str, ...]
    importance: str
    author: Address | None = None
    only_here: bool = False

    @property
    def has_list(self) -> bool:
        """Whether the mailing list that it came by takes answers (RFC 2369 §3.4)."""
        return bool(self.message.facts.get("list_post"))

    @property
    def files_size_bytes(self) -> int:
        return sum(one.tile.size_bytes for one in self.told.files) if self.told else 0

    @property
    def frame_title(self) -> str:
        return _("Message from %(person)s") % {"person": self.who}


@dataclass(frozen=True, slots=True)
class OpenConversation:
    """What the reading pane prints. ``names`` are the placements its toolbar acts on; ``row`` the line in the list."""

    subject: str
    cards: tuple[Card, ...]
    names: tuple[str, ...]
    row: str
    account_id: int
    folder_title: str
    folder_role: str
    chips: tuple[Chip, ...]
    labels: tuple[str, ...]
    left_out: int
    flagged: bool
    unread: bool
    people: str
    muted: bool
    pinned: bool

    @property
    def newest(self) -> Card | None:
        return self.cards[-1] if self.cards else None

    @property
    def reply_to_many(self) -> bool:
        """Whether "everyone" is more than the sender."""
        card = self.newest
        return card is not None and sum(len(line.people) for line in card.recipients) > 1


def shown_messages(conversation: Conversation, folder_id: int) -> list[ConversationMessage]:
    """Those worth showing: copies in the bin and in junk only where that is the folder on the screen."""
    return [entry for entry in conversation.messages if _belongs(entry, folder_id)]


def choose_open(shown: Sequence[ConversationMessage], asked: Collection[int]) -> list[ConversationMessage]:
    """The messages that are open from the start: unread ones from the oldest on, the newest, and those asked for. Of
    many unread the rest waits, closed and unread, for the next time."""
    unread = [entry.message.pk for entry in shown if entry.unread]
    opened = {*unread[:MOST_OPEN], *asked}
    return [entry for entry in shown if entry.message.pk in opened or entry is shown[-1]]


def choose_arrived(shown: Sequence[ConversationMessage], after: int) -> list[ConversationMessage]:
    """What came to the end of a conversation since ``after``, the newest message of the page that asks: these open.
    What takes a place further up, where somebody may be reading, stays closed, and so does a draft."""
    arrived: list[ConversationMessage] = []
    for entry in reversed(shown):
        if entry.message.pk <= after or len(arrived) == MOST_OPEN:
            break
        if not entry.draft:
            arrived.append(entry)
    return arrived[::-1]


def present_conversation(
    conversation: Conversation,
    told: Mapping[int, BodyContext],
    mine: Collection[str],
    *,
    folder_id: int,
    row: str,
    hues: Mapping[str, int] = NO_HUES,
) -> OpenConversation:
    """The whole conversation; its toolbar acts on what lies in the folder it was opened from, or was moved to since.

    ``told`` has what is known of the bodies of those messages that are open, ``hues`` the colours of labels.
    """
    kept = shown_messages(conversation, folder_id)
    here = [placement for entry in kept for placement in entry.placements if placement.folder_id == folder_id]
    here = here or _where_it_went(kept)
    folder = here[-1].folder if here else None
    cards = tuple(
        present_card(entry, mine, folder_id=folder_id, told=told.get(entry.message.pk), hues=hues) for entry in kept
    )
    people = [card.sender for card in cards]
    subject = kept[-1].message.subject if kept else conversation.thread.base_subject
    return OpenConversation(
        subject=_plain_subject(kept, subject),
        cards=cards,
        names=tuple(f"p{placement.pk}" for placement in here),
        row=row,
        account_id=conversation.thread.account_id,
        folder_title=folder_title(folder) if folder else "",
        folder_role=folder.role if folder else "",
        chips=tuple(dict.fromkeys(chip for card in cards for chip in card.chips)),
        labels=tuple(dict.fromkeys(word for placement in here for word in placement.keywords if is_label(word))),
        left_out=conversation.left_out,
        flagged=any(placement.flagged for placement in here),
        unread=any(entry.unread for entry in kept),
        people=participants_line(people, mine),
        muted=conversation.thread.muted,
        pinned=conversation.thread.pinned,
    )


def present_card(
    entry: ConversationMessage,
    mine: Collection[str],
    *,
    folder_id: int,
    told: BodyContext | None,
    hues: Mapping[str, int] = NO_HUES,
) -> Card:
    """One message; without what is ``told`` of its body it is a closed card."""
    message = entry.message
    sender = Address(message.from_name, message.from_address)
    lines: tuple[Recipients, ...] = ()
    to_line = ""
    author = None
    if told is not None:
        people = {key: addresses(message.recipients.get(key, ())) for key in ("to", "cc", "bcc", "reply_to")}
        labels_of = {"to": _("To"), "cc": _("Cc"), "bcc": _("Bcc"), "reply_to": _("Reply to")}
        lines = tuple(Recipients(labels_of[key], some) for key, some in people.items() if some)
        author = author_behind_list(sender, people["reply_to"], people["cc"], message.facts)
        to_line = recipients_line((*people["to"], *people["cc"], *people["bcc"]), mine)
    return Card(
        message=message,
        names=tuple(f"p{placement.pk}" for placement in entry.placements if placement.folder_id == folder_id)
        or tuple(f"p{placement.pk}" for placement in entry.placements),
        sender=sender,
        who=display_name(sender),
        to_line=to_line,
        recipients=lines,
        at=message.sent_at or message.received_at,
        subject=message.subject.strip() or _("(no subject)"),
        is_open=told is not None,
        unread=entry.unread,
        flagged=entry.flagged,
        answered=entry.answered,
        is_draft=entry.draft,
        is_mine=sender.address.lower() in mine,
        has_files=message.attachment_count > 0,
        preview=message.preview,
        told=told,
        chips=labels(entry.keywords, hues),
        where=tuple(folder_title(p.folder) for p in entry.placements if p.folder_id != folder_id),
        importance=str(message.facts.get("importance", "")),
        author=author if author and author.address.lower() not in mine else None,
        only_here=all(placement.epoch == ONLY_HERE_EPOCH for placement in entry.placements),
    )


def addresses(pairs: Sequence[Sequence[str]]) -> tuple[Address, ...]:
    """Stored ``[[name, address], …]`` as addresses."""
    return tuple(Address(name, address) for name, address in pairs)


def _where_it_went(kept: Sequence[ConversationMessage]) -> list[Placement]:
    """What lies where the newest does, rather in a folder of received mail than with what the reader has written."""
    lying = [one for entry in kept for one in entry.placements if one.folder.role not in (Role.TRASH, Role.JUNK)]
    own = (Role.SENT, Role.DRAFTS)
    newest = max(lying, key=lambda one: (one.folder.role not in own, one.received_at, one.pk), default=None)
    return [one for one in lying if newest is not None and one.folder_id == newest.folder_id]


def _belongs(entry: ConversationMessage, folder_id: int) -> bool:
    """Shown unless it was thrown away: then only where it lies."""
    return any(
        placement.folder_id == folder_id or placement.folder.role not in (Role.TRASH, Role.JUNK)
        for placement in entry.placements
    )


def _plain_subject(kept: Sequence[ConversationMessage], fallback: str) -> str:
    """The first message's own words, which carry no "Re:", unless the conversation has changed its subject."""
    first = kept[0].message.subject.strip() if kept else ""
    if first and first.lower() in fallback.lower():
        return first
    return fallback.strip() or _("(no subject)")
