"""Other people's certificates in the settings: for whom one can encrypt; one more from a file, one less.

Who puts another certificate in somebody's place reads what is meant for them, so who it is is asked again for a file,
and it stands in the log that its person reads.
"""

from allauth.account.decorators import reauthentication_required
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import security_log
from accounts.models import SecurityEvent
from mailsync import actions
from mailsync.message.certificates import MAX_FILE_BYTES
from mailsync.store.peer_certificates import peer_certificates
from webmail import access
from webmail.present.own_certificates import present_peer_certificates
from webmail.present.said import said
from webmail.reader import user_of
from webmail.views.settings.asking import ask_to_remove

_PAGE = 100


class PeerCertificateForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("A .cer, .crt or .pem file, as they or their company give it. It holds no secret."),
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".cer,.crt,.der,.pem,application/pkix-cert"}),
    )


@require_safe
@never_cache
@login_required
def index(request: HttpRequest) -> HttpResponse:
    """A hundred a page, by address; ``q`` narrows them."""
    user = user_of(request)
    typed = request.GET.get("q", "").strip()[:320]
    page = Paginator(peer_certificates(user.pk, typed), _PAGE).get_page(request.GET.get("page"))
    lines = present_peer_certificates(page.object_list, timezone.now())
    return render(request, "settings/peer_certificates.html", {"page": page, "lines": lines, "typed": typed})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
@reauthentication_required  # type: ignore[untyped-decorator]  # allauth carries no types
def add(request: HttpRequest) -> HttpResponse:
    form = PeerCertificateForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid() and _keep(request, form):
        return redirect("peer_certificates")
    return render(request, "settings/peer_certificate_add.html", {"form": form}, status=422 if form.errors else 200)


def _keep(request: HttpRequest, form: PeerCertificateForm) -> bool:
    user = user_of(request)
    try:
        rows = actions.keep_peer_certificate(user.pk, form.cleaned_data["file"].read(MAX_FILE_BYTES + 1))
    except actions.CannotDo as error:
        form.add_error(error.field or None, said(error))
        return False
    names = ", ".join(row.address for row in rows)
    security_log.record(SecurityEvent.Kind.CERTIFICATE_ADDED, user, request, detail=names)
    messages.success(request, _("You can encrypt for %(name)s now.") % {"name": names})
    return True


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def remove(request: HttpRequest, peer_id: int) -> HttpResponse:
    """The page that asks, and its answer."""
    user, row = user_of(request), access.peer_certificate_for(user_of(request), peer_id)
    named = {"name": row.address}
    title = _("Remove the certificate of %(name)s?") % named
    words = _("You cannot encrypt for them until you read a message that they signed, or add it again.")
    back = reverse("peer_certificates")
    if question := ask_to_remove(request, title, words, back, _("For whom you can encrypt")):
        return question
    actions.forget_peer_certificate(user.pk, row.pk)
    security_log.record(SecurityEvent.Kind.CERTIFICATE_REMOVED, user, request, detail=row.address)
    messages.success(request, _("The certificate of %(name)s is removed.") % named)
    return redirect(back)
