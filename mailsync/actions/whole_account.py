"""All mail of an account, copied into another one of its user: planned folder by folder, worked off by the workers.

In: two accounts of one user. Out: which folder goes where, for the page that asks; then the act that does it, which can
be stopped and taken back. Nothing is deleted where the mail comes from.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID, uuid4

from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.models import MailAccount
from mailsync.actions import wake
from mailsync.actions.folders import create_folder
from mailsync.actions.owned import own_account, own_folder
from mailsync.actions.verb import verb
from mailsync.errors import CannotDo
from mailsync.models import Act, Folder
from mailsync.plan.folders import Names, names_from_top, names_key
from mailsync.store import specials
from mailsync.store.folder_paths import load_shown_paths
from mailsync.store.listed import Listing, highest_placement
from mailsync.types import ActionResult, Role

#: Views of mail that lies elsewhere.
_VIEWS = (Role.FLAGGED, Role.IMPORTANT)
_BINS = (Role.TRASH, Role.JUNK)
_UNFIT = str.maketrans("*%\\/", "____")


@dataclass(frozen=True, slots=True)
class FolderGoal:
    """Where the mail of ``source`` goes: to the folder of that ``role``, else to the one of these ``names``.

    ``goal`` is that folder, None while it is yet to be made; ``title`` is how to call it.
    """

    source: Folder
    title: str
    role: Role
    names: Names
    goal: Folder | None


def plan_whole_copy(user_id: int, account_id: int, target_id: int, *, with_bins: bool) -> list[FolderGoal]:
    """Each folder that holds mail, with its goal. Raises ``NotYours`` and ``CannotDo``."""
    account, target = own_account(user_id, account_id), own_account(user_id, target_id)
    if account.pk == target.pk:
        raise CannotDo(_("Choose another account than this one."))
    theirs = _by_key(target)
    goals = []
    for names, folder in _by_names(account).items():
        role = Role(folder.role)
        if not folder.total or role in _VIEWS or (role in _BINS and not with_bins):
            continue
        wanted = Role.ARCHIVE if role is Role.ALL else Role.NONE if role is Role.SNOOZED else role
        goal = specials.find_role_folder(target.pk, wanted) if wanted else theirs.get(names_key(names))
        goals.append(FolderGoal(folder, goal.name if goal else names[-1], wanted, names, goal))
    return goals


@verb
def copy_whole_account(user_id: int, account_id: int, target_id: int, *, with_bins: bool) -> ActionResult:
    """Make the folders that are missing, and have the workers begin. Raises ``NotYours`` and ``CannotDo``."""
    goals = plan_whole_copy(user_id, account_id, target_id, with_bins=with_bins)
    if not goals:
        raise CannotDo(_("There is no mail to copy."))
    if any(act.state in Act.UNDER_WAY for act in whole_copies(user_id, account_id)):
        raise CannotDo(_("This is under way already."))
    account, target = own_account(user_id, account_id), own_account(user_id, target_id)
    group = uuid4()
    made = _by_key(target)
    folders = {str(one.source.pk): (one.goal or _make(target, one, group, made)).pk for one in goals}
    listing = Listing(tuple(one.source.pk for one in goals))
    act = Act.objects.create(
        user_id=user_id,
        group=group,
        verb="copy",
        label=_("All mail of %(account)s copied to %(other)s") % {"account": account, "other": target},
        state=Act.State.WORKING,
        listing=listing.as_json(),
        detail={"far": True, "folders": folders, "whole": account.pk},
        highest=highest_placement(listing),
        total=sum(one.source.total for one in goals),
        due_at=Now(),
    )
    wake.act_soon(act.pk)
    return ActionResult(act.group, 0, act.label, act_id=act.pk)


def whole_copies(user_id: int, account_id: int) -> list[Act]:
    """What was copied of this account so, the newest first."""
    acts = Act.objects.filter(user_id=user_id, verb="copy", detail__whole=account_id)
    return list(acts.order_by("-created_at", "-id")[:10])


def _by_names(account: MailAccount) -> dict[Names, Folder]:
    """The folders of an account that hold messages, by their names from the top."""
    folders = Folder.objects.filter(account=account, missing_since=None, selectable=True).in_bulk()
    paths = load_shown_paths(account.pk)
    ordered = sorted((pk for pk in paths if pk in folders), key=lambda pk: paths[pk])
    return {names_from_top(paths[pk], folders[pk].delimiter): folders[pk] for pk in ordered}


def _by_key(account: MailAccount) -> dict[Names, Folder]:
    return {names_key(names): folder for names, folder in _by_names(account).items()}


def _make(target: MailAccount, wanted: FolderGoal, group: UUID, made: dict[Names, Folder]) -> Folder:
    """The folder of this goal, with those above it; what a server cannot name goes into the one above."""
    if wanted.role:
        return specials.role_folder(target, wanted.role, group)
    above: Folder | None = None
    for names in _steps(wanted.names):
        key = names_key(names)
        if key not in made:
            try:
                made[key] = _make_one(target, names[-1], above)
            except CannotDo:
                if above is None:
                    raise
                made[key] = above
        above = made[key]
    assert above is not None
    return above


def _make_one(target: MailAccount, name: str, above: Folder | None) -> Folder:
    fit = " ".join(name.translate(_UNFIT).replace(above.delimiter if above else "/", "_").split())[:100]
    result = create_folder(target.user_id, target.pk, fit, above.pk if above else None)
    return own_folder(target.user_id, result.folder_id or 0)


def _steps(names: Names) -> Iterable[Names]:
    return (names[:depth] for depth in range(1, len(names) + 1))
