"""A draft's own verbs: save, add and take files, change the format, keep both, discard.

In: the compose form (scripts ask for JSON, a page without scripts posts the same form). Out: what was saved, or
the page again. Files that a draft shows are served with no type that could run.
"""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.cache import patch_cache_control
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from mailsync import actions
from mailsync.message.outgoing_html import show_pictures
from mailsync.message.signatures import plain_as_html
from mailsync.models import Draft, DraftAttachment
from mailsync.models.outgoing import AttachedFile
from mailsync.store.answers import load_unread_after
from mailsync.store.attached import PICTURE_TYPES
from mailsync.store.drafts import as_it_was
from mailsync.store.quoting import plain_body
from mailsync.store.signatures import load_signature
from webmail import access
from webmail.addresses import address_of
from webmail.forms import BODY_LIMIT, ComposeForm
from webmail.present.compose import is_untouched, picture_url, present_draft, present_file, title_of
from webmail.present.people import display_name
from webmail.present.said import said
from webmail.reader import reader_of, user_of
from webmail.views.compose import keep_words, next_url, page, refuse, save_form, undo_seconds, wants_json


@require_POST
@login_required
def draft_save(request: HttpRequest, draft_id: int) -> HttpResponse:
    saved = save_form(request, draft_id)
    if isinstance(saved, HttpResponse):
        return saved
    if wants_json(request):
        return JsonResponse(saved_facts(saved))
    messages.success(request, _("Saved in Drafts."))
    return redirect(next_url(request) if request.POST.get("close") else reverse("draft", args=[draft_id]))


