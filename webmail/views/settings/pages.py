"""Profile, appearance, reading, writing and security: in go a request and a form, out come a page or "saved".

Every page works as a plain form; with scripts each change is posted by itself and answered with an
empty 204, or 422 and the reason.
"""

from collections.abc import Sequence

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import preferences, security_log, sessions
from accounts.models import Identity, SecurityEvent
from mailsync import actions
from mailsync.store.templates import load_templates
from webmail.reader import user_of
from webmail.templatetags.heron import device
from webmail.views.settings import options
from webmail.views.settings.forms import ProfileForm
from webmail.views.shell import clear_browser

_EVENTS_SHOWN = 200


@require_safe
@login_required
def index(request: HttpRequest) -> HttpResponse:
    """The first page; on a phone, the list of pages."""
    return render(request, "settings/profile.html", {"form": ProfileForm(instance=user_of(request)), "at_index": True})


@require_http_methods(["GET", "POST"])
@login_required
def profile(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    form = ProfileForm(request.POST or None, instance=user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect("settings_profile")
    return render(request, "settings/profile.html", {"form": form}, status=422 if form.errors else 200)


@login_required
def appearance(request: HttpRequest) -> HttpResponse:
    return options_page(request, "appearance", options.APPEARANCE)


@login_required
def reading(request: HttpRequest) -> HttpResponse:
    return options_page(request, "reading", options.READING)


@login_required
def writing(request: HttpRequest) -> HttpResponse:
    identities = Identity.objects.filter(user=user_of(request)).select_related("account")
    return options_page(
        request,
        "writing",
        options.WRITING,
        identities=identities.order_by("account__position", "id"),
        accounts=list(user_of(request).mail_accounts.order_by("position", "id")),
        templates=load_templates(user_of(request).pk),
    )


@require_safe
@login_required
def security(request: HttpRequest) -> HttpResponse:
    return render(request, "settings/security.html")


@require_safe
@login_required
def security_events(request: HttpRequest) -> HttpResponse:
    """What happened of late to this person's safety here; of administrators' acts too."""
    events = user_of(request).security_events.select_related("actor")[:_EVENTS_SHOWN]
    return render(request, "settings/security_log.html", {"events": events})


@require_POST
@login_required
def sign_out_everywhere(request: HttpRequest) -> HttpResponse:
    """End every session of this person, the one at hand too."""
    user = user_of(request)
    security_log.record(SecurityEvent.Kind.SIGNED_OUT_EVERYWHERE, user, request)
    sessions.end_sessions(user)
    logout(request)
    messages.success(request, _("You are signed out everywhere."))
    return clear_browser(redirect("account_login"))


@require_POST
@login_required
def end_session(request: HttpRequest, session_id: int) -> HttpResponse:
    """End one session, of a browser that is elsewhere; the one at hand is signed out of."""
    user = user_of(request)
    ended = sessions.end_session(user, session_id)
    if ended is None:
        raise Http404
    where = device(ended.user_agent)
    security_log.record(SecurityEvent.Kind.SIGNED_OUT, user, request, detail=where)
    messages.success(request, _("%(browser)s is signed out.") % {"browser": where})
    return redirect("usersessions_list")


@require_http_methods(["GET", "HEAD", "POST"])
def options_page(request: HttpRequest, page: str, offered: Sequence[options.Option], **context: object) -> HttpResponse:
    user = user_of(request)
    if request.method == "POST":
        try:
            before = preferences.load(user)
            saved = preferences.save(user, **options.read(offered, request.POST))
        except ValueError as error:
            return HttpResponse(str(error), status=422, content_type="text/plain; charset=utf-8")
        if not saved.recent_searches:
            actions.forget_recent_searches(user.pk)
        if saved.conversations != before.conversations:
            actions.lists_changed(user.pk)
        if request.htmx:  # type: ignore[attr-defined]
            return HttpResponse(status=204)
        messages.success(request, _("Saved."))
        return redirect(f"settings_{page}")
    shown = options.show(offered, preferences.load(user))
    return render(request, f"settings/{page}.html", {"options": shown, **context})
