"""How a person likes Heron: the JSON of ``User.preferences`` flows in, a frozen ``Preferences`` flows out, and back.

What is stored may be old or damaged: a value that is not one of those offered counts as not set, so a
page never fails for it. ``save`` is strict instead: it refuses what the pages do not offer.
"""

from dataclasses import asdict, dataclass, fields
from typing import Any

from accounts.models import User

#: Which values each preference may take; one that is absent here is a switch (a boolean).
CHOICES: dict[str, tuple[Any, ...]] = {
    "theme": ("auto", "light", "dark"),
    "accent": ("blue", "lagoon", "fir", "ember", "rose", "iris"),
    "density": ("comfortable", "cosy", "compact"),
    "pane": ("right", "below", "none"),
    "remote_pictures": ("ask", "always"),
    "mark_read_seconds": (0, 2, 5, None),
    "after_removal": ("next", "list"),
    "undo_seconds": (0, 5, 10, 20, 30),
    "keys": ("heron", "outlook", "gmail"),
    "push_about": ("all", "known", "rules"),
}


@dataclass(frozen=True, slots=True)
class Preferences:
    """Every preference with its default.

    ``mark_read_seconds``: how long a message is open before it counts as read, None for by hand only.
    ``undo_seconds``: how long the server holds a message before it leaves. ``remote_pictures`` "ask"
    still loads those of trusted senders. ``keys`` is whose keys are meant, ``shortcuts`` whether they are on at all.
    ``push_about``: which new mail in an inbox a device is told of, beside what rules tell: all, of known people, none.
    ``push_reminders``: whether it is told of what comes back from snooze, and of what nobody has answered in time.
    ``push_details``: whether a word to a browser that shows no page names sender and subject.
    """

    theme: str = "auto"
    accent: str = "blue"
    density: str = "comfortable"
    pane: str = "right"
    group_by_date: bool = True
    dark_mail: bool = True
    conversations: bool = True
    remote_pictures: str = "ask"
    plain_text: bool = False
    mark_read_seconds: int | None = 0
    after_removal: str = "next"
    shortcuts: bool = True
    keys: str = "heron"
    recent_searches: bool = True
    undo_seconds: int = 10
    warn_attachment: bool = True
    push_about: str = "all"
    push_reminders: bool = True
    push_details: bool = False


NAMES = tuple(field.name for field in fields(Preferences))


def _offered(name: str, value: object) -> bool:
    """Whether the value is one of those offered, in the very type offered: 0 is not False here."""
    if name not in CHOICES:
        return isinstance(value, bool)
    return any(value == choice and type(value) is type(choice) for choice in CHOICES[name])


def parse(stored: object) -> Preferences:
    """The preferences in ``stored`` JSON, with defaults for all that is missing or not offered.

    >>> parse({"theme": "dark", "density": "huge", "conversations": 1}).density
    'comfortable'
    """
    known = stored if isinstance(stored, dict) else {}
    return Preferences(**{name: known[name] for name in NAMES if name in known and _offered(name, known[name])})


def load(user: User) -> Preferences:
    """The preferences of a user; no query of its own."""
    return parse(user.preferences)


def save(user: User, **changes: Any) -> Preferences:
    """Change some preferences of a user and store them.

    Raises ``ValueError`` naming the preference where it, or its value, is not offered.
    """
    for name, value in changes.items():
        if name not in NAMES or not _offered(name, value):
            raise ValueError(f"The preference {name!r} cannot be {value!r}.")
    merged = parse({**asdict(load(user)), **changes})
    user.preferences = asdict(merged)
    user.save(update_fields=["preferences"])
    return merged
