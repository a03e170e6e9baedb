"""Addresses that rules forward to, in the settings: in go an address and the code mailed to it, out come pages.

Mail that is forwarded leaves for as long as a rule stands, and a stolen session would begin with that: so who it is is
asked again before an address is added, and each code that is sent stands in the log that its person reads.
"""

from smtplib import SMTPException

from allauth.account.decorators import reauthentication_required
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts import security_log
from accounts.address_codes import send_code
from accounts.models import SecurityEvent
from mailsync import actions
from mailsync.models import ForwardAddress
from mailsync.store.forwards import load_addresses
from webmail import access
from webmail.present.said import said
from webmail.reader import user_of
from webmail.views.settings.asking import ask_to_remove


class AddressForm(forms.Form):
    """Where to."""

    address = forms.EmailField(
        label=gettext_lazy("Email address"),
        max_length=320,
        help_text=gettext_lazy("A code is mailed there; who reads it there tells you."),
        widget=forms.EmailInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )


class CodeForm(forms.Form):
    """The code as it stands in the letter, in whatever way it is typed."""

    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=20,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@reauthentication_required  # type: ignore[untyped-decorator]  # allauth carries no types
def add(request: HttpRequest) -> HttpResponse:
    form = AddressForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            row, code = actions.add_forward_address(user_of(request).pk, form.cleaned_data["address"])
        except actions.CannotDo as error:
            form.add_error("address", said(error))
        else:
            _send(request, row, code)
            return redirect("forward_edit", row.pk)
    return render(request, "settings/forward_add.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def edit(request: HttpRequest, forward_address_id: int) -> HttpResponse:
    """How it stands; until it is confirmed, the place for its code."""
    user = user_of(request)
    row = access.forward_address_for(user, forward_address_id)
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            if actions.confirm_forward_address(user.pk, row.pk, form.cleaned_data["code"]):
                messages.success(request, _("Rules can forward to %(address)s now.") % {"address": row.address})
                return redirect(reverse("settings_rules") + "#forwarding")
            form.add_error("code", _("This is not the code that was mailed to %(address)s.") % {"address": row.address})
        except actions.CannotDo as error:
            form.add_error("code", said(error))
    standing = next(one for one in load_addresses(user.pk) if one.row.pk == row.pk)
    context = {"form": form, "address": row, "standing": standing, "why": said(standing.failed)}
    return render(request, "settings/forward_edit.html", context, status=422 if form.errors else 200)


@require_POST
@login_required
def change(request: HttpRequest, forward_address_id: int) -> HttpResponse:
    """``do``: send (another code) or remove."""
    user = user_of(request)
    row = access.forward_address_for(user, forward_address_id)
    match request.POST.get("do", ""):
        case "send":
            try:
                _send(request, *actions.renew_forward_code(user.pk, row.pk))
            except actions.CannotDo as error:
                messages.error(request, said(error))
            return redirect("forward_edit", row.pk)
        case "remove":
            title = _("Remove %(address)s?") % {"address": row.address}
            kept, back = _("Rules no longer forward to it."), reverse("forward_edit", args=[row.pk])
            if question := ask_to_remove(request, title, kept, back, row.address):
                return question
            actions.remove_forward_address(user.pk, row.pk)
            messages.success(request, _("%(address)s is removed.") % {"address": row.address})
            return redirect(reverse("settings_rules") + "#forwarding")
        case _:
            raise Http404


def _send(request: HttpRequest, row: ForwardAddress, code: str) -> None:
    security_log.record(SecurityEvent.Kind.FORWARDING, row.user, request, detail=row.address)
    try:
        send_code(row.user, row.address, code)
    except (OSError, SMTPException):
        messages.error(
            request, _("The code could not be sent: this Heron cannot send mail of its own. Tell its operator.")
        )
    else:
        messages.success(request, _("A code is on its way to %(address)s.") % {"address": row.address})
