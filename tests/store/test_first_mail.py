"""The first message of a sender is known as such, and silence where that cannot be known."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Identity
from mailsync.message.vcard import Labelled, VCard
from mailsync.models import Folder
from mailsync.store.contacts import MOST_DOMAINS, keep_card
from mailsync.store.first_mail import Heard, Senders
from mailsync.store.listing import load_conversation
from tests.factories import make_account, make_folder, make_message, make_user
from tests.store.big_folder import fill
from tests.store.test_listing_size import measure

pytestmark = pytest.mark.django_db
MINE = {"bob@people.test"}


@pytest.fixture
def inbox() -> Folder:
    return make_folder(make_account(make_user("bob")))


def first(folder: Folder, **told: object) -> bool:
    """Asked by itself, and with the conversation: both say the same."""
    message = make_message(folder, from_address="Eve@new.test", **told).message
    user_id = folder.account.user_id
    is_first = Senders(user_id, MINE).is_first(message)
    heard = load_conversation(user_id, message.thread_id).heard
    assert heard is not None
    with CaptureQueriesContext(connection) as queries:
        senders = Senders(user_id, MINE, heard)
        assert senders.is_first(message) == is_first
        assert senders.contact_domains() == set(map(domain_of, heard.contacts))
    assert not queries
    return is_first


def domain_of(address: str) -> str:
    return address.rpartition("@")[2]


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


def test_an_answer_from_any_of_their_own_addresses(inbox: Folder) -> None:
    account = inbox.account
    for address in ("Bob@people.test", account.address.upper(), "bob@alias.test"):
        Identity.objects.get_or_create(user=account.user, account=account, address="Bob@alias.test")
        thread = make_message(inbox, from_address=address).thread
        message = make_message(inbox, thread=thread, from_address=f"eve@{thread.pk}.test").message
        heard = load_conversation(account.user_id, thread.pk).heard
        assert not Senders(account.user_id, MINE, heard).is_first(message), address


def test_only_what_was_asked_of_a_message_is_said_of_it(inbox: Folder) -> None:
    user_id = inbox.account.user_id
    older = make_message(inbox, from_address="eve@new.test", thread=make_message(inbox).thread)
    make_message(inbox, from_address="ann@shop.test", thread=older.thread)
    make_message(inbox, from_address="ann@shop.test")
    senders = Senders(user_id, MINE, load_conversation(user_id, older.thread_id).heard)
    assert senders.is_first(older.message)


def test_of_a_long_address_book_not_all_has_come(inbox: Folder) -> None:
    user_id = inbox.account.user_id
    message = make_message(inbox, from_address="eve@new.test").message
    some = [f"{n}@other.test" for n in range(MOST_DOMAINS)]
    keep_card(user_id, VCard(name="Eve", addresses=(Labelled("eve@new.test"),)))
    assert not Senders(user_id, MINE, Heard(message.pk, False, some)).is_first(message)
    assert Senders(user_id, MINE, Heard(message.pk, False, some[1:])).is_first(message)


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
