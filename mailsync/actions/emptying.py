"""A bin is emptied at a word, and bins empty themselves. In: the user. Out: what the screens say and can take back."""

from uuid import uuid4

from django.db.models.functions import Now
from django.utils.translation import gettext as _

from mailsync.actions import wake
from mailsync.actions.mail import delete_for_good
from mailsync.actions.owned import own_folder
from mailsync.actions.verb import verb
from mailsync.errors import CannotDo
from mailsync.models import Act, Placement
from mailsync.store import acting, emptying
from mailsync.store.listed import Listing, highest_placement
from mailsync.types import ActionResult, Role

#: What a request deletes while somebody waits for it; of more, the workers do it, slice by slice.
MOST_AT_ONCE = 200


@verb
def empty_folder(user_id: int, folder_id: int) -> ActionResult:
    """Delete for good all that lies in Trash or Junk now; what comes in later is left alone."""
    folder = own_folder(user_id, folder_id)
    if folder.role not in {Role.TRASH, Role.JUNK}:
        raise CannotDo(f"“{folder.name}” is neither the bin nor Junk, so it is not emptied at once.")
    lying = Placement.objects.filter(folder=folder, shown=True)
    ids = list(lying.values_list("id", flat=True)[: MOST_AT_ONCE + 1])
    if not ids:
        return ActionResult(uuid4(), 0, f"{folder.name} is empty.")
    if len(ids) <= MOST_AT_ONCE:
        return delete_for_good(user_id, ids)
    listing = Listing((folder.pk,))
    act = Act.objects.create(
        user_id=user_id,
        group=uuid4(),
        verb=acting.EMPTY,
        label=_("Everything in the bin deleted for good")
        if folder.role == Role.TRASH
        else _("Everything in Junk deleted for good"),
        state=Act.State.WORKING,
        listing=listing.as_json(),
        highest=highest_placement(listing),
        total=lying.count(),
        due_at=Now(),
    )
    wake.act_soon(act.pk)
    return ActionResult(act.group, 0, act.label, act_id=act.pk)


@verb
def set_emptying(user_id: int, *, trash_days: int | None, junk_days: int | None) -> None:
    """After how many days mail is deleted for good from Trash and Junk; None: never. Raises ``CannotDo``."""
    if not {trash_days, junk_days} <= {None, *emptying.OFFERED_DAYS}:
        raise CannotDo("Choose one of the numbers of days that are offered.")
    emptying.save_emptying(user_id, trash_days=trash_days, junk_days=junk_days)
