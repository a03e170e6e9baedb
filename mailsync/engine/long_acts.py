"""Acts on a whole list or file, and their Undo, worked off in slices. The meeting room; database only.

An act is a row. Each slice is one transaction: its changes, how far it is, and when it is due again if the worker
dies. So a run that is cut off goes on where it stood, two runs share no slice, and Undo stops a run between two.
"""

import logging
import time
from collections.abc import Sequence

from django.db import OperationalError, transaction

from mailsync.announce import announce, announce_folders
from mailsync.engine import mail_imports
from mailsync.errors import CannotDo
from mailsync.models import Act, Change, Placement
from mailsync.store import acting, journal_work, leases, ruling, transfers, undoing
from mailsync.store.listed import Listing, load_listed, placements_of
from mailsync.store.rules import load_rules
from mailsync.store.summary import FolderCounts, refresh
from mailsync.store.threads import refresh_threads

logger = logging.getLogger(__name__)

SLICE_ROWS = 200
#: Each message that goes to another account is taken apart and stored anew.
SLICE_TRANSFERRED = 50
SLICE_CHANGES = 400
#: A run ends by itself, so that one huge folder holds no worker for long.
RUN_SECONDS = 15.0


def work(act_id: int, *, run_seconds: float = RUN_SECONDS) -> bool:
    """Go on with an act; True when there is more to do."""
    until = time.monotonic() + run_seconds
    while True:
        try:
            more = _slice(act_id)
        except (mail_imports.FarAhead, transfers.NotYet):
            journal_work.put_off(act_id, seconds=mail_imports.WAIT_SECONDS)
            return False
        except OperationalError as error:
            if not leases.is_passing(error):
                raise
            logger.info("Act %s gave way to another writer: %s", act_id, error)
            return True
        if not more or time.monotonic() >= until:
            return more


@transaction.atomic
def _slice(act_id: int) -> bool:
    act = journal_work.lock_act(act_id)
    if act is None:
        return False
    try:
        with transaction.atomic():
            more = _go_on(act)
    except CannotDo as error:
        act.state, act.error, more = Act.State.STOPPED, str(error), False
    if not more and act.verb == Act.IMPORT:
        mail_imports.forget_file(act)
    journal_work.save_progress(act, more=more)
    announce(act.user_id, "act", act=act.pk, state=act.state, done=act.rows_done, total=act.total or 0, count=act.count)
    return more


def _go_on(act: Act) -> bool:
    if act.state == Act.State.UNDOING:
        return _undo(act)
    return mail_imports.import_slice(act) if act.verb == Act.IMPORT else _do(act)


def _do(act: Act) -> bool:
    listing = Listing.from_json(act.listing or {})
    limit = SLICE_TRANSFERRED if transfers.is_transfer(act) else SLICE_ROWS
    page = load_listed(act.user_id, listing, before=act.place, limit=limit)
    ids = placements_of(page.rows, listing, highest=act.highest)
    if ids:
        count, folders = _apply(act, ids)
        act.count += count
        announce_folders(folders)
    act.rows_done += len(page.rows)
    act.place = str(page.next) if page.next else ""
    if page.next is None:
        act.state = Act.State.DONE
    return page.next is not None


def _apply(act: Act, ids: Sequence[int]) -> tuple[int, list[FolderCounts]]:
    """The verb, or all that a rule says."""
    if transfers.is_transfer(act):
        return transfers.transfer(act, ids)
    if act.verb != "rule":
        return acting.apply_verb(act.verb, act.argument, ids, act.group)
    rule = next(iter(load_rules(act.user_id, only=int(act.argument))), None)
    if rule is None or rule.problem:
        raise CannotDo("The rule has been removed, or can no longer work.")
    placements = list(Placement.objects.filter(pk__in=ids))
    done = ruling.apply_deeds(rule.deeds, ids, act.group)
    ruling.note_hits(ruling.Author(rule.name, rule.deeds, rule.id), placements, act.group)
    turned = [*act.detail.get("threads", []), *done.detail.pop("threads", [])]
    act.detail = {**act.detail, **done.detail, **({"threads": turned} if turned else {})}
    return len(placements), list(done.counts.values())


def _undo(act: Act) -> bool:
    """The newest changes first; what cannot be taken back any more stays, and is counted."""
    mine = Change.objects.filter(group=act.group)
    if act.place:
        mine = mine.filter(pk__lt=int(act.place))
    batch = list(mine.order_by("-pk")[:SLICE_CHANGES])
    pairs, missed = undoing.take_back_what_can_be([one for one in batch if one.state != Change.State.CANCELLED])
    announce_folders(refresh(pairs))
    refresh_threads({thread for _, thread in pairs})
    if missed:
        act.detail = {**act.detail, "missed": act.detail.get("missed", 0) + missed}
    act.rows_done += len(batch)
    act.place = str(batch[-1].pk) if batch else ""
    if len(batch) < SLICE_CHANGES:
        act.state = Act.State.UNDONE
    return len(batch) == SLICE_CHANGES
