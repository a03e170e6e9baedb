"""IMAP's spellings and meanings without a connection: names, sets, roles, refusals."""

import pytest

from mailsync.errors import MailError, NeedsUser, Rejected, TooManyConnections, TryLater, TryNow, Unavailable
from mailsync.protocol.imap import parse_copyuid
from mailsync.protocol.imap_batches import plan_batches
from mailsync.protocol.imap_errors import broken, parse_status, refused
from mailsync.protocol.imap_fetch import flag_update, parse_fetches
from mailsync.protocol.imap_folders import parse_list_line, parse_status_line, tell_apart
from mailsync.protocol.imap_names import (
    SET_LENGTH,
    Literal,
    compact_set,
    compact_sets,
    decode_path,
    encode_path,
    expand,
    flag_list,
    intersect,
    parse_ranges,
    quote,
)
from mailsync.protocol.imap_wire import Untagged
from mailsync.protocol.roles import choose_roles
from mailsync.types import Flags, FlagUpdate, FolderStatus, RemoteFolder, Role


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"INBOX", "INBOX"),
        (b"Entw&APw-rfe", "Entwürfe"),
        (b"R&-D", "R&D"),
        (b"&ZeVnLIqe-", "日本語"),
        ("Entwürfe".encode(), "Entwürfe"),
        (b"Entw\xfcrfe", "Entwürfe"),
        (b"R&D", "R&D"),
        (b"&bad", "&bad"),
        (b"&AGE-", "&AGE-"),  # another spelling of plain ASCII: left as it stands, so that it round-trips
    ],
)
def test_folder_names_are_read_and_round_trip(raw: bytes, path: str) -> None:
    assert decode_path(raw) == path
    if raw.isascii() and encode_path(path) != raw:
        assert path == raw.decode()  # kept as its bytes, which commands use


@pytest.mark.parametrize("path", ["", "a\r\nb", "a\0b", "a\x7fb", "tab\tbed"])
def test_folder_names_with_control_characters_are_refused(path: str) -> None:
    with pytest.raises(Rejected):
        encode_path(path)


def test_arguments_are_quoted_or_literal() -> None:
    assert quote(b'a"b\\c') == b'"a\\"b\\\\c"'
    assert isinstance(quote("ü".encode()), Literal)
    for bad in (b"a\r\nb", b"a\nb", b"a\0b"):
        with pytest.raises(Rejected):
            quote(bad)


def test_flags_that_are_no_atoms_are_refused() -> None:
    assert flag_list(["\\Seen", "$Label1", "Über".encode("ascii", "ignore").decode()]) == b"(\\Seen $Label1 ber)"
    for bad in ("a b", "a)", "(", "a\r\nX", "", "ü", '"', "a%"):
        with pytest.raises(Rejected):
            flag_list([bad])


def test_sets_are_compact_ascending_and_of_bounded_length() -> None:
    assert compact_set([]) == b""
    assert compact_set([5, 3, 4, 9, 4]) == b"3:5,9"
    sparse = range(1, 200_000, 2)
    parts = list(compact_sets(sparse))
    assert all(len(text) <= SET_LENGTH for text, _ in parts)
    assert [uid for _, uids in parts for uid in uids] == list(sparse)
    assert [len(uids) for _, uids in compact_sets(range(1, 11), max_count=4)] == [4, 4, 2]
    for wrong in ([0], [-1], [2**32]):
        with pytest.raises(ValueError, match="UID"):
            compact_set(wrong)


def test_a_range_over_everything_is_never_expanded() -> None:
    assert intersect(parse_ranges(b"1:4294967295"), [7, 3]) == [3, 7]
    assert intersect(parse_ranges(b"9:5,20"), [4, 5, 9, 10, 20]) == [5, 9, 20]
    with pytest.raises(ValueError, match="more than"):
        expand(parse_ranges(b"1:4294967295"), 1000)
    for wrong in (b"", b"a", b"1:", b"*"):
        if wrong == b"1:":
            assert parse_ranges(wrong) == [(1, 1)]
            continue
        with pytest.raises(ValueError, match="invalid literal"):
            parse_ranges(wrong)


def line(kind: str, text: bytes, number: int | None = None) -> Untagged:
    return Untagged(kind, number, [text])


