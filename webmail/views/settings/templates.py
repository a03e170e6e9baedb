"""Templates in the settings: written, changed, renamed, removed, with their files. In go forms, out come pages."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mailsync import actions
from mailsync.message.outgoing_html import clean_draft, show_pictures
from mailsync.models import MailTemplate, TemplateFile
from webmail import access
from webmail.forms import WordsForm, plain_words
from webmail.present.files import file_tile
from webmail.present.said import said
from webmail.reader import user_of
from webmail.views.drafts import serve_file, take_picture
from webmail.views.settings.asking import ask_to_remove


class TemplateForm(WordsForm):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    subject = forms.CharField(label=gettext_lazy("Subject"), max_length=2000, required=False)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def edit(request: HttpRequest, template_id: int | None = None) -> HttpResponse:
    user = user_of(request)
    template = access.template_for(user, template_id) if template_id is not None else None
    form = TemplateForm(request.POST or None, initial=_standing(template))
    words = template.body if template else ""
    if request.method == "POST" and form.is_valid():
        words = clean_draft(form.words(words))
        try:
            fields = {name: form.cleaned_data[name] for name in ("name", "subject")}
            template = actions.write_template(user.pk, template.pk if template else None, **fields, body=words)
        except actions.NotYours as error:
            raise Http404 from error
        except actions.CannotDo as error:
            form.add_error("name", said(error))
        else:
            return _add_files(request, template)
    context = {"form": form, "template": template, **_shown(template, words)}
    return render(request, "settings/template_edit.html", context, status=422 if form.errors else 200)


def _add_files(request: HttpRequest, template: MailTemplate) -> HttpResponse:
    """The words are kept by now; a file that does not fit is said on the page of the template."""
    for upload in request.FILES.getlist("files"):
        try:
            kind = upload.content_type or "application/octet-stream"
            actions.attach_to_template(template.user_id, template.pk, upload.name or "", kind, upload.read())
        except actions.CannotDo as error:
            messages.error(request, said(error))
            return redirect("template_edit", template.pk)
    messages.success(request, _("Saved."))
    return redirect(reverse("settings_writing") + "#templates")


@require_POST
@login_required
def add_picture(request: HttpRequest, template_id: int) -> HttpResponse:
    """A picture that the editor puts among the words: where it is shown, and its name there."""
    template = access.template_for(user_of(request), template_id)

    def keep(name: str, content_type: str, data: bytes) -> TemplateFile:
        return actions.attach_to_template(template.user_id, template.pk, name, content_type, data, inline=True)

    return take_picture(request, keep, lambda added: reverse("template_file", args=[template.pk, added.pk]))


@require_POST
@login_required
def remove(request: HttpRequest, template_id: int) -> HttpResponse:
    user = user_of(request)
    template = access.template_for(user, template_id)
    title = _("Remove the template “%(name)s”?") % {"name": template.name}
    back = reverse("template_edit", args=[template.pk])
    if question := ask_to_remove(
        request, title, _("Messages that it went into keep their words."), back, template.name
    ):
        return question
    actions.remove_template(user.pk, template.pk)
    messages.success(request, _("“%(name)s” is removed.") % {"name": template.name})
    return redirect(reverse("settings_writing") + "#templates")


@require_safe
@login_required
def give_file(request: HttpRequest, template_id: int, file_id: int) -> HttpResponse:
    found = access.template_file_for(user_of(request), template_id, file_id)
    return serve_file(found, inline=bool(found.content_id))


@require_POST
@login_required
def remove_file(request: HttpRequest, template_id: int, file_id: int) -> HttpResponse:
    user = user_of(request)
    found = access.template_file_for(user, template_id, file_id)
    actions.remove_template_file(user.pk, template_id, found.pk)
    messages.success(request, _("“%(name)s” is removed.") % {"name": found.name})
    return redirect("template_edit", template_id)


def _standing(template: MailTemplate | None) -> dict[str, Any]:
    return {"name": template.name, "subject": template.subject} if template else {}


def _shown(template: MailTemplate | None, words: str) -> dict[str, Any]:
    """The words for the editor and as text, the files as tiles."""
    rows = list(template.files.select_related("blob").defer("blob__data")) if template else []
    urls = {row.content_id: reverse("template_file", args=[row.template_id, row.pk]) for row in rows if row.content_id}
    tiles = [(row.pk, file_tile(row.name, str(row.pk), row.content_type, row.blob.size_bytes)) for row in rows]
    return {
        "html": show_pictures(words, urls.get),
        "text": plain_words(words),
        "files": [(pk, tile) for (pk, tile), row in zip(tiles, rows, strict=True) if not row.content_id],
    }
