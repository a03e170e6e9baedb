"""The preferences as the pages show them: names and words here, values from ``accounts.preferences``.

A posted form flows in, typed changes flow out. Each option knows how to read itself from a form, so a
page is a list of options and a template that places them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.preferences import Preferences
from webmail.present.shortcuts import PRESETS

Words = Promise | str


@dataclass(frozen=True, slots=True)
class Switch:
    """On or off. A form leaves an unticked box out, so absent means off."""

    name: str
    label: Words
    help: Words = ""

    kind = "switch"

    def read(self, form: QueryDict) -> bool:
        return self.name in form


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few. Values travel as text; the empty text stands for None."""

    name: str
    label: Words
    values: Sequence[tuple[Any, Words]]
    help: Words = ""

    kind = "choice"

    def read(self, form: QueryDict) -> Any:
        """The typed value. Raises ``ValueError`` for one that is not offered."""
        sent = form.get(self.name, "")
        for value, _label in self.values:
            if sent == as_text(value):
                return value
        raise ValueError(f"{self.name} has no value {sent!r}.")


Option = Switch | Choice


def as_text(value: Any) -> str:
    return "" if value is None else str(value)


@dataclass(frozen=True, slots=True)
class Offer:
    """One value of a choice as a page shows it."""

    value: str
    label: Words
    checked: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """An option with the person's own value: ``on`` for a switch, ``offers`` for a choice."""

    option: Option
    on: bool = False
    offers: tuple[Offer, ...] = ()


def show(options: Iterable[Option], prefs: Preferences) -> dict[str, Shown]:
    """The options by name, with what is chosen."""
    shown = {}
    for option in options:
        current = getattr(prefs, option.name)
        if isinstance(option, Switch):
            shown[option.name] = Shown(option, on=bool(current))
        else:
            offers = tuple(Offer(as_text(value), label, value == current) for value, label in option.values)
            shown[option.name] = Shown(option, offers=offers)
    return shown


def read(options: Iterable[Option], form: QueryDict) -> dict[str, Any]:
    """What a posted form chose. Raises ``ValueError`` for a value that is not offered."""
    return {option.name: option.read(form) for option in options}


APPEARANCE: tuple[Option, ...] = (
    Choice("theme", _("Theme"), (("auto", _("Same as device")), ("light", _("Light")), ("dark", _("Dark")))),
    Choice(
        "accent",
        _("Colour"),
        (
            ("blue", _("Blue")),
            ("lagoon", _("Lagoon")),
            ("fir", _("Fir")),
            ("ember", _("Ember")),
            ("rose", _("Rose")),
            ("iris", _("Iris")),
        ),
    ),
    Choice(
        "pane",
        _("Reading pane"),
        (("right", _("Pane on the right")), ("below", _("Pane below")), ("none", _("No pane"))),
    ),
    Choice(
        "density",
        _("Row height"),
        (("comfortable", _("Comfortable")), ("cosy", _("Cosy")), ("compact", _("Compact"))),
        _("Comfortable shows a line of the message. Compact shows the most messages."),
    ),
    Switch("group_by_date", _("Group messages by date"), _("Today, Yesterday, Last week.")),
    Switch(
        "dark_mail",
        _("Show mail in dark colours too"),
        _("In the dark theme, senders’ colours are turned dark. The menu of a message shows it in its own."),
    ),
)

READING: tuple[Option, ...] = (
    Switch(
        "conversations",
        _("Group messages into conversations"),
        _("Answers stand with what they answer, yours too. Off: every message is a row of its own."),
    ),
    Choice(
        "mark_read_seconds",
        _("Mark as read"),
        ((0, _("At once")), (2, _("After 2 s")), (5, _("After 5 s")), (None, _("By hand"))),
        _("How long a message is open before it counts as read."),
    ),
    Choice(
        "after_removal",
        _("After archiving or deleting"),
        (("next", _("Open the next")), ("list", _("Back to the list"))),
    ),
    Choice(
        "remote_pictures",
        _("Pictures from outside"),
        (("ask", _("Ask")), ("always", _("Always load"))),
        _("Loading them can tell the sender that you opened the message. Senders you trust are never asked about."),
    ),
    Switch("plain_text", _("Prefer plain text"), _("Show the text of a message without its layout where it has both.")),
    Choice(
        "keys",
        _("Keyboard shortcuts"),
        tuple(PRESETS.items()),
        _("Those of Heron, or those your fingers know. The sheet that the key ? opens lists them."),
    ),
    Switch(
        "shortcuts",
        _("Shortcuts of a single key"),
        _("E archives, R replies. Switch them off if keys are pressed by accident or by voice."),
    ),
    Switch(
        "recent_searches",
        _("Remember recent searches"),
        _("They are offered in the search box, on all your devices. Switching this off forgets them."),
    ),
)

NOTIFICATIONS: tuple[Option, ...] = (
    Choice(
        "push_about",
        _("Tell me of new mail in an inbox"),
        (("all", _("All")), ("known", _("From contacts")), ("rules", _("None"))),
        _("What a rule tells of comes on top, wherever the rule puts it."),
    ),
    Switch(
        "push_reminders",
        _("Tell me of reminders"),
        _("When mail comes back from snooze, and when nobody has answered in time."),
    ),
    Switch(
        "push_details",
        _("Say who writes, and about what"),
        _("Off: only how many messages came. On: sender and subject too, which a locked screen may show to others."),
    ),
)

WRITING: tuple[Option, ...] = (
    Choice(
        "undo_seconds",
        _("Undo send"),
        ((0, _("Off")), (5, _("5 s")), (10, _("10 s")), (20, _("20 s")), (30, _("30 s"))),
        _("How long a sent message waits here, so that you can take it back."),
    ),
    Switch(
        "warn_attachment",
        _("Warn of a forgotten attachment"),
        _("When the text speaks of one and none is there."),
    ),
)
