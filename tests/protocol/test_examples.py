"""The examples in docstrings are true."""

import doctest
import importlib

import pytest


@pytest.mark.parametrize(
    "name",
    [
        "accounts.providers",
        "mailsync.protocol.auth",
        "mailsync.protocol.egress",
        "mailsync.protocol.imap",
        "mailsync.protocol.imap_batches",
        "mailsync.protocol.imap_errors",
        "mailsync.protocol.imap_names",
        "mailsync.protocol.smtp",
        "mailsync.protocol.transcript",
    ],
)
def test_examples(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted > 0
    assert result.failed == 0
