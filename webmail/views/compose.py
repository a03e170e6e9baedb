"""Writing: a composition begun, shown and sent. The docked window and the full page share one view and one context.

In: a wish to write, answer or forward; a draft's form. Out: the window, the page, or what became of Send. Every
verb saves first what the form holds, so that nothing typed is lost, whatever is then refused.
"""

import contextlib
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import resolve, reverse
from django.utils import formats, timezone
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.dateparse import parse_datetime
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from mailsync import actions
from mailsync.message.addresses import format_address, parse_address_list
from mailsync.message.html_text import html_to_text
from mailsync.models import Draft
from mailsync.store import drafts
from mailsync.store.contact_groups import members
from mailsync.store.quoting import paragraphs
from webmail import access
from webmail.forms import ComposeForm
from webmail.numbers import read_number
from webmail.present.compose import (
    all_recipients,
    coming_time,
    new_outsiders,
    present_draft,
    promised_files,
    received_as,
    seen_recipients,
    written_text,
)
from webmail.present.guards import Warning, find_warnings
from webmail.present.said import said
from webmail.reader import user_of
from webmail.render.links import compose_target
from webmail.views.mailbox import column

#: What a mailto: link (RFC 6068) or a bookmark may fill in.
_PREFILLED = ("to", "cc", "bcc", "subject")


@require_safe
@login_required
def compose(request: HttpRequest) -> HttpResponse:
    """Begin: ``mode`` and ``original`` for an answer (with ``list`` to the mailing list), ``edit`` for a message in
    Drafts, ``again`` for one that was sent, ``missed`` for those whom it did not reach, ``attached`` for one to forward
    as a file, ``template`` for a ready-made text, else a new message (to the people of ``group``).

    The same wish asked for twice (a reload, a second click) leads to the same draft while it is untouched.
    """
    if "HX-Preloaded" in request.headers or "prefetch" in request.headers.get("Sec-Purpose", ""):
        return HttpResponse(status=204)
    if link := request.GET.get("mailto", "").strip():
        # A browser that opens such links in Heron hands them over whole (HTML §8.9.1.3).
        if not link.lower().startswith("mailto:"):
            raise Http404
        return redirect(compose_target(link))
    user = user_of(request)
    try:
        draft = _begin(request)
    except actions.NotYours as error:
        raise Http404 from error
    except actions.CannotDo as error:
        if _is_fragment(request):
            return HttpResponse(said(error), status=409, content_type="text/plain; charset=utf-8")
        messages.error(request, said(error))
        return redirect("settings_accounts" if error.field == "identity" else "home")
    if _is_fragment(request):
        return _window(request, access.draft_for(user, draft.pk))
    query = urlencode({"next": next_url(request)})
    return redirect(f"{reverse('draft', args=[draft.pk])}?{query}")


@require_safe
@login_required
def draft(request: HttpRequest, draft_id: int) -> HttpResponse:
    found = access.draft_for(user_of(request), draft_id)
    return _window(request, found) if _is_fragment(request) else page(request, found)


