"""Conversations from ``threads/*.txt`` in, letters and their places in both mailboxes out. Pure but for the files.

Each conversation is a block that opens with ``== Subject``, then ``key: value`` lines (``start`` as days
ago and time, ``with`` whom, ``folder``, ``label``, ``unread``, ``flagged``), then one ``-- who, gap[, file: name]``
line for each message, with its prose below. ``me`` and ``friend`` are the owners of the mailboxes.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from mailsync.types import Address
from onebox.sample import wording
from onebox.sample.files import make_file
from onebox.sample.letters import ZONE, File, Letter, SampleMessage, Scene, write
from onebox.sample.people import CLIENTS, PEOPLE

#: A message older than this has left the inbox for the Archive, as it does with tidy people.
INBOX_DAYS = 120


@dataclass
class Saying:
    """One message of a conversation: who, how many hours after the one before, which files, and the prose."""

    who: str
    gap_hours: float
    files: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    @property
    def prose(self) -> str:
        return "\n".join(self.lines).strip()


@dataclass
class Story:
    """One conversation as it stands in the file."""

    subject: str
    facts: dict[str, str] = field(default_factory=dict)
    sayings: list[Saying] = field(default_factory=list)


def tell(scene: Scene) -> Iterator[SampleMessage]:
    """Every conversation of every file."""
    for path in sorted((Path(__file__).parent / "threads").glob("*.txt")):
        for story in parse_stories(path.read_text(encoding="utf-8")):
            yield from _tell_story(scene, story)


def parse_stories(text: str) -> list[Story]:
    stories: list[Story] = []
    for line in text.splitlines():
        if line.startswith("== "):
            stories.append(Story(line[3:].strip()))
        elif line.startswith("-- ") and stories:
            stories[-1].sayings.append(_parse_saying(line[3:]))
        elif stories and stories[-1].sayings:
            stories[-1].sayings[-1].lines.append(line)
        elif stories and ":" in line:
            key, _, value = line.partition(":")
            stories[-1].facts[key.strip()] = value.strip()
    return stories


def _parse_saying(line: str) -> Saying:
    who, *rest = (piece.strip() for piece in line.split(","))
    saying = Saying(who, 0.0)
    for piece in rest:
        if piece.startswith("file:"):
            saying.files.append(piece.removeprefix("file:").strip())
        else:
            number, unit = float(piece[:-1]), piece[-1]
            saying.gap_hours = number * {"m": 1 / 60, "h": 1, "d": 24}[unit]
    return saying


def _tell_story(scene: Scene, story: Story) -> Iterator[SampleMessage]:
    days, clock = story.facts["start"].split()
    names = [name.strip() for name in story.facts["with"].split(",")]
    cast = {name: _person(scene, name) for name in names}
    begun = date = scene.at(float(days), clock)
    subject = _fill(story.subject, scene, begun)
    parents: list[str] = []
    quoted_text, quoted_html = "", ""
    for number, saying in enumerate(story.sayings):
        date = _next_date(scene, date, saying.gap_hours, left=len(story.sayings) - number)
        sender = _person(scene, saying.who)
        others = tuple(person for name, person in cast.items() if name != saying.who)
        client = CLIENTS.get(saying.who, "plain")
        prose = _fill(saying.prose, scene, begun)
        text = wording.plain(prose) + (f"\n{quoted_text}" if quoted_text else "")
        html = wording.html(prose) + (f"\n{quoted_html}" if quoted_html else "")
        letter = Letter(
            key=f"{story.subject}/{story.facts['start']}/{number}",
            sender=sender,
            to=others[:1],
            cc=others[1:],
            date=date,
            subject=subject if number == 0 else f"Re: {subject}",
            text=text,
            html=None if client == "plain" else f'<div dir="ltr">{html}</div>\n',
            parents=tuple(parents),
            files=tuple(_file(name) for name in saying.files),
            headers=_signed(sender) if saying.who not in {"me", "friend"} else (),
        )
        yield from _places(scene, story, saying, letter, number)
        parents.append(letter.message_id)
        intro = f"On {date:%a, %d %b %Y at %H:%M}, {sender.name} wrote:"
        quoted_text = wording.quote_text(text, intro)
        quoted_html = wording.quote_html(html, intro, client)


def _places(scene: Scene, story: Story, saying: Saying, letter: Letter, number: int) -> Iterator[SampleMessage]:
    raw = write(letter)
    last = number == len(story.sayings) - 1
    answered = any(later.who == "me" for later in story.sayings[number + 1 :])
    folder = story.facts.get("folder", "")
    if not folder:
        folder = "INBOX" if (scene.now - letter.date).days < INBOX_DAYS else "Archive"
    flags = []
    if saying.who == "me" or not (last and story.facts.get("unread") == "yes"):
        flags.append("\\Seen")
    if answered and saying.who != "me":
        flags.append("\\Answered")
    if last and story.facts.get("flagged") == "yes":
        flags.append("\\Flagged")
    if label := story.facts.get("label"):
        flags.append(label)
    yield SampleMessage("Sent" if saying.who == "me" else folder, tuple(flags), letter.date, raw)
    if scene.friend in (*letter.to, *letter.cc, letter.sender):
        place = "Sent" if saying.who == "friend" else "INBOX"
        seen = () if place == "INBOX" and last and (scene.now - letter.date).days < 3 else ("\\Seen",)
        yield SampleMessage(place, seen, letter.date, raw, "friend")


def _next_date(scene: Scene, date: datetime, gap_hours: float, left: int) -> datetime:
    """Later than ``date``, in waking hours, and before now with room for the ``left`` messages still to come."""
    odd_minutes = (date.minute * 7 + int(gap_hours * 60) * 3) % 17 if gap_hours else 0
    later = date + timedelta(hours=gap_hours, minutes=odd_minutes)
    if not 6 <= later.hour < 23:
        later = later.replace(hour=7) + timedelta(days=1 if later.hour >= 23 else 0, minutes=7)
    latest = scene.now.astimezone(ZONE).replace(microsecond=0) - timedelta(minutes=11 * left)
    return max(min(later, latest), min(date + timedelta(minutes=1), latest + timedelta(minutes=10)))


def _person(scene: Scene, name: str) -> Address:
    return {"me": scene.owner, "friend": scene.friend}.get(name) or PEOPLE[name]


def _fill(text: str, scene: Scene, begun: datetime) -> str:
    """The names and dates that a conversation leaves open, as ``{friend}``, ``{month}`` or ``{w0}`` (the ISO week)."""
    filled = {
        "me": _first(scene.owner),
        "friend": _first(scene.friend),
        "month": f"{begun:%B}",
        "party": scene.party,
        **{f"w{ahead}": str((begun + timedelta(weeks=ahead)).isocalendar().week) for ahead in range(4)},
    }
    for name, value in filled.items():
        text = text.replace("{" + name + "}", value)
    return text


def _file(name: str) -> File:
    return make_file(name)


def _first(person: Address) -> str:
    return (person.name or person.address).split()[0]


def _signed(sender: Address) -> tuple[tuple[str, str], ...]:
    """What the owner's own server would have found: the sender's domain signed and aligned (RFC 8601 §2.2)."""
    domain = sender.address.rsplit("@", 1)[-1]
    return (
        (
            "Authentication-Results",
            f"mx.nordlicht.example; dkim=pass header.d={domain}; spf=pass smtp.mailfrom={domain};"
            f" dmarc=pass header.from={domain}",
        ),
    )
