"""The keys of the mailbox: one table of what they do, and of which keys do it in each preset. Pure.

Everything that knows a key reads it here: the script that obeys them (``static/js/mail/keys.js``, by way of the page),
the palette, the help sheet, and the marks and tooltips of the templates.

Gmail's are meant to be those of “Keyboard shortcuts for Gmail” (Gmail Help), Outlook's those of “Keyboard shortcuts for
Outlook”, under Web (Microsoft Support). The pages themselves were not to be had: Outlook's were compared with a
list that names its page, Gmail's with lists in its words. What they name no key for has one that they leave free:
Gmail's bin and junk, Outlook's folders but for inbox, drafts and sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _

from accounts.preferences import Preferences

Preset = Literal["heron", "outlook", "gmail"]

#: What single keys may be called, and whether they may be pressed at all: ``Preferences.shortcuts``.
PRESETS: dict[Preset, Promise | str] = {"heron": "Heron", "outlook": "Outlook", "gmail": "Gmail"}


@dataclass(frozen=True, slots=True)
class Command:
    """What can be done by key. A key is a name as the browser has it, in small letters, after ``Shift+`` or ``Ctrl+``;
    two with a space between are pressed one after the other.

    ``always`` are keys that belong to the list and to fields, and work in every preset and while single keys are off.
    """

    name: str
    words: Promise
    heron: tuple[str, ...] = ()
    outlook: tuple[str, ...] = ()
    gmail: tuple[str, ...] = ()
    always: tuple[str, ...] = ()

    def keys(self, preset: Preset) -> tuple[str, ...]:
        """Those that a script has to listen for."""
        own: dict[Preset, tuple[str, ...]] = {"heron": self.heron, "outlook": self.outlook, "gmail": self.gmail}
        return own[preset]


def _same(name: str, words: Promise, *keys: str) -> Command:
    return Command(name, words, keys, keys, keys)


#: Sections of the help sheet. Outlook's are those of Outlook on the web, Gmail's those of Gmail.
COMMANDS: tuple[tuple[Promise, tuple[Command, ...]], ...] = (
    (
        gettext_lazy("Move about"),
        (
            Command("next", gettext_lazy("Next message"), ("j",), ("Ctrl+.",), ("j",)),
            Command("previous", gettext_lazy("Previous message"), ("k",), ("Ctrl+,",), ("k",)),
            Command("open", gettext_lazy("Open, then go to the subject"), ("o",), ("o",), ("o",), ("Enter",)),
            Command("back", gettext_lazy("Back to the list"), gmail=("u",), always=("Escape",)),
            Command("next_part", gettext_lazy("Next message of the conversation"), ("n",), (".",), ("n",)),
            Command("previous_part", gettext_lazy("Previous message of the conversation"), ("p",), (",",), ("p",)),
            _same("search", gettext_lazy("Search"), "/"),
            Command("palette", gettext_lazy("Commands and folders"), always=("Ctrl+k",)),
        ),
    ),
    (
        gettext_lazy("Do"),
        (
            _same("archive", gettext_lazy("Archive"), "e"),
            Command("trash", gettext_lazy("Delete"), ("#", "Delete"), ("Delete",), ("#", "Delete")),
            Command("junk", gettext_lazy("Junk, or not junk"), ("!",), ("j",), ("!",)),
            _same("move", gettext_lazy("Move to a folder"), "v"),
            Command("label", gettext_lazy("Label"), ("l",), ("c",), ("l",)),
            _same("snooze", gettext_lazy("Snooze"), "b"),
            Command("mute", gettext_lazy("Mute the conversation"), ("m",), ("Ctrl+Delete",), ("m",)),
            Command("flag", gettext_lazy("Flag"), ("s",), ("Insert",), ("s",)),
            Command("read_or_unread", gettext_lazy("Read or unread"), ("u",)),
            Command("read", gettext_lazy("Mark as read"), (), ("q",), ("Shift+i",)),
            Command("unread", gettext_lazy("Mark as unread"), (), ("u",), ("Shift+u",)),
            Command("undo", gettext_lazy("Undo"), ("z",), ("Ctrl+z",), ("z",)),
        ),
    ),
    (
        gettext_lazy("Select"),
        (
            Command("select", gettext_lazy("Select this one"), ("x",), (), ("x",), (" ",)),
            Command("select_down", gettext_lazy("Select down"), always=("Shift+ArrowDown",)),
            Command("select_all", gettext_lazy("Select all shown"), ("*",), (), ("* a",), ("Ctrl+a",)),
            Command("clear", gettext_lazy("Clear the selection"), gmail=("* n",), always=("Escape",)),
        ),
    ),
    (
        gettext_lazy("Write"),
        (
            Command("write", gettext_lazy("New message"), ("c",), ("n",), ("c",)),
            _same("reply", gettext_lazy("Reply"), "r"),
            Command("reply_all", gettext_lazy("Reply all"), ("a",), ("Shift+r", "Ctrl+Shift+r"), ("a",)),
            Command("forward", gettext_lazy("Forward"), ("f",), ("Shift+f", "Ctrl+Shift+f"), ("f",)),
            Command("send", gettext_lazy("Send"), always=("Ctrl+Enter",)),
        ),
    ),
    (
        gettext_lazy("Go to"),
        (
            _same("go_inbox", gettext_lazy("Inbox"), "g i"),
            Command("go_flagged", gettext_lazy("Flagged"), ("g f",), ("g f",), ("g s",)),
            _same("go_drafts", gettext_lazy("Drafts"), "g d"),
            Command("go_sent", gettext_lazy("Sent"), ("g s",), ("g s",), ("g t",)),
            _same("go_archive", pgettext_lazy("folder", "Archive"), "g a"),
            Command("go_trash", gettext_lazy("Bin"), ("g t",), ("g t",), ("g x",)),
            Command("go_junk", gettext_lazy("Junk"), ("g j",), ("g j",), ("g j",)),
            _same("go_snoozed", gettext_lazy("Snoozed"), "g b"),
            _same("help", gettext_lazy("This sheet"), "?"),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the help sheet: the keys to press one after the other, and what they do."""

    keys: tuple[str, ...]
    words: str