@require_POST
@login_required
def draft_send(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Save and send. ``sure`` overrules warnings by code, ``send_at`` or ``when`` sends later (the user's zone),
    ``archive`` takes the answered conversation out of the inbox."""
    user = user_of(request)
    if not Draft.objects.filter(pk=draft_id, user=user).exists():
        return _gone(request, draft_id)
    saved = save_form(request, draft_id)
    if isinstance(saved, HttpResponse):
        return saved
    found = access.draft_for(user, draft_id)
    warnings = [warning for warning in _warnings(request, found) if warning.code not in request.POST.getlist("sure")]
    try:
        send_at = _send_at(found, request.POST)
        _check_recipients(found)
        if warnings:
            return _look_again(request, found, warnings)
        outgoing = actions.send(
            user.pk, draft_id, hold_seconds=undo_seconds(request), send_at=send_at, archive="archive" in request.POST
        )
    except actions.NotYours:
        return _gone(request, draft_id)
    except actions.CannotDo as error:
        return refuse(request, found, error)
    return _sent(request, outgoing.pk, send_at)


def save_form(request: HttpRequest, draft_id: int) -> Draft | HttpResponse:
    """Save what the form holds. A response instead of the draft: the form is refused, or was saved elsewhere since."""
    user = user_of(request)
    current = access.draft_for(user, draft_id)
    form = ComposeForm(user, current, request.POST)
    if not form.is_valid():
        reason = " ".join(str(message) for errors in form.errors.values() for message in errors)
        return refuse(request, current, actions.CannotDo(reason))
    try:
        files = [number for file in request.POST.getlist("file") if (number := read_number(file)) is not None]
        return actions.save_draft(user.pk, draft_id, form.cleaned_data["version"], files=files, **form.draft_fields())
    except actions.NotYours as error:
        raise Http404 from error
    except actions.Conflict as conflict:
        if wants_json(request):
            return _conflict(request, conflict.current, form.draft_fields())
        copy = actions.keep_both(user.pk, draft_id, **form.draft_fields())
        messages.warning(
            request,
            _("The draft was changed in another window, so both are kept: this one is yours, the other is in Drafts."),
        )
        return redirect("draft", copy.pk)


def keep_words(request: HttpRequest, draft_id: int, fields: dict[str, Any]) -> Draft | None:
    """What a window holds whose draft is gone, as a new one that answers the same message."""
    mode, original = request.POST.get("mode", ""), _number(request.POST, "original")
    try:
        return actions.keep_gone(
            *(user_of(request).pk, draft_id),
            mode=mode if mode in Draft.Mode.values else Draft.Mode.NEW,
            original_id=original,
            is_asked_for="asked" in request.POST,
            **fields,
        )
    except actions.NotYours as error:
        raise Http404 from error


def _conflict(request: HttpRequest, other: Draft, mine: dict[str, Any]) -> JsonResponse:
    """What the other window saved beside what this one has, and the two ways on."""
    told = {
        "other": other,
        "other_text": _words(other.body, is_html=other.is_html),
        "mine": {"subject": mine["subject"], "text": _words(mine.get("body", ""), is_html=mine.get("is_html", False))},
    }
    conflict = render_to_string("compose/conflict.html", told, request)
    return JsonResponse({"conflict": conflict, "version": other.version, "text": told["other_text"]}, status=409)


def _words(body: str, *, is_html: bool) -> str:
    return html_to_text(body) if is_html else body


def page(request: HttpRequest, found: Draft, *, status: int = 200, **more: Any) -> HttpResponse:
    """The full page: for a phone's address bar, another tab, and browsers without scripts."""
    shown = present_draft(
        user_of(request), found, undo_seconds=undo_seconds(request), is_page=True, next_url=next_url(request), **more
    )
    response = render(request, "compose/page.html", {**column(request), "composing": shown}, status=status)
    patch_cache_control(response, private=True, no_store=True)
    return response


def refuse(request: HttpRequest, found: Draft, error: actions.CannotDo, status: int = 422) -> HttpResponse:
    """The reason in words, beside the form that keeps everything."""
    if wants_json(request):
        return JsonResponse({"error": said(error), "field": error.field, "version": found.version}, status=status)
    return page(request, found, error=said(error), error_field=error.field, status=status)


def wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "") == "application/json"


def undo_seconds(request: HttpRequest) -> int:
    """How long Undo stays possible: 0 to 60 seconds."""
    wish = getattr(request.prefs, "undo_seconds", 10)  # type: ignore[attr-defined]
    return min(max(int(wish), 0), 60) if isinstance(wish, int | float | str) and str(wish).isdigit() else 10


def next_url(request: HttpRequest) -> str:
    """Where to go when the page is closed; never another site."""
    wanted = request.POST.get("next") or request.GET.get("next") or request.headers.get("Referer", "")
    # What has no slash would be taken for the name of a view.
    safe = "/" in wanted and url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure())
    return wanted if safe and "/d/" not in wanted and "/compose/" not in wanted else "/"


