"""A mailbox as a pull would leave it: the demo's invented mail, through the parser and the store, without a server."""

from collections.abc import Iterable
from datetime import UTC, datetime

from accounts.models import MailAccount
from mailsync.message.parse import parse_header, parse_message
from mailsync.models import Folder
from mailsync.store import leases
from mailsync.store.bodies import BodyBatch, record_bodies
from mailsync.store.intake import CursorMove, HeaderChunk, record_headers
from mailsync.types import Address, FetchedHeader, FetchedMessage, Flags, Role
from onebox.sample import FOLDERS, SampleMessage, messages

#: Far from the UIDs that tests/factories.py gives, so that a test can add to a folder.
_FIRST_UID = 100_001
_ROLES = {role.value for role in Role if role.value}


def fill(account: MailAccount, *, now: datetime | None = None, newest: int | None = None) -> dict[str, Folder]:
    """Some 370 messages in nine folders; ``newest`` keeps only so many of them. Returns the folders by path."""
    owner = Address(account.user.name, account.address)
    told = [
        one
        for one in messages(now or datetime.now(UTC), owner, Address("Noor El-Amin", "noor@nordlicht.example"))
        if one.mailbox == "owner"
    ]
    folders = {path: _folder(account, path) for path in FOLDERS}
    lease = leases.claim(account.pk, "pull")
    assert lease is not None
    for path, folder in folders.items():
        store(lease, folder, [one for one in told[-(newest or len(told)) :] if one.folder == path])
    leases.release(lease)
    return folders


def store(lease: leases.HeldLease, folder: Folder, told: Iterable[SampleMessage]) -> None:
    """Headers, then bodies, as two passes of a pull do."""
    told = list(told)
    uids = list(range(_FIRST_UID, _FIRST_UID + len(told)))
    flags = [Flags.parse([flag.encode() for flag in one.flags]) for one in told]
    headers = [
        FetchedHeader(uid, len(one.raw), one.date, one.raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n", flag)
        for uid, one, flag in zip(uids, told, flags, strict=True)
    ]
    moved = CursorMove(uidnext_seen=_FIRST_UID + len(told), header_cursor=1, exists_seen=len(told))
    chunk = HeaderChunk(folder.pk, folder.epoch, uids, [(one, parse_header(one.header)) for one in headers], moved)
    record_headers(lease, chunk)
    whole = [
        (FetchedMessage(uid, one.raw, one.date, flag), parse_message(one.raw))
        for uid, one, flag in zip(uids, told, flags, strict=True)
    ]
    if whole:
        record_bodies(lease, BodyBatch(folder.pk, folder.epoch, uids, whole))
    folder.refresh_from_db()


def _folder(account: MailAccount, path: str) -> Folder:
    role = path.lower() if path.lower() in _ROLES else ""
    return Folder.objects.create(
        account=account, path=path, path_raw=path.encode(), name=path, role=role, uidvalidity=1, header_cursor=1
    )
