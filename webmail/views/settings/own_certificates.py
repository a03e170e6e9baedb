"""A person's own certificates in the settings: in go a file and its passphrase, out come pages and the public half.

Whose key it is reads what is encrypted for them, and signs in their name, so who it is is asked again before one is
added or removed, and both stand in the log that its person reads. Files and passphrases are held for the request alone.
"""

from typing import Any

from allauth.account.decorators import reauthentication_required
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from accounts import security_log
from accounts.models import OwnCertificate, SecurityEvent
from mailsync import actions
from mailsync.message.pkcs12 import MAX_FILE_BYTES, MAX_PASSPHRASE
from mailsync.store.own_certificates import own_certificates
from webmail import access
from webmail.present.own_certificates import certificate_name, present_certificates
from webmail.present.said import said
from webmail.reader import user_of
from webmail.views.settings.asking import ask_to_remove


class CertificateForm(forms.Form):
    """The file as another program has exported it."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("A .p12 or .pfx file: your certificate together with its private key."),
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".p12,.pfx,application/x-pkcs12"}),
    )
    passphrase = forms.CharField(
        label=gettext_lazy("Passphrase of the file"),
        required=False,
        max_length=MAX_PASSPHRASE,
        strip=False,
        help_text=gettext_lazy("It is used this once and not kept."),
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )


@require_safe
@never_cache
@login_required
def index(request: HttpRequest) -> HttpResponse:
    lines = present_certificates(own_certificates(user_of(request).pk), timezone.now())
    return render(request, "settings/certificates.html", {"certificates": lines})


@sensitive_post_parameters("passphrase")
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
@reauthentication_required  # type: ignore[untyped-decorator]  # allauth carries no types
def add(request: HttpRequest) -> HttpResponse:
    form = CertificateForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid() and _keep(request, form):
        return redirect("settings_certificates")
    return render(request, "settings/certificate_add.html", {"form": form}, status=422 if form.errors else 200)


@sensitive_variables("given")
def _keep(request: HttpRequest, form: CertificateForm) -> bool:
    user, given = user_of(request), form.cleaned_data
    try:
        # One byte more than is taken, so that what is too large is told so.
        rows = actions.keep_certificates(user.pk, given["file"].read(MAX_FILE_BYTES + 1), given["passphrase"])
    except actions.CannotDo as error:
        form.add_error(error.field or None, said(error))
        return False
    for row in rows:
        name = certificate_name(row)
        security_log.record(SecurityEvent.Kind.CERTIFICATE_ADDED, user, request, detail=name)
        if row.not_after < timezone.now():
            words = _("The certificate of %(name)s is added. It has ended, and opens older mail.")
        else:
            words = _("The certificate of %(name)s is added.")
        messages.success(request, words % {"name": name})
    return True


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def remove(request: HttpRequest, certificate_id: int) -> HttpResponse:
    """The page that asks, and its answer."""
    # Whose it is comes first: who they are is asked of nobody about what is not theirs.
    row = access.own_certificate_for(user_of(request), certificate_id)
    answer: HttpResponse = _remove(request, row)
    return answer


@reauthentication_required  # type: ignore[untyped-decorator]  # allauth carries no types
def _remove(request: HttpRequest, row: OwnCertificate) -> HttpResponse:
    user = user_of(request)
    said_of: dict[str, Any] = {"name": certificate_name(row)}
    title = _("Remove the certificate of %(name)s?") % said_of
    words = _("Mail that is encrypted for it cannot be opened here any more, old mail either.")
    back = reverse("settings_certificates")
    if question := ask_to_remove(request, title, words, back, _("Certificates")):
        return question
    actions.remove_certificate(user.pk, row.pk)
    security_log.record(SecurityEvent.Kind.CERTIFICATE_REMOVED, user, request, detail=said_of["name"])
    messages.success(request, _("The certificate of %(name)s is removed.") % said_of)
    return redirect(back)


@require_safe
@login_required
def give(request: HttpRequest, certificate_id: int) -> HttpResponse:
    """The certificate without its key, as others need it to encrypt for this person (RFC 2585 §4)."""
    row = access.own_certificate_for(user_of(request), certificate_id)
    return HttpResponse(
        bytes(row.certificate),
        content_type="application/pkix-cert",
        headers={
            "Content-Disposition": 'attachment; filename="certificate.cer"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )
