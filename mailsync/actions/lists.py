"""Leaving mailing lists: by one request from a worker, or by a letter."""

from uuid import uuid4

from django.utils import timezone
from django.utils.translation import gettext as _

from mailsync.actions import wake
from mailsync.actions.owned import own_message
from mailsync.actions.verb import verb
from mailsync.errors import CannotDo
from mailsync.message.compose import build_message
from mailsync.message.facts import Composition
from mailsync.models import Unsubscription
from mailsync.store import allowance, composition, queueing, replying, unsubscriptions
from mailsync.types import Address


@verb
def leave_by_post(user_id: int, message_id: int, list_key: str, url: str) -> Unsubscription:
    """A worker POSTs to the list's URL. The caller has checked that the message may be believed (RFC 8058 §4)."""
    own_message(user_id, message_id)
    row = unsubscriptions.request_by_post(user_id, list_key, url, timezone.now())
    wake.unsubscribe_soon(row.pk)
    return row


@verb
def leave_by_mail(
    user_id: int, message_id: int, list_key: str, address: str, subject: str, body: str
) -> Unsubscription:
    """A letter with the list's own command, from the address that the list writes to. Raises ``CannotDo``."""
    message = own_message(user_id, message_id)
    identity = replying.receiving_identity(user_id, message)
    if identity is None or allowance.server_of(identity) is None:
        raise CannotDo(_("No address is set up to write to the list from. Add one in the settings."))
    name = f"{uuid4()}@{composition.message_domain(identity)}"
    now = timezone.now()
    try:
        built = build_message(
            Composition(
                sender=Address(identity.name, identity.address),
                to=(Address("", address),),
                cc=(),
                bcc=(),
                subject=subject,
                text=body,
                html=None,
                message_id=name,
                date=now,
            )
        )
    except ValueError as error:
        raise CannotDo(_("This list cannot be written to: %(why)s") % {"why": error}) from error
    outgoing = queueing.queue_letter(
        identity,
        message_id=name,
        raw=built.raw,
        recipients=built.recipients,
        subject=subject,
        why="A request to leave a mailing list.",
    )
    wake.deliver_soon(outgoing.pk)
    wake.tell(user_id, "outgoing", outgoing=outgoing.pk)
    return unsubscriptions.request_by_mail(user_id, list_key, outgoing, now)
