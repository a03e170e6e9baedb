"""Labels by themselves: made before any message has one, coloured, renamed, deleted. In: the user and keywords.

What messages carry is changed by the workers, see ``whole_list``. Raises ``NotYours`` and ``CannotDo``.
"""

from collections.abc import Sequence

from accounts.models import User
from mailsync.actions import wake
from mailsync.actions.verb import verb
from mailsync.actions.whole_list import act_on_list
from mailsync.errors import CannotDo
from mailsync.models import Label
from mailsync.store import search_names
from mailsync.store.labels import carry_over, delete, is_atom
from mailsync.store.listed import Listing
from mailsync.types import ActionResult

#: The column lists them all.
_MOST = 200


@verb
def make_label(user_id: int, keyword: str, hue: int | None = None) -> None:
    """List a label that no message has to carry. One that is there already takes the colour."""
    _keep(user_id, keyword, hue)


@verb
def colour_label(user_id: int, keyword: str, hue: int) -> None:
    """Give a label its colour, in degrees, on every message and in the column."""
    _keep(user_id, keyword, hue)


@verb
def rename_label(user_id: int, old: str, new: str, folder_ids: Sequence[int]) -> ActionResult:
    """Rename a label on everything in these folders; its colour goes with it."""
    carry_over(user_id, old, new)
    rewritten = search_names.rename_label(user_id, old, new)
    wake.tell(user_id, "account")
    listing = Listing(tuple(folder_ids), label=old)
    return act_on_list(user_id, "relabel", listing, argument=f"{old} {new}", detail=rewritten)


@verb
def delete_label(user_id: int, keyword: str, folder_ids: Sequence[int]) -> ActionResult:
    """Take a label off everything in these folders, and out of the column. Its colour is remembered for Undo."""
    delete(user_id, keyword)
    wake.tell(user_id, "account")
    return act_on_list(user_id, "unlabel", Listing(tuple(folder_ids), label=keyword), argument=keyword)


def _keep(user_id: int, keyword: str, hue: int | None) -> None:
    if not is_atom(keyword):
        raise CannotDo("A label has letters, digits, and - _ $ only.", field="name")
    # One at a time, so that a second click finds the first one's row.
    User.objects.select_for_update().get(pk=user_id)
    mine = Label.objects.filter(user_id=user_id)
    found = mine.filter(keyword__iexact=keyword).first()
    if found is None and mine.filter(kept=True).count() >= _MOST:
        raise CannotDo("There are 200 labels already. Delete one first.", field="name")
    if found is None and mine.count() >= 2 * _MOST:
        # What is only remembered makes room.
        mine.filter(kept=False).delete()
    found = found or Label(user_id=user_id, keyword=keyword)
    found.hue, found.kept = found.hue if hue is None else hue, True
    found.save()
    wake.tell(user_id, "account")