@pytest.mark.parametrize(
    ("text", "path", "delimiter", "selectable"),
    [
        (rb'(\HasNoChildren \Sent) "/" "Sent Items"', "Sent Items", "/", True),
        (rb'(\Noselect) "." INBOX.Archive', "INBOX.Archive", ".", False),
        (rb'(\NonExistent) NIL "x"', "x", "", False),
        (rb'() "/" 2024', "2024", "/", True),
        (rb'() "\\" "a\\b"', "a\\b", "\\", True),
        (rb'() "/" "say \"hi\""', 'say "hi"', "/", True),
        (b'() "/" "Entw\xc3\xbcrfe"', "Entwürfe", "/", True),
        (rb'() "/" "[Gmail]/All Mail" (CHILDINFO ("SUBSCRIBED"))', "[Gmail]/All Mail", "/", True),
    ],
)
def test_list_lines(text: bytes, path: str, delimiter: str, selectable: bool) -> None:
    folder = parse_list_line(line("LIST", text))
    assert folder is not None
    assert (folder.path, folder.delimiter, folder.selectable) == (path, delimiter, selectable)


@pytest.mark.parametrize(
    "text", [b"", b"(", b'"/" x', b'() "/"', b'() "/" "open', b'() "/" ""', b'() "/" (a b)', b"5 6 7"]
)
def test_list_lines_that_cannot_be_read_are_left_out(text: bytes) -> None:
    assert parse_list_line(line("LIST", text)) is None


def test_folders_whose_names_decode_alike_are_told_apart() -> None:
    raws = [b"R&D", b"R&-D", b"R&D/Plans", b"R&-D/Plans", "Entwürfe".encode(), b"Entw&APw-rfe", b"R&D/\x81", b"INBOX"]
    listed = [RemoteFolder(decode_path(raw), raw, "/") for raw in raws]
    found = tell_apart(listed)
    assert [one.path_raw for one in found] == raws
    assert [one.path for one in found] == [
        *("R&D (R&D)", "R&D", "R&D (R&D)/Plans", "R&D/Plans"),
        *("Entwürfe (Entw\\xc3\\xbcrfe)", "Entwürfe", "R&D (R&D)/\x81", "INBOX"),
    ]
    # In whichever order they are listed, each keeps its name.
    assert tell_apart(listed[::-1]) == found[::-1]


def test_a_literal_as_a_folder_name() -> None:
    folder = parse_list_line(Untagged("LIST", None, [(b'() "/" {5}', b'a"b\\c'), b""]))
    assert folder is not None
    assert folder.path_raw == b'a"b\\c'


def test_status_lines() -> None:
    name, status = parse_status_line(line("STATUS", b'"inbox" (MESSAGES 3 UIDNEXT 9 HIGHESTMODSEQ 0 STRANGE x)'))
    assert (name, status.messages, status.uidnext, status.highestmodseq) == (b"INBOX", 3, 9, None)
    for rubbish in (b"rubbish", b"(a) (MESSAGES 1)", b"a ((b) 1)"):
        assert parse_status_line(line("STATUS", rubbish))[0] == b""
    huge = b"a (MESSAGES 1 UIDNEXT 99999999999999999999 HIGHESTMODSEQ 18446744073709551615)"
    assert parse_status_line(line("STATUS", huge))[1] == FolderStatus(messages=1)


@pytest.mark.parametrize("text", [b"(5 7)", b"((UID 1) FLAGS)", b"(UID 1 FLAGS ((a)))", b"(UID 99999999999 FLAGS ())"])
def test_fetch_lines_of_another_shape_say_nothing(text: bytes) -> None:
    fetched = Untagged("FETCH", 1, [text])
    assert flag_update(fetched) is None


def test_a_modseq_beyond_its_bounds_is_none() -> None:
    """RFC 7162 §3.1.1: 63 bits; servers of its forerunner RFC 4551 use 64."""
    for text in (
        b"(UID 1 MODSEQ (18446744073709551615) FLAGS ())",
        b'(UID 1 MODSEQ (18446744073709551615) FLAGS ("a"))',
    ):
        update = flag_update(Untagged("FETCH", 1, [text]))
        assert update is not None
        assert update.modseq is None


