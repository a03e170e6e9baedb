"""Acts on mail: archive, delete, junk, move, read, flag, label, on one row or a selection; and Undo. Only POST.

In go row names (see ``access.placements_for``) and a verb; out comes the toast that offers Undo, or for a
page without scripts the way back to its list. A wish that makes no sense comes back as its reason, 409.
"""

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import formats
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.models import MailAccount, User
from mailsync import actions
from mailsync.announce import told_by
from mailsync.models import Folder
from mailsync.store.journal import load_missed
from mailsync.types import ActionResult, OneConversation
from webmail import access
from webmail.numbers import read_number
from webmail.parts import render_part
from webmail.present.activity import say_missed
from webmail.present.labels import keyword_of, label_of
from webmail.present.said import said
from webmail.present.snooze import read_time
from webmail.reader import page_of, reader_of, user_of
from webmail.scope import listing_of, scope_at
from webmail.views.reading import shows_any

Verb = Callable[[User, list[int]], ActionResult]
#: Verbs that need another word: which folder, which label. A button may carry it as its own value.
WORDED = ("move", "copy", "label", "unlabel", "snooze")

MARKS: dict[str, Callable[[User, list[int] | OneConversation], ActionResult]] = {
    "read": lambda user, which: actions.mark_read(user.pk, which, True),
    "unread": lambda user, which: actions.mark_read(user.pk, which, False),
    "flag": lambda user, which: actions.flag(user.pk, which, True),
    "unflag": lambda user, which: actions.flag(user.pk, which, False),
}
VERBS: dict[str, Verb] = {
    **MARKS,
    "archive": lambda user, ids: actions.archive(user.pk, ids),
    "trash": lambda user, ids: actions.trash(user.pk, ids),
    "junk": lambda user, ids: actions.junk(user.pk, ids),
    "notjunk": lambda user, ids: actions.junk(user.pk, ids, is_junk=False),
    "mute": lambda user, ids: actions.mute(user.pk, ids, True),
    "unmute": lambda user, ids: actions.mute(user.pk, ids, False),
    "pin": lambda user, ids: actions.pin(user.pk, ids, True),
    "unpin": lambda user, ids: actions.pin(user.pk, ids, False),
    "merge": lambda user, ids: actions.merge(user.pk, ids),
    "block": lambda user, ids: actions.block_senders_of(user.pk, ids),
    "split": lambda user, ids: actions.split(user.pk, ids),
    "split_onward": lambda user, ids: actions.split(user.pk, ids, onward=True),
}


@require_POST
@login_required
def act(request: HttpRequest) -> HttpResponse:
    """``do=<verb>&on=<name>…`` for a selection, ``one=<verb> <name>`` for the button of a row.

    The verb ``move`` takes ``folder=<id>``; a button that moves may carry both, as ``move=<folder id>``. So do
    ``label`` and ``unlabel`` with ``keyword=<keyword>``, or ``named=<words>`` for a label by the name it is to have.
    ``snooze`` takes one of ``snooze_presets`` or ``until=<time>`` by the reader's clock.
    With ``everything=1`` it is about all of the list at ``next``, and the workers do it.
    """
    user = user_of(request)
    verb, names = _read(request)
    if request.POST.get("everything") and not request.POST.get("one"):
        return _act_on_everything(request, user, verb)
    if not names:
        return _refuse(request, _("Select one or more messages first."), 400)
    try:
        # All else that is done from a page may change what it shows of a conversation.
        with told_by(page_of(request) if verb == "read" else ""):
            result = _mark_one(user, verb, names) or _run(request, user, verb, access.placements_for(user, names))
    except actions.NotYours as error:
        raise Http404 from error
    except actions.CannotDo as error:
        return _refuse(request, said(error), 409)
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponse(render_part("mail/toast.jinja", {"result": result, "verb": verb}, request))
    if result.count:
        messages.success(request, result.label, extra_tags=f"undo:{result.group}")
    return redirect(_conversation_left(request, user, verb) or way_back(request))


@require_POST
@login_required
def undo(request: HttpRequest) -> HttpResponse:
    try:
        group = UUID(request.POST.get("group", ""))
        undone = actions.undo(user_of(request).pk, group)
    except (ValueError, actions.NotYours) as error:
        raise Http404 from error
    if not undone:
        return _refuse(request, _("This can no longer be undone: what it was done to has changed since."), 409)
    missed = load_missed(user_of(request).pk, group)
    if not request.htmx:  # type: ignore[attr-defined]
        messages.success(request, say_missed(missed) if missed else _("Undone."))
        return redirect(way_back(request))
    if missed:
        return HttpResponse(say_missed(missed), content_type="text/plain; charset=utf-8")
    return HttpResponse(status=204)


