"""Being reminded of what nobody answers: another time, or never."""

from django.utils import timezone
from django.utils.translation import gettext as _

from mailsync.actions import wake
from mailsync.actions.owned import own_outgoing
from mailsync.actions.verb import verb
from mailsync.errors import CannotDo
from mailsync.models import Outgoing
from mailsync.plan.follow_ups import DAYS
from mailsync.store import follow_ups


@verb
def remind_of(user_id: int, outgoing_id: int, days: int) -> Outgoing:
    """Be reminded in so many days from now, unless the message is answered; 0: never. Raises ``CannotDo``."""
    outgoing = own_outgoing(user_id, outgoing_id)
    if days and days not in DAYS:
        raise CannotDo(_("Choose after how many days."), field="days")
    if days and outgoing.state in (Outgoing.State.FAILED, Outgoing.State.CANCELLED):
        raise CannotDo(_("This message was not sent, so that nobody can answer it."))
    if days:
        follow_ups.wait_for(outgoing, days, max(timezone.now(), outgoing.departs_at))
    else:
        follow_ups.wait_no_more(outgoing.pk)
    wake.tell(user_id, "account", account=outgoing.account_id)
    return outgoing
