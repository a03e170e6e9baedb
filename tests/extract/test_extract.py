"""Text is found in each kind of file, and a hostile file costs its own text and nothing else."""

from collections.abc import Iterator

import pytest

from mailsync.extract.isolate import Extracted, Extractor
from mailsync.extract.kinds import choose_kind
from tests.extract.files import DOCX, INVITE, MESSAGE, ODT, PPTX, XLSX, pdf, zipped


@pytest.fixture(scope="module")
def extractor() -> Iterator[Extractor]:
    with Extractor(limit_seconds=3, limit_bytes=1 << 29) as running:
        yield running


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        ("a.pdf", pdf("Keel and mast"), "Keel and mast"),
        ("a.docx", DOCX, "Lease of the boathouse\nOne two"),
        ("a.xlsx", XLSX, "Oars and ropes\n1234.5"),
        ("a.pptx", PPTX, "Harbour plan"),
        ("a.odt", ODT, "Minutes\nThe regatta is off"),
        ("a.ics", INVITE, "Launch of the ferry\nAda Lovelace mailto:ada@example.test"),
        ("a.html", b"<style>p{}</style><p>Tide &amp; moon<script>evil()</script>", "Tide & moon"),
        (
            "a.eml",
            MESSAGE,
            "Fwd: Moorings\nBob bob@example.test\nAda ada@example.test\nSee below.\n"
            "Moorings.eml\nMoorings\nCarol carol@example.test\nBuoy fünf",
        ),
        ("a.txt", "Ebb und Flut für alle".encode(), "Ebb und Flut für alle"),
    ],
)
def test_each_kind_is_read(extractor: Extractor, name: str, data: bytes, text: str) -> None:
    assert extractor.extract(choose_kind("application/octet-stream", name), data) == Extracted(text)


def test_a_text_may_be_in_any_charset(extractor: Extractor) -> None:
    assert extractor.extract("text", "Привет, море".encode("koi8-r"), "koi8-r").text == "Привет, море"
    assert extractor.extract("text", "海の日".encode("shift_jis"), "shift_jis").text == "海の日"


@pytest.mark.parametrize(
    ("content_type", "name", "kind"),
    [
        ("application/pdf", "", "pdf"),
        ("text/csv", "", "text"),
        ("application/vnd.oasis.opendocument.text", "letter", "office"),
        ("application/zip", "a.zip", ""),
        ("message/rfc822", "", "message"),
        ("image/svg+xml", "", ""),
    ],
)
def test_the_kind_is_told_by_name_then_type(content_type: str, name: str, kind: str) -> None:
    assert choose_kind(content_type, name) == kind


def test_what_is_broken_has_no_text_and_a_reason(extractor: Extractor) -> None:
    for kind, data in (("pdf", b"no pdf"), ("office", b"PK no zip"), ("office", zipped(content="<a><b></a>"))):
        found = extractor.extract(kind, data)
        assert found.text == ""
        assert found.problem


def test_a_bomb_ends_the_child_alone_and_the_next_file_is_read(extractor: Extractor) -> None:
    bomb = zipped(content="<a>" + " " * 100_000_000 + "</a>")
    assert len(bomb) < 1_000_000
    assert extractor.extract("office", bomb).problem
    entities = "".join(f"<!ENTITY e{n} '{f'&e{n - 1};' * 10 if n else 'ha' * 50}'>" for n in range(12))
    laughs = f"<!DOCTYPE a [{entities}]><a><p>&e11;</p></a>"
    assert extractor.extract("office", zipped(content=laughs)).problem
    assert extractor.extract("text", b"still here") == Extracted("still here")


def test_a_file_that_takes_for_ever_is_given_up() -> None:
    with Extractor(limit_seconds=0.05) as hurried:
        found = hurried.extract("html", b"<a><b>" * 3_000_000)
        assert "over" in found.problem


def test_the_child_has_no_secret_and_opens_nothing() -> None:
    with Extractor() as extractor:
        extractor.extract("text", b"x")
        pid = extractor._child.pid
        with open(f"/proc/{pid}/environ", "rb") as stream:
            names = {entry.partition(b"=")[0] for entry in stream.read().split(b"\0") if entry}
        # LC_CTYPE is Python's own (PEP 538).
        assert names <= {b"PATH", b"PYTHONPATH", b"LC_CTYPE"}
        with open(f"/proc/{pid}/limits") as stream:
            limits = {line[:26].strip(): line[26:].split()[0] for line in stream}
        assert (limits["Max open files"], limits["Max file size"], limits["Max processes"]) == ("0", "0", "0")


def test_messages_within_messages_come_to_an_end(extractor: Extractor) -> None:
    data = b"Subject: inside 40\r\n\r\nwords\r\n"
    for number in range(39, 0, -1):
        data = b"Subject: inside %d\r\nContent-Type: message/rfc822\r\n\r\n" % number + data
    found = extractor.extract("message", data)
    assert found.text.startswith("inside 1")
    assert found.problem == ""
    assert extractor.extract("text", b"still here").text == "still here"
