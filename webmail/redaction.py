"""What no log may hold, taken out of it: a line flows in, the same line without secrets flows out. Pure.

A second net: nothing of ours logs a secret. But URLs hold one-time tokens, servers quote what they were
sent, and an exception may carry a request.
"""

import logging
import re

_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    # Whoever holds these links may do what they are for: the first run, password resets, confirmed addresses, files.
    (re.compile(r"(/setup/|/password/reset/key/|/confirm-email/|/identities/confirm/|/get/)[^\s\"'?/]+"), r"\1***"),
    # What somebody looks for in their mail is theirs, too.
    (re.compile(r"([?&]q=)[^\s\"'&]+"), r"\1***"),
    (re.compile(r"([?&](?:code|state|t|token|key|sig|session_state)=)[^\s\"'&]+"), r"\1***"),
    (re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE), r"\1 ***"),
    (re.compile(r"\b(AUTH(?:ENTICATE)? (?:PLAIN|LOGIN|XOAUTH2|OAUTHBEARER)) \S+", re.IGNORECASE), r"\1 ***"),
    (
        re.compile(
            r"""(["']?(?:password|passwd|passphrase|client_secret|access_token|refresh_token|id_token|code_verifier|token|secret|"""
            r"""sessionid|csrftoken|authorization)["']?\s*[=:]\s*)(?:"[^"]*"|'[^']*'|[^\s,;&)}\]]+)""",
            re.IGNORECASE,
        ),
        r"\1***",
    ),
    (re.compile(r"\b(postgres(?:ql)?|rediss?|smtp|imap)://([^:/@\s]*):[^@\s]+@"), r"\1://\2:***@"),
)


def redact(text: str) -> str:
    """The text with secrets replaced by stars.

    >>> redact('GET /settings/accounts/oauth/callback/?code=4/0Ab&state=xyz HTTP/1.1')
    'GET /settings/accounts/oauth/callback/?code=***&state=*** HTTP/1.1'
    >>> redact("postgres://heron:hush@db/heron refused; password='open sesame'")
    'postgres://heron:***@db/heron refused; password=***'
    """
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


class Redact(logging.Filter):
    """Redacts what a record says, and the traceback that goes with it."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        clean = redact(said)
        if clean != said:
            if record.name == "uvicorn.access" and isinstance(record.args, tuple):
                # Its formatter wants the five arguments themselves.
                record.args = tuple(redact(arg) if isinstance(arg, str) else arg for arg in record.args)
            else:
                record.msg, record.args = clean, None
        if record.exc_info and not record.exc_text:
            record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
        return True
