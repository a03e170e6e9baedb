"""Mail that its server has not, of one account: copied there, or moved to the bin. Worked off by the workers.

It is only here because archive mode has deleted it on the server, or because the account was led to another one.
"""

from uuid import uuid4

from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.models import MailAccount
from mailsync.actions import wake
from mailsync.actions.owned import own_account
from mailsync.actions.verb import verb
from mailsync.actions.whole_list import act_on_list
from mailsync.errors import CannotDo
from mailsync.models import Act
from mailsync.store import led_elsewhere
from mailsync.store.listed import Listing, highest_placement
from mailsync.types import ActionResult, Role


@verb
def copy_home(user_id: int, account_id: int) -> ActionResult:
    """Have it all appended on the server, each in its folder; what was only here goes to the bin, as its copy arrives.

    Raises ``NotYours`` and ``CannotDo``.
    """
    account = own_account(user_id, account_id)
    if account.keep_days is not None:
        raise CannotDo(_("Archive mode would delete it on the server again. Switch it off first."))
    listing = _listing(account)
    act = Act.objects.create(
        user_id=user_id,
        group=uuid4(),
        verb="move",
        label=_("Mail that was only here copied to the server of %(account)s") % {"account": account},
        state=Act.State.WORKING,
        listing=listing.as_json(),
        detail={"far": True, "folders": {str(pk): pk for pk in listing.folder_ids}},
        highest=highest_placement(listing),
        total=led_elsewhere.count_only_here(account),
        due_at=Now(),
    )
    wake.act_soon(act.pk)
    return ActionResult(act.group, 0, act.label, act_id=act.pk)


@verb
def throw_away_only_here(user_id: int, account_id: int) -> ActionResult:
    """Move it all to the bin. Raises ``NotYours`` and ``CannotDo``."""
    account = own_account(user_id, account_id)
    return act_on_list(user_id, "trash", _listing(account), total=led_elsewhere.count_only_here(account))


def _listing(account: MailAccount) -> Listing:
    folders = led_elsewhere.folders_only_here(account).exclude(role=Role.TRASH.value)
    ids = tuple(folders.order_by("id").values_list("pk", flat=True))
    if not ids:
        raise CannotDo(_("All mail of this account is on its server."))
    return Listing(ids, only_here=True)
