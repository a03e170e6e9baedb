"""Read receipts: answered at the reader's word alone, and asked about once."""

from uuid import uuid4

from django.utils import timezone

from accounts.models import Identity
from mailsync.actions import wake
from mailsync.actions.owned import own_message, own_placements
from mailsync.actions.verb import verb
from mailsync.errors import CannotDo
from mailsync.message.addresses import comparable
from mailsync.message.receipts import build_receipt
from mailsync.models import Outgoing
from mailsync.store import allowance, changes, composition, queueing, replying, wanted_receipts
from mailsync.types import Address


@verb
def answer_receipt(user_id: int, message_id: int, *, send: bool) -> Outgoing | None:
    """Send the receipt that a message asks for, or never. Either way no program asks again.

    Raises ``CannotDo`` where none is wanted (any more), or where no address may send it.
    """
    message = own_message(user_id, message_id)
    placements = own_placements(user_id, message.placements.filter(shown=True).values_list("id", flat=True))
    mine = {comparable(one) for one in Identity.objects.filter(user=user_id).values_list("address", flat=True)}
    if wanted_receipts.receipt_wanted_by(message, mine) is None:
        raise CannotDo("This message asks for no receipt, or it has been answered.")
    wake.show(changes.record_flags(placements, add=[wanted_receipts.ANSWERED], group=uuid4()))
    wake.push_soon({row.account_id for row in placements})
    if not send:
        return None
    identity = replying.receiving_identity(user_id, message)
    if identity is None or allowance.server_of(identity) is None:
        raise CannotDo("No address is set up to send the receipt from. Add one in the settings.")
    name = f"{uuid4()}@{composition.message_domain(identity)}"
    sender = Address(identity.name, identity.address)
    built = build_receipt(replying.header_of(message), sender, message_id=name, date=timezone.now())
    outgoing = queueing.queue_receipt(
        identity, message_id=name, raw=built.raw, recipients=built.recipients, subject=f"Read: {message.subject}"
    )
    wake.deliver_soon(outgoing.pk)
    wake.tell(user_id, "outgoing", outgoing=outgoing.pk)
    return outgoing
