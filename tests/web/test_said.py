"""What the mail rooms said, recognised and said again in German; what is not known stays as it is."""

import time

import pytest
from django.utils.translation import override

from webmail.present.said import said


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("Paused by you.", "Von Ihnen angehalten."),
        (
            "imap.example.org did not answer within 30 seconds.",
            "imap.example.org hat nicht innerhalb von 30 Sekunden geantwortet.",
        ),
        (
            "Add at least one recipient. Paused by you.",
            "Geben Sie mindestens einen Empfänger an. Von Ihnen angehalten.",
        ),
        (
            "b@example.org: there is no such address; returned on 3 March",
            "b@example.org: diese Adresse gibt es nicht; zurückgekommen am 3. März",
        ),
        ("Mailbox moved, says the server", "Mailbox moved, says the server"),
        ("", ""),
    ],
)
def test_sentences_in_german(english: str, german: str) -> None:
    with override("de"):
        assert said(english) == german
    assert said(english) == english


def test_a_value_that_is_a_phrase_of_its_own_is_translated_too() -> None:
    with override("de"):
        words = said(
            "mail.example.org:993 cannot be trusted: its certificate has expired. "
            "Check the server name; if it is right, its operator must mend the certificate."
        )
    assert words.startswith("mail.example.org:993 ist nicht vertrauenswürdig: sein Zertifikat ist abgelaufen. Prüfen")


@pytest.mark.parametrize("row", ["Not now. ", "a ", "x: ", "The mail server said: no. "])
def test_a_server_that_talks_without_end_costs_its_reader_nothing(row: str) -> None:
    with override("de"):
        began = time.process_time()
        assert said(row * 5_000) == row * 5_000
        said(row * (2_000 // len(row)))
        assert time.process_time() - began < 2.0
