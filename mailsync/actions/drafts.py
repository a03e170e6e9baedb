"""Writing: a draft begun, saved, given files, discarded. One row a composition, from the first key to Send."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Identity
from mailsync.actions import wake
from mailsync.actions.owned import NotYours, own_draft, own_identity, own_message
from mailsync.actions.verb import verb
from mailsync.errors import CannotDo
from mailsync.models import Blob, Draft, DraftAttachment, Message
from mailsync.store import attached, blobs, change_log, draft_copies, drafts, opened_quotes, replying, room, uploads
from mailsync.store.quoting import opening_body
from mailsync.store.raw import BodyNotFetched
from mailsync.store.signatures import give_pictures
from mailsync.store.summary import lock_folders
from mailsync.types import ActionResult, Role

#: Of a file's name, in characters.
_MAX_NAME = 200


def start_draft(
    user_id: int,
    mode: str = Draft.Mode.NEW,
    original_message_id: int | None = None,
    identity_id: int | None = None,
    *,
    text: str = "",
    only_to: replying.OnlyTo = "",
    **fields: Any,
) -> Draft:
    """A new draft: empty (with ``fields`` such as to and subject, and the ``text`` of a mailto: link), or an answer.

    An answer is addressed (``only_to``: to the mailing list alone, or to who wrote to it), quoted and sent from the
    address that received the original; a forward carries the original's attachments. Raises ``CannotDo`` when the
    original's body has not arrived yet (it is fetched at once) or when no identity may send.
    """
    original = own_message(user_id, original_message_id) if original_message_id else None
    if (original is None) != (mode == Draft.Mode.NEW):
        raise CannotDo("Choose the message to answer or forward.")
    identity = _identity(user_id, identity_id, original)
    if original is None:
        bcc = ", ".join(filter(None, (fields.pop("bcc", ""), identity.default_bcc)))
        opening = {"body": opening_body(identity, None, text=text), "bcc": bcc}
        draft = Draft.objects.create(user_id=user_id, identity=identity, **{**opening, **_allowed(fields)})
        give_pictures(draft)
        return draft
    with _body_at_hand(original), transaction.atomic():
        draft = replying.create_answer(user_id, original, Draft.Mode(mode), identity, only_to=only_to)
        wake.tell(user_id, "draft", draft=draft.pk)
    return draft


def forward_attached(user_id: int, message_id: int) -> Draft:
    """A forward that carries the original whole, as a file, instead of quoting it."""
    original = own_message(user_id, message_id)
    identity = _identity(user_id, None, original)
    with _body_at_hand(original), transaction.atomic():
        draft = replying.create_attached_forward(user_id, original, identity)
        wake.tell(user_id, "draft", draft=draft.pk)
    return draft


def write_again(user_id: int, message_id: int) -> Draft:
    """Begin anew with a message that one has sent: the same people, words and files, free to be changed."""
    message = own_message(user_id, message_id)
    identity = _identity(user_id, None, message)
    with _body_at_hand(message), transaction.atomic():
        draft = replying.write_again(user_id, message, identity)
        wake.tell(user_id, "draft", draft=draft.pk)
    return draft


def edit_stored_draft(user_id: int, message_id: int) -> Draft:
    """Go on with a message that lies in the Drafts folder, wherever it was begun."""
    message = own_message(user_id, message_id)
    with _body_at_hand(message), transaction.atomic():
        lock_folders(message.placements.values_list("folder_id", flat=True))
        standing = Draft.objects.filter(user_id=user_id, placement__message=message).first()
        if standing is not None:
            return standing
        placement = message.placements.filter(shown=True, folder__role=Role.DRAFTS).first()
        if placement is None:
            raise CannotDo("Only a message in the Drafts folder can be edited.")
        return replying.adopt_stored(user_id, message, placement, _identity(user_id, None, message))


@contextmanager
def _body_at_hand(message: Message) -> Iterator[None]:
    """Ask for the body, outside the transaction that found it missing, and say so."""
    try:
        yield
    except BodyNotFetched:
        wake.fetch_soon(message.pk)
        raise CannotDo("This message is still being fetched. Try again in a moment.") from None


@verb
def save_draft(
    user_id: int, draft_id: int, based_on_version: int, *, files: Sequence[int] = (), **fields: Any
) -> Draft:
    """Save; raises ``Conflict`` carrying the current draft when it was saved elsewhere since ``based_on_version``.

    ``files`` are ids of its files in the order in which they stand in the window.
    """
    draft = own_draft(user_id, draft_id)
    if fields.get("identity_id"):
        own_identity(user_id, fields["identity_id"])
    saved = drafts.update_draft(draft, based_on_version, fields)
    if len(files) > 1:
        attached.arrange(saved.attachments, files)
    wake.tell(user_id, "draft", draft=saved.pk)
    return saved


@verb
def keep_both(user_id: int, draft_id: int, **fields: Any) -> Draft:
    """After a ``Conflict``: what this window holds as a draft of its own, with the same files."""
    draft = own_draft(user_id, draft_id)
    saved = drafts.snapshot(draft)
    copy = Draft.objects.create(
        user_id=user_id,
        mode=draft.mode,
        original_id=draft.original_id,
        **{**{name: saved[name] for name in drafts.FIELDS}, **_allowed(fields)},
    )
    drafts.attach_saved(copy, saved)
    drafts.touch_draft(copy)
    return copy


@verb
def keep_gone(
    user_id: int,
    draft_id: int,
    *,
    mode: str = Draft.Mode.NEW,
    original_id: int | None = None,
    is_asked_for: bool = False,
    **fields: Any,
) -> Draft | None:
    """The words of a window whose draft was sent or thrown away elsewhere since, as a draft of their own.

    None where they are what was sent, or thrown away, unless their writer says so. Raises ``NotYours`` for a draft that
    is there.
    """
    if Draft.objects.filter(pk=draft_id).exists():
        raise NotYours("draft")
    is_news = drafts.says_more(drafts.as_it_was(user_id, draft_id), fields)
    if not is_news and (not is_asked_for or drafts.was_sent(user_id, draft_id)):
        return None
    if fields.get("identity_id"):
        own_identity(user_id, fields["identity_id"])
    original = own_message(user_id, original_id) if original_id else None
    mode = Draft.Mode(mode) if original is not None else Draft.Mode.NEW
    draft = Draft.objects.create(user_id=user_id, mode=mode, original=original, **_allowed(fields))
    if (saved := drafts.last_snapshot(user_id, draft_id)) is not None:
        drafts.attach_saved(draft, saved)
    drafts.touch_draft(draft)
    return draft


@verb
def open_quote(user_id: int, draft_id: int, *, only: str = "") -> str | None:
    """What a draft quotes, as HTML that can be written into (``only`` this part of it, if given); None where it quotes
    nothing (any more). Raises ``CannotDo`` where it is too long."""
    return opened_quotes.open_quote(own_draft(user_id, draft_id), only=only)


@verb
def attach(
    user_id: int, draft_id: int, name: str, content_type: str, data: bytes, *, inline: bool = False
) -> DraftAttachment:
    """Add a file; with ``inline`` it gets a Content-ID for the HTML to show. Raises ``CannotDo`` over the limits."""
    draft = own_draft(user_id, draft_id)
    if inline:
        attached.check_picture(content_type)
    room.check_file(draft, name, len(data))
    content_id = drafts.new_content_id() if inline else ""
    return add_attachment(draft, clean_name(name), content_type, blobs.keep_blob(user_id, data), content_id)


def add_attachment(draft: Draft, name: str, content_type: str, blob: Blob, content_id: str = "") -> DraftAttachment:
    """One more file of a draft, behind the others. The room for it has been checked."""
    attachment = attached.add_file(draft.attachments, blob, name, content_type, content_id)
    _files_changed(draft)
    return attachment


@verb
def detach(user_id: int, draft_id: int, attachment_id: int) -> None:
    """Take a file off the draft; its bytes stay for a while, so Undo of a send still has them."""
    draft = own_draft(user_id, draft_id)
    gone, _rows = draft.attachments.filter(pk=attachment_id).delete()
    if not gone:
        raise NotYours("attachment")
    _files_changed(draft)


@verb
def discard_draft(user_id: int, draft_id: int, *, empty: bool = False) -> ActionResult:
    """Throw the draft away, and its copy on the server. Undo makes the same draft again, with its files.

    ``empty``: nothing was ever written, so there is nothing to take back.
    """
    draft = own_draft(user_id, draft_id)
    stored = draft.placement
    subject = draft.subject.strip()
    saved = {**drafts.snapshot(draft), "links": uploads.stop_links(draft)}
    draft.delete()
    if stored is not None:
        lock_folders([stored.folder_id])
        draft_copies.retire_copy(stored)
        wake.show([stored])
        wake.push_soon([stored.account_id])
    wake.tell(user_id, "draft", draft=draft_id)
    label = _("Draft “%(subject)s” discarded") % {"subject": subject} if subject else _("Draft discarded")
    return ActionResult(uuid4(), 0 if empty else 1, label, detail={} if empty else {"draft": saved})


def _identity(user_id: int, identity_id: int | None, original: Message | None) -> Identity:
    if identity_id:
        return own_identity(user_id, identity_id)
    identity = replying.receiving_identity(user_id, original) if original else drafts.default_identity(user_id)
    if identity is None:
        raise CannotDo("Connect a mail account first: there is no address to send from.", field="identity")
    return identity


def _allowed(fields: dict[str, Any]) -> dict[str, Any]:
    unknown = fields.keys() - set(drafts.FIELDS)
    if unknown:
        raise TypeError(f"A draft has no {', '.join(sorted(unknown))}.")
    return fields


def _files_changed(draft: Draft) -> None:
    """Files do not change the words, so the version a window is based on stands; the server's copy is due."""
    Draft.objects.filter(pk=draft.pk).update(store_due_at=drafts.store_due())
    if draft.identity is not None:
        change_log.wake_account(draft.identity.account_id, drafts.store_due())
    wake.tell(draft.user_id, "draft", draft=draft.pk)


def clean_name(name: str) -> str:
    """A name for a file: its last part, printable, never empty."""
    kept = "".join(sign for sign in name.replace("\\", "/").rsplit("/", 1)[-1] if sign.isprintable()).strip()
    if len(kept) > _MAX_NAME:
        # What its reader opens it by is its ending.
        stem, dot, ending = kept.rpartition(".")
        kept = f"{stem[: _MAX_NAME - 1 - len(ending)]}.{ending}" if dot and len(ending) <= 20 else kept[:_MAX_NAME]
    return kept or "file"
