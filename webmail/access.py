"""Whose is it? Every view begins here: in go a user and an id from a URL, out comes the object, or a 404.

Screens room, reads only. One function for each kind of object and one query for each call. What is
another person's and what does not exist look the same from outside: both are 404, so that an id
tells nothing.
"""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from django.db.models import Model, QuerySet
from django.http import Http404

from accounts.models import Identity, MailAccount, OutgoingServer, OwnCertificate, PeerCertificate, User
from accounts.ready import ReadyQuery
from mailsync.models import (
    BlockedSender,
    Contact,
    Draft,
    DraftAttachment,
    Folder,
    ForwardAddress,
    MailTemplate,
    Message,
    Outgoing,
    Placement,
    RecentSearch,
    Rule,
    SavedSearch,
    SignaturePicture,
    TemplateFile,
    Thread,
    Webhook,
)
from mailsync.store.locking import shown_placements
from mailsync.store.opened_list import OpenedList, load_opened
from mailsync.store.opening import open_message, open_original
from mailsync.types import OneConversation
from webmail.numbers import read_number

M = TypeVar("M", bound=Model)

#: More rows than one request may name; a larger selection is sent in several requests.
SELECTION_LIMIT = 1000


# What nearly every request asks for.
_FOLDER = ReadyQuery(lambda pk, user: Folder.objects.select_related("account").filter(pk=pk, account__user=user))
_MESSAGE = ReadyQuery(lambda pk, user: Message.objects.select_related("account").filter(pk=pk, account__user=user))
_BODY = ReadyQuery(
    lambda pk, user: Message.objects.only("account_id", "raw_id", "parts").filter(pk=pk, account__user=user)
)


def _one(rows: QuerySet[M], **mine: object) -> M:
    return _found(rows.filter(**mine).first())


def _found(row: M | None) -> M:
    if row is None:
        raise Http404
    return row


def administrator(user: User) -> User:
    """The user, if they run this Heron; for anybody else its pages do not exist."""
    if not (user.is_active and user.is_superuser):
        raise Http404
    return user


def account_for(user: User, account_id: int) -> MailAccount:
    return _one(MailAccount.objects.select_related("outgoing_server"), pk=account_id, user=user)


def identity_for(user: User, identity_id: int) -> Identity:
    return _one(Identity.objects.select_related("account", "outgoing_server"), pk=identity_id, user=user)


def outgoing_server_for(user: User, server_id: int) -> OutgoingServer:
    return _one(OutgoingServer.objects.all(), pk=server_id, user=user)


def folder_for(user: User, folder_id: int) -> Folder:
    return _found(_FOLDER.one(folder_id, user.pk))


def opened_list_for(user: User, folder_id: int) -> OpenedList:
    """``folder_for`` with no more of the folder than its list shows, and what else the list asks for."""
    opened = load_opened(user.pk, folder_id)
    if opened is None:
        raise Http404
    return opened


def message_for(user: User, message_id: int) -> Message:
    """The message with its account. Its raw bytes are not loaded: read them through ``mailsync.store.raw``."""
    return _found(_MESSAGE.one(message_id, user.pk))


def readable_for(user: User, message_id: int) -> Message:
    """``message_for``, opened if it is encrypted: for whoever serves its parts (``mailsync.store.opening``)."""
    return open_message(user.pk, message_for(user, message_id))


def body_of(user: User, message_id: int) -> Message:
    """``readable_for`` with no more than its body is read by: the frame of each opened message asks for it."""
    return open_message(user.pk, _found(_BODY.one(message_id, user.pk)))


def thread_for(user: User, thread_id: int) -> Thread:
    return _one(Thread.objects.select_related("account"), pk=thread_id, account__user=user)


def placement_for(user: User, placement_id: int) -> Placement:
    return _one(Placement.objects.select_related("folder", "message"), pk=placement_id, account__user=user)


def contact_for(user: User, contact_id: int) -> Contact:
    return _one(Contact.objects.prefetch_related("addresses"), pk=contact_id, user=user)


def saved_search_for(user: User, saved_id: int) -> SavedSearch:
    return _one(SavedSearch.objects.all(), pk=saved_id, user=user)


def recent_search_for(user: User, recent_id: int) -> RecentSearch:
    return _one(RecentSearch.objects.all(), pk=recent_id, user=user)


def rule_for(user: User, rule_id: int) -> Rule:
    return _one(Rule.objects.all(), pk=rule_id, user=user)


