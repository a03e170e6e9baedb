"""Webhooks in the settings: in go a form and verbs, out come the page of one and how it stands.

A webhook takes what is said of mail out of Heron for as long as it stands, so adding one and changing where it leads
is written into the log that its person reads.
"""

import json
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import security_log, vault
from accounts.models import SecurityEvent
from mailsync import actions
from mailsync.message.webhook_text import Told, as_text, build_event, build_header
from mailsync.models import Webhook
from mailsync.types import Address
from webmail import access
from webmail.present.said import said
from webmail.reader import user_of
from webmail.views.settings.asking import ask_to_remove


class WebhookForm(forms.Form):
    """Where it leads, and how much is said there."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=60, required=False)
    url = forms.CharField(
        label=gettext_lazy("Address (URL)"),
        max_length=1000,
        help_text=gettext_lazy("As the other program names it; begins with https://"),
        # Longer than a telephone is wide.
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false", "autocapitalize": "none", "dir": "ltr"}),
    )
    says = forms.ChoiceField(
        label=gettext_lazy("What it is told of a message"),
        choices=[
            (Webhook.Says.EVENT, gettext_lazy("that one came, and a link that only you can open")),
            (Webhook.Says.HEADER, gettext_lazy("who wrote it to whom, when, and the subject")),
            (Webhook.Says.PREVIEW, gettext_lazy("all this and the beginning of its text")),
        ],
    )

    def clean_url(self) -> str:
        """As it was before it was broken into lines."""
        return "".join(str(self.cleaned_data["url"]).split())


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def edit(request: HttpRequest, webhook_id: int | None = None) -> HttpResponse:
    """One webhook, new without an id."""
    user = user_of(request)
    hook = access.webhook_for(user, webhook_id) if webhook_id is not None else None
    standing = {"name": hook.name, "url": hook.url, "says": hook.says} if hook else None
    form = WebhookForm(request.POST or None, initial=standing)
    if request.method == "POST" and form.is_valid():
        try:
            saved = actions.write_webhook(user.pk, webhook_id, **form.cleaned_data)
        except actions.CannotDo as error:
            form.add_error(error.field if error.field in form.fields else None, said(error))
        else:
            if standing != {"name": saved.name, "url": saved.url, "says": saved.says}:
                security_log.record(SecurityEvent.Kind.WEBHOOK, user, request, detail=saved.name)
            messages.success(request, _("Saved."))
            return redirect("webhook_edit", saved.pk)
    context = {"form": form, "webhook": hook, **(_standing(hook) if hook else {})}
    return render(request, "settings/webhook_edit.html", context, status=422 if form.errors else 200)


@require_safe
@never_cache
@login_required
def standing(request: HttpRequest, webhook_id: int) -> HttpResponse:
    """What it answered last; asked again while a trial is under way."""
    hook = access.webhook_for(user_of(request), webhook_id)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("webhook_edit", hook.pk)
    return render(request, "settings/webhook_standing.html", {"webhook": hook, **_standing(hook)})


@require_POST
@login_required
def change(request: HttpRequest, webhook_id: int) -> HttpResponse:
    """``do``: test, renew (its key) or remove."""
    user = user_of(request)
    hook = access.webhook_for(user, webhook_id)
    match request.POST.get("do", ""):
        case "test":
            actions.try_webhook(user.pk, hook.pk)
        case "renew":
            actions.renew_webhook_key(user.pk, hook.pk)
            messages.success(request, _("Calls are signed with a new key from now on. Give it to the other program."))
        case "remove":
            title, kept = _("Remove the webhook “%(name)s”?") % {"name": hook.name}, _("Rules no longer call it.")
            if question := ask_to_remove(request, title, kept, reverse("webhook_edit", args=[hook.pk]), hook.name):
                return question
            actions.remove_webhook(user.pk, hook.pk)
            messages.success(request, _("“%(name)s” is removed.") % {"name": hook.name})
            return redirect(reverse("settings_rules") + "#webhooks")
        case _:
            raise Http404
    return redirect("webhook_edit", hook.pk)


def _standing(hook: Webhook) -> dict[str, Any]:
    waiting = list(hook.calls.values_list("message", flat=True))
    try:
        key = as_text(hook.reveal())
    except vault.VaultError:
        key = ""
    return {
        "is_tried": None in waiting,
        "waiting": len([pk for pk in waiting if pk is not None]),
        "why": said(hook.error),
        "key": key,
        "example": _example(hook),
    }


def _example(hook: Webhook) -> str:
    """What a call says, as much of a message as this one is told."""
    is_more, at = hook.says != Webhook.Says.EVENT, datetime(2026, 3, 1, 9, tzinfo=UTC)
    header = build_header(
        account="me@example.org",
        sender=Address("Ada Lovelace", "ada@example.org"),
        to=[Address("", "me@example.org")],
        subject="Rota of March",
        received_at=at,
        attachments=1,
    )
    told = Told(
        _("Name of the rule"),
        settings.HERON_BASE_URL.rstrip("/") + reverse("message", args=[1]),
        header=header if is_more else None,
        preview="Dear all, …" if hook.says == Webhook.Says.PREVIEW else None,
    )
    return json.dumps(json.loads(build_event(told, at)), ensure_ascii=False, indent=2)
