"""Address books as tables: the heads of the three books that people come from, damage, and our own back again."""

import csv

import pytest

from mailsync.message.contact_csv import parse_csv, write_csv
from mailsync.message.vcard import Labelled, LeftOut, VCard

GOOGLE = (
    "First Name,Last Name,Organization Name,E-mail 1 - Label,E-mail 1 - Value,Phone 1 - Label,Phone 1 - Value,Notes\r\n"
    'Ann,Berg,Nordlicht,* Work,ann@a.example ::: ann@b.example,Mobile,+49 30 1,"two\r\nlines"\r\n'
)
OUTLOOK = (
    "First Name;Last Name;Company;Job Title;E-mail Address;E-mail 2 Address;Business Phone;Mobile Phone\n"
    "Bo;Ek;;Cook;bo@x.example;b@y.example;1;2\n"
)
THUNDERBIRD = "First Name,Last Name,Display Name,Primary Email,Secondary Email,Work Phone\nC,D,Cy D,c@x.example,,5\n"


def test_google() -> None:
    (card,) = parse_csv(GOOGLE).cards
    assert (card.name, card.organisation, card.note) == ("Ann Berg", "Nordlicht", "two\r\nlines")
    assert card.addresses == (Labelled("ann@a.example", "work"), Labelled("ann@b.example", "work"))
    assert card.phones == (Labelled("+49 30 1", "mobile"),)


def test_outlook() -> None:
    (card,) = parse_csv("\ufeff" + OUTLOOK).cards
    assert (card.name, card.job_title) == ("Bo Ek", "Cook")
    assert [one.value for one in card.addresses] == ["bo@x.example", "b@y.example"]
    assert card.phones == (Labelled("1", "work"), Labelled("2", "mobile"))


def test_thunderbird() -> None:
    (card,) = parse_csv(THUNDERBIRD).cards
    assert (card.name, [one.value for one in card.addresses]) == ("Cy D", ["c@x.example"])
    assert card.phones == (Labelled("5", "work"),)


@pytest.mark.parametrize(
    "text", ["", "\0", "Name\n", "no,heads\nat,all\n", 'Name\n"never closed', "E-mail Address\nnot one"]
)
def test_what_names_nobody_is_nobody(text: str) -> None:
    assert parse_csv(text).cards in ((), (VCard(name="never closed"),))


def test_rows_that_are_left_out_are_named_as_a_spreadsheet_numbers_them() -> None:
    read = parse_csv('Name,E-mail 1 - Value,Notes\n"A\nB",a@a.example,\n\n,,\n,nobody,\nBo,bo at b,\n')
    assert [card.name for card in read.cards] == ["A\nB", "Bo"]
    assert read.left_out == (LeftOut(5, "nobody", "nobody"), LeftOut(6, "Bo", "no_address", "bo at b"))


def test_where_a_table_breaks_off_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = "Name\nAnn\n" + "x" * (csv.field_size_limit() + 1) + "\nBo\n"
    assert [card.name for card in parse_csv(damaged).cards] == ["Ann"]
    assert parse_csv(damaged).left_out == (LeftOut(3, "", "damaged"),)
    monkeypatch.setattr("mailsync.message.contact_csv.MAX_CARDS", 1)
    assert parse_csv("Name\nAnn\nBo\nCy\n").left_out == (LeftOut(3, "", "too_many"),)


def test_a_file_that_is_no_table_of_people_is_not_gone_through_row_by_row() -> None:
    assert parse_csv("%PDF-1.7\n1 0 obj\n").left_out == ()


def test_our_own_table_comes_back_whole() -> None:
    cards = (
        VCard(
            name="Ann, Berg",
            organisation='"N"',
            addresses=(Labelled("ann@a.example", "work"), Labelled("b@b.example")),
            phones=(Labelled("+49 30 1", "mobile"),),
            birthday="1980-02-29",
            note="two\nlines",
        ),
        VCard(name="Bo"),
    )
    assert parse_csv(write_csv(cards)).cards == cards


@pytest.mark.parametrize("evil", ["=1+1", "@SUM(1)", "+cmd|calc", "-2+3+cmd"])
def test_no_cell_is_a_formula_to_a_spreadsheet(evil: str) -> None:
    text = write_csv([VCard(name=evil)])
    assert f"\n'{evil}" in text
    assert parse_csv(text).cards[0].name == evil


def test_a_phone_number_is_no_formula() -> None:
    assert "'+49" not in write_csv([VCard(name="A", phones=(Labelled("+49 (30) 12-34"),))])
