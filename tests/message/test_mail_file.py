"""Files of mail, told by what is in them."""

import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from io import BufferedReader, BytesIO

import pytest

from mailsync.errors import CannotDo
from mailsync.message.mail_file import Found, MailFile, Place
from mailsync.message.mbox import mbox_entry

AT = datetime(2026, 3, 1, tzinfo=UTC)
MESSAGES = [f"Subject: m{number}\r\n\r\nHi\r\n".encode() for number in range(5)]
BOX = b"".join(mbox_entry(raw, "a@b.example", AT) for raw in MESSAGES)


def opened(data: bytes, name: str = "mail.mbox", most_bytes: int = 1_000_000) -> MailFile:
    return MailFile(BufferedReader(BytesIO(data)), name, most_bytes=most_bytes)  # type: ignore[arg-type]


def zipped(files: Mapping[str, bytes], **how: int) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", **how) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()


def raws(found: list[Found]) -> list[bytes | None]:
    return [one.entry.raw for one in found if one.entry is not None]


ARCHIVE = zipped(
    {
        "ann@x.example/INBOX.mbox": BOX,
        "ann@x.example/Club/Receipts.mbox": BOX[: len(BOX) // 5],
        "loose/one.eml": MESSAGES[0],
        "contacts.vcf": b"\x00BEGIN:VCARD",
        "__MACOSX/._one.eml": b"junk",
        "Apple.mbox/mbox": BOX[: len(BOX) // 5],
        "empty/": b"",
    },
    compression=zipfile.ZIP_DEFLATED,
)


def test_an_archive_has_the_folders_of_its_files() -> None:
    file = opened(ARCHIVE, "all.zip")
    assert file.folders() == [("INBOX",), ("Club", "Receipts"), ("loose",), ("Apple",)]
    found = list(file.read(Place()))
    assert raws(found) == [*MESSAGES, MESSAGES[0], MESSAGES[0], MESSAGES[0]]
    assert [one.folder for one in found if one.entry] == [
        *[("INBOX",)] * 5,
        ("Club", "Receipts"),
        ("loose",),
        ("Apple",),
    ]
    assert sum(one.entry is None for one in found) == 1
    assert file.bytes_before(found[-1].next) == file.size_bytes


@pytest.mark.parametrize("data", [BOX, ARCHIVE, MESSAGES[0]], ids=["mbox", "zip", "message"])
def test_reading_goes_on_from_every_place(data: bytes) -> None:
    whole = list(opened(data).read(Place()))
    for number, one in enumerate(whole):
        assert list(opened(data).read(one.next)) == whole[number + 1 :]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"%PDF-1.7\n", "holds no mail"),
        (b"", "holds no mail"),
        (b"PK\x03\x04 and then nothing", "damaged archive"),
        (ARCHIVE[:-40], "damaged archive"),
    ],
)
def test_what_is_no_mail_is_refused_with_the_reason(data: bytes, words: str) -> None:
    with pytest.raises(CannotDo, match=words):
        opened(data)


def test_a_locked_archive_is_refused() -> None:
    locked = bytearray(zipped({"a.eml": MESSAGES[0]}))
    locked[locked.rindex(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(CannotDo, match="locked by a password"):
        opened(bytes(locked))


def test_a_damaged_file_of_an_archive_harms_no_other() -> None:
    data = bytearray(zipped({"a.mbox": BOX, "b.eml": MESSAGES[1]}))
    data[data.index(b"Subject: m2") + 3] ^= 0xFF  # its checksum no longer fits
    found = list(opened(bytes(data)).read(Place()))
    assert raws(found)[-1] == MESSAGES[1]
    assert any(one.entry is None for one in found)


def test_a_name_that_climbs_stays_below() -> None:
    assert opened(zipped({"../../etc/Box.mbox": BOX, "C:\\Mail\\In.mbox": BOX})).folders() == [
        ("etc", "Box"),
        ("C:", "Mail", "In"),
    ]


def test_a_single_message_too_large_is_told() -> None:
    assert raws(list(opened(MESSAGES[0] + b"x" * 100, most_bytes=50).read(Place()))) == [None]
