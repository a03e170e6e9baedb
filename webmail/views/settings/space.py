"""What takes the space: in goes a user, out come heaps of mail, each with the list in which it can be dealt with.

Where much mail has to be counted first the page comes without them and asks for itself again, to be counted meanwhile.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from mailsync.store.space import Heap, Space, find_space, load_space
from webmail.reader import user_of
from webmail.scope import folder_title


@dataclass(frozen=True, slots=True)
class Row:
    """A heap as a line; ``url`` is the list of its messages, with all the verbs of lists and their undo."""

    title: str
    beside: str
    count: int
    size_bytes: int
    url: str


@require_safe
@login_required
def space(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    found = load_space(user.pk) if "count" in request.GET else find_space(user.pk)
    template = "settings/space_part.html" if request.htmx else "settings/space.html"  # type: ignore[attr-defined]
    return render(request, template, _shown(found) if found else {"found": None})


def _shown(found: Space) -> dict[str, Any]:
    folders = found.folder_rows
    return {
        "found": found,
        "senders": [_row(heap, heap.name, f'from:"{heap.name}" in:anywhere') for heap in found.senders],
        "years": [_row(heap, heap.name, _year(heap.name)) for heap in found.years],
        "folders": [
            Row(folder_title(folders[pk]), str(folders[pk].account), heap.count, heap.size_bytes, _list_of(pk))
            for pk, heap in found.folders
            if pk in folders
        ],
    }


def _row(heap: Heap, title: str, query: str) -> Row:
    return Row(title, "", heap.count, heap.size_bytes, f"{reverse('search')}?{urlencode({'q': query})}")


def _year(name: str) -> str:
    return f"after:{name}-01-01 before:{int(name) + 1}-01-01 in:anywhere"


def _list_of(folder_id: int) -> str:
    return f"{reverse('folder', args=[folder_id])}?sort=largest"
