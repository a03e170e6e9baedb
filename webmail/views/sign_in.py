"""The way to another provider for signing in: allauth's, but a provider out of reach is a page and no fault of ours."""

import logging

import requests
from allauth.account.internal.decorators import login_not_required
from allauth.socialaccount.providers.openid_connect.views import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

log = logging.getLogger(__name__)


@require_safe
@never_cache
@login_not_required  # type: ignore[untyped-decorator]  # allauth carries no types
def to_provider(request: HttpRequest, key: str) -> HttpResponse:
    try:
        answer: HttpResponse = login(request, key)
    except requests.RequestException as error:
        log.warning("Sign-in by %s: %s", key, error)
        return render(request, "socialaccount/authentication_error.html", status=503)
    return answer
