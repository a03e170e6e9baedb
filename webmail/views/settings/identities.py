"""Identities: who a message is from. In go forms, out come pages; an address is proved before it may send."""

from smtplib import SMTPException

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import identities
from accounts.models import Identity
from mailsync import actions
from webmail import access
from webmail.reader import user_of
from webmail.views.settings.forms import IdentityForm, NewIdentityForm


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def add(request: HttpRequest, account_id: int) -> HttpResponse:
    """A further address of an account; a link goes to it before anything is sent as it."""
    account = access.account_for(user_of(request), account_id)
    form = NewIdentityForm(request.POST or None, initial={"name": account.user.name})
    if request.method == "POST" and form.is_valid():
        try:
            identity = identities.add_identity(account, form.cleaned_data["address"], form.cleaned_data["name"])
        except identities.AddressTaken:
            form.add_error("address", _("This account has that address already."))
        else:
            actions.addresses_changed(identity.user_id)
            _send_proof(request, identity)
            return redirect("account_edit", account.pk)
    context = {"account": account, "form": form}
    return render(request, "settings/identity_add.html", context, status=422 if form.errors else 200)


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


@require_POST
@login_required
def prove(request: HttpRequest, identity_id: int) -> HttpResponse:
    """The link once more."""
    identity = access.identity_for(user_of(request), identity_id)
    _send_proof(request, identity)
    return redirect("identity_edit", identity.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Behind the link: a button, as programs that look into mail open links by themselves."""
    identity = identities.identity_of_proof(user_of(request), token)
    if identity is not None and request.method == "POST":
        identities.confirm(identity)
        messages.success(request, _("You can write as %(address)s now.") % {"address": identity.address})
        return redirect("settings_writing")
    return render(request, "settings/identity_confirm.html", {"identity": identity}, status=200 if identity else 404)


@require_POST
@login_required
def make_default(request: HttpRequest, identity_id: int) -> HttpResponse:
    identity = access.identity_for(user_of(request), identity_id)
    if identities.make_default(identity):
        messages.success(request, _("New messages are from %(address)s.") % {"address": identity.address})
    else:
        messages.error(request, _("Confirm %(address)s first.") % {"address": identity.address})
    return redirect("account_edit", identity.account_id)


@require_POST
@login_required
def remove(request: HttpRequest, identity_id: int) -> HttpResponse:
    identity = access.identity_for(user_of(request), identity_id)
    if identities.remove(identity):
        actions.addresses_changed(identity.user_id)
        messages.success(request, _("%(address)s is removed.") % {"address": identity.address})
    else:
        messages.error(request, _("The default identity stays; make another one the default first."))
    return redirect("account_edit", identity.account_id)


def _send_proof(request: HttpRequest, identity: Identity) -> None:
    try:
        identities.send_proof(identity)
    except (OSError, SMTPException):
        messages.error(
            request, _("The link could not be sent: this Heron cannot send mail of its own. Tell its operator.")
        )
    else:
        messages.success(request, _("A link is on its way to %(address)s.") % {"address": identity.address})
