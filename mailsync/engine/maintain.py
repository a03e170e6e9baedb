"""Housekeeping by the clock: each step is bounded and may be repeated. The meeting room; database only."""

from datetime import timedelta

from django.db.models.functions import Now

from mailsync.models import RenderedBody, SyncRun
from mailsync.store import vanish

_KEEP_RUNS = timedelta(days=14)
_KEEP_RENDERED = timedelta(days=30)
_MOST_ROUNDS = 20


def maintain() -> None:
    """Purge what has been gone for a month, old runs and old renderings."""
    for _ in range(_MOST_ROUNDS):
        if vanish.purge_gone(limit=500) < 500:
            break
    SyncRun.objects.filter(started_at__lt=Now() - _KEEP_RUNS).delete()
    RenderedBody.objects.filter(created_at__lt=Now() - _KEEP_RENDERED).delete()