@dataclass(frozen=True, slots=True)
class Keys:
    """A person's own keys. ``bound`` is for the script: what each key does. ``shown`` has the first key of a command in
    words, and nothing for one that has none."""

    preset: Preset
    on: bool
    bound: Mapping[str, str]
    shown: Mapping[str, str]

    @property
    def for_script(self) -> dict[str, Mapping[str, str]]:
        return {"bound": self.bound, "shown": self.shown}


def keys_of(prefs: Preferences) -> Keys:
    """The keys that this person has chosen: none but those of the list and of fields where they are switched off."""
    preset: Preset = next((one for one in PRESETS if one == prefs.keys), "heron")
    return _keys(preset, prefs.shortcuts, get_language())


@lru_cache(maxsize=64)
def _keys(preset: Preset, on: bool, _language: str | None) -> Keys:
    """In words of the language that is active, which is named to be kept apart: every page asks for them."""
    bound: dict[str, str] = {}
    shown: dict[str, str] = {}
    for command in _all():
        own = command.keys(preset) if on else ()
        bound |= dict.fromkeys(own, command.name)
        if own or command.always:
            shown[command.name] = " ".join("+".join(_caps(press)) for press in presses((own or command.always)[0]))
    return Keys(preset, on, bound, shown)


def sheet(keys: Keys) -> list[tuple[str, list[Line]]]:
    """The help sheet: what a person's keys do, and what has none left out."""
    sections = []
    for title, commands in COMMANDS:
        lines = []
        for command in commands:
            own = (*(command.keys(keys.preset) if keys.on else ()), *command.always)
            lines += (
                [Line(tuple(cap for press in presses(own[0]) for cap in _caps(press)), str(command.words))]
                if own
                else []
            )
        if lines:
            sections.append((str(title), lines))
    return sections


def presses(keys: str) -> list[str]:
    """A key, or those of a sequence in their order.

    >>> presses("g i"), presses("Shift+u"), presses(" ")
    (['g', 'i'], ['Shift+u'], [' '])
    """
    return keys.split(" ") if keys.strip() else [keys]


def _caps(press: str) -> list[str]:
    return [_cap(key) for key in press.split("+")]


def _cap(key: str) -> str:
    named = {
        "Ctrl": _("Ctrl"),
        "Shift": _("Shift"),
        "Enter": _("Enter"),
        "Escape": _("Esc"),
        "Delete": _("Del"),
        "Insert": _("Ins"),
        " ": _("Space"),
        "ArrowDown": "↓",
    }
    return named.get(key, key.upper())


def _all() -> list[Command]:
    return [command for _title, commands in COMMANDS for command in commands]
