"""The second net under the logs: lines that must lose something, and lines that must not."""

import logging

import pytest

from webmail.redaction import Redact, redact

SECRET = "hunter2-and-more"


@pytest.mark.parametrize(
    "line",
    [
        f"GET /setup/{SECRET}/ HTTP/1.1",
        f"GET /accounts/password/reset/key/1-{SECRET}/ HTTP/1.1",
        f"GET /settings/accounts/oauth/callback/?state={SECRET}&code={SECRET} HTTP/1.1",
        f"GET /imgproxy/?t={SECRET} HTTP/1.1",
        f"GET /get/{SECRET}/file HTTP/1.1",
        f"GET /search/?sort=best&q={SECRET}+to:ada HTTP/1.1",
        f"Authorization: Bearer {SECRET}",
        f"{{'password': '{SECRET}', 'login': 'anna'}}",
        f'{{"access_token": "{SECRET}", "expires_in": 3600}}',
        f"grant_type=refresh_token&refresh_token={SECRET}",
        f"client_secret={SECRET}",
        f"passphrase={SECRET}",
        f"<QueryDict: {{'passphrase': ['{SECRET}'], 'file': ['own.p12']}}>",
        f"AUTHENTICATE XOAUTH2 {SECRET}",
        f"could not connect to postgres://heron:{SECRET}@db/heron",
        f"sessionid={SECRET}; csrftoken={SECRET}",
    ],
)
def test_no_secret_passes(line: str) -> None:
    assert SECRET not in redact(line)
    assert "***" in redact(line)


@pytest.mark.parametrize(
    "line",
    [
        "GET /f/12/t/9/ HTTP/1.1 200",
        "Account 14, lane pull: imap.example.org refused the user name or the password of anna@example.org.",
        "Basic setup is done",
        "127.0.0.1:5000 - GET /search/?sort=best",
    ],
)
def test_what_is_no_secret_stays(line: str) -> None:
    assert redact(line) == line


def test_records_are_redacted_with_their_tracebacks() -> None:
    try:
        raise ValueError(f"password={SECRET}")
    except ValueError as error:
        record = logging.LogRecord("x", logging.ERROR, "f", 1, "said %s", (f"token={SECRET}",), (type(error), error, error.__traceback__))  # fmt: skip # noqa: E501
    assert Redact().filter(record)
    said = logging.Formatter("%(message)s").format(record)
    assert SECRET not in said
    assert "ValueError" in said


def test_uvicorns_own_line_keeps_its_arguments() -> None:
    arguments = ("127.0.0.1:1", "GET", f"/setup/{SECRET}/", "1.1", 200)
    record = logging.LogRecord("uvicorn.access", logging.INFO, "f", 1, '%s - "%s %s HTTP/%s" %d', arguments, None)
    Redact().filter(record)
    assert isinstance(record.args, tuple)
    assert len(record.args) == 5
    assert SECRET not in record.getMessage()
