"""Whether a message asks for a read receipt that is still to be answered. Database room, reads only.

That it was answered, one way or the other, is the keyword ``$MDNSent`` on the message (RFC 3503): the server keeps
it, so no other program asks its user again.
"""

from mailsync.message.addresses import comparable
from mailsync.message.facts import ParsedHeader
from mailsync.message.receipts import receipt_requested
from mailsync.models import Message
from mailsync.types import Address, Role

#: RFC 3503 §3.1: set whether the receipt was sent or refused.
ANSWERED = "$MDNSent"
#: Nobody answers what lies here: mail of one's own, and what is not wanted.
_QUIET = frozenset({Role.SENT, Role.DRAFTS, Role.JUNK, Role.TRASH})


def receipt_wanted_by(message: Message, mine: set[str]) -> Address | None:
    """Who asks, None where nobody does or it has been answered. ``mine`` are comparable addresses of the reader."""
    if not message.facts.get("mdn_to") or comparable(message.from_address) in mine:
        return None
    asker = receipt_requested(ParsedHeader(facts=message.facts))
    if asker is None or comparable(asker.address) in mine:
        return None
    lying = list(message.placements.filter(shown=True).values_list("folder__role", "keywords"))
    answered = any(ANSWERED.lower() in {word.lower() for word in keywords} for _, keywords in lying)
    return None if answered or not any(role not in _QUIET for role, _ in lying) else asker
