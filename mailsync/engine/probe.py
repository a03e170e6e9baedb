"""Try a login before anything is saved: settings flow in, words for people flow out. The meeting room, no database."""

from mailsync.errors import MailError, NeedsUser
from mailsync.protocol import imap, pop3, smtp
from mailsync.types import ServerSettings, StepResult


def probe_incoming(server: ServerSettings) -> StepResult:
    """Log in to an IMAP or POP3 server and out again."""
    try:
        if server.protocol == "pop3":
            # Dropped without QUIT: a clean QUIT changes things at some providers.
            pop3.connect(server).drop()
        else:
            imap.connect(server).close()
    except MailError as error:
        return _result(error)
    return StepResult(True)


def probe_outgoing(server: ServerSettings) -> StepResult:
    """Log in to a submission server and out again; nothing is sent."""
    try:
        sender = smtp.connect(server)
    except MailError as error:
        return _result(error)
    sender.close()
    return StepResult(True)


def _result(error: MailError) -> StepResult:
    code = error.code if isinstance(error, NeedsUser) else "try_later"
    return StepResult(False, code, str(error))
