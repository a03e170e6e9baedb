"""Search finds by words, phrases and fields, never another's mail."""

import pytest

from mailsync.store.search import Query, search
from mailsync.store.text_index import IndexedText, index_texts, people_text
from tests.factories import make_account, make_folder, make_message, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def box():  # type: ignore[no-untyped-def]
    folder = make_folder()
    first = make_message(folder, subject="Lunch on Friday", from_name="Zoë Ångström", from_address="zoe@cafe.test")
    second = make_message(folder, subject="Invoice 2026-17", from_name="Bob", from_address="bob@example.test")
    index_texts(
        folder.account_id,
        [IndexedText(second.message_id, "Invoice 2026-17", people_text([("Bob", "bob@example.test")]), "for the cafe")],
    )
    return folder, first, second


def found(folder, query: str, **more) -> list[str]:  # type: ignore[no-untyped-def]
    return [row.subject for row in search(folder.account.user_id, query, **more).rows]


@pytest.mark.parametrize(
    ("query", "subjects"),
    [
        ("lunch", ["Lunch on Friday"]),
        ('"on friday"', ["Lunch on Friday"]),
        ('"friday lunch"', []),
        ("angstrom", ["Lunch on Friday"]),
        ("zoe@cafe.test", ["Lunch on Friday"]),
        ("cafe", ["Invoice 2026-17", "Lunch on Friday"]),
        ("cafe -invoice", ["Lunch on Friday"]),
        ("from:zoe", ["Lunch on Friday"]),
        ("subject:cafe", []),
        ("subject:invoi", ["Invoice 2026-17"]),
        ("from:bob lunch", []),
        ('from:"bob@example.test" invoice', ["Invoice 2026-17"]),
        ("", []),
        ("'; drop table \x00 & | ! ( :*", []),
        ("from:')|(", []),
        ("subject:!!", []),
    ],
)
def test_queries(box, query: str, subjects: list[str]) -> None:  # type: ignore[no-untyped-def]
    assert found(box[0], query) == subjects


def test_another_user_finds_nothing(box) -> None:  # type: ignore[no-untyped-def]
    assert search(make_user().id, "lunch").rows == ()


def test_pages_and_folders(box) -> None:  # type: ignore[no-untyped-def]
    folder, _, _ = box
    for _ in range(3):
        make_message(folder, subject="Weekly report")
    first = search(folder.account.user_id, "report", limit=2)
    second = search(folder.account.user_id, "report", limit=2, before=str(first.next))
    assert (len(first.rows), len(second.rows), second.next) == (2, 1, None)
    assert search(folder.account.user_id, "report", folder_ids=[make_folder(make_account()).id]).rows == ()


def test_junk_is_left_out_unless_asked_for() -> None:
    junk = make_folder(make_account(), "Junk", role="junk")
    make_message(junk, subject="Prize")
    assert found(junk, "prize") == []
    assert found(junk, "prize", folder_ids=[junk.id]) == ["Prize"]


def test_a_query_is_taken_apart() -> None:
    assert Query.parse('from:"Ada L" big Subject:plan "two words"') == Query(
        'big "two words"', (("from", "Ada L"), ("subject", "plan"))
    )
