"""A question before something is removed that nothing brings back. In goes the request that would remove it, out comes
the page that asks, or nothing once it was answered: what was sent is sent again, with the answer."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

#: What the question adds to a request itself, or must not repeat.
OWN = ("csrfmiddlewaretoken", "sure")


def ask_to_remove(request: HttpRequest, title: str, words: str, back: str, back_label: str) -> HttpResponse | None:
    """``title`` asks, ``words`` say what stays; ``back`` is the address of the page that leaves all as it is."""
    if request.POST.get("sure"):
        return None
    sent = [(name, value) for name, values in request.POST.lists() if name not in OWN for value in values]
    told = {"title": title, "words": words, "back": back, "back_label": back_label, "sent": sent}
    return render(request, "settings/removing.html", told)