def _act_on_everything(request: HttpRequest, user: User, verb: str) -> HttpResponse:
    scope = scope_at(user, way_back(request))
    if scope.kind == "search" and not scope.query.strip():
        raise Http404
    total = read_number(request.POST.get("total", ""), digits=9)
    try:
        result = actions.act_on_list(
            user.pk,
            verb,
            listing_of(scope, reader_of(request)),
            argument=_argument(request, user, verb),
            total=scope.total if total is None else total,
        )
    except actions.NotYours as error:
        raise Http404 from error
    except actions.CannotDo as error:
        return _refuse(request, said(error), 409)
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponse(render_part("mail/toast.jinja", {"result": result, "verb": verb}, request))
    messages.success(request, result.label, extra_tags=f"undo:{result.group}")
    return redirect(way_back(request))


def _argument(request: HttpRequest, user: User, verb: str) -> str:
    """The folder or the keyword that a verb needs."""
    if verb in ("move", "copy"):
        return str(_folder(request, user).pk)
    return _keyword(request, verb) if verb in ("label", "unlabel") else ""


def _read(request: HttpRequest) -> tuple[str, list[str]]:
    """The verb and the names of rows. Raises 404 for a verb that there is not."""
    one = request.POST.get("one", "")
    if one:
        verb, _space, name = one.partition(" ")
        names = [name]
    else:
        verb = next((word for word in WORDED if request.POST.get(word)), request.POST.get("do", ""))
        names = request.POST.getlist("on")
    if verb not in VERBS and verb not in WORDED:
        raise Http404
    return verb, names


def _mark_one(user: User, verb: str, names: list[str]) -> ActionResult | None:
    """What people do most: one conversation, found where it is locked. None where there is nothing of theirs to mark,
    as ``access`` tells of what kind that is."""
    one = access.conversation_named(names) if verb in MARKS else None
    if one is None:
        return None
    try:
        return MARKS[verb](user, one)
    except actions.NotYours:
        return None


def _run(request: HttpRequest, user: User, verb: str, ids: list[int]) -> ActionResult:
    if not ids:
        raise actions.CannotDo(_("These messages are no longer here. Another of your programs may have moved them."))
    if verb in VERBS:
        return VERBS[verb](user, ids)
    if verb == "move":
        return actions.move(user.pk, ids, _folder(request, user).pk)
    if verb == "copy":
        return actions.copy(user.pk, ids, _folder(request, user).pk)
    if verb == "snooze":
        return _snooze(request, user, ids)
    keyword = _keyword(request, verb)
    result = actions.set_keyword(user.pk, ids, keyword, verb == "label")
    name = label_of(keyword).text
    said = _("Labelled %s") if verb == "label" else _("No longer labelled %s")
    return replace(result, label=said % name)


def _snooze(request: HttpRequest, user: User, ids: list[int]) -> ActionResult:
    now = reader_of(request).now
    until = read_time(request.POST.get("snooze", ""), request.POST.get("until", ""), now)
    if until is None:
        raise actions.CannotDo(_("Choose a time that is still to come."), field="until")
    result = actions.snooze(user.pk, ids, until)
    when = formats.date_format(until.astimezone(now.tzinfo), "D j M, H:i")
    return replace(result, label=_("%(done)s until %(time)s") % {"done": result.label, "time": when})


def _folder(request: HttpRequest, user: User) -> Folder:
    folder = read_number(request.POST.get("move") or request.POST.get("copy") or request.POST.get("folder", ""))
    if folder is None:
        raise actions.CannotDo(_("Choose the folder to move to."), field="folder")
    return access.folder_for(user, folder)


def _keyword(request: HttpRequest, verb: str) -> str:
    keyword = request.POST.get(verb) or request.POST.get("keyword", "") or keyword_of(request.POST.get("named", ""))
    if not keyword:
        raise actions.CannotDo(_("Give the label a name."), field="named")
    return keyword


def _refuse(request: HttpRequest, reason: str, status: int) -> HttpResponse:
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponse(reason, status=status, content_type="text/plain; charset=utf-8")
    messages.error(request, reason)
    return redirect(way_back(request))


def way_back(request: HttpRequest) -> str:
    """The list that the form stood on; never another site."""
    wanted = request.POST.get("next", "")
    return wanted if _is_ours(request, wanted) else "/"


def _is_ours(request: HttpRequest, url: str) -> bool:
    # What has no slash would be taken for the name of a view.
    return "/" in url and url_has_allowed_host_and_scheme(url, {request.get_host()}, request.is_secure())


def _conversation_left(request: HttpRequest, user: User, verb: str) -> str:
    """Where the form of one message stood, if that conversation has others to show; "" where the list is the way. To
    look at it again would mark as read what is to be unread."""
    stay = request.POST.get("stay", "")
    if verb == "unread" or not _is_ours(request, stay) or not shows_any(user, urlsplit(stay).path):
        return ""
    return stay


@require_POST
@login_required
def check(request: HttpRequest) -> HttpResponse:
    """Fetch now in every mailbox that is not paused: what pulling a list down asks for."""
    user = user_of(request)
    for account_id in user.mail_accounts.exclude(state=MailAccount.State.PAUSED).values_list("pk", flat=True):
        actions.sync_now(user.pk, account_id)
    return HttpResponse(status=204)
