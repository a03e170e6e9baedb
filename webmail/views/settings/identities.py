"""Identities: who a message is from. In go forms, out come pages; an address is proved before it may send."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from webmail import access
from webmail.reader import user_of
from webmail.views.settings.forms import IdentityForm


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def edit(request: HttpRequest, identity_id: int) -> HttpResponse:
    identity = access.identity_for(user_of(request), identity_id)
    form = IdentityForm(request.POST or None, instance=identity)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect("settings_writing")
    context = {"identity": identity, "form": form}
    return render(request, "settings/identity_edit.html", context, status=422 if form.errors else 200)
