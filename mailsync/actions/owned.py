"""Whose is it? Every verb begins here: rows by id, only the user's own. Meeting room of screens and store."""

from collections.abc import Iterable, Sequence

from accounts.models import Identity, MailAccount
from mailsync.models import Draft, Folder, Message, Outgoing, Placement
from mailsync.store.locking import Markable, lock_conversation, lock_few, lock_placements, owners_of, where_they_went
from mailsync.store.outbox import BYTES
from mailsync.store.summary import lock_folders
from mailsync.types import OneConversation


class NotYours(LookupError):
    """No such thing among what the user owns; views answer 404 and do not say whether it exists."""


def own_conversation(user_id: int, one: OneConversation) -> list[Markable]:
    """What it shows, locked with its folder. Raises ``NotYours`` where that is another's, or nothing."""
    rows = lock_conversation(one.folder_id, one.thread_id)
    if not rows or any(row.user_id != user_id for row in rows):
        raise NotYours("conversation")
    return rows


def own_placements(user_id: int, placement_ids: Iterable[int], *, to: Sequence[int] = ()) -> list[Placement]:
    """The user's shown placements, locked, with the folders they lie in and the folders ``to`` which they go.

    What has gone in the meantime is left out: a list may be older than the mailbox. Raises ``NotYours``
    when any id is another's.
    """
    wanted = set(placement_ids)
    few = None if to else lock_few(wanted)
    if few is not None:  # what a person does most: one conversation
        if any(row.account.user_id != user_id for row in few):
            raise NotYours("placement")
        return sorted(where_they_went(few), key=lambda row: row.pk)
    found = owners_of(wanted)
    if any(owner != user_id for _id, _folder, owner in found):
        raise NotYours("placement")
    if wanted and not found:
        raise NotYours("placement")
    lock_folders([*{folder for _id, folder, _owner in found}, *to])
    return lock_placements(id_ for id_, _folder, _owner in found)


def own_folder(user_id: int, folder_id: int) -> Folder:
    folder = Folder.objects.select_related("account").filter(id=folder_id, account__user_id=user_id).first()
    if folder is None:
        raise NotYours("folder")
    return folder


def own_message(user_id: int, message_id: int) -> Message:
    message = Message.objects.select_related("account").filter(id=message_id, account__user_id=user_id).first()
    if message is None:
        raise NotYours("message")
    return message


def own_account(user_id: int, account_id: int) -> MailAccount:
    account = MailAccount.objects.filter(id=account_id, user_id=user_id).first()
    if account is None:
        raise NotYours("account")
    return account


def own_identity(user_id: int, identity_id: int) -> Identity:
    identity = Identity.objects.select_related("account").filter(id=identity_id, user_id=user_id).first()
    if identity is None:
        raise NotYours("identity")
    return identity


def own_draft(user_id: int, draft_id: int) -> Draft:
    """The draft, locked until the commit."""
    draft = Draft.objects.select_for_update(of=("self",)).filter(id=draft_id, user_id=user_id).first()
    if draft is None:
        raise NotYours("draft")
    return draft


def own_outgoing(user_id: int, outgoing_id: int) -> Outgoing:
    """The message on its way, locked until the commit."""
    mine = Outgoing.objects.select_for_update(of=("self",)).defer(*BYTES).filter(id=outgoing_id, user_id=user_id)
    outgoing = mine.first()
    if outgoing is None:
        raise NotYours("outgoing")
    return outgoing
