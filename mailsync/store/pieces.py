"""A large message as it comes, piece by piece, over as many slices as it takes. Database room.

In: pieces in their order, each committed while the lease is held, so that a slow line, a slice that ends or
a worker that is killed costs one piece. Out: how much is here, and the whole at the end. Two lanes may
fetch the same message: a piece that does not follow on what is here is refused.
"""

import tempfile
from datetime import timedelta

from django.db import connection
from django.db.models.functions import Now

from mailsync.models import BodyPiece, Folder
from mailsync.store import leases
from mailsync.store.intake import lock_epoch
from mailsync.types import FetchedPiece

#: The rest of a message has not come for so long: it is begun anew, if ever.
_KEEP = timedelta(days=7)


def keep_piece(lease: leases.HeldLease, folder_id: int, epoch: int, piece: FetchedPiece) -> bool:
    """Store it where it follows on what is here; False where another lane was quicker. Raises ``LeaseLost``."""
    with leases.commit(lease):
        folder = lock_epoch(folder_id, epoch)
        if have_bytes(folder, piece.uid) != piece.at:
            return False
        if piece.data:
            BodyPiece.objects.create(folder=folder, epoch=epoch, uid=piece.uid, at=piece.at, data=piece.data)
    return True


def have_bytes(folder: Folder, uid: int) -> int:
    """How much of this message is here; read from the lengths alone."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(octet_length(data)), 0) FROM mailsync_bodypiece"
            " WHERE folder_id = %s AND epoch = %s AND uid = %s",
            [folder.pk, folder.epoch, uid],
        )
        return int(cursor.fetchone()[0])


def read_whole(folder: Folder, uid: int) -> bytes:
    """All pieces as one. They pass one by one through a file, so that memory holds the message once."""
    pieces = BodyPiece.objects.filter(folder=folder, epoch=folder.epoch, uid=uid).order_by("at")
    with tempfile.TemporaryFile() as spool:
        for pk in list(pieces.values_list("pk", flat=True)):
            spool.write(BodyPiece.objects.values_list("data", flat=True).get(pk=pk))
        spool.seek(0)
        return spool.read()


def forget_pieces(folder: Folder, uid: int) -> None:
    """The message is stored, or cannot be."""
    BodyPiece.objects.filter(folder=folder, epoch=folder.epoch, uid=uid).delete()


def forget_old_pieces() -> None:
    """Of messages that vanished on the way, or whose folder was renumbered."""
    BodyPiece.objects.filter(created_at__lt=Now() - _KEEP).delete()
