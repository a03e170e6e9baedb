"""Reading: a conversation, or one message of it. In goes a URL, out comes the page or the reading pane alone.

Opening marks as read through ``actions``; a page that only prepares for a click (``HX-Preloaded``, or the
browser's own prefetch) changes nothing. A page whose conversation stands open asks for a single message of it
(``Heron-Card``), or for how it stands by now, with the texts of what came to its end since (``Heron-After``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import Resolver404, resolve
from django.views.decorators.http import require_safe

from accounts.models import User
from mailsync import actions
from mailsync.announce import told_by
from mailsync.models import Folder, Message, Placement, Thread
from mailsync.store.first_mail import Senders
from mailsync.store.listing import Conversation, ConversationMessage, load_conversation, load_tree
from mailsync.store.quota import storage_of
from mailsync.store.raw import load_beginnings
from mailsync.types import Role
from webmail import access
from webmail.numbers import read_number
from webmail.present.cards import choose_arrived, choose_open, present_conversation, shown_messages
from webmail.reader import Reader, page_of, reader_of, user_of
from webmail.reading import BodyContext, body_context
from webmail.scope import context_scope
from webmail.views.mailbox import finish, page_context


@require_safe
@login_required
def thread(request: HttpRequest, folder_id: int, thread_id: int) -> HttpResponse:
    """A conversation as opened from a folder; ``in`` names the list it was opened from, ``open`` further messages."""
    conversation = _load(request, thread_id)
    folder = conversation.folder(folder_id) or access.folder_for(user_of(request), folder_id)
    if conversation.thread.account_id != folder.account_id:
        raise Http404
    return _respond(request, folder, conversation, row=f"t{folder_id}-{thread_id}")


@require_safe
@login_required
def message(request: HttpRequest, message_id: int) -> HttpResponse:
    """One message by itself, in the folder where it is read: the inbox before the archive before the bin."""
    conversation, entry = _load_with(request, access.message_for(user_of(request), message_id))
    placement = min(entry.placements, key=_rank)
    alone = replace(conversation, messages=(entry,), left_out=0)
    others = max(len(shown_messages(conversation, placement.folder_id)), conversation.thread.message_count) - 1
    return _respond(request, placement.folder, alone, row=f"p{placement.pk}", others=others)


@require_safe
@login_required
def print_page(request: HttpRequest, message_id: int) -> HttpResponse:
    """The conversation of a message as it goes on paper: every message open, no bars, nothing to click."""
    conversation, printed = _load_with(request, access.message_for(user_of(request), message_id))
    reader = reader_of(request, conversation.owned)
    placement = printed.placements[0]
    shown = shown_messages(conversation, placement.folder_id)
    if "alone" in request.GET:
        shown = [entry for entry in shown if entry.message.pk == message_id]
    on_paper = replace(reader, prefs=replace(reader.prefs, dark_mail=False))
    told = _told(on_paper, conversation, shown)
    presented = present_conversation(
        Conversation(conversation.thread, tuple(shown)),
        told,
        reader.mine,
        folder_id=placement.folder_id,
        row="",
        hues=reader.hues,
    )
    return _not_kept(render(request, "mail/print.html", {"conversation": presented}), told)


def _load(request: HttpRequest, thread_id: int) -> Conversation:
    try:
        return load_conversation(user_of(request).pk, thread_id)
    except Thread.DoesNotExist as error:
        raise Http404 from error


def _load_with(request: HttpRequest, message: Message) -> tuple[Conversation, ConversationMessage]:
    """The conversation of this message, or it alone where it is older than all that is shown of a long one."""
    conversation = _load(request, message.thread_id)
    entry = next((entry for entry in conversation.messages if entry.message.pk == message.pk), None)
    if entry is None and conversation.left_out:
        conversation = load_conversation(user_of(request).pk, message.thread_id, alone=message.pk)
        entry = next(iter(conversation.messages), None)
    if entry is None:
        raise Http404
    return conversation, entry


def shows_any(user: User, path: str) -> bool:
    """Whether the conversation at this path of ours has messages to show."""
    try:
        where = resolve(path)
        if where.url_name != "thread":
            return False
        conversation = load_conversation(user.pk, where.kwargs["thread_id"])
    except (Resolver404, Thread.DoesNotExist):
        return False
    return bool(shown_messages(conversation, where.kwargs["folder_id"]))


def _respond(
    request: HttpRequest, folder: Folder, conversation: Conversation, *, row: str, others: int = 0
) -> HttpResponse:
    reader = reader_of(request, conversation.owned)
    shown = shown_messages(conversation, folder.pk)
    if not shown:
        raise Http404
    opened = _choose(request, shown)
    told = _told(reader, conversation, opened, with_document="Heron-Body" in request.headers)
    presented = present_conversation(conversation, told, reader.mine, folder_id=folder.pk, row=row, hues=reader.hues)
    if not _is_rehearsal(request):
        with told_by(page_of(request)):
            _prepare(reader, opened)
    context = {
        "conversation": presented,
        "folder": folder,
        "others": others,
        "thread_id": conversation.thread.pk,
    }
    is_part = request.htmx.target == "main"  # type: ignore[attr-defined]
    # The reading pane alone, beside a folder's own list, tells of no other folder.
    tree = [] if is_part and "in" not in request.GET else load_tree(reader.user.pk)
    scope = context_scope(folder, tree, request.GET)
    if is_part:
        pane = {**context, "scope": scope, "storage": storage_of(reader.user)}
        return _not_kept(finish(request, "mail/read.jinja", pane), told)
    page = page_context(request, reader, scope, tree, current_row=row, **context)
    return _not_kept(finish(request, "mail/page.html", page), told)


def _not_kept(response: HttpResponse, told: Mapping[int, BodyContext]) -> HttpResponse:
    """What was encrypted lies in no browser's cache."""
    if any(one.is_opened for one in told.values()):
        response.headers["Cache-Control"] = "no-store"
    return response


