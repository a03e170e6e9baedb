"""Where a folder that does not exist yet shall be made. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from mailsync.types import Role

#: What we call a folder that we make ourselves.
NAMES = {
    Role.ARCHIVE: "Archive",
    Role.SENT: "Sent",
    Role.DRAFTS: "Drafts",
    Role.JUNK: "Junk",
    Role.TRASH: "Trash",
    Role.SNOOZED: "Snoozed",
}


@dataclass(frozen=True, slots=True)
class KnownFolder:
    path: str
    delimiter: str
    role: Role = Role.NONE


def choose_path(role: Role, known: Sequence[KnownFolder]) -> tuple[str, str]:
    """Path and delimiter for a new folder of this role, beside its siblings.

    Seen in practice: Courier and Cyrus keep everything below ``INBOX.``; a folder made elsewhere is refused.

    >>> choose_path(Role.ARCHIVE, [KnownFolder("INBOX", "."), KnownFolder("INBOX.Sent", ".", Role.SENT)])
    ('INBOX.Archive', '.')
    """
    others = [folder for folder in known if folder.path.upper() != "INBOX"]
    delimiter = next((folder.delimiter for folder in [*others, *known] if folder.delimiter), "/")
    prefix = ""
    if others and all(folder.path.upper().startswith(f"INBOX{delimiter}".upper()) for folder in others):
        prefix = others[0].path[: len("INBOX") + len(delimiter)]
    taken = {folder.path.lower() for folder in known}
    name = path = prefix + NAMES[role]
    number = 2
    while path.lower() in taken:
        path = f"{name} {number}"
        number += 1
    return path, delimiter
