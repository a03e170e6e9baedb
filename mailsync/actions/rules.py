"""Rules as their owner arranges them: written, put in order, switched, removed, and run over mail that is there.

In: the user and what the form says. Out: the rule, or an ``ActionResult`` whose group takes the run back. Raises
``NotYours`` and ``CannotDo``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

from django.db.models import Max
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.models import MailAccount, User
from mailsync.actions import wake
from mailsync.actions.labels import make_label
from mailsync.actions.owned import NotYours, own_folder
from mailsync.actions.verb import verb
from mailsync.errors import CannotDo
from mailsync.models import Act, ForwardAddress, Rule, Webhook
from mailsync.plan.rules import CALL, FILING, FORWARD, MARKS, OF_CONVERSATIONS, WORDS, Deed, Fields, build_query
from mailsync.store.listed import Listing, highest_placement
from mailsync.store.rules import folders_to_try, load_rules
from mailsync.store.search import prepare_search
from mailsync.types import ActionResult

#: All of them are asked in one statement.
MOST_RULES = 100


@dataclass(frozen=True, slots=True)
class RuleText:
    """A rule as it is to be; ``accounts`` empty: for all mailboxes."""

    name: str
    fields: Fields
    deeds: tuple[Deed, ...]
    accounts: tuple[int, ...] = ()
    stops: bool = False


@verb
def write_rule(user_id: int, rule_id: int | None, text: RuleText) -> Rule:
    """Write a new rule, behind the others, or change one."""
    # One at a time, so that two new ones do not take the same place.
    User.objects.select_for_update().get(pk=user_id)
    mine = Rule.objects.filter(user_id=user_id)
    rule = mine.filter(pk=rule_id).first() if rule_id else Rule(user_id=user_id, position=_next_position(user_id))
    if rule is None:
        raise NotYours("rule")
    if rule_id is None and mine.count() >= MOST_RULES:
        raise CannotDo(_("There are 100 rules already. Remove one first."), field="name")
    query = build_query(text.fields)
    _check(user_id, query)
    accounts = _accounts(user_id, text)
    rule.name = " ".join(text.name.split())[:80] or query[:80]
    rule.query, rule.fields, rule.stops = query, text.fields.as_json(), text.stops
    rule.deeds = [[deed.verb, deed.argument] for deed in text.deeds]
    rule.accounts = accounts
    rule.save()
    for deed in text.deeds:
        if deed.verb == "label":
            # Listed as a label of theirs from now on, so that deleting it is noticed.
            make_label(user_id, deed.argument)
    return rule


def _next_position(user_id: int) -> int:
    highest = Rule.objects.filter(user_id=user_id).aggregate(highest=Max("position"))["highest"]
    return (highest or 0) + 1


def _check(user_id: int, query: str) -> None:
    if not query:
        raise CannotDo(_("Say which messages it is about: fill in at least one field."), field="sender")
    if len(query) > 1000:
        raise CannotDo(_("That is too much for one rule. Make two of it."), field="search")
    search = prepare_search(user_id, query)
    if search.problems:
        raise CannotDo(search.problems[0].text, field="search")
    if search.term is None:
        raise CannotDo(_("There is no letter or digit to look for."), field="sender")


def _accounts(user_id: int, text: RuleText) -> list[int]:
    """The mailboxes it is for: where it moves mail to a folder, that one's."""
    if not text.deeds:
        raise CannotDo(_("Say what is to be done with them."), field="filing")
    called = [int(deed.argument) for deed in text.deeds if deed.verb == CALL]
    if Webhook.objects.filter(user_id=user_id, pk__in=called).count() != len(called):
        raise NotYours("webhook")
    sent_on = [int(deed.argument) for deed in text.deeds if deed.verb == FORWARD]
    proved = ForwardAddress.objects.filter(user_id=user_id, pk__in=sent_on, verified_at__isnull=False)
    if proved.count() != len(sent_on):
        raise NotYours("forward address")
    for deed in text.deeds:
        if deed.verb == "move":
            folder = own_folder(user_id, int(deed.argument))
            if not folder.selectable or folder.missing_since:
                raise CannotDo(_("“%(name)s” cannot hold messages. Choose another folder.") % {"name": folder.name})
            return [folder.account_id]
        if deed.verb not in (*FILING, *MARKS, *OF_CONVERSATIONS, *WORDS):
            raise CannotDo(_("A rule cannot do that."))
    mine = set(MailAccount.objects.filter(user_id=user_id).values_list("pk", flat=True))
    if set(text.accounts) - mine:
        raise NotYours("account")
    return [] if set(text.accounts) == mine else sorted(text.accounts)


def switch_rule(user_id: int, rule_id: int, *, on: bool) -> None:
    if not Rule.objects.filter(user_id=user_id, pk=rule_id).update(enabled=on):
        raise NotYours("rule")


def remove_rule(user_id: int, rule_id: int) -> None:
    """What it did stays done, and is known by its name."""
    Rule.objects.filter(user_id=user_id, pk=rule_id).delete()


@verb
def reorder_rule(user_id: int, rule_id: int, *, by: int) -> None:
    """One place up (``by=-1``) or down."""
    User.objects.select_for_update().get(pk=user_id)
    order = list(Rule.objects.filter(user_id=user_id).order_by("position", "id"))
    at = next((number for number, rule in enumerate(order) if rule.pk == rule_id), None)
    if at is None:
        raise NotYours("rule")
    order.insert(max(at + by, 0), order.pop(at))
    for number, rule in enumerate(order, 1):
        rule.position = number
    Rule.objects.bulk_update(order, ["position"])


@verb
def run_rule(user_id: int, rule_id: int, *, inbox_only: bool) -> ActionResult:
    """Do what a rule says to the mail that is there, as the workers get to it."""
    rule = next(iter(load_rules(user_id, only=rule_id)), None)
    if rule is None:
        raise NotYours("rule")
    if rule.problem:
        raise CannotDo(_("This rule is paused: %(why)s") % {"why": _(rule.problem)})
    if not rule.changes_mail:
        raise CannotDo(_("This rule only tells of new mail: there is nothing to do to the mail that is there."))
    folders = folders_to_try(user_id, rule.accounts, inbox_only=inbox_only)
    listing = Listing(tuple(folders), query=rule.query)
    act = Act.objects.create(
        user_id=user_id,
        group=uuid4(),
        verb="rule",
        label=rule.name,
        state=Act.State.WORKING,
        listing=listing.as_json(),
        argument=str(rule.id),
        highest=highest_placement(listing),
        due_at=Now(),
    )
    wake.act_soon(act.pk)
    return ActionResult(
        act.group, 0, _("The rule “%(name)s” is being run over your mail") % {"name": rule.name}, None, act.pk
    )


def ready_rule(user_id: int, name: str, sender: str, deeds: Sequence[Deed]) -> Rule:
    """A rule about one sender, as a sweep makes it."""
    return write_rule(user_id, None, RuleText(name, Fields(sender=sender), tuple(deeds)))
