"""Every message of the corpus: parsed, in time, with the parts that the standard library finds, or a reason why not."""

import email
import email.message
import gc
import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailsync.message.bodies import decode_part, reader
from mailsync.message.facts import ParsedMessage, Part
from mailsync.message.parse import parse_header, parse_message
from mailsync.message.reports import read_report
from tests.corpus import corpus_dir, corpus_files
from tests.pace import pace

#: Where the two parsers part ways for a reason that the rules in ``_explained`` do not see by themselves.
DIFFERENCES = {
    "calendar/icalendar/calendars/fuzz_testcase_vtimezone_lone_cr.ics": "a bare CR among LF is a space, no line end",
    "deltachat/mailparse-0.16.0-panic.eml": "an empty multipart is shown as the text it holds",
    "enmime/low-quality/bad-header-wrap.raw": "a fold without its space does not end the part's header",
    "enmime/mail/mime-bad-content-type.raw": "'application/pdf name=…' without a semicolon is application/pdf",
    "enmime/mail/mime-blank-media-name.raw": "'application/pdf name=\"\"' without a semicolon is application/pdf",
    "enmime/parts/ctype-invalid-characters.raw": "'text/plain>' is read as text/plain",
    "enmime/parts/extra-base64-character.raw": "one character too many does not spoil the base64 before it",
    "flanker/enclosed-broken-body.eml": "base64 with one character too many is decoded as far as it goes",
    "flanker/spam/broken-ctype.eml": "a nameless type with a file name is a file, not text",
    "james-mime4j/mimetools-testmsgs/multi-badnames.msg": "a boundary parameter folded over two lines is unfolded",
    "james-mime4j/mimetools-testmsgs/multi-clen.msg": "a boundary parameter folded over two lines is unfolded",
    "james-mime4j/mimetools-testmsgs/multi-digest.msg": "a boundary parameter folded over two lines is unfolded",
    "james-mime4j/mimetools-testmsgs/multi-simple.msg": "a boundary parameter folded over two lines is unfolded",
    "james-mime4j/mimetools-testmsgs/twopart.msg": "spaces inside base64 do not spoil it",
    "james-mime4j/testmsgs/ending-boundaries.msg": "RFC 2046 §5.1.2: a boundary need not be the whole line",
    "james-mime4j/testmsgs/missing-inner-start-boundary.msg": "a closing boundary alone cuts nothing",
    "james-mime4j/testmsgs/multipartemptypart.msg": "nothing between two boundaries is no part",
    "james-mime4j/testmsgs/multipartnopart.msg": "a closing boundary alone cuts nothing",
    "james-mime4j/testmsgs/very-long-boundary.msg": "a boundary that ends in spaces is compared with them",
    "james-mime4j/testmsgs/very-very-long-boundary.msg": "a boundary that ends in spaces is compared with them",
    "james-mime4j/testmsgs/weird-boundary.msg": "a boundary that ends in spaces is compared with them",
    "mailcore2/mbox/jwz/116": "a '>From ' line on top of a nested message is no header",
    "mailcore2/mbox/jwz/117": "a '>From ' line on top of a nested message is no header",
    "mailcore2/mbox/jwz/35": "uuencode whose backslashes became yen signs is decoded",
    "mailcore2/mbox/simple/3": 'boundary="" is no boundary',
}
_MESSAGES = ("message/rfc822", "message/global", "message/news")

Leaves = Counter[tuple[str, bytes]]
Parsed = list[tuple[Path, bytes, ParsedMessage]]


@pytest.fixture(scope="module")
def corpus() -> Parsed:
    """Each file of the corpus with what our parser makes of it."""
    return [(path, raw := path.read_bytes(), parse_message(raw)) for path in corpus_files("mime")]


def test_every_file_is_parsed_within_its_time(request: pytest.FixtureRequest) -> None:
    # The collector would walk through all that other tests have left behind, and count it as parsing.
    gc.disable()
    request.addfinalizer(gc.enable)
    slow = []
    for path in corpus_files("mime"):
        raw = path.read_bytes()
        # 50 ms a megabyte beyond a fixed cost, on a machine of an even pace, which a busy or a slow one has not.
        limit = 0.03 + 0.05 * len(raw) / 1_000_000
        if not any(_seconds_to_parse(raw) <= limit * pace() for _ in range(10)):
            slow.append(path.name)
    assert slow == []