def _begin(request: HttpRequest) -> Draft:
    user, wish = user_of(request), request.GET
    if stored := _number(wish, "edit"):
        return actions.edit_stored_draft(user.pk, access.message_for(user, stored).pk)
    if sent := _number(wish, "again"):
        return actions.write_again(user.pk, access.message_for(user, sent).pk)
    if partly := _number(wish, "missed"):
        return actions.write_to_missed(user.pk, access.outgoing_for(user, partly).pk)
    if template := _number(wish, "template"):
        return actions.start_from_template(user.pk, access.template_for(user, template).pk)
    if whole := _number(wish, "attached"):
        return actions.forward_attached(user.pk, access.message_for(user, whole).pk)
    mode = wish.get("mode", Draft.Mode.NEW)
    if mode not in Draft.Mode.values:
        raise Http404
    original = _number(wish, "original")
    if original:
        access.message_for(user, original)
    fields: dict[str, Any] = {name: " ".join(wish[name].split()) for name in _PREFILLED if wish.get(name)}
    if "list" in wish or "author" in wish:
        return actions.start_draft(user.pk, mode, original, only_to="list" if "list" in wish else "author")
    if wish.get("group"):
        people = members(user.pk, wish["group"])
        fields["to"] = ", ".join(filter(None, (fields.get("to"), *map(format_address, people))))
    # What another app shares is a text, a link or both (Web Share Target).
    text = "\n".join(filter(None, (wish.get("body", ""), wish.get("link", ""))))
    identity = _number(wish, "identity")
    if mode == Draft.Mode.NEW:
        identity = identity or _sender_on_screen(request)
    standing = _untouched(user.pk, mode, original, identity, fields, text)
    return standing or actions.start_draft(user.pk, mode, original, identity, text=text, **fields)


def _sender_on_screen(request: HttpRequest) -> int | None:
    """A new message is from the account whose folder is looked at; from the first one where that says nothing."""
    user = user_of(request)
    came = request.headers.get("Referer", "")
    account_id = None
    if url_has_allowed_host_and_scheme(came, {request.get_host()}, request.is_secure()):
        with contextlib.suppress(Http404):  # no page of ours, or a folder of nobody's
            folder_id = resolve(urlsplit(came).path).kwargs.get("folder_id")
            account_id = access.folder_for(user, folder_id).account_id if folder_id else None
    identity = drafts.default_identity(user.pk, account_id)
    return identity.pk if identity is not None else None


def _untouched(
    user_id: int, mode: str, original: int | None, identity: int | None, fields: dict[str, Any], text: str
) -> Draft | None:
    """The draft that an earlier click on the same thing began, if nothing was done with it."""
    begun = Draft.objects.filter(user_id=user_id, mode=mode, original_id=original, version=1, placement=None)
    begun = begun.filter(store_due_at=None)
    if mode == Draft.Mode.NEW:
        begun = begun.filter(attachments=None, identity=identity, body__startswith=paragraphs(text))
        begun = begun.filter(**{name: fields.get(name, "") for name in ("to", "cc", "subject")})
    return begun.order_by("-id").first()


def _check_recipients(found: Draft) -> None:
    """Raises ``CannotDo`` for the first address that is none, and where there is nobody to send to."""
    for field in ("to", "cc", "bcc"):
        wrong = parse_address_list(getattr(found, field)).errors
        if wrong:
            raise actions.CannotDo(wrong[0], field=field)
    if not all_recipients(found):
        raise actions.CannotDo(_("Add at least one recipient."), field="to")


def _warnings(request: HttpRequest, found: Draft) -> list[Warning]:
    text = written_text(found)
    sender = found.identity.address if found.identity is not None else ""
    return find_warnings(
        subject=found.subject,
        text=html_to_text(text) if found.is_html else text,
        people=seen_recipients(found),
        files=promised_files(found),
        reply_all=found.mode == Draft.Mode.REPLY_ALL,
        attachments_expected=request.prefs.warn_attachment,  # type: ignore[attr-defined]
        outsiders=new_outsiders(found),
        received_as=received_as(found),
        sent_as=sender,
    )


