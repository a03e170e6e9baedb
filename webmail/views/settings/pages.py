"""Pages of preferences."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


@login_required
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "settings/base.html")


@login_required
def appearance(request: HttpRequest) -> HttpResponse:
    return render(request, "settings/base.html")
