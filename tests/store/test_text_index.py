"""What waits to be merged into the text index: much while a mailbox is filled, little on every other day."""

import random

import pytest
from django.db import connection

from mailsync.message.lexemes import IndexedText, build_vector
from mailsync.store.text_index import merge_waiting, write_vectors
from tests.factories import make_folder, make_message

pytestmark = pytest.mark.django_db

_PAGE_BYTES = 8192
_MESSAGES = 30


def waiting_kb() -> float:
    """The list of what is not merged yet; looking at it merges it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT gin_clean_pending_list('message_text_words')")
        (pages,) = cursor.fetchone() or (0,)
    return float(pages * _PAGE_BYTES / 1024)


@pytest.fixture
def letters() -> tuple[int, dict[int, IndexedText]]:
    """An account and texts of its messages, 40 kB each, which together are four times the short list."""
    folder = make_folder()
    draw = random.Random(1)
    texts = {
        pk: IndexedText(pk, text=" ".join(f"{draw.getrandbits(40):x}" for _ in range(2500)))
        for pk in (make_message(folder).message_id for _ in range(_MESSAGES))
    }
    return folder.account_id, texts


def test_a_batch_of_a_mailbox_that_is_filled_waits_as_a_whole(letters: tuple[int, dict[int, IndexedText]]) -> None:
    account_id, texts = letters
    write_vectors(account_id, {pk: build_vector(text) for pk, text in texts.items()})
    assert waiting_kb() > 1024


def test_what_comes_day_by_day_keeps_the_list_short(letters: tuple[int, dict[int, IndexedText]]) -> None:
    account_id, texts = letters
    for pk, text in texts.items():
        write_vectors(account_id, {pk: build_vector(text)})
    assert waiting_kb() <= 600


def test_a_filled_mailbox_leaves_nothing(letters: tuple[int, dict[int, IndexedText]]) -> None:
    account_id, texts = letters
    write_vectors(account_id, {pk: build_vector(text) for pk, text in texts.items()})
    merge_waiting()
    assert waiting_kb() == 0
