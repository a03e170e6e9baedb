"""The implementations are what the engine knows: checked by mypy through these assignments, and here by name."""

import inspect

import pytest

from mailsync.protocol.contract import MaildropSource, MailSender, MailSource
from mailsync.protocol.imap import ImapSource
from mailsync.protocol.pop3 import Pop3Source
from mailsync.protocol.smtp import SmtpSender


def as_contracts(source: ImapSource, maildrop: Pop3Source, sender: SmtpSender) -> None:
    """mypy proves what this says; it is never called."""
    _source: MailSource = source
    _maildrop: MaildropSource = maildrop
    _sender: MailSender = sender


@pytest.mark.parametrize(
    ("contract", "implementation"), [(MailSource, ImapSource), (MaildropSource, Pop3Source), (MailSender, SmtpSender)]
)
def test_every_verb_is_there_with_the_same_arguments(contract: type, implementation: type) -> None:
    for name, wanted in inspect.getmembers(contract, inspect.isfunction):
        if not name.startswith("_"):
            got = inspect.signature(getattr(implementation, name))
            assert list(got.parameters) == list(inspect.signature(wanted).parameters), name
