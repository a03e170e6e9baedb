"""The rules of a person, ready to be asked, and their blocked senders. Database room.

In: a user. Out: rules in their order, each with its search and, where it cannot work, the reason.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext_noop

from accounts.models import MailAccount
from mailsync.models import BlockedSender, Folder, ForwardAddress, Label, Rule, RuleHit, Webhook
from mailsync.plan.rules import CALL, FORWARD, TELL, Deed, Fields, blocking, changes_mail, is_filing, needs_text
from mailsync.store.search import Search, prepare_searches
from mailsync.types import Role

_LATELY = timedelta(days=30)
#: Where a rule is tried and run over what is there: mail that once came in. What was thrown away stays away.
_NOT_TRIED = (Role.SENT.value, Role.DRAFTS.value, Role.JUNK.value, Role.TRASH.value)

NO_FOLDER = gettext_noop("The folder it moves mail to is gone.")
NO_LABEL = gettext_noop("The label it gives has been deleted.")
NO_WEBHOOK = gettext_noop("The webhook it calls has been removed.")
NO_FORWARD = gettext_noop("The address it forwards to has been removed, or is not confirmed yet.")
NO_ACCOUNT = gettext_noop("The mailbox it is for is gone.")
NO_QUERY = gettext_noop("Its search is not understood any more.")


@dataclass(frozen=True, slots=True)
class LoadedRule:
    """``problem`` says why the rule is paused, or is empty."""

    id: int
    name: str
    position: int
    enabled: bool
    stops: bool
    query: str
    fields: Fields
    deeds: tuple[Deed, ...]
    accounts: tuple[int, ...]
    search: Search
    problem: str = ""

    @property
    def works(self) -> bool:
        return self.enabled and not self.problem

    @property
    def ends(self) -> bool:
        return self.stops or is_filing(self.deeds)

    @property
    def changes_mail(self) -> bool:
        return changes_mail(self.deeds)

    @property
    def tells(self) -> bool:
        return any(deed.verb == TELL for deed in self.deeds)

    @property
    def forwards(self) -> tuple[int, ...]:
        return tuple(int(deed.argument) for deed in self.deeds if deed.verb == FORWARD)

    @property
    def needs_text(self) -> bool:
        return needs_text(self.search.term)


def load_rules(user_id: int, *, only: int | None = None) -> list[LoadedRule]:
    """In their order; a handful of queries for any number of rules."""
    mine = Rule.objects.filter(user_id=user_id).order_by("position", "id")
    rows = list(mine if only is None else mine.filter(pk=only))
    if not rows:
        return []
    searches = prepare_searches(user_id, [row.query for row in rows])
    deeds = {row.pk: tuple(Deed(*one) for one in row.deeds) for row in rows}
    folders = _usable_folders(user_id, [deed.argument for each in deeds.values() for deed in each])
    has_labels = any(deed.verb == "label" for each in deeds.values() for deed in each)
    gone = _deleted_labels(user_id) if has_labels else set()
    has_calls = any(deed.verb == CALL for each in deeds.values() for deed in each)
    hooks = _webhooks(user_id) if has_calls else set()
    has_forwards = any(deed.verb == FORWARD for each in deeds.values() for deed in each)
    forwards = _forward_addresses(user_id) if has_forwards else set()
    accounts = set(MailAccount.objects.filter(user_id=user_id).values_list("pk", flat=True))
    return [
        LoadedRule(
            id=row.pk,
            name=row.name,
            position=row.position,
            enabled=row.enabled,
            stops=row.stops,
            query=row.query,
            fields=Fields.from_json(row.fields),
            deeds=deeds[row.pk],
            accounts=tuple(row.accounts),
            search=search,
            problem=_problem(row, deeds[row.pk], search, folders, gone, hooks | forwards, accounts),
        )
        for row, search in zip(rows, searches, strict=True)
    ]


def _problem(
    row: Rule,
    deeds: Sequence[Deed],
    search: Search,
    folders: set[str],
    gone: set[str],
    others: set[tuple[str, str]],
    accounts: set[int],
) -> str:
    if row.accounts and not accounts.intersection(row.accounts):
        return NO_ACCOUNT
    if search.term is None or search.problems:
        # A name that is gone is told; what is written wrongly has been accepted once.
        return search.problems[0].text if search.problems and not search.query.problems else NO_QUERY
    if any(deed.verb == "move" and deed.argument not in folders for deed in deeds):
        return NO_FOLDER
    if any(deed.verb == "label" and deed.argument.lower() in gone for deed in deeds):
        return NO_LABEL
    if any(deed.verb == CALL and (CALL, deed.argument) not in others for deed in deeds):
        return NO_WEBHOOK
    if any(deed.verb == FORWARD and (FORWARD, deed.argument) not in others for deed in deeds):
        return NO_FORWARD
    return ""


def _webhooks(user_id: int) -> set[tuple[str, str]]:
    return {(CALL, str(pk)) for pk in Webhook.objects.filter(user_id=user_id).values_list("pk", flat=True)}


def _forward_addresses(user_id: int) -> set[tuple[str, str]]:
    proved = ForwardAddress.objects.filter(user_id=user_id, verified_at__isnull=False)
    return {(FORWARD, str(pk)) for pk in proved.values_list("pk", flat=True)}


def _usable_folders(user_id: int, names: Sequence[str]) -> set[str]:
    wanted = [int(name) for name in names if name.isascii() and name.isdigit()]
    if not wanted:
        return set()
    usable = Folder.objects.filter(pk__in=wanted, account__user_id=user_id, selectable=True, missing_since=None)
    return {str(pk) for pk in usable.values_list("pk", flat=True)}


def _deleted_labels(user_id: int) -> set[str]:
    """A label that a rule gives is kept; one that is no longer was deleted or renamed."""
    gone = Label.objects.filter(user_id=user_id, kept=False).values_list("keyword", flat=True)
    return {keyword.lower() for keyword in gone}


def count_hits(user_id: int) -> dict[int, int]:
    """By rule, how many messages it treated in the last 30 days."""
    lately = RuleHit.objects.filter(rule__user_id=user_id, at__gt=Now() - _LATELY)
    return dict(lately.values_list("rule_id").annotate(count=Count("id")))


def blocked_of(user_id: int, *, typed: str = "") -> QuerySet[BlockedSender]:
    """By name, as a page lists them: all, or those that bear what was typed, and those that block the address typed."""
    rows = BlockedSender.objects.filter(user_id=user_id)
    if typed:
        rows = rows.filter(Q(pattern__icontains=typed) | Q(pattern__in=set(blocking(typed))))
    return rows.order_by("pattern")


def load_blocked(user_id: int, *, senders: Iterable[str]) -> list[BlockedSender]:
    """Those that may block these ``senders``, found by what would block each."""
    patterns = {pattern for address in senders for pattern in blocking(address)}
    return list(BlockedSender.objects.filter(user_id=user_id, pattern__in=patterns).order_by("pattern"))


def folders_to_try(user_id: int, accounts: Sequence[int] = (), *, inbox_only: bool = False) -> list[int]:
    """Where mail lies that rules might have treated."""
    mine = Folder.objects.filter(account__user_id=user_id, missing_since=None).exclude(role__in=_NOT_TRIED)
    if accounts:
        mine = mine.filter(account__in=accounts)
    if inbox_only:
        mine = mine.filter(role=Role.INBOX.value)
    return list(mine.order_by("id").values_list("pk", flat=True))
