"""Acts on everything in a list, however long: written down here, worked off by the workers.

In: the user, a verb and the description of a list that the screens have made. Out: an ``ActionResult`` whose group
takes it back, also while it is under way.
"""

from typing import Any
from uuid import uuid4

from django.db.models.functions import Now
from django.utils.translation import gettext as _

from mailsync.actions import wake
from mailsync.actions.owned import NotYours, own_folder
from mailsync.actions.verb import verb
from mailsync.errors import CannotDo
from mailsync.models import Act, Folder
from mailsync.store import acting
from mailsync.store.listed import Listing, highest_placement
from mailsync.types import ActionResult


@verb
def act_on_list(
    user_id: int,
    name: str,
    listing: Listing,
    *,
    argument: str = "",
    total: int | None = None,
    detail: dict[str, Any] | None = None,
) -> ActionResult:
    """Do ``name`` (see ``acting.VERBS``) to every message of the list; ``argument`` is the folder's id, the keyword, or
    the old and the new one, and ``detail`` what taking it back needs beyond the change log.

    What comes in later is left alone. Raises ``NotYours`` and ``CannotDo``.
    """
    if name not in acting.VERBS:
        raise CannotDo(_("This cannot be done to a whole list."))
    folders = list(Folder.objects.filter(pk__in=listing.folder_ids, account__user_id=user_id))
    if len(folders) != len(set(listing.folder_ids)) or not folders:
        raise NotYours("folder")
    detail = dict(detail or {})
    if name in ("move", "copy"):
        target = own_folder(user_id, int(argument))
        if not target.selectable or target.missing_since:
            raise CannotDo(_("“%(name)s” cannot hold messages. Choose another folder.") % {"name": target.name})
        if {folder.account_id for folder in folders} != {target.account_id}:
            detail["far"] = True
    act = Act.objects.create(
        user_id=user_id,
        group=uuid4(),
        verb=name,
        label=_words(name, argument, folders),
        state=Act.State.WORKING,
        listing=listing.as_json(),
        argument=argument,
        detail=detail,
        highest=highest_placement(listing),
        total=total,
        due_at=Now(),
    )
    wake.act_soon(act.pk)
    return ActionResult(act.group, 0, act.label, act_id=act.pk)


def _words(name: str, argument: str, folders: list[Folder]) -> str:
    return {
        "archive": _("Everything in the list archived"),
        "trash": _("Everything in the list moved to the bin"),
        "junk": _("Everything in the list moved to Junk"),
        "notjunk": _("Everything in the list moved to the inbox"),
        "read": _("Everything in the list marked as read"),
        "unread": _("Everything in the list marked as unread"),
        "flag": _("Everything in the list flagged"),
        "unflag": _("Flags removed from everything in the list"),
        "label": _("Everything in the list labelled"),
        "unlabel": _("A label removed from everything in the list"),
        "move": _("Everything in the list moved"),
        "copy": _("Everything in the list copied"),
        "relabel": _("A label renamed"),
    }[name]
