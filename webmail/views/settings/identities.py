"""Identities: who a message is from. In go forms, out come pages; an address is proved before it may send."""

from smtplib import SMTPException

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import identities, security_log
from accounts.models import Identity, SecurityEvent
from mailsync import actions
from mailsync.message.outgoing_html import show_pictures, text_as_html
from mailsync.message.signatures import clean_signature
from mailsync.models import SignaturePicture
from mailsync.store.room import MOST_SIGNATURE_BYTES
from mailsync.store.settings_file import SIGNATURE_SWITCHES
from mailsync.store.signatures import words_of
from webmail import access
from webmail.forms import plain_words
from webmail.present.compose import signature_pictures
from webmail.present.said import said
from webmail.reader import user_of
from webmail.views.drafts import serve_file, take_picture
from webmail.views.settings.asking import ask_to_remove
from webmail.views.settings.forms import IdentityForm, NewIdentityForm, SignatureForm


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
    user = user_of(request)
    identity = access.identity_for(user, identity_id)
    form = IdentityForm(request.POST or None, instance=identity)
    standing = {name: getattr(identity, name) for name in SIGNATURE_SWITCHES}
    signing = SignatureForm(request.POST or None, initial=standing)
    words = words_of(identity)
    if signing.is_valid():
        words = clean_signature(signing.words(words))
    if form.is_valid() and signing.is_valid():
        try:
            answer: HttpResponse = _save(request, form, signing, words)
            return answer
        except actions.CannotDo as error:
            signing.add_error("text", said(error))
    context = {
        "identity": identity,
        "form": form,
        "signing": signing,
        "html": show_pictures(words, signature_pictures([identity]).get),
        "text": plain_words(words),
        "formatted": bool(words) and words != text_as_html(plain_words(words)),
        "most_kb": MOST_SIGNATURE_BYTES // 1000,
    }
    status = 422 if form.errors or signing.errors else 200
    return render(request, "settings/identity_edit.html", context, status=status)


def _save(request: HttpRequest, form: IdentityForm, signing: SignatureForm, words: str) -> HttpResponse:
    """Raises ``CannotDo``."""
    addresses = (form.cleaned_data["default_bcc"], form.cleaned_data["reply_to"])
    elsewhere = identities.leading_elsewhere(form.instance, *addresses)

    def keep(request: HttpRequest) -> HttpResponse:
        with transaction.atomic():
            identity = form.save()
            signing.keep(identity)
            actions.write_signature(identity.user_id, identity.pk, words)
        if elsewhere:
            detail = f"{identity.address}: {', '.join(elsewhere)}"
            security_log.record(SecurityEvent.Kind.COPIES, user_of(request), request, detail=detail)
        messages.success(request, _("Saved."))
        return redirect("settings_writing")

    answer: HttpResponse = (reauthentication_required(keep) if elsewhere else keep)(request)
    return answer


@require_POST
@login_required
def add_picture(request: HttpRequest, identity_id: int) -> HttpResponse:
    """A picture that the editor puts into the signature."""
    identity = access.identity_for(user_of(request), identity_id)

    def keep(name: str, content_type: str, data: bytes) -> SignaturePicture:
        return actions.attach_to_signature(identity.user_id, identity.pk, name, content_type, data)

    return take_picture(request, keep, lambda added: reverse("signature_picture", args=[identity.pk, added.pk]))


@require_safe
@login_required
def give_picture(request: HttpRequest, identity_id: int, picture_id: int) -> HttpResponse:
    return serve_file(access.signature_picture_for(user_of(request), identity_id, picture_id), inline=True)


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
    title = _("Remove %(address)s?") % {"address": identity.address}
    back = reverse("identity_edit", args=[identity.pk])
    kept = _("Mail that was sent as this address stays.")
    if not identity.is_default and (question := ask_to_remove(request, title, kept, back, identity.address)):
        return question
    if identities.remove(identity):
        actions.addresses_changed(identity.user_id)
        messages.success(request, _("%(address)s is removed.") % {"address": identity.address})
    else:
        messages.error(request, _("The default identity stays; make another one the default first."))
    return redirect("account_edit", identity.account_id)


def _send_proof(request: HttpRequest, identity: Identity) -> None:
    try:
        identities.send_proof(identity, request)
    except identities.TooManyLinks:
        messages.error(request, _("Too many links were sent today. Try again tomorrow."))
    except (OSError, SMTPException):
        messages.error(
            request, _("The link could not be sent: this Heron cannot send mail of its own. Tell its operator.")
        )
    else:
        messages.success(request, _("A link is on its way to %(address)s.") % {"address": identity.address})
