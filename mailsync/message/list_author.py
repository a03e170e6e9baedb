"""Who wrote a message that came by a mailing list, where From or Reply-To names the list instead. Pure.

Lists set Reply-To to themselves, and write over From where the author's domain has a strict DMARC policy (RFC 7960
§4.1.3.2): "Ann via Choir <choir@lists.example>". The author then stands in another field, or among Reply-To or Cc.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from mailsync.message.addresses import comparable
from mailsync.message.header_facts import pairs_to_addresses
from mailsync.types import Address

#: As Mailman, Google Groups and Sympa write the name of one who writes by a list.
_VIA = re.compile(r"(.+?)['\"]?\s+(?:via|über|par)\s+\S.*\Z", re.IGNORECASE)
#: Seen in practice, as of the IETF's lists: ann=40home.example@dmarc.lists.example.
_WRAPPED = re.compile(r"([^@=\s]+)=40([a-z0-9-]+(?:\.[a-z0-9-]+)+)@", re.IGNORECASE)


def author_behind_list(
    sender: Address, reply_to: Sequence[Address], cc: Sequence[Address], facts: Mapping[str, Any]
) -> Address | None:
    """The author, where the message came by a list and an ordinary answer would not go to them alone; else None.

    ``facts`` are as ``read_facts`` gives them.
    """
    if not facts.keys() & {"list_post", "list_id"}:
        return None
    author = _author(sender, reply_to, cc, facts)
    answered = [comparable(one.address) for one in reply_to or (sender,)]
    return None if author is None or answered == [comparable(author.address)] else author


def _author(
    sender: Address, reply_to: Sequence[Address], cc: Sequence[Address], facts: Mapping[str, Any]
) -> Address | None:
    lists = {comparable(facts["list_post"])} if facts.get("list_post") else set()
    via = _VIA.match(sender.name)
    name = via.group(1).strip(" '\"") if via else sender.name
    for original in pairs_to_addresses([facts["original_from"]] if "original_from" in facts else []):
        if comparable(original.address) not in lists:
            return Address(original.name or name, original.address)
    if wrapped := _WRAPPED.match(sender.address):
        return Address(name, f"{wrapped.group(1)}@{wrapped.group(2)}")
    if via is None and comparable(sender.address) not in lists:
        return sender if sender.address else None
    # From is the list's. Mailman puts the author into Reply-To, or into Cc where Reply-To is the list's, too.
    lists.add(comparable(sender.address))
    answers = [one for one in reply_to if comparable(one.address) not in lists]
    named = [one for one in (*answers, *cc) if one.name.strip(" '\"").casefold() == name.casefold() != ""]
    named = [one for one in named if comparable(one.address) not in lists]
    return named[0] if named else answers[0] if len(answers) == 1 else None
