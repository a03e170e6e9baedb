"""A second look before a message leaves: what the writer may have forgotten. Pure.

In: what is about to be sent. Out: warnings in plain words, each with a code by which the writer overrules it.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mailsync.message.addresses import comparable
from mailsync.types import Address

#: So many people at once are more often a slip of "Reply all" than a wish.
MANY_RECIPIENTS = 10

#: Words that promise a file: English, German, French, Spanish, Italian, Dutch, Portuguese, Scandinavian, Polish.
_PROMISES = re.compile(
    r"""\b(?:
        attach(?:ed|ing|ment|ments)? | enclosed | enclosure | find\ the\ file
      | anhang | anhänge[n]? | angehängte?[mnrs]? | anbei | beigefügte?[mnrs]? | beiliegende?[mnrs]? | anlagen?
      | ci-joint(?:e|s|es)? | pi[eè]ces?\ jointes? | en\ pi[eè]ce\ jointe | joins?\ le\ fichier
      | adjunt(?:o|a|os|as|amos)? | archivo\ adjunto
      | allegat(?:o|a|i|e) | in\ allegato
      | bijlagen? | bijgevoegde? | meegestuurde?
      | anexo | em\ anexo | segue\ anexad[oa]
      | bifogad | bifogar | bifogat | vedhæftet | vedlagt | vedlegg | liitteenä
      | załącznik(?:u|i|ach)? | w\ załączeniu | załącz(?:am|ony|ona|one)
      | přílo(?:ha|hy|ze|hu|hách) | вложени(?:е|и|я|ях) | прикрепл(?:яю|ен|ена|ены|ённый)
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
_QUOTED_LINE = re.compile(r"^>.*$", re.MULTILINE)
_SIGNATURE = re.compile(r"^-- ?$.*\Z", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Warning:
    """``code`` is what the form sends back as ``sure`` to overrule it."""

    code: str
    text: str


def find_warnings(
    *,
    subject: str,
    text: str,
    people: Sequence[Address],  # in To and Cc
    files: int,
    reply_all: bool,
    attachments_expected: bool = True,
    outsiders: Sequence[Address] = (),
    received_as: str = "",
    sent_as: str = "",
) -> list[Warning]:
    """What deserves a second look; ``text`` is what the writer wrote, without the quoted original.

    ``outsiders`` are the new ones from elsewhere (``find_outsiders``); ``received_as`` is which of the writer's
    addresses the original came to, "" where it says nothing of that.
    """
    found = []
    if received_as and comparable(received_as) != comparable(sent_as):
        said = _("You answer as %(sender)s, but the message came to %(address)s.")
        found.append(Warning("identity", said % {"sender": sent_as, "address": received_as}))
    if outsiders:
        names = ", ".join(one.address for one in outsiders[:3])
        said = ngettext(
            "%(names)s is outside %(domain)s and new to this conversation.",
            "%(names)s are outside %(domain)s and new to this conversation.",
            len(outsiders),
        )
        found.append(Warning("outside", said % {"names": names, "domain": _domain(sent_as)}))
    if not subject.strip():
        found.append(Warning("subject", _("The message has no subject.")))
    if attachments_expected and files == 0:
        word = promised_file(f"{subject}\n{text}")
        if word:
            found.append(Warning("attachment", _("You wrote “%(word)s”, but no file is attached.") % {"word": word}))
    if len(people) >= MANY_RECIPIENTS:
        count = len(people)
        if reply_all:
            words = ngettext(
                "Your answer goes to %(n)d person.", "Your answer goes to all %(n)d people of this conversation.", count
            )
        else:
            words = ngettext(
                "This message goes to %(n)d person.",
                "This message goes to %(n)d people, who all see each other in To and Cc.",
                count,
            )
        found.append(Warning("many", words % {"n": count}))
    return found


def find_outsiders(
    sender: str, people: Sequence[Address], known: Collection[str], *, is_public: bool
) -> tuple[Address, ...]:
    """Whom a letter among people of one house goes to that is of none of theirs and not ``known`` (comparable).

    Empty where everybody is from elsewhere, which is no slip, and for a domain that is no house (``is_public``: of a
    provider of mailboxes).
    """
    house = _domain(sender)
    if is_public or not any(_is_of(house, one) for one in people):
        return ()
    return tuple(one for one in people if not _is_of(house, one) and comparable(one.address) not in known)


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()


def _is_of(house: str, one: Address) -> bool:
    domain = _domain(one.address)
    return domain == house or domain.endswith(f".{house}")


def promised_file(text: str) -> str:
    """The word that promises a file, or "". Quoted lines and the signature promise nothing.

    >>> promised_file("Der Plan ist im Anhang."), promised_file("> see attached\\nThanks!")
    ('Anhang', '')
    """
    own = _SIGNATURE.sub("", _QUOTED_LINE.sub("", text))
    match = _PROMISES.search(own)
    return match[0] if match else ""