def _told(
    reader: Reader, conversation: Conversation, opened: Sequence[ConversationMessage], *, with_document: bool = False
) -> dict[int, BodyContext]:
    """What is known of each body; ``with_document`` the newest itself, for the script that asks for both at once."""
    messages = [entry.message for entry in opened]
    load_beginnings(messages)
    senders = Senders(reader.user.pk, reader.mine, conversation.heard, messages)
    return {
        entry.message.pk: body_context(
            reader.user,
            entry.message,
            reader.mine,
            senders=senders,
            likes=reader.prefs,
            with_document=with_document and entry is opened[-1],
        )
        for entry in opened
    }


def _prepare(reader: Reader, opened: Sequence[ConversationMessage]) -> None:
    """What is open on the screen has been read, wherever it lies; a body that has not come is asked for."""
    unread = [placement.pk for entry in opened for placement in entry.placements if not placement.seen]
    if unread and reader.prefs.mark_read_seconds == 0:
        actions.mark_read(reader.user.pk, unread, True)
    for entry in opened:
        if entry.message.raw_id is None:
            actions.fetch_now(entry.message.pk)


def _choose(request: HttpRequest, shown: Sequence[ConversationMessage]) -> list[ConversationMessage]:
    """Those whose texts are wanted."""
    card, after = (read_number(request.headers.get(name, "")) for name in ("Heron-Card", "Heron-After"))
    if card is not None:
        return [entry for entry in shown if entry.message.pk == card]
    if after is not None:
        return choose_arrived(shown, after)
    return choose_open(shown, _asked(request))


def _asked(request: HttpRequest) -> set[int]:
    return {pk for text in request.GET.getlist("open") if (pk := read_number(text)) is not None}


def _is_rehearsal(request: HttpRequest) -> bool:
    return "HX-Preloaded" in request.headers or "prefetch" in request.headers.get("Sec-Purpose", "")


def _rank(placement: Placement) -> tuple[int, int]:
    order = [Role.INBOX, Role.DRAFTS, Role.NONE, Role.ARCHIVE, Role.SENT, Role.ALL, Role.IMPORTANT, Role.FLAGGED]
    role = Role(placement.folder.role)
    return (order.index(role) if role in order else len(order), placement.pk)