@require_safe
@login_required
def draft_answers(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Who has answered in the conversation that this draft answers and is not read yet, and where: what its window asks
    when something has come into that conversation."""
    user = user_of(request)
    draft = access.draft_for(user, draft_id)
    mine = reader_of(request).mine
    unread = load_unread_after(user.pk, draft.original) if draft.original is not None else []
    answers = [one for one in unread if one.sender.address.lower() not in mine]
    response = JsonResponse(
        {
            "names": list(dict.fromkeys(display_name(one.sender) for one in answers)),
            "url": f"{address_of('thread', answers[0].folder_id, answers[0].thread_id)}#m{answers[0].message_id}"
            if answers
            else "",
        }
    )
    patch_cache_control(response, private=True, no_store=True)
    return response


@require_POST
@login_required
def draft_attach(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Add one file or several; with ``inline`` a picture that the editor puts among the words."""
    user = user_of(request)
    found = access.draft_for(user, draft_id)
    if "version" in request.POST:
        saved = save_form(request, draft_id)
        if isinstance(saved, HttpResponse):
            return saved
        found = access.draft_for(user, draft_id)
    inline = request.POST.get("inline") == "1"
    added: list[DraftAttachment] = []
    try:
        # One by one: what was taken before a refusal stays attached.
        added.extend(_attach(user.pk, found, upload, inline) for upload in request.FILES.getlist("files"))
        if not added:
            raise actions.CannotDo(_("Choose a file to attach."), field="attachments")
    except actions.NotYours as error:
        raise Http404 from error
    except actions.CannotDo as error:
        return refuse(request, found, error, status=413 if wants_json(request) else 422)
    if not wants_json(request):
        return redirect("draft", draft_id)
    files = [present_file(found, row) for row in added]
    return JsonResponse(
        {
            "html": "".join(
                render_to_string("compose/file.html", {"file": file, "draft": found}, request) for file in files
            ),
            "cid": added[0].content_id,
            "url": picture_url(found, added[0].content_id) if inline else files[0].url,
        }
    )


@require_POST
@login_required
def draft_detach(request: HttpRequest, draft_id: int, attachment_id: int) -> HttpResponse:
    user = user_of(request)
    if "version" in request.POST:
        saved = save_form(request, draft_id)
        if isinstance(saved, HttpResponse):
            return saved
    row = access.draft_attachment_for(user, draft_id, attachment_id)
    actions.detach(user.pk, draft_id, row.pk)
    return HttpResponse(status=204) if wants_json(request) else redirect("draft", draft_id)


@require_POST
@login_required
def draft_format(request: HttpRequest, draft_id: int) -> HttpResponse:
    """With formatting or without: ``rich`` is 1 or 0. The words stay; plain text holds the quoted original too."""
    saved = save_form(request, draft_id)
    if isinstance(saved, HttpResponse):
        return saved
    user = user_of(request)
    found = access.draft_for(user, draft_id)
    rich = request.POST.get("rich") == "1"
    if rich != found.is_html:
        signature = load_signature(found.identity, is_answer=found.mode != Draft.Mode.NEW)
        body = plain_as_html(found.body, signature) if rich else plain_body(found)
        actions.save_draft(user.pk, draft_id, found.version, is_html=rich, body=body)
    return show(request, access.draft_for(user, draft_id))


@require_POST
@login_required
def draft_quote(request: HttpRequest, draft_id: int) -> HttpResponse:
    """The quoted original for the editor, to be written into; ``only``: HTML that was selected in it, that part."""
    user = user_of(request)
    found = access.draft_for(user, draft_id)
    try:
        html = actions.open_quote(user.pk, found.pk, only=request.POST.get("only", "")[:BODY_LIMIT])
    except actions.CannotDo as error:
        return JsonResponse({"error": said(error)}, status=422)
    if html is None:
        return JsonResponse({"error": _("The quoted message is not here any more.")}, status=422)
    ours = set(found.attachments.values_list("content_id", flat=True))
    return JsonResponse({"html": show_pictures(html, lambda cid: picture_url(found, cid) if cid in ours else None)})


@require_POST
@login_required
def draft_keep(request: HttpRequest, draft_id: int) -> HttpResponse:
    """This window's words as a draft of their own: after a conflict, or where the draft was sent or thrown away
    elsewhere. Without content where all of them are in what was sent."""
    user = user_of(request)
    found = Draft.objects.filter(pk=draft_id, user=user).first()
    form = ComposeForm(user, found or as_it_was(user.pk, draft_id), request.POST)
    fields = form.draft_fields() if form.is_valid() else {}
    if found is not None:
        copy: Draft | None = actions.keep_both(user.pk, found.pk, **fields)
    else:
        copy = keep_words(request, draft_id, fields)
    return show(request, access.draft_for(user, copy.pk)) if copy is not None else HttpResponse(status=204)


@require_POST
@login_required
def draft_discard(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Throw away; with ``untouched`` only if nothing was ever written. The answer names what takes it back."""
    user = user_of(request)
    found = access.draft_for(user, draft_id)
    empty = is_untouched(found)
    if request.POST.get("untouched") and not empty:
        return HttpResponse(status=204)
    done = actions.discard_draft(user.pk, found.pk, empty=empty)
    if wants_json(request):
        return JsonResponse({"label": done.label, "group": str(done.group) if done.count else ""})
    messages.success(request, done.label, extra_tags=f"undo:{done.group}" if done.count else "")
    return redirect(next_url(request))


@require_safe
@login_required
def draft_file(request: HttpRequest, draft_id: int, attachment_id: int) -> HttpResponse:
    return serve_file(access.draft_attachment_for(user_of(request), draft_id, attachment_id), inline=False)


@require_safe
@login_required
def draft_cid(request: HttpRequest, draft_id: int, cid: str) -> HttpResponse:
    """A picture among the words of a draft, by its Content-ID."""
    found = access.draft_for(user_of(request), draft_id)
    row = found.attachments.select_related("blob").filter(content_id=cid).first()
    if row is None or row.content_type not in PICTURE_TYPES:
        raise Http404
    return serve_file(row, inline=True)


def saved_facts(draft: Draft) -> dict[str, Any]:
    return {
        "version": draft.version,
        "saved": _("Saved %(time)s") % {"time": formats.time_format(timezone.localtime(draft.updated_at), "H:i")},
        "title": title_of(draft),
    }


def show(request: HttpRequest, found: Draft) -> HttpResponse:
    """The window again for a script, else the page."""
    if wants_json(request):
        shown = present_draft(user_of(request), found, undo_seconds=undo_seconds(request))
        html = render(request, "compose/window.html", {"composing": shown}).content.decode()
        return JsonResponse({"html": html, **saved_facts(found)})
    return page(request, found) if request.method != "POST" else redirect("draft", found.pk)


def _attach(user_id: int, found: Draft, upload: "UploadedFile[Any]", inline: bool) -> DraftAttachment:
    content_type = upload.content_type or "application/octet-stream"
    return actions.attach(user_id, found.pk, upload.name or "", content_type, upload.read(), inline=inline)


def take_picture(
    request: HttpRequest, keep: Callable[[str, str, bytes], AttachedFile], url_of: Callable[[AttachedFile], str]
) -> JsonResponse:
    """A picture that an editor of the settings puts among the words: where it is shown, and its name there."""
    upload = request.FILES.get("files")
    try:
        if upload is None:
            raise actions.CannotDo(_("Choose a file to attach."))
        added = keep(upload.name or "", upload.content_type or "application/octet-stream", upload.read())
    except actions.CannotDo as error:
        return JsonResponse({"error": said(error)}, status=422)
    return JsonResponse({"url": url_of(added), "cid": added.content_id})


def serve_file(row: AttachedFile, *, inline: bool) -> HttpResponse:
    """A file to be saved; a picture that stands among words is shown, and nothing else is."""
    shown = inline and row.content_type in PICTURE_TYPES
    response = HttpResponse(
        bytes(row.blob.data), content_type=row.content_type if shown else "application/octet-stream"
    )
    response["Content-Disposition"] = content_disposition_header(not shown, row.name) or "attachment"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, max-age=3600"
    return response
