"""Templates while writing: one put into a draft, a draft kept as one.

In: a draft, and the form that holds it. Out: for a script the words for its caret, or the menu anew; without scripts
the draft's page, with the words at its top.
"""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from mailsync import actions
from mailsync.message.html_text import html_to_text
from mailsync.message.outgoing_html import show_pictures
from mailsync.models import Draft
from mailsync.store.drafts import is_pasted
from webmail import access
from webmail.present.compose import picture_url, present_draft, present_file
from webmail.present.said import said
from webmail.reader import user_of
from webmail.views.compose import refuse, save_form, wants_json


@require_POST
@login_required
def insert(request: HttpRequest, draft_id: int, template_id: int) -> HttpResponse:
    user = user_of(request)
    found, template = access.draft_for(user, draft_id), access.template_for(user, template_id)
    try:
        if wants_json(request):
            return _words(request, found, actions.insert_template(user.pk, found.pk, template.pk))
        saved = save_form(request, draft_id)
        if isinstance(saved, HttpResponse):
            return saved
        actions.put_template(user.pk, draft_id, template.pk)
    except actions.NotYours as error:
        raise Http404 from error
    except actions.CannotDo as error:
        return refuse(request, access.draft_for(user, draft_id), error)
    return redirect("draft", draft_id)


@require_POST
@login_required
def keep(request: HttpRequest, draft_id: int) -> HttpResponse:
    """``template_name`` is what it is called; with ``replace`` it takes the place of one of that name."""
    saved = save_form(request, draft_id)
    if isinstance(saved, HttpResponse):
        return saved
    user = user_of(request)
    found = access.draft_for(user, draft_id)
    name = request.POST.get("template_name", "")
    try:
        template = actions.keep_template(user.pk, draft_id, name, replace="replace" in request.POST)
    except actions.NotYours as error:
        raise Http404 from error
    except actions.NameTaken as error:
        if wants_json(request):
            return JsonResponse({"error": said(error), "version": found.version, "taken": True}, status=409)
        return refuse(request, found, error)
    except actions.CannotDo as error:
        return refuse(request, found, error)
    told = _("“%(name)s” is kept as a template.") % {"name": template.name}
    if wants_json(request):
        menu = render_to_string("compose/template_items.html", {"composing": present_draft(user, found)}, request)
        return JsonResponse({"label": told, "version": found.version, "html": menu})
    messages.success(request, told)
    return redirect("draft", draft_id)


def _words(request: HttpRequest, draft: Draft, given: actions.Inserted) -> JsonResponse:
    """``html`` for the editor, ``text`` for a plain field, ``files`` as tiles."""
    tiles = [present_file(draft, row) for row in given.files if not is_pasted(row.content_id)]
    return JsonResponse(
        {
            "subject": given.subject,
            "html": show_pictures(given.html, lambda cid: picture_url(draft, cid)),
            "text": html_to_text(given.html, links=True).strip(),
            "files": "".join(
                render_to_string("compose/file.html", {"file": tile, "draft": draft}, request) for tile in tiles
            ),
            "size_bytes": sum(row.blob.size_bytes for row in given.files),
        }
    )