def _look_again(request: HttpRequest, found: Draft, warnings: list[Warning]) -> HttpResponse:
    if wants_json(request):
        html = render_to_string("compose/warnings.html", {"warnings": warnings, "draft": found}, request)
        return JsonResponse({"warnings": html, "version": found.version}, status=422)
    return page(request, found, warnings=warnings, status=422)


def _send_at(found: Draft, data: QueryDict) -> datetime | None:
    """``when`` names a moment, ``send_at`` is one picked from a calendar, both in the user's zone. Neither: the time
    that the message had when it was stopped, else now."""
    now = timezone.localtime()
    when = data.get("when", "")
    if when == "tomorrow":
        return _at_eight(now + timedelta(days=1))
    if when == "monday":
        return _at_eight(now + timedelta(days=7 - now.weekday()))
    if when == "pick":
        return picked_time(data)
    return None if when == "now" else coming_time(found)


def picked_time(data: QueryDict) -> datetime:
    """``send_at`` as a calendar field gives it, in the user's zone. Raises ``CannotDo``."""
    try:
        picked = parse_datetime(data.get("send_at", ""))
    except ValueError:
        picked = None
    if picked is None:
        raise actions.CannotDo(_("Choose a day and a time to send at."), field="send_at")
    return picked if picked.tzinfo else timezone.make_aware(picked)


def _at_eight(day: datetime) -> datetime:
    return timezone.make_aware(datetime(day.year, day.month, day.day, 8, 0))  # noqa: DTZ001 - aware in the next breath


def _sent(request: HttpRequest, outgoing_id: int, send_at: datetime | None) -> HttpResponse:
    at_once = _("Sending…") if undo_seconds(request) else _("Sent.")
    words = at_once if send_at is None else scheduled_words(send_at)
    if wants_json(request):
        return JsonResponse(
            {
                "label": words,
                "seconds": max(undo_seconds(request), 5) if send_at else undo_seconds(request),
                "undo": reverse("outgoing_act", args=[outgoing_id]),
            }
        )
    messages.success(request, words, extra_tags=f"unsend:{outgoing_id}")
    return redirect("outbox" if send_at is None and undo_seconds(request) else next_url(request))


def scheduled_words(send_at: datetime) -> str:
    local = timezone.localtime(send_at)
    return _("Will be sent on %(day)s at %(time)s.") % {
        "day": formats.date_format(local, "D j M"),
        "time": formats.time_format(local, "H:i"),
    }


def _gone(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Send was pressed twice: the second answer is the first one's. A window that says more than what was sent, or
    whose draft was thrown away elsewhere, is told so; without scripts its words are kept at once."""
    user = user_of(request)
    was = drafts.as_it_was(user.pk, draft_id)
    form = ComposeForm(user, was, request.POST)
    fields = form.draft_fields() if form.is_valid() else {}
    says_more = drafts.says_more(was, fields)
    if says_more and not wants_json(request) and (copy := keep_words(request, draft_id, fields)) is not None:
        messages.warning(
            request,
            _("The draft was sent or discarded in another window. What you wrote is kept here as a new draft."),
        )
        return redirect("draft", copy.pk)
    if says_more:
        raise Http404
    try:
        outgoing = actions.send(user.pk, draft_id)
    except actions.NotYours as error:
        raise Http404 from error
    return _sent(request, outgoing.pk, outgoing.send_at)


def _window(request: HttpRequest, found: Draft) -> HttpResponse:
    shown = present_draft(user_of(request), found, undo_seconds=undo_seconds(request))
    response = render(request, "compose/window.html", {"composing": shown})
    patch_vary_headers(response, ["HX-Request"])
    patch_cache_control(response, private=True, no_store=True)
    return response


def _is_fragment(request: HttpRequest) -> bool:
    return bool(request.htmx)  # type: ignore[attr-defined]


def _number(data: QueryDict, name: str) -> int | None:
    text = data.get(name, "")
    number = read_number(text)
    if text and number is None:
        raise Http404
    return number
