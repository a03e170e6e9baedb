"""The operators of a search by every name they go by: of Gmail, Outlook and others, and our own. Pure."""

from typing import get_args

from mailsync.plan.search_terms import FIELDS, Field, Importance, State, Thing

#: Spellings of Gmail, Outlook and others.
FIELD_NAMES: dict[str, Field] = {name: name for name in FIELDS} | {
    "sender": "from",
    "recipient": "to",
    "text": "body",
    "content": "body",
    "contents": "body",
    "attachment": "filename",
    "attachments": "filename",
    "file": "filename",
    "mailing-list": "list",
    "title": "subject",
}
#: Outlook: anybody whom a message names.
ANYBODY = {"participants"}
PEOPLE: tuple[Field, ...] = ("from", "to", "cc", "bcc")
STATES: dict[str, State] = {name: name for name in get_args(State)} | {
    "unseen": "unread",
    "new": "unread",
    "seen": "read",
    "starred": "flagged",
    "unstarred": "unflagged",
    "answered": "replied",
    "unanswered": "unreplied",
    "drafts": "draft",
}
THINGS: dict[str, Thing] = {name: name for name in get_args(Thing)} | {
    "attachments": "attachment",
    "file": "attachment",
    "files": "attachment",
    "invitation": "invite",
    "calendar": "invite",
    "ics": "invite",
}
YES_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
SINCE = {"after", "newer", "since"}
UNTIL = {"before", "older"}
ON = {"received", "sent", "date", "on"}
LARGER = {"larger", "larger_than", "bigger"}
SMALLER = {"smaller", "smaller_than"}
OF_FOLDERS = {"in", "folder"}
#: Gmail: ``in:unread`` and ``in:starred`` are states.
IN_STATES = {"unread", "read", "starred", "flagged"}
OF_LABELS = {"label", "keyword", "tag", "category"}
OF_DELIVERY = {"deliveredto", "delivered-to"}
IMPORTANCES: dict[str, Importance] = {name: name for name in get_args(Importance)} | {"medium": "normal"}
NAMES = {*OF_FOLDERS, *OF_LABELS, *OF_DELIVERY, "importance", "account", "id", "rfc822msgid", "messageid"}
FLAGS = {"is", "has", "hasattachment", "hasattachments", "isread", "isflagged", "hasflag"}
SPANS = {"older_than", "newer_than"}
OPERATORS = frozenset({*FIELD_NAMES, *ANYBODY, *SINCE, *UNTIL, *ON, *LARGER, *SMALLER, *NAMES, *FLAGS, *SPANS, "size"})