def _seconds_to_parse(raw: bytes) -> float:
    began = time.process_time()
    parse_message(raw)
    parse_header(raw)
    return time.process_time() - began


def test_every_part_that_the_standard_library_finds_is_found(corpus: Parsed) -> None:
    unexplained = []
    no_difference = set(DIFFERENCES)
    for path, raw, message in corpus:
        theirs = Counter(_stdlib_leaves(email.message_from_bytes(raw)))
        ours = Counter(_leaves(message.root, raw))
        if theirs != ours:
            no_difference.discard(_name(path))
        missing = theirs - ours
        if missing and not _explained(path, message.defects, missing, ours - theirs):
            unexplained.append((_name(path), message.defects, [(kind, data[:40]) for kind, data in missing]))
    assert unexplained == []
    # What is explained and no longer differs is to be taken off the list.
    assert no_difference == set()


def test_offsets_lie_inside_the_message_and_children_inside_their_parents(corpus: Parsed) -> None:
    for path, raw, message in corpus:
        root = message.root
        assert 0 <= root.start <= root.end <= len(raw), path.name
        for part in root.walk():
            for child in part.children:
                assert part.start <= child.start <= child.end <= part.end, path.name
        paths = [part.path for part in root.walk()]
        assert len(paths) == len(set(paths)), (path.name, paths)


def test_the_json_of_a_tree_gives_the_tree_back(corpus: Parsed) -> None:
    for _, _, message in corpus:
        assert Part.from_json(json.loads(json.dumps(message.root.as_json()))) == message.root


def test_the_reports_of_the_corpus_name_their_recipients(corpus: Parsed) -> None:
    reports = [read_report(message, reader(raw)) for _, raw, message in corpus]
    found = [report for report in reports if report is not None]
    assert len(found) >= 20
    assert all(one.address for report in found for one in report.recipients)


def _name(path: Path) -> str:
    return str(path.relative_to(corpus_dir("mime")))


def _explained(path: Path, defects: tuple[str, ...], missing: Leaves, extra: Leaves) -> bool:
    """The reasons that hold for many files: what our parser does on purpose and says in its defects."""
    if _name(path) in DIFFERENCES:
        return True
    if "boundary_guessed" in defects:
        # The library gives up on a multipart without its boundary parameter; we find the parts.
        return sum(extra.values()) >= sum(missing.values())
    if "junk_in_header" in defects or "missing_separator" in defects:
        # The library ends the header at the first odd line, and its text body begins with lost fields.
        return all(kind == "text/plain" for kind, _ in missing)
    if "encoded_message" in defects:
        # RFC 2046 §5.2.1 forbids it: the library reads base64 as a message, we keep a file that decodes to one.
        return any(kind in _MESSAGES for kind, _ in extra)
    # Invalid base64 is given back undecoded by the library, and decoded as far as it goes by us.
    return all(len(data) % 4 == 1 for _, data in missing) and sum(extra.values()) >= sum(missing.values())


def _squeezed(data: bytes) -> bytes:
    """Line ends and spaces apart, which the library rewrites here and there."""
    return b"".join(data.split())


def _stdlib_leaves(message: email.message.Message) -> Iterator[tuple[str, bytes]]:
    kind = message.get_content_type()
    if kind.startswith("message/") and kind not in _MESSAGES:
        # The library parses every message/* as a message; only these three are messages.
        return
    payload = message.get_payload()
    if message.is_multipart() and isinstance(payload, list):
        for child in payload:
            assert isinstance(child, email.message.Message)
            yield from _stdlib_leaves(child)
        return
    data = message.get_payload(decode=True)
    # A multipart that could not be cut is shown as text by us, and kept as a string by the library.
    kind = "text/plain" if kind.startswith("multipart/") else kind
    body = _squeezed(data) if isinstance(data, bytes) else b""
    if body:
        yield kind, body


def _leaves(part: Part, raw: bytes) -> Iterator[tuple[str, bytes]]:
    kind = part.content_type
    if kind.startswith("message/") and kind not in _MESSAGES:
        return
    children = [child for child in part.children if not child.synthetic]
    if children:
        for child in children:
            yield from _leaves(child, raw)
        return
    body = _squeezed(decode_part(part, reader(raw)))
    if body:
        yield kind, body
