"""vCards as address books and phones write them: read into one shape, written so that all of it comes back."""

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsync.message.vcard import Labelled, LeftOut, VCard, parse_cards, read_cards, write_cards

FULL = VCard(
    name="Dr. Ada König",
    uid="3c2f-1",
    organisation="Nordlicht; Söhne, KG",
    job_title="Leiterin",
    addresses=(Labelled("ada@nordlicht.example", "work"), Labelled("ada@home.example", "home")),
    phones=(Labelled("+49 30 1234", "mobile"), Labelled("+49 30 9", "ferienhaus")),
    postal=(Labelled("Am Hafen 3, Hof\n20457 Hamburg\nDeutschland", "work"),),
    urls=("https://nordlicht.example/ada",),
    birthday="1980-05-01",
    note="Zeile 1\nZeile 2; mit, allem \\ was es gibt" + " und noch mehr" * 20,
)


def test_what_is_written_is_read_again() -> None:
    data = write_cards([FULL, replace(FULL, uid="3c2f-2", name="Bo")])
    assert max(map(len, data.split(b"\r\n"))) <= 75
    assert read_cards(data.decode()) == (FULL, replace(FULL, uid="3c2f-2", name="Bo"))


def test_version_2_1_of_an_old_phone() -> None:
    text = (
        "BEGIN:VCARD\r\nVERSION:2.1\r\n"
        "N;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:M=FCller;J=\r\n=F6rg;;Dr.;\r\n"
        "TEL;CELL;VOICE:+49 171 1\r\nEMAIL;INTERNET;HOME:joerg@mueller.example\r\n"
        "PHOTO;ENCODING=BASE64;JPEG:/9j/4AAQ\r\n SkZJRg==\r\n\r\nEND:VCARD\r\n"
    )
    (card,) = read_cards(text)
    assert card.name == "Dr. Jörg Müller"
    assert card.phones == (Labelled("+49 171 1", "mobile"),)
    assert card.addresses == (Labelled("joerg@mueller.example", "home"),)


def test_version_3_of_an_apple_address_book() -> None:
    text = (
        "BEGIN:VCARD\nVERSION:3.0\nN:Berg;Anna;;;\nFN:Anna Berg\nORG:Nordlicht;Einkauf\n"
        "item1.EMAIL;type=INTERNET;type=pref:anna@nordlicht.example\nitem1.X-ABLabel:_$!<Other>!$_\n"
        "EMAIL:no address at all\nTEL;type=CELL;type=VOICE;type=pref:1\n"
        "ADR;type=HOME:;;Am Hafen 3\\nHinterhaus;Hamburg;;20457;Deutschland\nEND:VCARD\n"
    )
    (card,) = read_cards(text)
    assert card.organisation == "Nordlicht, Einkauf"
    assert card.addresses == (Labelled("anna@nordlicht.example", "other"),)
    assert card.phones == (Labelled("1", "mobile"),)
    assert card.postal[0].value == "Am Hafen 3\nHinterhaus\n20457 Hamburg\nDeutschland"


@pytest.mark.parametrize("text", ["", "BEGIN:VCARD", "END:VCARD", "BEGIN:VCARD\nEND:VCARD", "BEGIN:VCALENDAR\nFN:x"])
def test_a_file_without_a_card_has_none(text: str) -> None:
    assert read_cards(text) == ()


def test_a_card_that_names_only_an_address_goes_by_it() -> None:
    assert read_cards("BEGIN:VCARD\nEMAIL:ann@a.example\nEND:VCARD")[0].name == "ann@a.example"


def test_what_is_left_out_of_a_file_is_named() -> None:
    read = parse_cards(
        "BEGIN:VCARD\nFN:Ann\nEMAIL:ann@a.example\nBEGIN:VCARD\nFN:Bo\nEMAIL:bo at b\nEND:VCARD\n"
        "BEGIN:VCARD\nEMAIL:nobody\nEND:VCARD\nBEGIN:VCARD\nNOTE:x\nEND:VCARD\nBEGIN:VCARD\nFN:Cy\nTEL:1"
    )
    assert [card.name for card in read.cards] == ["Bo"]
    assert read.left_out == (
        LeftOut(1, "Ann", "no_end"),
        LeftOut(2, "Bo", "no_address", "bo at b"),
        LeftOut(3, "nobody", "nobody"),
        LeftOut(4, "", "nobody"),
        LeftOut(5, "Cy", "no_end"),
    )


def test_more_people_than_a_book_holds_are_named_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailsync.message.vcard.MAX_CARDS", 2)
    card = "BEGIN:VCARD\nFN:A\nEND:VCARD\n"
    assert parse_cards(card * 2).left_out == ()
    read = parse_cards(card * 4)
    assert (len(read.cards), read.left_out) == (2, (LeftOut(3, "", "too_many"),))


@given(st.text(alphabet=st.sampled_from('BEGIN:VCARD\r\nFN;=\\,"TYPEEMAIL@a.x \t�'), max_size=400))
def test_nothing_raises(text: str) -> None:
    for card in read_cards(f"BEGIN:VCARD\n{text}\nEND:VCARD"):
        read_cards(write_cards([card]).decode())


@pytest.mark.parametrize("row", [";", ";a", ';"', ';""', ';a="b"', '";', "\\;", "a="])
@pytest.mark.parametrize("before", ["FN", "FN;", "NOTE:", "NOTE;ENCODING=QUOTED-PRINTABLE:"])
def test_a_card_that_is_made_to_be_slow_is_read_in_linear_time(before: str, row: str) -> None:
    """Forty semicolons took hours, of every reader: no other thread of the process runs while an expression does."""
    began = time.process_time()
    parse_cards(f"BEGIN:VCARD\n{before}{row * 100_000}\nFN:Ann\nEND:VCARD")
    assert time.process_time() - began < 2.0


def test_parameters_in_quotes_may_hold_anything_but_quotes() -> None:
    (card,) = read_cards('BEGIN:VCARD\nFN:Ann\nTEL;TYPE="work;a:b";X=1:+1 2\nTEL;TYPE="home:3\nEND:VCARD')
    assert [one.value for one in card.phones] == ["+1 2"]