def folders(*names: str, delimiter: str = "/") -> list[RemoteFolder]:
    """``name`` or ``name \\Attribute``."""
    made = []
    for name in names:
        path, _, attribute = name.partition(" \\")
        made.append(RemoteFolder(path, path.encode(), delimiter, (f"\\{attribute}",) if attribute else ()))
    return made


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["INBOX", "Sent \\Sent", "Sent Items"], ["inbox", "sent", ""]),
        (["Inbox", "Gesendet", "Entwürfe", "Papierkorb", "Spam"], ["inbox", "sent", "drafts", "trash", "junk"]),
        (["INBOX", "Éléments envoyés", "Brouillons", "Corbeille"], ["inbox", "sent", "drafts", "trash"]),
        (["INBOX", "送信済み", "下書き", "ごみ箱", "迷惑メール"], ["inbox", "sent", "drafts", "trash", "junk"]),
        (["INBOX", "Отправленные", "Черновики", "Корзина"], ["inbox", "sent", "drafts", "trash"]),
        (["INBOX", "INBOX/Sent", "INBOX/Trash"], ["inbox", "sent", "trash"]),
        (["INBOX", "Sent Items", "Sent"], ["inbox", "", "sent"]),
        (["INBOX", "Projects/Sent", "Projects/Archive"], ["inbox", "", ""]),
        (["INBOX", "[Gmail]/All Mail \\All", "[Gmail]/Bin \\Trash", "Trash"], ["inbox", "all", "trash", ""]),
        (["INBOX", "[Gmail]/Sent Mail"], ["inbox", "sent"]),
        (["INBOX", "Drafts \\Drafts", "Other \\Drafts"], ["inbox", "drafts", ""]),
    ],
)
def test_roles(names: list[str], expected: list[str]) -> None:
    assert choose_roles(folders(*names)) == [Role(word) for word in expected]


def test_roles_under_a_namespace_and_never_in_somebody_elses() -> None:
    found = folders("INBOX", "INBOX.Sent", "user.bob.Trash", "INBOX.Trash", delimiter=".")
    assert choose_roles(found, personal_prefixes=("INBOX.",)) == [Role.INBOX, Role.SENT, Role.NONE, Role.TRASH]


def test_a_folder_that_cannot_be_opened_gets_no_role() -> None:
    trash = RemoteFolder("Trash", b"Trash", "/", ("\\Trash", "\\Noselect"), selectable=False)
    assert choose_roles([trash, *folders("Deleted Items")]) == [Role.NONE, Role.TRASH]


@pytest.mark.parametrize(
    ("kind", "text", "error", "detail"),
    [
        ("NO", b"[OVERQUOTA] full", Rejected, "OVERQUOTA"),
        ("NO", b"Quota exceeded", Rejected, "OVERQUOTA"),
        ("NO", b"[TRYCREATE] no folder", Rejected, "TRYCREATE"),
        ("NO", b"[ALREADYEXISTS] there", Rejected, "ALREADYEXISTS"),
        ("NO", b"just no", Rejected, "NO"),
        ("BAD", b"syntax", Rejected, "BAD"),
        ("NO", b"[UNAVAILABLE] later", Unavailable, None),
        ("NO", b"[INUSE] locked", Unavailable, None),
        ("NO", b"[SERVERBUG] oops", Unavailable, None),
        ("NO", b"[LIMIT] Too many simultaneous connections", TooManyConnections, None),
        ("BAD", b"Request is throttled. Suggested Backoff Time: 299933 milliseconds", TryLater, 299.933),
        ("NO", b"Server error. Please try again later.", Unavailable, None),
        ("NO", b"[NONEXISTENT] Mailbox doesn't exist: Bandwidth", Rejected, "NONEXISTENT"),
        ("NO", b"Mailbox does not exist: Quota maintenance", Rejected, "NONEXISTENT"),
        ("NO", b"[NOPERM] Too many connections is not yours", Rejected, "NOPERM"),
        ("BAD", b"User is authenticated but not connected.", NeedsUser, "password"),
        ("NO", b"[AUTHENTICATIONFAILED] no", NeedsUser, "password"),
    ],
)
def test_what_a_refusal_means(kind: str, text: bytes, error: type[MailError], detail: object) -> None:
    found = refused(kind, text)
    assert type(found) is error
    assert getattr(found, "after_seconds" if issubclass(error, TryLater) else "code") == detail


def test_what_a_farewell_means() -> None:
    assert isinstance(broken("Autologout; idle for too long"), TryNow)
    assert isinstance(broken("[UNAVAILABLE] Too many connections"), TryLater)


