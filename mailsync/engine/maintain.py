"""Housekeeping by the clock: each step is bounded and may be repeated. The meeting room; database only."""

from datetime import timedelta

from django.db.models.functions import Now

from accounts import security_log
from mailsync.models import Change, RenderedBody, SyncRun
from mailsync.store import auto_replies, journal, mail_sums, pieces, pop, throttle, vanish
from mailsync.store.blobs import sweep_blobs
from mailsync.store.server_searches import forget_old_searches
from mailsync.store.uploads import sweep_uploads

_KEEP_RUNS = timedelta(days=14)
_KEEP_CHANGES = timedelta(days=30)
_KEEP_RENDERED = timedelta(days=30)
_MOST_ROUNDS = 20


def maintain() -> None:
    """Purge what has been gone for a month, and old runs, changes, renderings, pieces, uploads, answers."""
    for _ in range(_MOST_ROUNDS):
        if vanish.purge_gone(limit=500) < 500:
            break
    vanish.purge_folders()
    mail_sums.fold_sums()
    SyncRun.objects.filter(started_at__lt=Now() - _KEEP_RUNS).delete()
    Change.objects.filter(finished_at__lt=Now() - _KEEP_CHANGES).delete()
    journal.forget_old()
    pop.forget_tombstones()
    sweep_blobs()
    sweep_uploads()
    throttle.forget_old_traffic()
    security_log.forget_old()
    auto_replies.forget_old()
    pieces.forget_old_pieces()
    forget_old_searches()
    RenderedBody.objects.filter(created_at__lt=Now() - _KEEP_RENDERED).delete()
