"""The second look: promised files in several languages, quoted and signed words aside; subjects; many people."""

import pytest

from mailsync.types import Address
from webmail.present.guards import MANY_RECIPIENTS, find_warnings, promised_file

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