def blocked_for(user: User, blocked_id: int) -> BlockedSender:
    return _one(BlockedSender.objects.all(), pk=blocked_id, user=user)


def forward_address_for(user: User, address_id: int) -> ForwardAddress:
    return _one(ForwardAddress.objects.all(), pk=address_id, user=user)


def webhook_for(user: User, webhook_id: int) -> Webhook:
    return _one(Webhook.objects.all(), pk=webhook_id, user=user)


def own_certificate_for(user: User, certificate_id: int) -> OwnCertificate:
    return _one(OwnCertificate.objects.defer("sealed_key"), pk=certificate_id, user=user)


def peer_certificate_for(user: User, peer_id: int) -> PeerCertificate:
    return _one(PeerCertificate.objects.all(), pk=peer_id, user=user)


def draft_for(user: User, draft_id: int) -> Draft:
    """With what it quotes, opened if that is encrypted."""
    rows = Draft.objects.select_related("identity", "identity__account", "original")
    return open_original(_one(rows, pk=draft_id, user=user))


def draft_attachment_for(user: User, draft_id: int, attachment_id: int) -> DraftAttachment:
    rows = DraftAttachment.objects.select_related("draft", "blob")
    return _one(rows, pk=attachment_id, draft_id=draft_id, draft__user=user)


def template_for(user: User, template_id: int) -> MailTemplate:
    return _one(MailTemplate.objects.all(), pk=template_id, user=user)


def template_file_for(user: User, template_id: int, file_id: int) -> TemplateFile:
    rows = TemplateFile.objects.select_related("blob")
    return _one(rows, pk=file_id, template_id=template_id, template__user=user)


def signature_picture_for(user: User, identity_id: int, picture_id: int) -> SignaturePicture:
    rows = SignaturePicture.objects.select_related("blob")
    return _one(rows, pk=picture_id, identity_id=identity_id, identity__user=user)


def outgoing_for(user: User, outgoing_id: int) -> Outgoing:
    return _one(Outgoing.objects.select_related("account", "identity"), pk=outgoing_id, user=user)


def placements_for(user: User, names: Iterable[str]) -> list[int]:
    """The placements that a list's rows stand for, oldest first, each once.

    A row is named ``p<placement>`` (one message) or ``t<folder>-<thread>`` (what a conversation has
    shown in one folder). A name that is malformed, or that leads to nothing of this user's, is a 404;
    a conversation that has emptied meanwhile is no error and adds nothing, as its rows are the user's.
    """
    singles, conversations = _read_names(list(names))
    if not singles and not conversations:
        raise Http404
    found = shown_placements(singles, conversations)
    if any(owner != user.pk for _, owner in found):
        raise Http404
    if not found and not _all_mine(user, singles, conversations):
        raise Http404
    return [pk for pk, _ in found]


def conversation_named(names: Sequence[str]) -> OneConversation | None:
    """The conversation that is meant if just one is; whose it is has yet to be asked. A malformed name is a 404."""
    singles, conversations = _read_names(names)
    return OneConversation(*conversations[0]) if not singles and len(conversations) == 1 else None


def _read_names(names: Sequence[str]) -> tuple[list[int], list[tuple[int, int]]]:
    if len(names) > SELECTION_LIMIT:
        raise Http404
    singles: list[int] = []
    conversations: list[tuple[int, int]] = []
    for name in names:
        kind, rest = name[:1], name[1:]
        try:
            if kind == "p":
                singles.append(_row_id(rest))
            elif kind == "t":
                folder_id, _, thread_id = rest.partition("-")
                conversations.append((_row_id(folder_id), _row_id(thread_id)))
            else:
                raise ValueError(name)
        except ValueError as error:
            raise Http404 from error
    return singles, conversations


def _row_id(text: str) -> int:
    """A primary key as it stands in a URL."""
    number = read_number(text)
    if number is None:
        raise ValueError(text)
    return number


def _all_mine(user: User, singles: Sequence[int], conversations: Sequence[tuple[int, int]]) -> bool:
    """Whether an empty result is the user's own emptied rows, and not somebody else's ids."""
    if singles and Placement.objects.filter(pk__in=singles, account__user=user).count() != len(set(singles)):
        return False
    folders = {folder_id for folder_id, _ in conversations}
    return Folder.objects.filter(pk__in=folders, account__user=user).count() == len(folders)
