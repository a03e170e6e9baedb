"""Mail of a muted conversation does not stay in the inbox. Database room; in the wake of each intake."""

from uuid import uuid4

from django.db import transaction

from mailsync.models import Folder, Placement
from mailsync.store import acting
from mailsync.store.summary import FolderCounts


def file_muted(inbox: Folder) -> list[FolderCounts]:
    """Archive what has come into an inbox for muted conversations; returns the counts that changed."""
    muted = Placement.objects.filter(folder=inbox, shown=True, thread__muted=True, thread__account=inbox.account_id)
    ids = list(muted.values_list("pk", flat=True))
    if not ids:
        return []
    with transaction.atomic():
        _count, folders = acting.apply_verb("archive", "", ids, uuid4())
    return folders
