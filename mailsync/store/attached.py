"""Files under a name, of drafts, templates and signatures alike. Database room.

In: the files of one of these (``draft.attachments``, ``template.files``, ``identity.signature_pictures``). Out: the
same with a file more, or without the pictures that its words show no longer.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

from django.db.models import Manager, Max

from mailsync.errors import CannotDo
from mailsync.message.outgoing_html import cids_in
from mailsync.models import Blob
from mailsync.models.outgoing import AttachedFile

F = TypeVar("F", bound=AttachedFile)

#: What every mail program shows among words.
PICTURE_TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


def check_picture(content_type: str) -> None:
    """Raises ``CannotDo`` for what is no picture that can stand among words."""
    if content_type not in PICTURE_TYPES:
        raise CannotDo("Only PNG, JPEG, GIF and WebP pictures can stand among the words.", field="files")


def add_file(files: Manager[F], blob: Blob, name: str, content_type: str, content_id: str = "") -> F:
    """One more, behind the others; with ``content_id`` a picture that the words show. Room for it has been checked."""
    last = files.aggregate(last=Max("position"))["last"]
    return files.create(
        blob=blob,
        name=name,
        content_type=content_type[:255] or "application/octet-stream",
        content_id=content_id,
        position=0 if last is None else last + 1,
    )


def arrange(files: Manager[F], ids: Sequence[int]) -> None:
    """Put these in this order, behind any others; what is none of them counts for nothing.

    Files that were picked together arrive as each is done: the order is that in which they stand before their writer.
    """
    place = {file_id: at for at, file_id in enumerate(ids)}
    standing = list(files.filter(pk__in=place))
    wanted = sorted(standing, key=lambda file: place[file.pk])
    if wanted == standing:
        return
    last = files.aggregate(last=Max("position"))["last"]
    for file in wanted:
        last += 1
        file.position = last
    files.bulk_update(wanted, ["position"])


def drop_lost_pictures(files: Manager[Any], html: str) -> None:
    """Pictures that the words do not show any more."""
    files.exclude(content_id="").exclude(content_id__in=cids_in(html)).delete()
