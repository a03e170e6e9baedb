"""Profile, appearance, reading, writing and security: in go a request and a form, out come a page or "saved".

Every page works as a plain form; with scripts each change is posted by itself and answered with an
empty 204, or 422 and the reason.
"""

from collections.abc import Sequence

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts import preferences
from accounts.models import Identity
from webmail.reader import user_of
from webmail.views.settings import options
from webmail.views.settings.forms import ProfileForm


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
    return _options_page(request, "appearance", options.APPEARANCE)


@login_required
def reading(request: HttpRequest) -> HttpResponse:
    return _options_page(request, "reading", options.READING)


@login_required
def writing(request: HttpRequest) -> HttpResponse:
    identities = Identity.objects.filter(user=user_of(request)).select_related("account")
    return _options_page(request, "writing", options.WRITING, identities=identities.order_by("account__position", "id"))


@require_safe
@login_required
def security(request: HttpRequest) -> HttpResponse:
    return render(request, "settings/security.html")


@require_http_methods(["GET", "HEAD", "POST"])
def _options_page(
    request: HttpRequest, page: str, offered: Sequence[options.Option], **context: object
) -> HttpResponse:
    user = user_of(request)
    if request.method == "POST":
        try:
            preferences.save(user, **options.read(offered, request.POST))
        except ValueError as error:
            return HttpResponse(str(error), status=422, content_type="text/plain; charset=utf-8")
        if request.htmx:  # type: ignore[attr-defined]
            return HttpResponse(status=204)
        messages.success(request, _("Saved."))
        return redirect(f"settings_{page}")
    shown = options.show(offered, preferences.load(user))
    return render(request, f"settings/{page}.html", {"options": shown, **context})
