"""Search finds by words, phrases, people, folders, days, sizes; never another's mail; it says what it has not seen."""

import importlib
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.utils import timezone

from mailsync.message.lexemes import IndexedText
from mailsync.models import Folder, Message, MessageText, Placement, Thread
from mailsync.store.search import Coverage, prepare_search, search
from mailsync.store.server_searches import load_standing
from mailsync.store.text_index import index_texts
from mailsync.types import Address
from tests.factories import make_account, make_folder, make_message, make_user, place

pytestmark = pytest.mark.django_db

LUNCH, INVOICE = "Lunch on Friday", "Invoice 2026-17"


@pytest.fixture
def box():  # type: ignore[no-untyped-def]
    folder = make_folder()
    make_message(
        folder,
        subject=LUNCH,
        preview="See you 🎉",
        from_name="Zoë Ångström",
        from_address="zoe.a@cafe.test",
        recipients={"to": [["Ada Lovelace", "ada@example.test"]]},
        received_at=datetime(2026, 3, 1, 12, tzinfo=UTC),
        seen=True,
        answered=True,
    )
    invoice = make_message(
        folder,
        subject=INVOICE,
        from_name="Bob",
        from_address="bob@example.test",
        received_at=datetime(2026, 2, 1, 12, tzinfo=UTC),
        flagged=True,
        keywords=["$Travel_2026"],
        attachment_count=1,
        message_id="17@bills.test",
    )
    text = IndexedText(
        invoice.message_id,
        subject=INVOICE,
        people=[("from", Address("Bob 🚀", "bob@example.test")), ("cc", Address("Carol", "carol@example.test"))],
        text="Meet me ✓ for coffee 👍🏽 in the cafe\n> 東京都 is far from the café\nสวัสดีครับ",
        own="Meet me ✓ for coffee 👍🏽 in the cafe",
        files=["Q3 report-final.pdf"],
        list_id="django-users.example.test",
        has_invite=True,
    )
    index_texts(folder.account_id, [text])
    facts = {"importance": "high", "delivered_to": ["Bob+bills@example.test"]}
    Message.objects.filter(pk=invoice.message_id).update(size_bytes=2_000_000, facts=facts)
    return folder


def found(folder, query: str, **more) -> list[str]:  # type: ignore[no-untyped-def]
    return [row.subject for row in search(folder.account.user_id, query, **more).rows]


