"""Rules and what they did, in words. Rules of the store flow in, what templates print flows out. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from mailsync.plan.rules import CALL, FORWARD, Deed
from mailsync.store.rules import LoadedRule
from mailsync.store.whys import Why
from webmail.present.activity import FINAL, icon_of
from webmail.present.labels import label_of
from webmail.present.said import said


@dataclass(frozen=True, slots=True)
class Names:
    """What is named by its id in a deed: folders, webhooks, addresses to forward to."""

    folders: Mapping[str, str]
    webhooks: Mapping[str, str]
    addresses: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RuleLine:
    """``paused`` says why a rule cannot work; ``hits`` is how many messages it treated in 30 days; ``fails``: what it
    forwarded last did not arrive."""

    rule: LoadedRule
    does: str
    paused: str
    hits: int
    where: str
    fails: bool


def present_rules(
    rules: Sequence[LoadedRule],
    hits: Mapping[int, int],
    names: Names,
    accounts: Mapping[int, str],
    failing: Collection[int],
) -> list[RuleLine]:
    return [
        RuleLine(
            rule,
            say_deeds(rule.deeds, names),
            said(_(rule.problem)) if rule.problem else "",
            hits.get(rule.id, 0),
            ", ".join(accounts[pk] for pk in rule.accounts if pk in accounts) if len(accounts) > 1 else "",
            fails=bool(set(rule.forwards) & set(failing)),
        )
        for rule in rules
    ]


def say_deeds(deeds: Iterable[Deed], names: Names) -> str:
    """What is done, in one line."""
    return ", ".join(_say(deed, names) for deed in deeds)


def _say(deed: Deed, names: Names) -> str:
    if deed.verb == FORWARD:
        return _("forward to %(address)s") % {
            "address": names.addresses.get(deed.argument, _("an address that is gone"))
        }
    if deed.verb == CALL:
        return _("call “%(name)s”") % {"name": names.webhooks.get(deed.argument, _("a webhook that is gone"))}
    if deed.verb == "move":
        return _("move to %(folder)s") % {"folder": names.folders.get(deed.argument, _("a folder that is gone"))}
    if deed.verb == "label":
        return _("label as %(label)s") % {"label": label_of(deed.argument).text}
    return {
        "archive": _("archive"),
        "trash": _("move to the bin"),
        "junk": _("move to Junk"),
        "read": _("mark as read"),
        "flag": _("flag"),
        "pin": _("pin to the top"),
        "mute": _("mute the conversation"),
        "tell": _("tell my devices"),
    }.get(deed.verb, deed.verb)


@dataclass(frozen=True, slots=True)
class WhyLine:
    """``undoes``: how many messages Undo would take it back of; 0 offers none."""

    why: Why
    icon: str
    title: str
    does: str
    undoes: int


def present_whys(whys: Sequence[Why], names: Names) -> list[WhyLine]:
    return [
        WhyLine(
            why,
            icon_of(why.kind),
            _title(why),
            say_deeds(why.deeds, names),
            0 if why.kind in FINAL else why.count,
        )
        for why in whys
    ]


def _title(why: Why) -> str:
    if why.kind == "block":
        return _("%(sender)s is blocked") % {"sender": why.name}
    if why.kind == "auto_reply":
        return _("You answered %(address)s automatically") % {"address": why.name}
    if why.kind == "auto_reply_failed":
        return _("An automatic reply to %(address)s could not be sent") % {"address": why.name}
    if why.kind == "rule":
        return _("Rule “%(name)s”") % {"name": why.name}
    return said(why.name)
