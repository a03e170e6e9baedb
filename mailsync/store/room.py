"""What a message may weigh and what a person may keep here. Database room; reads only.

In: a draft and a file that is to join it. Out: nothing, or ``TooLarge`` with the reason, before a byte has travelled.
"""

import sys

from django.conf import settings
from django.db.models import Sum

from accounts.models import Identity
from mailsync.errors import CannotDo
from mailsync.models import Blob, Draft, MailTemplate, Upload
from mailsync.store import allowance, drafts, quota

#: More files than anyone means to add to one message.
MOST_ATTACHMENTS = 200
#: Of the pictures of one signature, together. What people use as a logo has some tens of kB.
MOST_SIGNATURE_BYTES = 500_000
MOST_SIGNATURE_PICTURES = 20
#: RFC 2045 §6.8: 57 octets become a line of 76 and its CRLF.
_ENCODED = 78 / 57
#: Headers, boundaries, and the words in two forms.
_LETTER_BYTES = 64 * 1024


class TooLarge(CannotDo):
    """The file cannot go by mail; ``by_link`` says whether it can be given as a link instead."""

    def __init__(self, message: str, *, by_link: bool) -> None:
        super().__init__(message, field="attachments")
        self.by_link = by_link


def message_limit(identity: Identity | None) -> int:
    """The most that a message may weigh as it is sent: by the operator, the provider and the server's own SIZE."""
    limits = [settings.HERON_MESSAGE_SIZE_LIMIT_BYTES]
    if identity is not None:
        server = allowance.server_of(identity)
        limits += [allowance.limits_of(identity).message_size_bytes or sys.maxsize]
        limits += [(server.size_limit_bytes if server else None) or sys.maxsize]
    return min(limits)


def files_limit(draft: Draft) -> int:
    """The most that all files of a draft may weigh together, as they lie on a disk."""
    by_mail = max(int((message_limit(draft.identity) - _LETTER_BYTES) / _ENCODED), 0)
    allowed = draft.user.attachment_limit_mb
    return by_mail if allowed is None else min(by_mail, allowed * 1_000_000)


def check_file(draft: Draft, name: str, size_bytes: int) -> None:
    """Raises ``TooLarge`` or ``CannotDo`` when a file of this size cannot join the draft."""
    check_quota(draft.user_id, size_bytes)
    by_link = 0 < size_bytes <= settings.HERON_LINK_LIMIT_BYTES
    if size_bytes > settings.HERON_UPLOAD_LIMIT_BYTES:
        raise TooLarge(
            f"“{name}” is larger than {_megabytes(settings.HERON_UPLOAD_LIMIT_BYTES)}, the most for one file.",
            by_link=by_link,
        )
    total, most = drafts.attachment_bytes(draft) + size_bytes, files_limit(draft)
    if total > most:
        allowed = draft.user.attachment_limit_mb
        if allowed is not None and most == allowed * 1_000_000:
            raise TooLarge(
                f"Your administrator allows {allowed} MB of files in one message; with “{name}” it would have"
                f" {total / 1e6:.1f} MB.",
                by_link=by_link,
            )
        raise TooLarge(
            f"With “{name}” the message would have {total * _ENCODED / 1e6:.1f} MB as it is sent, and"
            f" {message_limit(draft.identity) / 1e6:.1f} MB is the most that your outgoing server takes.",
            by_link=by_link,
        )
    if draft.attachments.count() >= MOST_ATTACHMENTS:
        raise CannotDo(f"A message can have {MOST_ATTACHMENTS} files.", field="attachments")


def check_template_file(template: MailTemplate, name: str, size_bytes: int) -> None:
    """The same for a file that is to join a template: what fits into no message is refused here already."""
    check_quota(template.user_id, size_bytes)
    most = int((settings.HERON_MESSAGE_SIZE_LIMIT_BYTES - _LETTER_BYTES) / _ENCODED)
    held = template.files.aggregate(total=Sum("blob__size_bytes"))["total"] or 0
    for size, limit in ((size_bytes, settings.HERON_UPLOAD_LIMIT_BYTES), (held + size_bytes, most)):
        if size > limit:
            raise CannotDo(f"“{name}” does not fit: {_megabytes(limit)} is the most.", field="files")
    if template.files.count() >= MOST_ATTACHMENTS:
        raise CannotDo(f"A message can have {MOST_ATTACHMENTS} files.", field="files")


def check_signature_picture(identity: Identity, name: str, size_bytes: int) -> None:
    """The same for a picture of a signature, which goes with every message."""
    check_quota(identity.user_id, size_bytes)
    held = identity.signature_pictures.aggregate(total=Sum("blob__size_bytes"))["total"] or 0
    if held + size_bytes > MOST_SIGNATURE_BYTES:
        raise CannotDo(
            f"“{name}” is too large: the pictures of a signature may have"
            f" {MOST_SIGNATURE_BYTES // 1000} kB together, as they go with every message.",
            field="files",
        )
    if identity.signature_pictures.count() >= MOST_SIGNATURE_PICTURES:
        raise CannotDo(f"A signature can have {MOST_SIGNATURE_PICTURES} pictures.", field="files")


def check_link(user_id: int, name: str, size_bytes: int) -> None:
    """The same for a file that is to be given as a link."""
    check_quota(user_id, size_bytes)
    if size_bytes > settings.HERON_LINK_LIMIT_BYTES:
        raise CannotDo(
            f"“{name}” is larger than {_megabytes(settings.HERON_LINK_LIMIT_BYTES)}, the most for a link.",
            field="attachments",
        )


def check_quota(user_id: int, more_bytes: int) -> None:
    """Raises ``CannotDo`` when this person's drafts and links would hold more than the operator allows, or all that
    they keep here more than their limit."""
    quota.check_room(user_id, more_bytes)
    # What an upload has announced counts from its first byte on, or ten at once would get past this.
    used = sum(
        rows.aggregate(total=Sum("size_bytes"))["total"] or 0
        for rows in (Blob.objects.filter(user=user_id), Upload.objects.filter(user=user_id, import_into=None))
    )
    most = settings.HERON_FILES_QUOTA_BYTES
    if used + more_bytes > most:
        raise CannotDo(
            f"Your drafts, templates and links hold {used / 1e6:.0f} MB here, and {most / 1e6:.0f} MB is the most."
            " Discard drafts with big files, or stop sharing a link.",
            field="attachments",
        )


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes // (1024 * 1024)} MB"