@pytest.mark.parametrize(
    ("query", "subjects"),
    [
        ("lunch", [LUNCH]),
        ("lun", [LUNCH]),
        ("lun ", []),
        ("lun*  ", [LUNCH]),
        ('"lun"', []),
        ('"on friday"', [LUNCH]),
        ('"friday lunch"', []),
        ("2026-17", [INVOICE]),
        ("angstrom", [LUNCH]),
        ("ÅNGSTRÖM ", [LUNCH]),
        ("zoe.a@cafe.test", [LUNCH]),
        ("cafe ", [LUNCH, INVOICE]),
        ("cafe -invoice", [LUNCH]),
        ("lunch OR invoice", [LUNCH, INVOICE]),
        ("(lunch OR invoice) coffee", [INVOICE]),
        ("-lunch", [INVOICE]),
        ("from:ang", [LUNCH]),
        ("from:zoe.a@ca", [LUNCH]),
        ("from:ada", []),
        ("to:lovelace", [LUNCH]),
        ("to:carol", []),
        ("cc:carol", [INVOICE]),
        ("bcc:carol", []),
        ("subject:cafe", []),
        ("subject:invoi", [INVOICE]),
        ("subject:invoi ", []),
        ('body:"the café"', [INVOICE]),
        ("body:invoice", []),
        ('"cafe tokyo"', []),
        ("東京", [INVOICE]),
        ("京都", [INVOICE]),
        ("都", [INVOICE]),
        ("東都", []),
        ("東京都 is", [INVOICE]),
        ("ดีค", [INVOICE]),
        ("filename:report", [INVOICE]),
        ("filename:pdf", [INVOICE]),
        ("filename:coffee", []),
        ("report-final.pdf", [INVOICE]),
        ("list:django", [INVOICE]),
        ("has:invite", [INVOICE]),
        ("has:attachment", [INVOICE]),
        ("-has:attachment", [LUNCH]),
        ("is:unread", [INVOICE]),
        ("is:read", [LUNCH]),
        ("is:starred", [INVOICE]),
        ("is:unflagged", [LUNCH]),
        ("is:replied", [LUNCH]),
        ("is:unreplied", [INVOICE]),
        ("is:draft", []),
        ("label:travel_2026", [INVOICE]),
        ('label:"Travel 2026"', [INVOICE]),
        ("-label:travel_2026", [LUNCH]),
        ("🎉", [LUNCH]),
        ("-🎉", [INVOICE]),
        ("lunch 🎉", [LUNCH]),
        ("✓👍", [INVOICE]),
        ("👍🏿", [INVOICE]),
        ("🎉👍", []),
        ("from:🚀", [INVOICE]),
        ("subject:👍", []),
        ('"coffee in the cafe"', [INVOICE]),
        ("invoice 🎉 ", []),
        ("subject:🎉", []),
        ("body:🎉", [LUNCH]),
        ("from:🎉", []),
        ("body:✓ OR larger:1M", [INVOICE]),
        ("importance:high", [INVOICE]),
        ("importance:normal", [LUNCH]),
        ("-is:important", [LUNCH]),
        ("deliveredto:bob+bills@example.test", [INVOICE]),
        ("-deliveredto:bills", [LUNCH]),
        ("larger:1M", [INVOICE]),
        ("smaller:1M", [LUNCH]),
        ("after:2026-03-01", [LUNCH]),
        ("before:2026-03-01", [INVOICE]),
        ("received:2026-02", [INVOICE]),
        ("id:17@bills.test", [INVOICE]),
        ("id:17@bills.test lunch", []),
        ("in:inbox", [LUNCH, INVOICE]),
        ("in:inbox lunch", [LUNCH]),
        ("-in:inbox", []),
        ("in:posteingang lunch", [LUNCH]),
        ("in:nowhere lunch", []),
        ("account:example.test lunch", [LUNCH]),
        ("account:elsewhere lunch", []),
        ("is:unread OR lunch", [LUNCH, INVOICE]),
        ("(is:unread coffee) OR (is:read lunch)", [LUNCH, INVOICE]),
        ("from:bob lunch", []),
        ('from:"bob@example.test" invoice', [INVOICE]),
        ("", []),
        ("'; drop table \x00 & | ! ( :*", []),
        ("from:')|(", []),
        ("subject:!!", []),
        ("_", []),
        ("%s %(limit)s {arms} \\'", []),
    ],
)
def test_queries(box, query: str, subjects: list[str]) -> None:  # type: ignore[no-untyped-def]
    assert found(box, query) == subjects


def test_another_user_finds_nothing(box) -> None:  # type: ignore[no-untyped-def]
    stranger = make_folder(make_account(make_user()))
    assert found(stranger, "lunch") == []
    assert found(stranger, "lunch", folder_ids=[box.pk]) == []
    assert found(stranger, "id:17@bills.test in:anywhere") == []


@pytest.mark.parametrize("query", ["report", "is:unread", "report -weekly OR report"])
def test_pages_follow_each_other_without_a_gap_even_in_one_second(query: str) -> None:
    folder = make_folder()
    at = datetime(2026, 3, 1, tzinfo=UTC)
    made = [make_message(folder, subject=f"Weekly report {n}", received_at=at).message.subject for n in range(7)]
    seen, before = [], ""
    while True:
        page = search(folder.account.user_id, query, limit=3, before=before)
        seen += [row.subject for row in page.rows]
        if page.next is None:
            break
        before = str(page.next)
    assert seen == made[::-1]


def test_a_message_in_two_folders_is_one_row() -> None:
    folder = make_folder()
    first = make_message(folder, subject="Twice")
    place(make_folder(folder.account, "Archive"), first.message)
    assert found(folder, "twice") == ["Twice"]
    assert found(folder, "in:archive twice") == ["Twice"]
    assert found(folder, "is:unread") == ["Twice"]


