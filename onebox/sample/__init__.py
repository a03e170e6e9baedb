"""A year of invented mail for the demo: a scene (when, whom) in, messages with folder, flags and date out.

Pure: no network, no database, no clock. The same arguments give the same bytes, and Message-IDs do not
depend on ``now``, so that filling a mailbox twice can be noticed.
"""

from collections.abc import Iterator
from datetime import datetime

from mailsync.types import Address
from onebox.sample import code, languages, newsletters, notices, odd, own, threads
from onebox.sample.letters import SampleMessage, Scene

__all__ = ["FOLDERS", "SampleMessage", "messages"]

#: Every folder that a message may name, in the order in which to make them; INBOX exists anyway.
FOLDERS = ("INBOX", "Drafts", "Sent", "Archive", "Junk", "Trash", "Boathouse", "Members", "Receipts")


def messages(now: datetime, owner: Address, friend: Address) -> Iterator[SampleMessage]:
    """Some 370 messages of the last 14 months, oldest first; ``now`` must know its time zone."""
    if now.tzinfo is None:
        raise ValueError("`now` needs a time zone: use datetime.now(UTC).")
    scene = Scene(now, owner, friend)
    tellers = (threads.tell, notices.tell, code.tell, newsletters.tell, languages.tell, odd.tell, own.tell)
    yield from sorted((m for tell in tellers for m in tell(scene)), key=lambda m: (m.date, m.mailbox, m.raw))
