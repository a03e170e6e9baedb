"""Run a person's rules over what has just come in. The meeting room; database only.

In the wake of each intake, before anybody is told of it, and again by the clock for what a dead worker left. One
transaction strikes the arrivals off and does what the rules say, so that each message is treated once. All rules
are asked in one statement. What the rules need the text for waits for it, two minutes at most. What the rules have left
to its reader is answered, where the person is away (``store/auto_replies.py``).
"""

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import DatabaseError, transaction
from django.utils import timezone

from accounts.models import MailAccount
from accounts.zones import zone_of
from mailsync.announce import announce, announce_folders
from mailsync.errors import CannotDo
from mailsync.models import Arrival, Folder, Placement
from mailsync.plan import rules as plan
from mailsync.store import arrivals, auto_replies, devices, follow_ups, forwards, muting, ruling, webhooks
from mailsync.store.rules import LoadedRule, load_blocked, load_rules
from mailsync.store.search_among import find_among
from mailsync.store.summary import FolderCounts, join_counts, refresh
from mailsync.types import Role

logger = logging.getLogger(__name__)

_LATER_SECONDS = 15 * 60


@dataclass(slots=True)
class RuleRun:
    """Folders whose counts changed; ``waiting``: some of what came in is not to be announced yet."""

    counts: dict[int, FolderCounts] = field(default_factory=dict)
    waiting: bool = False


def run_rules(account: MailAccount) -> RuleRun:
    """Treat what has arrived. Never raises for what the tables refuse: mail comes in, and the clock tries again."""
    if not arrivals.has_arrivals(account.pk):
        return RuleRun()
    try:
        with timezone.override(zone_of(account.user.timezone)), transaction.atomic():
            return _run(account)
    except DatabaseError:
        logger.exception("The rules of account %s could not be run.", account.pk)
        arrivals.put_off(account.pk, seconds=_LATER_SECONDS)
        return RuleRun()


def settle(account: MailAccount, folder: Folder, counts: Iterable[FolderCounts], *, has_new: bool) -> None:
    """After an intake into this folder: rules and muted conversations take their part, then open pages are told."""
    told = join_counts({}, counts)
    if folder.role == Role.INBOX:
        run = run_rules(account)
        told = join_counts(told, run.counts.values())
        if has_new:
            told = join_counts(told, muting.file_muted(folder))
        if run.waiting:
            # What a rule may yet put elsewhere is not announced as new in the inbox.
            told.pop(folder.pk, None)
        if has_new:
            devices.note_new_mail(account.user_id)
    announce_folders(told.values())


def run_due(account_id: int) -> None:
    """What is left of an account, by the clock."""
    account = MailAccount.objects.select_related("user").filter(pk=account_id).first()
    if account is not None:
        announce_folders(run_rules(account).counts.values())


def _run(account: MailAccount) -> RuleRun:
    rows, placements = arrivals.lock_arrivals(account.pk)
    done = RuleRun()
    left = _block(account.user_id, rows, placements, done)
    waiting = _rule(account.user_id, left, placements, done)
    done.waiting = bool(waiting)
    finished = [row for row in rows if row.pk not in waiting]
    wanted = [placements[row.pk] for row in left if row.pk not in waiting]
    auto_replies.answer(account, wanted)
    if follow_ups.settle_answered(account, wanted):
        announce(account.user_id, "account", account=account.pk)
    arrivals.strike_off([row.pk for row in finished])
    arrivals.put_back({row.pk: waiting[row.pk] for row in rows if row.pk in waiting and not row.waited})
    # What was kept back is told now, wherever it is.
    late = [placements[row.pk] for row in finished if row.waited]
    done.counts = join_counts(done.counts, refresh((one.folder_id, one.thread_id) for one in late))
    return done


def _block(user_id: int, rows: Sequence[Arrival], placements: Mapping[int, Placement], done: RuleRun) -> list[Arrival]:
    """Blocked senders come before all rules; returns what is left for these."""
    senders = {placements[row.pk].message.from_address for row in rows}
    blocked = {one.pattern: one for one in load_blocked(user_id, senders=senders)}
    if not blocked:
        return list(rows)
    caught: dict[str, list[Placement]] = {}
    left = []
    for row in rows:
        pattern = plan.find_blocked(placements[row.pk].message.from_address, blocked)
        if pattern is None:
            left.append(row)
        else:
            caught.setdefault(pattern, []).append(placements[row.pk])
    for pattern, found in caught.items():
        deed = plan.Deed("trash" if blocked[pattern].to_bin else "junk")
        treated = ruling.treat(user_id, ruling.Author(pattern, (deed,)), found)
        done.counts = join_counts(done.counts, treated.values())
    return left


def _rule(
    user_id: int, rows: Sequence[Arrival], placements: Mapping[int, Placement], done: RuleRun
) -> Mapping[int, Sequence[int]]:
    """Do what the rules say; returns what waits for its text, with the rules that have seen it."""
    rules = [rule for rule in load_rules(user_id) if rule.works] if rows else []
    found = find_among([rule.search for rule in rules], [row.pk for row in rows])
    now = time.time()
    planned = plan.plan_run(
        [
            plan.RuleFacts(rule.id, matches, rule.accounts, ends=rule.ends, needs_text=rule.needs_text)
            for rule, matches in zip(rules, found, strict=True)
        ],
        [
            plan.Arrived(
                row.pk,
                row.account_id,
                has_text=placements[row.pk].message.raw_id is not None or arrivals.is_overdue(row, now),
                ran=row.ran,
            )
            for row in rows
        ],
    )
    by_id = {rule.id: rule for rule in rules}
    for rule_id, hit in planned.hits.items():
        _treat(user_id, by_id[rule_id], [placements[pk] for pk in hit], done)
    return planned.waiting


def _treat(user_id: int, rule: LoadedRule, hit: Sequence[Placement], done: RuleRun) -> None:
    try:
        with transaction.atomic():
            treated = ruling.treat(user_id, ruling.Author(rule.name, rule.deeds, rule.id), hit)
            done.counts = join_counts(done.counts, treated.values())
            if rule.tells:
                devices.note_new_mail(user_id)
            webhooks.queue_calls(user_id, rule.deeds, rule.name, hit)
            forwards.queue_forwards(user_id, rule.deeds, rule.name, hit)
    except CannotDo as error:
        # A folder that went in this very moment: the rule is shown as paused, the message stays where it is.
        logger.info("Rule %s could not treat %s messages: %s", rule.id, len(hit), error)
