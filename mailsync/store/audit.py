"""Audit of what is kept for speed: thread lines, counts of folders and labels, bodies, accounts. Database room.

In: an account, or all. Out: what was wrong, and it is right now. Nothing here should ever find anything.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection, transaction

from accounts.models import MailAccount
from mailsync.models import Folder
from mailsync.store.label_counts import LabelCorrection, recount_labels, recount_lines
from mailsync.store.mail_sums import MailSize, recount_mail
from mailsync.store.summary import lock_folders, refresh
from mailsync.store.threads import refresh_threads


@dataclass(frozen=True, slots=True)
class Correction:
    """A folder's counts as they stood and as they are: (total, unread, bodies pending)."""

    folder_id: int
    path: str
    before: tuple[int, int, int]
    after: tuple[int, int, int]


def recount(account_id: int | None = None) -> Iterator[Correction | LabelCorrection]:
    """Count every folder anew, one transaction each, and every account's labels; yields those that were wrong."""
    accounts = MailAccount.objects.order_by("id").values_list("id", flat=True)
    for one in accounts if account_id is None else accounts.filter(id=account_id):
        labels: set[str] = set()
        for folder_id in Folder.objects.filter(account=one).order_by("id").values_list("id", flat=True):
            correction, lines = _recount_folder(folder_id)
            labels |= set(lines)
            if correction is not None:
                yield correction
        labels |= set(recount_labels(one))
        if labels:
            yield LabelCorrection(one, tuple(sorted(labels)))


def recount_sums(account_id: int | None = None) -> Iterator[tuple[MailAccount, MailSize]]:
    """Count the mail of every account anew; yields by how much those sums that were wrong had been too small."""
    accounts = MailAccount.objects.order_by("id")
    if account_id is not None:
        accounts = accounts.filter(pk=account_id)
    for pk in accounts.values_list("id", flat=True):
        with transaction.atomic():
            # Two audits at once would both add what is missing.
            account = MailAccount.objects.select_for_update(no_key=True).get(pk=pk)
            wrong = recount_mail(pk)
        if wrong is not None:
            yield account, wrong


@transaction.atomic
def _recount_folder(folder_id: int) -> tuple[Correction | None, list[str]]:
    """The counts, if they were wrong, and the labels whose lines were."""
    lock_folders([folder_id])
    folder = Folder.objects.get(pk=folder_id)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT thread_id FROM mailsync_placement WHERE folder_id = %(folder)s"
            " UNION SELECT thread_id FROM mailsync_threadrow WHERE folder_id = %(folder)s",
            {"folder": folder_id},
        )
        threads = [row[0] for row in cursor.fetchall()]
        for start in range(0, len(threads), 5000):
            part = threads[start : start + 5000]
            refresh((folder_id, thread) for thread in part)
            refresh_threads(part)
        cursor.execute(
            "UPDATE mailsync_folder f SET total = c.total, unread = c.unread, bodies_pending = c.bodies FROM ("
            "  SELECT count(*) FILTER (WHERE p.shown) AS total,"
            "         count(*) FILTER (WHERE p.shown AND NOT p.seen) AS unread,"
            "         count(*) FILTER (WHERE m.raw_id IS NULL AND p.gone_phase = 0 AND p.uid IS NOT NULL) AS bodies"
            "    FROM mailsync_placement p JOIN mailsync_message m ON m.id = p.message_id"
            "   WHERE p.folder_id = %(folder)s) AS c"
            " WHERE f.id = %(folder)s RETURNING f.total, f.unread, f.bodies_pending",
            {"folder": folder_id},
        )
        after = cursor.fetchone()
    lines = recount_lines(folder_id)
    before = (folder.total, folder.unread, folder.bodies_pending)
    return None if after == before else Correction(folder_id, folder.path, before, after), lines