def test_junk_and_bin_are_left_out_unless_asked_for() -> None:
    inbox = make_folder()
    junk = make_folder(inbox.account, "Junk", role="junk")
    make_message(junk, subject="Prize")
    assert found(junk, "prize") == []
    for query in ("prize in:junk", "in:spam prize", "prize in:anywhere", "prize (in:junk OR in:inbox)"):
        assert found(junk, query) == ["Prize"], query
    assert found(junk, "prize in:inbox") == []
    assert found(junk, "prize -in:junk") == []
    assert found(junk, "prize", folder_ids=[junk.pk]) == ["Prize"]


def test_what_is_muted_or_pinned_is_found_of_ones_own(box) -> None:  # type: ignore[no-untyped-def]
    theirs = make_message(make_folder(make_account(make_user())), subject="Theirs")
    Thread.objects.filter(pk=theirs.thread_id).update(muted=True, pinned=True)
    assert found(box, "is:muted") == found(box, "is:pinned lunch") == []
    Thread.objects.filter(messages__subject=LUNCH).update(muted=True)
    Thread.objects.filter(messages__subject=INVOICE).update(pinned=True)
    assert found(box, "is:muted") == [LUNCH]
    assert found(box, "-is:muted") == found(box, "is:pinned cof") == [INVOICE]
    assert found(box, "is:muted OR is:pinned") == [LUNCH, INVOICE]


def test_days_are_the_readers_days() -> None:
    folder = make_folder()
    make_message(folder, subject="Late", received_at=datetime(2026, 2, 28, 23, 30, tzinfo=UTC))
    with timezone.override("Europe/Berlin"):
        assert found(folder, "after:2026-03-01") == ["Late"]
    with timezone.override("UTC"):
        assert found(folder, "after:2026-03-01") == []


def test_a_name_that_nothing_has_is_a_problem_at_its_place(box) -> None:  # type: ignore[no-untyped-def]
    (problem,) = prepare_search(box.account.user_id, "lunch in:Nowhere").problems
    assert (problem.start, problem.end) == (9, 16)
    assert "Nowhere" in problem.text


def test_coverage_counts_what_has_no_body_here_and_what_is_still_on_the_server(box) -> None:  # type: ignore[no-untyped-def]
    user = box.account.user_id
    assert prepare_search(user, "lunch").coverage() == Coverage(2, 2)
    assert prepare_search(user, "lunch").coverage().is_complete
    assert load_standing(user, prepare_search(user, "lunch"), "lunch", None).is_indexed
    MessageText.objects.filter(message__subject=LUNCH).update(complete=False)
    assert not load_standing(user, prepare_search(user, "lunch"), "lunch", None).is_indexed
    assert prepare_search(user, "lunch").coverage() == Coverage(1, 2)
    type(box).objects.filter(pk=box.pk).update(exists_seen=10, header_cursor=50)
    assert prepare_search(user, "lunch").coverage() == Coverage(1, 10)
    assert found(box, "lunch") == [LUNCH], "what is here of it is found all the same"


def test_a_text_too_long_for_the_index_says_so_and_its_phrases_are_found() -> None:
    folder = make_folder()
    long = make_message(folder, subject="Long")
    text = "the cat sat " * 7000 + "needle in hay"
    index_texts(folder.account_id, [IndexedText(long.message_id, subject="Long", text=text, own=text)])
    assert found(folder, '"needle in hay"') == ["Long"]
    assert found(folder, "body:the -subject:the") == ["Long"]
    assert prepare_search(folder.account.user_id, "x").coverage().is_complete
    huge = " ".join(f"word{n}x" for n in range(120_000))
    index_texts(folder.account_id, [IndexedText(long.message_id, subject="Long", text=huge, own=huge)])
    assert found(folder, "word17x ") == ["Long"]
    assert prepare_search(folder.account.user_id, "x").coverage() == Coverage(0, 1)


