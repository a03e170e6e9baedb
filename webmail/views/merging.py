"""A conversation is made one with another: in goes the one that is open, out comes a page to choose the other on.

The choice itself is an act like any other (``views/act.py``), with its Undo.
"""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from mailsync.models import Folder, Thread
from mailsync.store.listing import ListRow, list_rows, load_conversation, load_tree
from mailsync.store.search import prepare_search
from webmail import access
from webmail.present.people import participants_line
from webmail.reader import Reader, reader_of
from webmail.views.folders import arranging_page

#: Conversations to choose from at once; for others there is the search.
MOST_OFFERED = 30


@dataclass(frozen=True, slots=True)
class Offered:
    """A conversation that can be chosen; ``name`` stands for it in the form (see ``access.placements_for``)."""

    name: str
    who: str
    subject: str
    at: datetime


@require_safe
@login_required
def merge_with(request: HttpRequest, folder_id: int, thread_id: int) -> HttpResponse:
    """What the conversation can be merged with: the newest of its folder, or what ``q`` finds in its mailbox."""
    reader = reader_of(request)
    folder = access.folder_for(reader.user, folder_id)
    thread = access.thread_for(reader.user, thread_id)
    if thread.account_id != folder.account_id:
        raise Http404
    entries = load_conversation(reader.user.pk, thread_id).messages
    if not entries:
        raise Http404
    query = request.GET.get("q", "").strip()[:500]
    context: dict[str, object] = {
        "title": _("Merge conversations"),
        "folder": folder,
        "thread": thread,
        "subject": entries[-1].message.subject.strip() or _("(no subject)"),
        "query": query,
        "offered": _offered(reader, folder, thread, query),
    }
    return arranging_page(request, load_tree(reader.user.pk), "mail/merge.html", context)


def _offered(reader: Reader, folder: Folder, thread: Thread, query: str) -> list[Offered]:
    found: dict[int, ListRow] = {}
    for row in _rows(reader, folder, query):
        if row.thread_id != thread.pk:
            found.setdefault(row.thread_id, row)
    return [
        Offered(
            name=f"t{row.folder_id}-{row.thread_id}",
            who=participants_line(row.participants, reader.mine),
            subject=row.subject.strip() or _("(no subject)"),
            at=row.received_at,
        )
        for row in found.values()
    ]


def _rows(reader: Reader, folder: Folder, query: str) -> tuple[ListRow, ...]:
    if not query:
        return list_rows([folder.pk], by_conversation=True, limit=MOST_OFFERED + 1).rows
    folders = Folder.objects.filter(account=folder.account_id, selectable=True).values_list("id", flat=True)
    return prepare_search(reader.user.pk, query, list(folders)).page(limit=MOST_OFFERED + 1).rows
