"""Where a folder that does not exist yet shall be made, and which folders of two servers are the same. Pure."""

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


#: Folders under which some servers keep all others (Courier, Gmail): no part of a folder's name elsewhere.
_TOPS = ("inbox", "[gmail]", "[google mail]")
_ALIKE = str.maketrans("*%\\/.", "_____")

Names = tuple[str, ...]


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
    prefix, delimiter = _beside_siblings(known)
    taken = {folder.path.lower() for folder in known}
    name = path = prefix + NAMES[role]
    number = 2
    while path.lower() in taken:
        path = f"{name} {number}"
        number += 1
    return path, delimiter


def choose_path_of(names: Names, known: Sequence[KnownFolder]) -> tuple[str, str]:
    """Path and delimiter for a folder that another server calls so from the top.

    >>> choose_path_of(("Club", "R.D"), [KnownFolder("INBOX", "."), KnownFolder("INBOX.Sent", ".", Role.SENT)])
    ('INBOX.Club.R_D', '.')
    """
    prefix, delimiter = _beside_siblings(known)
    return prefix + delimiter.join(name.replace(delimiter, "_") for name in names), delimiter


def _beside_siblings(known: Sequence[KnownFolder]) -> tuple[str, str]:
    """What paths begin with, and the delimiter."""
    others = [folder for folder in known if folder.path.upper() != "INBOX"]
    delimiter = next((folder.delimiter for folder in [*others, *known] if folder.delimiter), "/")
    if others and all(folder.path.upper().startswith(f"INBOX{delimiter}".upper()) for folder in others):
        return others[0].path[: len("INBOX") + len(delimiter)], delimiter
    return "", delimiter


def names_from_top(path: str, delimiter: str) -> Names:
    """
    >>> names_from_top("INBOX.Club.2024", "."), names_from_top("INBOX", ".")
    (('Club', '2024'), ('INBOX',))
    """
    names = tuple(path.split(delimiter)) if delimiter else (path,)
    return names[1:] if len(names) > 1 and names[0].lower() in _TOPS else names


def names_key(names: Names) -> Names:
    """Names that one server takes and another does not are the same: ``2024/5`` and ``2024_5``."""
    return tuple(" ".join(name.translate(_ALIKE).split()).casefold() for name in names)
