"""The second look: promised files in several languages, quoted and signed words aside; subjects; many people."""

import pytest

from mailsync.types import Address
from webmail.present.guards import MANY_RECIPIENTS, find_outsiders, find_warnings, promised_file

ANN = Address("Ann", "ann@x.test")


def codes(**what: object) -> list[str]:
    facts = {"subject": "Tea", "text": "Hi", "people": [ANN], "files": 0, "reply_all": False, **what}
    return [warning.code for warning in find_warnings(**facts)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "I attached the plan.",
        "See the attachment",
        "Please find enclosed the letter",
        "Der Plan ist im Anhang.",
        "anbei die Rechnung",
        "Die Datei ist beigefügt",
        "Vous trouverez ci-joint le plan",
        "en pièce jointe",
        "Te mando el plano adjunto",
        "In allegato trovi il piano",
        "De planning is bijgevoegd",
        "Zie de bijlage",
        "Segue em anexo o plano",
        "Planen är bifogad",
        "W załączeniu plan",
        "die beigefügten Unterlagen",
        "Ich schicke die angehängte Rechnung",
        "siehe Anlagen",
        "zie de bijgevoegde planning",
        "V příloze je plán",
        "Смотрите во вложении",
    ],
)
def test_a_promise_is_noticed(text: str) -> None:
    assert codes(text=text) == ["attachment"]
    assert codes(text=text, files=1) == []


@pytest.mark.parametrize(
    "text",
    [
        "See you at the lake",
        "> I attached the plan\nThanks!",
        "Hi\n-- \nAll attachments are scanned",
        "Anhangerkupplung",
    ],
)
def test_no_promise(text: str) -> None:
    assert promised_file(text) == ""


def test_the_warning_names_the_word() -> None:
    (warning,) = find_warnings(subject="Tea", text="siehe Anhang", people=[ANN], files=0, reply_all=False)
    assert "“Anhang”" in warning.text


def test_a_subject_and_many_people() -> None:
    crowd = [Address("", f"p{n}@x.test") for n in range(MANY_RECIPIENTS)]
    assert codes(subject="  ") == ["subject"]
    assert codes(people=crowd) == ["many"]
    assert codes(people=crowd[:-1]) == []
    (warning,) = find_warnings(subject="Tea", text="Hi", people=crowd, files=0, reply_all=True)
    assert "all 10 people of this conversation" in warning.text


BOB, EVE, SUB = Address("", "bob@firm.test"), Address("", "eve@else.test"), Address("", "sue@lab.firm.test")


@pytest.mark.parametrize(
    ("people", "known", "is_public", "outside"),
    [
        ([BOB, EVE], [], False, [EVE]),
        ([BOB, SUB], [], False, []),
        ([EVE], [], False, []),  # nobody of the house: no slip
        ([BOB, EVE], ["eve@else.test"], False, []),
        ([BOB, EVE], [], True, []),  # gmail.com is no house
    ],
)
def test_who_is_from_elsewhere(
    people: list[Address], known: list[str], is_public: bool, outside: list[Address]
) -> None:
    assert list(find_outsiders("ann@firm.test", people, known, is_public=is_public)) == outside


def test_an_outsider_is_named() -> None:
    (warning,) = find_warnings(
        subject="Tea", text="Hi", people=[BOB, EVE], files=0, reply_all=False, outsiders=[EVE], sent_as="ann@firm.test"
    )
    assert (warning.code, warning.text) == (
        "outside", "eve@else.test is outside firm.test and new to this conversation.",
    )  # fmt: skip


def test_an_answer_from_another_address_than_it_came_to() -> None:
    assert codes(received_as="me@work.test", sent_as="me@home.test") == ["identity"]
    assert codes(received_as="Me@work.test", sent_as="me@work.test") == []
    assert codes(received_as="", sent_as="me@home.test") == []
