"""mbox files: ours are read as they were written, others' as their programs mean them."""

import contextlib
import mailbox
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsync.message.mbox import Entry, mbox_entry, read_mbox, single_entry

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
MOST = 1_000_000


def read(text: bytes, start: int = 0, most_bytes: int = MOST) -> list[Entry]:
    file = BytesIO(text)
    file.seek(start)
    return list(read_mbox(file, most_bytes=most_bytes))


@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from(["", "From here on 2026", ">From x", "text", " folded", ">>From y 1999"])),
            st.sets(st.sampled_from(["\\Seen", "\\Flagged", "\\Answered", "\\Draft", "$Label1", "Work"])),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_what_is_written_is_read_again(several: list[tuple[list[str], set[str]]]) -> None:
    raws = [b"Subject: x\r\n\r\n" + "".join(f"{line}\r\n" for line in lines).encode() for lines, _ in several]
    text = b"".join(mbox_entry(raw, "a@b.example", AT, flags) for raw, (_, flags) in zip(raws, several, strict=True))
    entries = read(text)
    assert [entry.raw for entry in entries] == raws
    assert [set(entry.flags or ()) for entry in entries] == [flags for _, flags in several]
    assert {entry.at for entry in entries} == {AT}
    assert entries[-1].end == len(text)
    # Reading goes on from any message's end, as if it had never stopped.
    for number, entry in enumerate(entries):
        assert read(text, entry.end) == entries[number + 1 :]


@pytest.mark.parametrize(
    "header",
    [
        b"Status: RO\r\nX-Status: F\r\n",
        b"X-Keywords: old\r\n",
        b"X-Mozilla-Status: 0009\r\n",
        b"X-Gmail-Labels: Inbox\r\n",
    ],
)
def test_what_a_message_says_of_its_marks_elsewhere_is_not_what_it_is_marked_with(header: bytes) -> None:
    raw = b"Subject: x\r\n" + header + b"\r\nHi\r\n"
    (entry,) = read(mbox_entry(raw, "a@b.example", AT, ["\\Answered"]))
    assert entry.flags == ("\\Answered",)
    assert entry.raw in (raw, b"Subject: x\r\n\r\nHi\r\n")


def test_pythons_own_reader_sees_the_marks(tmp_path: Path) -> None:
    path = tmp_path / "x.mbox"
    path.write_bytes(mbox_entry(b"Subject: x\r\n\r\nHi\r\n", "a@b.example", AT, ["\\Seen", "\\Flagged"]))
    with contextlib.closing(mailbox.mbox(path)) as box:
        (found,) = box
    assert set(found.get_flags()) == {"R", "O", "F"}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("header", "flags"),
    [
        (
            b"X-Mozilla-Status: 0001\nX-Mozilla-Status2: 00000000\nX-Mozilla-Keys: $label1 work\n",
            {"\\Seen", "$label1", "work"},
        ),
        (b"X-Mozilla-Status: 0006\n", {"\\Answered", "\\Flagged"}),
        (b"X-Mozilla-Status: zz\n", set()),
        (b"X-Gmail-Labels: Inbox,Unread,Starred\n", {"\\Flagged"}),
        (b'X-Gmail-Labels: "Opened",Work\n', {"\\Seen"}),
        (b"Status: RO\nX-Status: AF\n", {"\\Seen", "\\Answered", "\\Flagged"}),
        (b"X-Keywords: good (bad) b%d\n", {"good"}),
        (b"", None),
    ],
)
def test_marks_of_other_programs(header: bytes, flags: set[str] | None) -> None:
    (entry,) = read(b"From - Mon Mar 02 10:00:00 2026\n" + header + b"Subject: x\n\nHi\n")
    assert (None if entry.flags is None else set(entry.flags)) == flags
    stays = header.startswith(b"X-Gmail")
    assert entry.raw == (header.replace(b"\n", b"\r\n") if stays else b"") + b"Subject: x\r\n\r\nHi\r\n"


def test_a_mark_that_is_folded_goes_with_its_lines() -> None:
    (entry,) = read(b"From a 2026\nX-Keywords: one\n two\nSubject: x\n folded\n\nHi\n")
    assert entry.raw == b"Subject: x\r\n folded\r\n\r\nHi\r\n"


def test_what_thunderbird_has_deleted_stays_away() -> None:
    gone = b"From - 2026\nX-Mozilla-Status: 0009\nSubject: gone\n\nHi\n\n"
    here = b"From - 2026\nX-Mozilla-Status: 0001\nSubject: here\n\nHi\n\n"
    assert [entry.raw for entry in read(gone + here + gone)] == [b"Subject: here\r\n\r\nHi\r\n"]


def test_a_body_that_says_from_is_no_new_message() -> None:
    """Old writers quoted nothing; only a line with a year, after an empty one, begins a message."""
    text = b"From a@b Sun Mar  1 00:00:00 2026\nSubject: x\n\nDear all,\n\nFrom now on it is free.\nFrom a 2026\n"
    (entry,) = read(text)
    assert (entry.raw or b"").endswith(b"\r\nFrom now on it is free.\r\nFrom a 2026\r\n")


@pytest.mark.parametrize(
    ("line", "at"),
    [
        (b"From a@b Sun Mar  1 09:30:00 2026", AT),
        (b"From - Sun Mar 01 09:30:00 2026", AT),
        (b"From 17@xxx Sun Mar 01 10:30:00 +0100 2026", AT),
        (b"From a@b Sun Mar  1 09:30 2026", AT),
        (b"From a@b once upon a time in 2026", None),
        (b"From a@b Sun Foo 99 09:30:00 2026", None),
    ],
)
def test_the_time_of_a_message(line: bytes, at: datetime | None) -> None:
    (entry,) = read(line + b"\nSubject: x\n\nHi\n")
    assert entry.at == at


def test_a_message_too_large_is_told_and_the_next_is_read() -> None:
    text = mbox_entry(b"Subject: big\r\n\r\n" + b"x" * 70 + b"\r\n", "a@b", AT) + mbox_entry(
        b"Subject: y\r\n\r\n", "a@b", AT
    )
    big, small = read(text, most_bytes=60)
    assert (big.raw, small.raw) == (None, b"Subject: y\r\n\r\n")


def test_a_file_of_one_message_gets_the_line_ends_of_mail() -> None:
    entry = single_entry(b"Subject: x\nStatus: RO\n\nHi\n", 27)
    assert (entry.raw, entry.flags, entry.end) == (b"Subject: x\r\n\r\nHi\r\n", ("\\Seen",), 27)
