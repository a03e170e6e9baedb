"""People as the screens show them: short lines of names, oneself as "me" or "you". Pure."""

from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from mailsync.types import Address


def display_name(person: Address) -> str:
    """The name, else the address, never empty."""
    return person.name.strip() or person.address.strip() or _("(no sender)")


def first_name(person: Address) -> str:
    """What a row with several people calls one of them.

    >>> first_name(Address("Raman, Priya", "priya@nordlicht.example"))
    'Priya'
    """
    name = person.name.strip()
    if not name:
        return person.address.partition("@")[0] or display_name(person)
    family, comma, given = name.partition(",")
    if comma and given.strip():
        return given.split()[0]
    return family.split()[0]


def participants_line(people: Sequence[Address], mine: Iterable[str], *, limit: int = 3) -> str:
    """Who takes part in a conversation: one person in full, several by first names, oneself as "me".

    ``mine`` holds the reader's own addresses in lower case. With more people than ``limit`` the first
    and the last ones are named, because those tell a conversation apart.

    >>> participants_line([Address("Priya Raman", "p@x.test"), Address("Me", "a@x.test")], {"a@x.test"})
    'Priya, me'
    """
    own = frozenset(mine)
    distinct: dict[str, Address] = {}
    for person in people:
        address = person.address.lower()
        # All addresses of one's own are one person.
        distinct.setdefault("" if address in own else address or person.name, person)
    names = list(distinct.values())
    if not names:  # only what one writes oneself lacks whom it is for
        return _("(no recipient named)")
    if len(names) == 1 and names[0].address.lower() not in own:
        return display_name(names[0])
    me = pgettext("a sender", "me")
    if len(names) == 1:
        return me
    shorts = [me if person.address.lower() in own else first_name(person) for person in names]
    if len(shorts) > limit:
        return f"{shorts[0]} … " + ", ".join(shorts[-(limit - 1) :])
    return ", ".join(shorts)


def recipients_line(people: Sequence[Address], mine: Iterable[str], *, named: int = 2) -> str:
    """To whom a message went, the reader first: ``to you, Noor El-Amin and 2 others``."""
    own = set(mine)
    others = [display_name(person) for person in people if person.address.lower() not in own]
    names = ([pgettext("a recipient", "you")] if len(others) < len(people) else []) + others
    if not names:
        return _("to undisclosed recipients")
    shown, rest = names[:named], len(names) - named
    if rest == 1:
        shown, rest = names[: named + 1], 0
    if rest > 0:
        words = ngettext("to %(people)s and %(n)d other", "to %(people)s and %(n)d others", rest)
        return words % {"people": ", ".join(shown), "n": rest}
    if len(shown) == 1:
        return _("to %(person)s") % {"person": shown[0]}
    return _("to %(people)s and %(last)s") % {"people": ", ".join(shown[:-1]), "last": shown[-1]}


def contact_label(label: str) -> str:
    """What an address or a number is for, in the reader's language; a label of its owner's own as it is."""
    return {
        "home": _("home"),
        "work": _("work"),
        "mobile": _("mobile"),
        "fax": _("fax"),
        "pager": _("pager"),
    }.get(label, label)


def addresses_line(addresses: Sequence[str]) -> str:
    """Two of many."""
    if len(addresses) <= 3:
        return ", ".join(addresses)
    more = len(addresses) - 2
    told = {"list": ", ".join(addresses[:2]), "n": more}
    return ngettext("%(list)s and %(n)d more", "%(list)s and %(n)d more", more) % told
