"""Folders as their owner arranges them: made, renamed, moved, emptied, deleted. In go forms, out come pages.

What is done shows in the tree at once and is taken back from the toast, or from the page of activity.
"""

from collections.abc import Sequence

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import User
from mailsync import actions
from mailsync.models import Folder
from mailsync.store.listing import AccountTree, load_tree
from mailsync.store.saved_searches import load_saved_searches
from mailsync.types import ActionResult, Role
from webmail import access
from webmail.numbers import read_number
from webmail.parts import render_part
from webmail.present.said import said
from webmail.present.tree import present_move_targets
from webmail.reader import user_of
from webmail.scope import folder_title
from webmail.views.mailbox import nav_context


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def new(request: HttpRequest) -> HttpResponse:
    """A new folder; ``below`` is an account, as ``a<id>``, or the folder it is to lie in."""
    user = user_of(request)
    tree = load_tree(user.pk)
    error = ""
    if request.method == "POST":
        account_id, parent_id = _place(user, request.POST.get("below", ""))
        try:
            result = actions.create_folder(user.pk, account_id, request.POST.get("name", ""), parent_id)
        except actions.CannotDo as refused:
            error = said(refused)
        else:
            return done_with(request, result, redirect("folder", result.folder_id))
    given = {"name": request.POST.get("name", ""), "below": request.POST.get("below") or request.GET.get("below", "")}
    return arranging_page(request, tree, "mail/folder_new.html", {"error": error, "choices": _choices(tree), **given})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def edit(request: HttpRequest, folder_id: int) -> HttpResponse:
    """Rename, move, empty or delete one folder; ``do`` says which."""
    user = user_of(request)
    folder = access.folder_for(user, folder_id)
    error = ""
    if request.method == "POST":
        try:
            result = _change(request, user, folder)
        except actions.CannotDo as refused:
            error = said(refused)
            if request.htmx:  # type: ignore[attr-defined]
                return HttpResponse(error, status=409, content_type="text/plain; charset=utf-8")
        else:
            if request.htmx:  # type: ignore[attr-defined]
                return HttpResponse(render_part("mail/toast.jinja", {"result": result, "verb": "move_folder"}, request))
            gone = request.POST.get("do") == "delete"
            return done_with(request, result, redirect("home") if gone else redirect("folder", folder.pk))
    tree = load_tree(user.pk)
    below = folder.path + folder.delimiter if folder.delimiter else None
    context = {
        "error": error,
        "choices": _choices([entry for entry in tree if entry.account.pk == folder.account_id], folder.pk),
        "folder": folder,
        "title": folder_title(folder),
        "is_special": bool(folder.role),
        "may_empty": folder.role in (Role.TRASH, Role.JUNK) and folder.total > 0,
        "searches": [one.name for one in load_saved_searches(user.pk) if one.folder_id == folder.pk],
        "has_subfolders": below is not None
        and Folder.objects.filter(account=folder.account, path__startswith=below, missing_since=None).exists(),
    }
    return arranging_page(request, tree, "mail/folder_edit.html", context)


def _change(request: HttpRequest, user: User, folder: Folder) -> ActionResult:
    match request.POST.get("do"):
        case "rename":
            return actions.rename_folder(user.pk, folder.pk, request.POST.get("name", ""))
        case "move":
            return actions.move_folder(user.pk, folder.pk, _place(user, request.POST.get("below", ""))[1])
        case "empty":
            return actions.empty_folder(user.pk, folder.pk)
        case "delete":
            return actions.delete_folder(user.pk, folder.pk, mail_to_trash=bool(request.POST.get("mail_to_trash")))
        case _:
            raise Http404


def _place(user: User, below: str) -> tuple[int, int | None]:
    """The account, and the folder in it, that a form named."""
    number = read_number(below.removeprefix("a"))
    if number is None:
        raise Http404
    if below.startswith("a"):
        return access.account_for(user, number).pk, None
    folder = access.folder_for(user, number)
    return folder.account_id, folder.pk


def _choices(tree: Sequence[AccountTree], but: int = 0) -> list[tuple[str, str]]:
    """Where a folder may lie: the top of each account, and every folder ``but`` itself."""
    found = []
    for account in present_move_targets(tree):
        found.append((f"a{account.account_id}", _("%(account)s: at the top") % {"account": account.label}))
        found += [
            (str(place.folder_id), f"{account.label}: {place.label}")
            for place in account.folders
            if place.folder_id != but
        ]
    return found


def done_with(request: HttpRequest, result: ActionResult, way: HttpResponse) -> HttpResponse:
    """Go ``way``, with a toast that takes the act back."""
    if result.count or result.act_id:
        messages.success(request, said(result.label), extra_tags=f"undo:{result.group}")
    return way


def arranging_page(
    request: HttpRequest, tree: list[AccountTree], template: str, context: dict[str, object]
) -> HttpResponse:
    """A page beside the column; one with an ``error`` says so in its status."""
    page = {**nav_context(request, tree, None), **context}
    return render(request, template, page, status=422 if context.get("error") else 200)
