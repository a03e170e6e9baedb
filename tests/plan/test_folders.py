"""Where a missing folder is made, as a table."""

import pytest

from mailsync.plan.folders import KnownFolder, choose_path
from mailsync.types import Role

INBOX = KnownFolder("INBOX", ".", Role.INBOX)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ([], ("Archive", "/")),
        ([INBOX], ("Archive", ".")),
        ([INBOX, KnownFolder("INBOX.Sent", ".", Role.SENT)], ("INBOX.Archive", ".")),
        ([INBOX, KnownFolder("INBOX.Sent", "."), KnownFolder("Work", ".")], ("Archive", ".")),
        ([KnownFolder("INBOX", "/"), KnownFolder("archive", "/")], ("Archive 2", "/")),
    ],
)
def test_choose_path(known: list[KnownFolder], expected: tuple[str, str]) -> None:
    assert choose_path(Role.ARCHIVE, known) == expected
