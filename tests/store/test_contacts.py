"""The address book: the same person once, what a person keeps never replaced by what a stranger sends."""

from dataclasses import replace
from typing import Any

import pytest

from mailsync.message.vcard import Labelled, VCard
from mailsync.models import Contact
from mailsync.store import contacts
from mailsync.store.people import load_people
from tests.factories import make_user

pytestmark = pytest.mark.django_db

ANN = VCard(
    name="Ann",
    uid="u1",
    organisation="Shop",
    addresses=(Labelled("Ann@Shop.example", "work"),),
    phones=(Labelled("+49 30 1", "work"),),
)


def test_a_card_kept_twice_is_one_contact() -> None:
    user = make_user("bob")
    first, is_new = contacts.keep_card(user.pk, ANN)
    again, is_new_again = contacts.keep_card(user.pk, ANN)
    assert (is_new, is_new_again) == (True, False)
    assert first.pk == again.pk
    assert contacts.card_of(again) == ANN


def test_a_card_of_the_same_address_adds_and_replaces_nothing() -> None:
    user = make_user("bob")
    contacts.keep_card(user.pk, ANN)
    new = VCard(
        name="Mallory",
        uid="u2",
        job_title="Owner",
        addresses=(Labelled("ann@shop.example", "home"), Labelled("ann@home.example")),
        phones=(Labelled("+49301", "home"), Labelled("2")),
    )
    kept, is_new = contacts.keep_card(user.pk, new)
    card = contacts.card_of(kept)
    assert not is_new
    assert (card.name, card.uid, card.job_title) == ("Ann", "u1", "Owner")
    assert card.addresses == (Labelled("Ann@Shop.example", "work"), Labelled("ann@home.example"))
    assert card.phones == (Labelled("+49 30 1", "work"), Labelled("2"))


def test_somebody_without_an_address_is_known_by_what_the_card_says() -> None:
    user = make_user("u")
    card = VCard(name="Plumber", phones=(Labelled("+49 1", "work"),))
    first, _ = contacts.keep_card(user.pk, card)
    assert contacts.keep_card(user.pk, card) == (first, False)
    for other in (replace(card, phones=()), replace(card, organisation="Ltd"), replace(card, uid="p-1")):
        assert contacts.keep_card(user.pk, other)[1]


def test_what_is_edited_becomes_what_is_said() -> None:
    user = make_user("bob")
    contact, _ = contacts.keep_card(user.pk, ANN)
    edited = VCard(name="Ann B.", uid="u1", addresses=(Labelled("b@b.example"),), note="met\x00 at sea")
    contacts.write_card(contact, edited)
    assert contacts.card_of(Contact.objects.get()).addresses == (Labelled("b@b.example"),)
    assert Contact.objects.get().note == "met at sea"


def test_each_sees_their_own() -> None:
    bob, eve = make_user("bob"), make_user("eve")
    mine, _ = contacts.keep_card(bob.pk, ANN)
    assert contacts.find_contact(bob.pk, "ANN@shop.example") == mine
    assert contacts.find_contact(eve.pk, "ann@shop.example") is None
    assert contacts.known_addresses(eve.pk, ["ann@shop.example"]) == set()
    assert contacts.known_addresses(bob.pk, ["Ann@Shop.example", "x@y.example"]) == {"ann@shop.example"}
    assert contacts.contact_domains(bob.pk) == {"shop.example"}
    contacts.forget_contacts(eve.pk, [mine.pk])
    theirs, is_new = contacts.keep_card(eve.pk, ANN)
    assert is_new
    assert theirs.pk != mine.pk


def test_the_book_is_searched_by_each_word() -> None:
    user = make_user("bob")
    contacts.keep_card(user.pk, ANN)
    contacts.keep_card(user.pk, VCard(name="Zoe", uid="z", addresses=(Labelled("zoe@other.example"),)))
    assert [one.name for one in contacts.contacts_of(user.pk)] == ["Ann", "Zoe"]
    assert [one.name for one in contacts.contacts_of(user.pk, typed="shop an")] == ["Ann"]
    assert [one.name for one in contacts.contacts_of(user.pk, typed="other")] == ["Zoe"]
    assert list(contacts.contacts_of(user.pk, typed="nobody")) == []


def test_whom_one_keeps_is_offered_when_writing() -> None:
    user = make_user("bob")
    contacts.keep_card(user.pk, ANN)
    assert [(one.name, one.address) for one in load_people(user.pk)] == [("Ann", "Ann@Shop.example")]


def test_many_cards_are_kept_as_one_after_the_other_would_be() -> None:
    one_by_one, at_once = make_user("ann"), make_user("bob")
    plumber = VCard(name="Plumber", phones=(Labelled("+49 1", "work"),))
    cards = [
        ANN,
        replace(ANN, uid="", addresses=(Labelled("ann@home.example"), Labelled("ann@shop.example"))),
        VCard(name="Ann at home", addresses=(Labelled("ANN@home.example"),), note="by the address just added"),
        VCard(name="Young", uid="y", addresses=(Labelled("young@x.example"),)),
        # Of two whose addresses it has the older one takes it, and all later ones of that address.
        VCard(name="Both", addresses=(Labelled("young@x.example"), Labelled("ann@shop.example"))),
        VCard(name="Again", addresses=(Labelled("young@x.example"),), birthday="1990-01-01"),
        plumber,
        plumber,
        replace(plumber, uid="p"),
        # Known by its UID, it has an address from here on.
        VCard(name="Plumber", uid="p", addresses=(Labelled("pipe@x.example"),)),
        plumber,
        VCard(name="Plumber", uid="p", phones=(Labelled("2"),)),
    ]
    for half in (cards[:5], cards[5:]):
        expected = [contacts.keep_card(one_by_one.pk, card) for card in half]
        kept = contacts.keep_cards(at_once.pk, half)
        assert [is_new for _, is_new in kept] == [is_new for _, is_new in expected]
        assert [contact.name for contact, _ in kept] == [contact.name for contact, _ in expected]
    books = [
        [replace(contacts.card_of(one), uid="") for one in contacts.contacts_of(user.pk).order_by("id")]
        for user in (one_by_one, at_once)
    ]
    assert books[0] == books[1]
    assert len(books[0]) == 4


def test_a_whole_book_comes_and_goes_in_a_handful_of_statements(django_assert_max_num_queries: Any) -> None:
    user = make_user("bob")
    cards = [VCard(name=f"P{n}", uid=f"u{n}", addresses=(Labelled(f"p{n}@x.example"),)) for n in range(150)]
    for again in ([], cards, [replace(card, uid="", note="new", phones=(Labelled("1"),)) for card in cards]):
        with django_assert_max_num_queries(8):
            contacts.keep_cards(user.pk, again or cards)
    keep = VCard(name="Nobody’s address")
    contacts.keep_card(user.pk, keep)
    with django_assert_max_num_queries(2):
        book = list(contacts.load_cards(user.pk))
    assert book == [contacts.card_of(contact) for contact in contacts.contacts_of(user.pk)]
    book = [card for card in book if card.addresses]
    assert {(card.note, len(card.phones)) for card in book} == {("new", 1)}
    assert len(book) == 150
