"""What the scripts of the mailbox say, in the reader's language. ``_one`` and ``_many`` are chosen by number."""

from django.utils.translation import gettext as _


def script_words() -> dict[str, str]:
    """Phrases by name; ``{n}`` and ``{words}`` are filled in by the script."""
    return {
        "archive": _("Archive"),
        "delete": _("Delete"),
        "move": _("Move to…"),
        "label": _("Label…"),
        "flag": _("Flag"),
        "unflag": _("Remove flag"),
        "read": _("Mark as read"),
        "unread": _("Mark as unread"),
        "junk": _("Report junk"),
        "reply": _("Reply"),
        "reply_all": _("Reply all"),
        "forward": _("Forward"),
        "write": _("New message"),
        "undo": _("Undo"),
        "settings": _("Settings"),
        "keys": _("Keyboard shortcuts"),
        "retry": _("Try again"),
        "search_for": _("Search all mail for “{words}”"),
        "group_here": _("On this conversation"),
        "group_go": _("Go to"),
        "group_more": _("More"),
        "group_search": _("Search"),
        "selected_one": _("1 selected"),
        "selected_many": _("{n} selected"),
        "conversations_selected_one": _("1 conversation selected"),
        "conversations_selected_many": _("{n} conversations selected"),
        "messages_one": _("1 message"),
        "messages_many": _("{n} messages"),
        "new_one": _("1 new message"),
        "new_many": _("{n} new messages"),
        "select_first": _("Select one or more messages first."),
        "nothing_to_undo": _("There is nothing to undo."),
        "undone": _("Undone."),
        "unreachable": _("Heron could not be reached. Check your connection; nothing has changed."),
        "signed_out": _("You have been signed out."),
        "gone": _("This is no longer here. Another of your programs may have moved or deleted it."),
        "failed": _("Something went wrong on the server; nothing has changed. Try again in a moment."),
        "offline": _("You are offline."),
    }
