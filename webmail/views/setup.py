"""The first run: while there is no user, a one-time link makes the administrator.

In goes the token of the link and a form, out comes a signed-in administrator. The token is the
operator's (``HERON_SETUP_TOKEN``, made and printed by ``make run``); it opens nothing once a user exists.
"""

import hmac
from typing import Any

from allauth.account.views import login as allauth_login
from django import forms
from django.conf import settings
from django.contrib.auth import login, password_validation
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts.invitations import make_user
from accounts.models import User


class AdministratorForm(forms.Form):
    """The first person of this Heron."""

    name = forms.CharField(label=_("Your name"), max_length=150, widget=forms.TextInput({"autocomplete": "name"}))
    email = forms.EmailField(
        label=_("Email address"),
        max_length=254,
        help_text=_("You sign in with it. It need not be one of the mailboxes you connect."),
        widget=forms.EmailInput({"autocomplete": "username", "autocapitalize": "none"}),
    )
    password = forms.CharField(
        label=_("A password for Heron"),
        strip=False,
        help_text=_("Not the password of your mailbox. Eight characters or more, and no common word."),
        widget=forms.PasswordInput({"autocomplete": "new-password"}, render_value=True),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("password") and data.get("email"):
            try:
                person = User(email=data["email"], name=data.get("name", ""))
                password_validation.validate_password(data["password"], person)
            except ValidationError as error:
                self.add_error("password", error)
        return data


def sign_in(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
    """allauth's sign-in page, or the first-run page while there is nobody to sign in."""
    if not User.objects.exists():
        return redirect("setup")
    response: HttpResponseBase = allauth_login(request, **kwargs)
    return response


@require_safe
@never_cache
def explain(request: HttpRequest) -> HttpResponse:
    """How the first user is made, for whoever opens a Heron that has none."""
    if User.objects.exists():
        return redirect("account_login")
    return render(request, "setup/explain.html")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters("password")
def make(request: HttpRequest, token: str) -> HttpResponse:
    """The form behind the one-time link."""
    wanted = settings.HERON_SETUP_TOKEN
    if not wanted or not hmac.compare_digest(token.encode(), wanted.encode()):
        raise Http404
    if User.objects.exists():
        return redirect("account_login")
    form = AdministratorForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        user = make_user(data["email"], name=data["name"], is_superuser=True)
        user.set_password(data["password"])
        user.save(update_fields=["password"])
        login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
        return redirect("account_add")
    return render(request, "setup/make.html", {"form": form}, status=422 if form.errors else 200)
