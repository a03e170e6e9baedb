"""A word is found in its other forms, in the language of each message; exactly as written between quotes."""

import pytest
from django.db import transaction
from django.test import TransactionTestCase

from mailsync import actions
from mailsync.message.lexemes import INDEX_VERSION, IndexedText, build_vector
from mailsync.models import Folder, MessageText, WordForm
from mailsync.store.excerpts import load_excerpts
from mailsync.store.relevance import load_relevant
from mailsync.store.reparse import reparse
from mailsync.store.search import prepare_search, search
from mailsync.store.text_index import index_texts
from mailsync.store.word_forms import note_forms
from tests.factories import make_account, make_folder, make_message
from tests.forgotten import forget_all
from tests.sample_mailbox import fill

pytestmark = pytest.mark.django_db

WALKING = "She was walking, and the meetings went on."
HOUSES = "Wir wohnen in alten Häusern."
WALK_IN_GERMAN = "Der Walk nach den Meetings begann."


@pytest.fixture
def folder() -> Folder:
    folder = make_folder()
    told(folder, "en", WALKING)
    told(folder, "de", HOUSES)
    told(folder, "de", WALK_IN_GERMAN)
    return folder


def told(folder: Folder, language: str, text: str) -> int:
    message = make_message(folder, subject=text, preview=text).message_id
    index_texts(folder.account_id, [IndexedText(message, subject=text, text=text, own=text, language=language)])
    return message


def found(folder: Folder, query: str) -> set[str]:
    return {row.subject for row in search(folder.account.user_id, query).rows}


@pytest.mark.parametrize(
    ("query", "subjects"),
    [
        ("walk ", {WALKING, WALK_IN_GERMAN}),
        ("walked ", {WALKING}),
        ("walked", {WALKING}),
        ("WALKED ", {WALKING}),
        ("subject:walked ", {WALKING}),
        ("body:walked ", {WALKING}),
        ('"walked" ', set()),
        ('"walked"* ', set()),
        ('"was walked" ', set()),
        ("from:walked", set()),
        ("haus ", {HOUSES}),
        ("häuser ", {HOUSES}),
        ("meeting ", {WALKING, WALK_IN_GERMAN}),
        ("meeting -walked ", {WALK_IN_GERMAN}),
        ("walked OR haus ", {WALKING, HOUSES}),
        # A word that says nothing by itself has no other forms: "were" would be one of "was".
        ("were ", set()),
    ],
)
def test_a_word_stands_for_its_forms(folder: Folder, query: str, subjects: set[str]) -> None:
    assert found(folder, query) == subjects


def test_a_form_is_one_of_its_language_only(folder: Folder) -> None:
    told(folder, "de", "Der Parking walk")
    assert found(folder, "walk ") == {WALKING, WALK_IN_GERMAN, "Der Parking walk"}
    assert found(folder, "parks ") == set()


def test_another_person_s_words_are_not_known(folder: Folder) -> None:
    account = make_account()
    assert found(make_folder(account), "walked ") == set()
    assert not WordForm.objects.filter(account=account).exists()
    search_ = prepare_search(account.user_id, "walked ")
    assert search_.term == search_.query.term


def test_the_form_that_matched_is_marked_in_the_field_that_has_it(folder: Folder) -> None:
    term = prepare_search(folder.account.user_id, "meeting ").term
    ids = list(MessageText.objects.values_list("message_id", flat=True).order_by("message_id"))
    excerpts = load_excerpts(ids, term)
    marks = [[piece.text for piece in excerpts[one].pieces if piece.hit] for one in ids]
    assert marks == [["meetings"], [], ["Meetings"]]
    assert [excerpts[one].where for one in ids] == ["body", "", "body"]


def test_what_matches_by_a_form_is_weighed_by_it(folder: Folder) -> None:
    rest = "Nothing of it stands in the first line."
    message = make_message(folder, subject=rest).message_id
    text = IndexedText(message, subject=rest, text="A walk", own="A walk", language="en")
    index_texts(folder.account_id, [text])
    page = load_relevant(prepare_search(folder.account.user_id, "walked "))
    assert [row.subject for row in page.rows] == [WALKING, rest]


def test_a_word_is_noted_once(folder: Folder) -> None:
    before = WordForm.objects.count()
    told(folder, "en", WALKING)
    assert WordForm.objects.count() == before > 0
    words = WordForm.objects.filter(language="en").values_list("stem", "word")
    assert {("", ""), ("walk", "walking"), ("meet", "meetings")} <= set(words)
    assert not any(word in ("was", "went", "on", "the") for _, word in words)


def test_a_message_in_no_language_we_know_is_found_as_it_is_written() -> None:
    folder = make_folder()
    told(folder, "", WALKING)
    told(folder, "th", WALKING)
    assert found(folder, "walked ") == set()
    assert found(folder, "walking ") == {WALKING}
    assert not WordForm.objects.exists()


def test_the_words_go_with_the_account(folder: Folder) -> None:
    actions.delete_account(folder.account.user_id, folder.account_id)
    forget_all()
    assert not WordForm.objects.exists()


def test_what_was_indexed_before_is_learned_anew() -> None:
    account = make_account()
    fill(account)
    before = set(WordForm.objects.values_list("language", "word"))
    assert ("en", "") in before
    WordForm.objects.all().delete()
    MessageText.objects.update(version=INDEX_VERSION - 1)
    assert sum(reparse(account_id=account.pk)) > 0
    assert set(WordForm.objects.values_list("language", "word")) == before


class AfterTheCommit(TransactionTestCase):
    """What a process knows to be there it does not ask for again."""

    def test_a_word_that_was_rolled_back_is_noted_by_the_next(self) -> None:
        folder = make_folder()
        with transaction.atomic():
            told(folder, "en", WALKING)
            transaction.set_rollback(True)
        assert not WordForm.objects.exists()
        told(folder, "en", WALKING)
        assert found(folder, "walked ") == {WALKING}
        with self.assertNumQueries(0):
            note_forms(folder.account_id, [build_vector(IndexedText(1, text=WALKING, language="en"))])
