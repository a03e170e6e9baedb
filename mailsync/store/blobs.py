"""Uploaded bytes, kept once for each user however many drafts, templates and signatures name them. Database room."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from itertools import chain
from typing import Any

from django.utils import timezone

from mailsync.models import Act, Blob, DraftAttachment, Outgoing, SignaturePicture, TemplateFile

#: An upload that nothing names any more is kept this long: Undo may want it back.
KEEP_DAYS = 7


def keep_blob(user_id: int, data: bytes) -> Blob:
    """The blob of these bytes, new or already there."""
    blob, _ = Blob.objects.get_or_create(
        user_id=user_id,
        sha256=hashlib.sha256(data).digest(),
        defaults={"size_bytes": len(data), "data": data},
    )
    return blob


def sweep_blobs() -> int:
    """Delete uploads that no draft, template or signature and no message that may be reopened needs; says how many."""
    before = timezone.now() - timedelta(days=KEEP_DAYS)
    kept = set(_reopenable())
    old = Blob.objects.filter(created_at__lt=before)
    old = old.exclude(id__in=DraftAttachment.objects.values("blob_id"))
    old = old.exclude(id__in=TemplateFile.objects.values("blob_id"))
    old = old.exclude(id__in=SignaturePicture.objects.values("blob_id"))
    gone = [pk for pk in old.values_list("id", flat=True) if pk not in kept]
    Blob.objects.filter(id__in=gone).delete()
    return len(gone)


def _reopenable() -> Iterator[int]:
    sent: Any = (
        Outgoing.objects.filter(draft_snapshot__isnull=False)
        .exclude(state__in=[Outgoing.State.DONE, Outgoing.State.CANCELLED])
        .values_list("draft_snapshot", flat=True)
    )
    thrown_away: Any = Act.objects.filter(verb=Act.DISCARD, state=Act.State.DONE)
    thrown_away = thrown_away.values_list("detail__draft", flat=True)
    for snapshot in chain(sent.iterator(), thrown_away.iterator()):
        for attachment in snapshot.get("attachments", ()):
            yield attachment["blob"]
