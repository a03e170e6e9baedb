"""Letters to a person about their own safety, sent where whoever changed it does not read. Database room, and mail.

In: what was changed, once it stands. Out: a letter to the address that people sign in with no more, as it is the only
one that an intruder, or a mistaken administrator, does not have.
"""

import logging
from functools import partial
from typing import Any

from allauth.account import signals
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation

from accounts.models import User

logger = logging.getLogger(__name__)


def tell_former_address(user: User, former: str, *, changed_by: str = "") -> None:
    """Say at ``former`` that they sign in with another address now; ``changed_by`` is who did it, if they did not.

    Raises what the mail backend raises (``OSError``, ``SMTPException``) when it cannot.
    """
    context = {"former": former, "address": user.email, "changed_by": changed_by, "site": settings.HERON_BASE_URL}
    with translation.override(user.language or translation.get_language()):
        subject = render_to_string("account/email/address_changed_subject.txt", context).strip()
        body = render_to_string("account/email/address_changed_message.txt", context)
    send_mail(subject, body, None, [former])


def listen() -> None:
    """Hear of addresses that people change themselves; called once, when Django starts."""
    signals.email_changed.connect(_address_changed, dispatch_uid="heron.notices")


def _address_changed(user: User, from_email_address: EmailAddress | None, **_: Any) -> None:
    if from_email_address is not None:
        transaction.on_commit(partial(_tell_quietly, user, from_email_address.email))


def _tell_quietly(user: User, former: str) -> None:
    """Whoever changes their own address is told nothing of a letter that did not go."""
    try:
        tell_former_address(user, former)
    except OSError as error:  # smtplib's errors are OSErrors
        logger.warning("User %s could not be told at their former address that it was changed: %s", user.pk, error)
