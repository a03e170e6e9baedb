"""When a person's bins empty themselves."""

from mailsync.actions.verb import verb
from mailsync.errors import CannotDo
from mailsync.store import emptying


@verb
def set_emptying(user_id: int, *, trash_days: int | None, junk_days: int | None) -> None:
    """After how many days mail is deleted for good from Trash and Junk; None: never. Raises ``CannotDo``."""
    if not {trash_days, junk_days} <= {None, *emptying.OFFERED_DAYS}:
        raise CannotDo("Choose one of the numbers of days that are offered.")
    emptying.save_emptying(user_id, trash_days=trash_days, junk_days=junk_days)
