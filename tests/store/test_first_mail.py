"""The first message of a sender is known as such, and silence where that cannot be known."""

import pytest

from mailsync.message.vcard import Labelled, VCard
from mailsync.models import Folder
from mailsync.store.contacts import keep_card
from mailsync.store.first_mail import Senders
from tests.factories import make_account, make_folder, make_message, make_user
from tests.store.big_folder import fill
from tests.store.test_listing_size import measure

pytestmark = pytest.mark.django_db
MINE = {"bob@people.test"}


@pytest.fixture
def inbox() -> Folder:
    return make_folder(make_account(make_user("bob")))


def first(folder: Folder, **told: object) -> bool:
    message = make_message(folder, from_address="Eve@new.test", **told).message
    return Senders(folder.account.user_id, MINE).is_first(message)


def test_a_sender_never_heard_of(inbox: Folder) -> None:
    make_message(inbox, from_address="ann@shop.test")
    assert first(inbox)
    assert not first(inbox), "the second is not"


def test_mail_in_another_account_counts_and_that_of_others_does_not(inbox: Folder) -> None:
    make_message(make_folder(), from_address="eve@new.test")
    assert first(inbox)
    user = inbox.account.user
    other = make_folder(make_account(user))
    assert not first(other)


def test_more_in_the_same_conversation_is_still_the_first(inbox: Folder) -> None:
    thread = make_message(inbox, from_address="eve@new.test").thread
    assert first(inbox, thread=thread)


def test_an_answer_to_what_was_written_to_them(inbox: Folder) -> None:
    thread = make_message(inbox, from_address="Bob@people.test").thread
    assert not first(inbox, thread=thread)


def test_somebody_in_the_address_book(inbox: Folder) -> None:
    keep_card(inbox.account.user_id, VCard(name="Eve", addresses=(Labelled("eve@new.test"),)))
    assert not first(inbox)


def test_while_older_mail_may_come(inbox: Folder) -> None:
    Folder.objects.filter(pk=inbox.pk).update(header_cursor=500)
    assert not first(inbox)


@pytest.mark.parametrize("sender", ["", "bob@people.test", "Bob@People.test"])
def test_nobody_and_oneself(inbox: Folder, sender: str) -> None:
    message = make_message(inbox, from_address=sender).message
    assert not Senders(inbox.account.user_id, MINE).is_first(message)


def test_the_domains_of_contacts_come_with_the_first_answer(inbox: Folder, django_assert_num_queries: object) -> None:
    user_id = inbox.account.user_id
    keep_card(user_id, VCard(name="Ann", addresses=(Labelled("ann@shop.test"), Labelled("ann@home.test"))))
    keep_card(make_user("eve").pk, VCard(name="Ann", addresses=(Labelled("ann@other.test"),)))
    messages = [make_message(inbox, from_address=f"{name}@new.test").message for name in ("ada", "eve")]
    for asked in ([], messages):
        senders = Senders(user_id, MINE)
        with django_assert_num_queries(len(asked) or 1):  # type: ignore[operator]
            assert all(senders.is_first(one) for one in asked)
            assert senders.contact_domains() == {"shop.test", "home.test"}


def test_senders_are_found_by_the_index(inbox: Folder) -> None:
    # Many of one account: where a table has a handful of rows, any index of theirs is as good.
    fill(inbox.account, "Archive", 2000)
    message = make_message(inbox, from_address="eve@new.test").message
    user_id = inbox.account.user_id
    is_first, read = measure(lambda: Senders(user_id, MINE).is_first(message))
    assert is_first
    assert len(read) == 1
    assert read[0] < 50
