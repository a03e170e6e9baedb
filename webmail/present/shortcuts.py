"""The keys of the mailbox as the help sheet lists them. The keys themselves are in ``static/js/mail/keys.js``."""

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

Section = tuple[str, list[tuple[tuple[str, ...], str]]]


def shortcuts() -> list[Section]:
    """Sections of (keys, what they do); a chord lists its keys in order."""
    return [
        (
            _("Move about"),
            [
                (("J",), _("Next message")),
                (("K",), _("Previous message")),
                ((_(_("Enter")),), _("Open, then go to the subject")),
                ((_("Esc"),), _("Back to the list")),
                (("N",), _("Next message of the conversation")),
                (("P",), _("Previous message of the conversation")),
                (("/",), _("Search")),
                ((_("Ctrl"), "K"), _("Commands and folders")),
            ],
        ),
        (
            _("Do"),
            [
                (("E",), _("Archive")),
                (("#",), _("Delete")),
                (("!",), _("Junk, or not junk")),
                (("V",), _("Move to a folder")),
                (("L",), _("Label")),
                (("B",), _("Snooze")),
                (("M",), _("Mute the conversation")),
                (("S",), _("Flag")),
                (("U",), _("Read or unread")),
                (("Z",), _("Undo")),
            ],
        ),
        (
            _("Select"),
            [
                (("X",), _("Select this one")),
                ((_("Shift"), "↓"), _("Select down")),
                (("*",), _("Select all shown")),
                ((_("Esc"),), _("Clear the selection")),
            ],
        ),
        (
            _("Write"),
            [
                (("C",), _("New message")),
                (("R",), _("Reply")),
                (("A",), _("Reply all")),
                (("F",), _("Forward")),
                ((_("Ctrl"), _("Enter")), _("Send")),
            ],
        ),
        (
            _("Go to"),
            [
                (("G", "I"), _("Inbox")),
                (("G", "F"), _("Flagged")),
                (("G", "D"), _("Drafts")),
                (("G", "S"), _("Sent")),
                (("G", "A"), pgettext("folder", "Archive")),
                (("G", "T"), _("Bin")),
                (("?",), _("This sheet")),
            ],
        ),
    ]