@pytest.mark.parametrize("query", ["twice ", "is:read twice ", "is:read", "-absent", "id:twice@example.test"])
@pytest.mark.parametrize("walk", [1, 2, 1000])
def test_a_message_in_two_folders_stands_once_where_it_is_newest(
    monkeypatch: pytest.MonkeyPatch, query: str, walk: int
) -> None:
    for name in ("FIRST", "WALK"):
        monkeypatch.setattr(f"mailsync.plan.search_steps.{name}", walk)
    inbox = make_folder()
    archive = make_folder(inbox.account, "Archive")

    def at(hour: int) -> datetime:
        return datetime(2026, 3, 1, hour, tzinfo=UTC)

    # The copy that was filed last is the older one, as where a server gives a copy the date of its message.
    twice = make_message(inbox, subject="Twice", message_id="twice@example.test", received_at=at(12), seen=True)
    other = make_message(inbox, subject="Twice too", received_at=at(11), seen=True)
    older = place(archive, twice.message, seen=True)
    Placement.objects.filter(pk=older.pk).update(received_at=at(8))
    last = make_message(inbox, subject="Twice again", received_at=at(7), seen=True)
    whole = [row.placement_id for row in search(inbox.account.user_id, query).rows]
    assert older.pk not in whole
    if query.startswith("id:"):
        assert whole == [twice.pk]
    else:
        assert whole == [twice.pk, other.pk, last.pk]
    paged, before = [], None
    while True:
        page = search(inbox.account.user_id, query, before=before, limit=1)
        paged += [row.placement_id for row in page.rows]
        before = page.next
        if before is None:
            break
    assert paged == whole


def test_what_marks_a_long_message_is_no_name_of_a_list(box: Folder) -> None:
    long = make_message(box, subject="Long")
    text = " ".join(f"w{number}" for number in range(20_000))
    index_texts(box.account_id, [IndexedText(long.message_id, subject="Long", text=text, own=text)])
    assert found(box, '"w19998 w19999"') == ["Long"]
    for name in ("o", "on", "ong", "x", "xlong"):
        assert found(box, f"list:{name}") == [], name


def test_long_messages_of_before_are_marked_anew(box: Folder) -> None:
    rename = importlib.import_module("mailsync.migrations.0046_long_mark").Migration.operations[0]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE mailsync_messagetext SET vector = '''.long'':1 ''two'':9C'::tsvector")
        cursor.execute(rename.sql)
        cursor.execute("SELECT DISTINCT vector::text FROM mailsync_messagetext")
        assert cursor.fetchall() == [("'.xlong':10 'two':9C",)]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("body:tide ", [5, 4, 1]),
        ("subject:tide ", [4, 3, 2]),
        ("body:tide is:read", [4]),
        ("body:tid", [5, 4, 1]),
        ("body:tide subject:tide ", [4]),
        ("body:lake OR subject:tide ", [4, 3, 2, 1]),
        ("body:tide -subject:tide ", [5, 1]),
        ('body:"high tide"', [5]),
    ],
)
@pytest.mark.parametrize("by_index", [True, False])
def test_where_a_word_stands_is_asked_of_those_that_a_page_shows(
    monkeypatch: pytest.MonkeyPatch, query: str, numbers: list[int], by_index: bool
) -> None:
    monkeypatch.setattr("mailsync.plan.search_steps.FIRST", 1 if by_index else 1000)
    monkeypatch.setattr(
        "mailsync.plan.search_steps.choose_step", lambda *_, has_index: None if has_index and by_index else 1000
    )
    inbox = make_folder()
    for number, (subject, text) in enumerate(
        [("Boats", "the tide and a lake"), ("Tide", "x"), ("Tides, tide", ""), ("A tide", "tide"), ("y", "High tide!")],
        1,
    ):
        placed = make_message(
            inbox, subject=subject, received_at=datetime(2026, 3, number, tzinfo=UTC), seen=number == 4
        )
        Message.objects.filter(pk=placed.message_id).update(size_bytes=number)
        index_texts(inbox.account_id, [IndexedText(placed.message_id, subject=subject, text=text, own=text)])
    user = inbox.account.user_id
    assert [row.size_bytes for row in search(user, query).rows] == numbers
    paged, before = [], None
    while True:
        page = search(user, query, before=before, limit=1)
        paged += [row.size_bytes for row in page.rows]
        if page.next is None:
            break
        before = page.next
    assert paged == numbers
