"""Heron's own letters on their way out: Django's SMTP backend behind the switch for such calls.

The server is the operator's own, often on this machine, so its address is not judged.
"""

from typing import Any

from django.core.mail.backends.smtp import EmailBackend

from mailsync.errors import MailError
from mailsync.protocol import egress


class LettersAreShut(OSError):
    """The administrator has switched Heron's own letters off; callers treat it as a server out of reach."""


class LetterBackend(EmailBackend):
    """Sends invitations, codes and password links."""

    def open(self) -> Any:
        try:
            egress.guard(egress.Kind.LETTERS)
        except MailError as error:
            raise LettersAreShut(str(error)) from error
        return super().open()