@pytest.mark.parametrize(
    ("text", "uids", "validity"),
    [
        (b"[COPYUID 7 1:3 9:11] done", {1: 9, 2: 10, 3: 11}, 7),
        (b"[COPYUID 7 3,1 9,10] done", {3: 9, 1: 10}, 7),
        (b"[COPYUID 7 1:3 9:10] done", {}, 7),
        (b"[COPYUID 7 1:4294967295 1:4294967295] done", {}, None),
        (b"[COPYUID 7 8 9] another's", {}, 7),
        (b"[COPYUID 7 1 99999999999] done", {}, None),
        (b"[COPYUID 7 1] done", {}, None),
        (b"[COPYUID x y z] done", {}, None),
        (b"[COPYUID] done", {}, None),
        (b"done", {}, None),
    ],
)
def test_copyuid_even_when_malformed(text: bytes, uids: dict[int, int], validity: int | None) -> None:
    result = parse_copyuid(parse_status(text), [1, 2, 3])
    assert (result.uids, result.uidvalidity) == (uids, validity)


def test_flag_lines_fast_and_slow_say_the_same() -> None:
    expected = FlagUpdate(7, Flags(seen=True, keywords=("$x",)), 12)
    assert flag_update(line("FETCH", b"(UID 7 MODSEQ (12) FLAGS (\\Seen $x))", 3)) == expected
    assert flag_update(line("FETCH", b'(UID 7 MODSEQ (12) FLAGS (\\seen $x) X-Y "z")', 3)) == expected
    assert flag_update(line("FETCH", b"(FLAGS (\\Seen))", 3)) is None
    assert flag_update(line("FETCH", b"(UID 7 MODSEQ (12))", 3)) is None
    assert flag_update(line("FETCH", b"(UID 7 FLAGS", 3)) is None


def test_fetches_merge_by_uid_and_leave_strangers_out() -> None:
    lines = [
        line("EXISTS", b"", 9),
        Untagged("FETCH", 1, [(b"(UID 5 RFC822.SIZE 3 BODY[] {3}", b"abc"), b")"]),
        line("FETCH", b"(FLAGS (\\Seen))", 2),
        line("EXPUNGE", b"", 4),
        line("FETCH", b"(UID 5 FLAGS (\\Flagged))", 1),
        Untagged("FETCH", 8, [(b"(UID 99 BODY[] {1}", b"x"), b")"]),
        line("FETCH", b"(UID 6 RFC822.SIZE 10 BODY[] NIL)", 2),
        line("FETCH", b'(UID 7 RFC822.SIZE 10 BODY[] "")', 3),
        line("FETCH", b'(UID 8 RFC822.SIZE 0 BODY[] "")', 4),
    ]
    found = parse_fetches(lines, [5, 6, 7, 8])
    assert set(found) == {5, 6, 7, 8}
    assert found[5].flags == Flags(flagged=True)
    messages = {uid: data.message(data.sections.get(b"BODY[]")) for uid, data in found.items()}
    assert {uid: message and message.raw for uid, message in messages.items()} == {5: b"abc", 6: None, 7: None, 8: b""}


def test_gmail_and_objectid_facts() -> None:
    gmail = line("FETCH", b'(UID 1 X-GM-MSGID 12 X-GM-THRID 13 X-GM-LABELS ("\\\\Inbox" "Entw&APw-rfe" 2024))', 1)
    objectid = line("FETCH", b"(UID 2 EMAILID (M6d99) THREADID (T64b))", 2)
    found = parse_fetches([gmail, objectid], [1, 2])
    assert found[1].provider.message_id == "12"
    assert found[1].provider.thread_id == "13"
    assert found[1].provider.labels == ("\\Inbox", "Entwürfe", "2024")
    assert (found[2].provider.message_id, found[2].provider.thread_id) == ("M6d99", "T64b")


def test_dates_that_are_missing_come_from_the_message() -> None:
    header = b"Date: Mon, 1 Jan 2024 10:00:00 +0100\r\n\r\n"
    [data] = parse_fetches(
        [Untagged("FETCH", 1, [(b'(UID 1 INTERNALDATE "nonsense" BODY[HEADER] {%d}' % len(header), header), b")"])], [1]
    ).values()
    found = data.header()
    assert found is not None
    assert found.internal_date.isoformat() == "2024-01-01T10:00:00+01:00"


def test_batches_keep_to_count_and_bytes() -> None:
    batches = plan_batches(range(1, 121), {})
    assert [len(batch) for batch in batches] == [50, 50, 20]
    assert plan_batches([1, 2, 3], {1: 3_000_000, 2: 6_000_000, 3: 2_000_000}) == [[1], [2, 3]]
    assert plan_batches([1, 2, 3], {2: 11_000_000}) == [[1], [2], [3]]
