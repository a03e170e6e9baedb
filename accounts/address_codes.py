"""Codes that prove an address by who reads it there, whoever that is: made, mailed, and compared. The site's own mail.

An identity is proved by a link that its person opens while signed in; what is sent on may go to somebody else, who
has no account here, so a code is mailed that they tell.
"""

import secrets

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.models import User

_SALT = "accounts.address_codes"
#: Without letters and digits that are taken for others; 31 ** 8 of them, and five tries.
_SIGNS = "23456789ABCDEFGHJKLMNPQRSTUVWXY"
_LENGTH = 8
CODE_SECONDS = 3 * 86_400


def make_code() -> str:
    return "".join(secrets.choice(_SIGNS) for _ in range(_LENGTH))


def digest_of(code: str, address: str) -> str:
    """What is kept of a code: with the address, so that one for another address proves nothing."""
    return salted_hmac(_SALT, f"{_plain(code)}:{address.lower()}", algorithm="sha256").hexdigest()


def is_code(typed: str, address: str, digest: str) -> bool:
    return bool(digest) and constant_time_compare(digest_of(typed, address), digest)


def _plain(code: str) -> str:
    return "".join(code.split()).replace("-", "").upper()


def send_code(user: User, address: str, code: str) -> None:
    """Mail it to who reads mail there. Raises what the mail backend raises when it cannot."""
    context = {
        "person": user.get_full_name(),
        "sign_in": user.email,
        "address": address,
        "code": f"{code[:4]} {code[4:]}",
        "site": settings.HERON_BASE_URL,
        "days": CODE_SECONDS // 86_400,
    }
    subject = " ".join(render_to_string("account/email/forward_subject.txt", context).split())
    send_mail(subject, render_to_string("account/email/forward_message.txt", context), None, [address])
