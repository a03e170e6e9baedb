"""Compositions: exactly one row from the first key to Send. Database room.

In: what the compose screen holds and the version it was based on. Out: the saved draft, or ``Conflict``
with the draft as somebody else (a second tab, another device) has saved it, so that both can be kept.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db.models import Model, QuerySet, Sum
from django.utils import timezone

from accounts.models import Identity
from mailsync.models import Act, Blob, Draft, DraftAttachment, Message, Outgoing, Placement
from mailsync.store import uploads
from mailsync.store.change_log import wake_account
from mailsync.store.signatures import give_pictures, is_of_signature

#: What a save may set.
FIELDS = (
    *("identity_id", "to", "cc", "bcc", "subject", "is_html", "body", "quote_original", "request_receipt"),
    *("is_signed", "is_encrypted", "remind_days"),
)

#: The server's Drafts folder gets the new version this long after the last save.
STORE_AFTER = timedelta(seconds=20)


_PASTED = "@inline"


class Conflict(Exception):
    """The draft was saved elsewhere since. ``current`` is what stands now; nothing was overwritten."""

    def __init__(self, current: Draft) -> None:
        super().__init__("This draft was changed in another window.")
        self.current = current


def update_draft(draft: Draft, based_on_version: int, fields: dict[str, Any]) -> Draft:
    """Save these fields on a locked draft, if ``based_on_version`` still stands. Raises ``Conflict``.

    A save that changes nothing keeps the version, so the same request may come twice.
    """
    unknown = fields.keys() - set(FIELDS)
    if unknown:
        raise TypeError(f"A draft has no {', '.join(sorted(unknown))}.")
    changed = {name: value for name, value in fields.items() if getattr(draft, name) != value}
    if not changed:
        return draft
    if draft.version != based_on_version:
        raise Conflict(draft)
    for name, value in changed.items():
        setattr(draft, name, value)
    touch_draft(draft)
    return draft


def touch_draft(draft: Draft) -> None:
    """A new version, whose copy on the server is due after a while without another."""
    draft.version += 1
    draft.store_due_at = store_due()
    draft.save()
    give_pictures(draft)
    if draft.identity is not None:
        wake_account(draft.identity.account_id, draft.store_due_at)


def attachment_bytes(draft: Draft) -> int:
    """The decoded size of all files of the draft."""
    total = draft.attachments.aggregate(total=Sum("blob__size_bytes"))["total"]
    return int(total or 0)


def default_identity(user_id: int, account_id: int | None = None) -> Identity | None:
    """The verified identity to begin with: the account's default, else that of the user's first account."""
    mine = Identity.objects.select_related("account").filter(user_id=user_id, verified_at__isnull=False)
    if account_id is not None:
        of_account = mine.filter(account_id=account_id).order_by("-is_default", "id").first()
        if of_account is not None:
            return of_account
    return mine.order_by("account__position", "account_id", "-is_default", "id").first()


def snapshot(draft: Draft) -> dict[str, Any]:
    """All that ``restore`` needs to make the same draft again, as JSON."""
    return {
        "id": draft.pk,
        "version": draft.version,
        "mode": draft.mode,
        "original": draft.original_id,
        "placement": draft.placement_id,
        "message_id": str(draft.message_id),
        **{name: getattr(draft, name) for name in FIELDS},
        "attachments": [
            {
                "blob": row.blob_id,
                "name": row.name,
                "content_type": row.content_type,
                "content_id": row.content_id,
                "position": row.position,
            }
            for row in draft.attachments.all()
        ],
    }


def restore(user_id: int, saved: dict[str, Any]) -> Draft:
    """The draft of a snapshot, under the id it had, with all its attachments; the one that stands if it is back.

    What it was an answer to, its copy on the server or its identity may be gone since: the words are not.
    """
    standing = Draft.objects.filter(pk=saved["id"], user_id=user_id).first()
    if standing is not None:
        return standing
    draft = Draft.objects.create(
        pk=saved["id"],
        user_id=user_id,
        mode=saved["mode"],
        original_id=_standing(Message, saved["original"]),
        placement_id=_standing(Placement, saved["placement"]),
        message_id=saved["message_id"],
        version=saved["version"] + 1,
        **{**_fields_of(saved), "identity_id": _standing(Identity, saved["identity_id"])},
    )
    attach_saved(draft, saved)
    return draft


def last_snapshot(user_id: int, draft_id: int) -> dict[str, Any] | None:
    """How a draft was when it was sent or thrown away, whichever came last; None where nobody knows."""
    sent = _sent(user_id, draft_id)
    thrown = Act.objects.filter(user_id=user_id, verb=Act.DISCARD, detail__draft__id=draft_id)
    ends = [
        *sent.order_by("-id").values_list("created_at", "draft_snapshot")[:1],
        *thrown.order_by("-id").values_list("created_at", "detail__draft")[:1],
    ]
    return max(ends, key=lambda end: end[0])[1] if ends else None


def was_sent(user_id: int, draft_id: int) -> bool:
    return _sent(user_id, draft_id).exists()


def _sent(user_id: int, draft_id: int) -> QuerySet[Outgoing]:
    sent = Outgoing.objects.filter(user_id=user_id, draft_snapshot__id=draft_id)
    return sent.exclude(state=Outgoing.State.CANCELLED)


def as_it_was(user_id: int, draft_id: int) -> Draft:
    """A draft that is gone as it was at its end, and an empty one where nobody knows; not to be saved."""
    saved = last_snapshot(user_id, draft_id)
    if saved is None:
        return Draft(user_id=user_id)
    known = _fields_of(saved)
    known |= {"identity_id": _standing(Identity, saved["identity_id"])}
    return Draft(user_id=user_id, mode=saved["mode"], original_id=_standing(Message, saved["original"]), **known)


def says_more(draft: Draft, fields: dict[str, Any]) -> bool:
    """Whether these fields are not what the draft has."""
    return any(getattr(draft, name) != value for name, value in fields.items())


def begin_like(user_id: int, saved: dict[str, Any], identity: Identity, **people: str) -> Draft | None:
    """A new draft with the words and files of a snapshot, to other people; the one that an earlier click began.

    None where not all of its files are kept any more.
    """
    files = {row["blob"] for row in saved["attachments"]}
    if Blob.objects.filter(id__in=files).count() < len(files):
        return None
    facts = {**_fields_of(saved), "identity_id": identity.pk, **people, "mode": saved["mode"]}
    facts["original_id"] = _standing(Message, saved["original"])
    begun = Draft.objects.filter(user_id=user_id, version=1, placement=None, store_due_at=None, **facts).first()
    if begun is not None:
        return begun
    draft = Draft.objects.create(user_id=user_id, **facts)
    attach_saved(draft, saved)
    return draft


def _fields_of(saved: dict[str, Any]) -> dict[str, Any]:
    """Without those that drafts had not yet when it was taken."""
    return {name: saved[name] for name in FIELDS if name in saved}


def _standing(model: type[Model], pk: int | None) -> int | None:
    """The id, if its row is still there."""
    return pk if pk and model._default_manager.filter(pk=pk).exists() else None


def bring_back(user_id: int, saved: dict[str, Any]) -> Draft:
    """A draft that was thrown away is there again; its links work, and its server gets a new copy at once."""
    draft = restore(user_id, {**saved, "placement": None})
    uploads.share_again(draft, saved.get("links", ()))
    Draft.objects.filter(pk=draft.pk).update(store_due_at=timezone.now())
    if draft.identity is not None:
        wake_account(draft.identity.account_id, timezone.now())
    return draft


def attach_saved(draft: Draft, saved: dict[str, Any]) -> None:
    """Give a draft the files of a snapshot, as far as their bytes are still kept."""
    kept = set(Blob.objects.filter(id__in=[row["blob"] for row in saved["attachments"]]).values_list("id", flat=True))
    DraftAttachment.objects.bulk_create(
        DraftAttachment(
            draft=draft,
            blob_id=row["blob"],
            name=row["name"],
            content_type=row["content_type"],
            content_id=row["content_id"],
            position=row["position"],
        )
        for row in saved["attachments"]
        if row["blob"] in kept
    )


def store_due() -> datetime:
    """When a change made now reaches the server's Drafts folder."""
    return timezone.now() + STORE_AFTER


def new_content_id() -> str:
    """A Content-ID for an inline picture (RFC 2392), without angle brackets."""
    return f"{uuid4().hex}{_PASTED}"


def is_pasted(content_id: str) -> bool:
    """Whether a picture was put into the words here, and so is nothing without them."""
    return content_id.endswith(_PASTED) or is_of_signature(content_id)
