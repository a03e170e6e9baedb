"""Copies in the Drafts folder of drafts, and of letters that may still be stopped or mended. Database room.

Such a letter's copy is out of sight; where it lies, the draft's snapshot says, as its row has gone with Send.
"""

from django.db.models import Q, QuerySet

from accounts.models import MailAccount
from mailsync.models import Draft, Outgoing


def _letters(account_id: int) -> QuerySet[Outgoing]:
    return Outgoing.objects.filter(
        Q(finished_at__isnull=True) | Q(state=Outgoing.State.FAILED),
        user__in=MailAccount.objects.filter(pk=account_id).values("user"),
        draft_snapshot__isnull=False,
    )


def copies_of_letters(account_id: int) -> list[int]:
    """The placements of what has been sent by the person of this account and may still be stopped or mended."""
    copies = _letters(account_id).values_list("draft_snapshot__placement", flat=True)
    return [placement_id for placement_id in copies if placement_id is not None]


def copy_becomes(account_id: int, old_id: int, new_id: int | None) -> None:
    """Another placement is the copy of the draft, or of the letter, that had ``old_id``; None: it has none any more."""
    if Draft.objects.filter(placement=old_id).update(placement=new_id):
        return
    for letter in _letters(account_id).filter(draft_snapshot__placement=old_id).only("draft_snapshot"):
        letter.draft_snapshot = {**(letter.draft_snapshot or {}), "placement": new_id}
        letter.save(update_fields=["draft_snapshot"])
