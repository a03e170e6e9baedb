"""Notifications: which browsers are told of new mail while no page is open. In: a form or a subscription; out: a page.

The subscription is made by the browser, with the consent of who sits there; it ends with their session.
"""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.push_key import load_push_key
from mailsync import actions
from mailsync.message.push_text import as_text, public_key
from mailsync.store.devices import load_devices
from webmail.reader import user_of
from webmail.views.settings import options
from webmail.views.settings.pages import options_page


@login_required
def index(request: HttpRequest) -> HttpResponse:
    devices = load_devices(user_of(request).pk)
    here = request.session.session_key
    return options_page(
        request,
        "notifications",
        options.NOTIFICATIONS,
        devices=[(device, device.session_key == here) for device in devices],
        is_here=any(device.session_key == here for device in devices),
        push_key=as_text(public_key(load_push_key())),
    )


@require_POST
@login_required
def subscribe(request: HttpRequest) -> HttpResponse:
    """What the browser gave; 422 for what no browser gives."""
    form = request.POST
    to = actions.parse_subscription(form.get("endpoint", ""), form.get("p256dh", ""), form.get("auth", ""))
    if to is None:
        return HttpResponse(_("This is no subscription."), status=422, content_type="text/plain; charset=utf-8")
    actions.add_device(
        user_of(request),
        to,
        session_key=request.session.session_key or "",
        user_agent=request.headers.get("User-Agent", ""),
        language=get_language() or "en",
    )
    messages.success(request, _("This browser is told of new mail from now on."))
    return HttpResponse(status=204)


@require_POST
@login_required
def remove(request: HttpRequest, device_id: int) -> HttpResponse:
    if not actions.remove_device(user_of(request).pk, device_id):
        raise Http404
    messages.success(request, _("That browser is told nothing more."))
    return redirect("settings_notifications")
