"""What scripts say, in the reader's language; ``static/js/words.js`` reads it from the page."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

Phrase = str | dict[str, str]

#: Numbers of which at least one is in each plural category of every language that gettext and CLDR know.
_SAMPLES = (2, 1, 0, 3, 5, 6, 11, 20, 100, 1_000_000)


def script_words() -> dict[str, Phrase]:
    """Phrases by name; what stands in braces is filled in by the script."""
    return {
        "archive": _("Archive"),
        "delete": _("Delete"),
        "move": _("Move to…"),
        "label": _("Label…"),
        "snooze": _("Snooze…"),
        "mute": _("Mute"),
        "pin": _("Pin to the top"),
        "merge": _("Merge conversations"),
        "copy": _("Copy to…"),
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
        "selected": _forms("{n} selected", "{n} selected"),
        "conversations_selected": _forms("{n} conversation selected", "{n} conversations selected"),
        "messages_selected": _forms("{n} message selected", "{n} messages selected"),
        "messages": _forms("{n} message", "{n} messages"),
        "unread_said": _("unread"),
        "new": _forms("{n} new message", "{n} new messages"),
        "new_here": _("New in this conversation: {names}"),
        "everything": _("Select all {n} in {name}"),
        "everything_selected": _("All selected"),
        "undoing": _("Taking it back…"),
        "stopped": _("Stopped. What became of it stands under Activity."),
        "select_first": _("Select one or more messages first."),
        "nothing_to_undo": _("There is nothing to undo."),
        "undone": _("Undone."),
        "undone_this": _("Undone: {what}"),
        "unreachable": _("Heron could not be reached. Check your connection; nothing has changed."),
        "unanswered": _("Heron did not answer in time. The list shows whether it was done."),
        "signed_out": _("You have been signed out."),
        "gone": _("This is no longer here. Another of your programs may have moved or deleted it."),
        "failed": _("Something went wrong on the server; nothing has changed. Try again in a moment."),
        "offline": _("You are offline."),
        "notify_denied": _("The browser does not let Heron notify you. Allow it in the settings of the browser."),
        "offline_waiting": _forms("Offline, {n} change waits", "Offline, {n} changes wait"),
        "sign_out_offline": _(
            "You are still signed in: Heron could not be reached. Sign out once the connection is back."
        ),
        "sign_out_waiting": _forms(
            "You are still signed in: {n} change waits for the connection. Sign out once it is sent.",
            "You are still signed in: {n} changes wait for the connection. Sign out once they are sent.",
        ),
        "sign_out_unsaved": _forms(
            "You are still signed in: {n} draft is not saved yet. Sign out once it is.",
            "You are still signed in: {n} drafts are not saved yet. Sign out once they are.",
        ),
        "kept_for_later": _("You are offline. This is done here, and on the server once you are back."),
        "saving": _("Saving…"),
        "kept_offline": _("Offline. Kept on this device"),
        "not_saved_yet": _("Not saved. Trying again soon"),
        "not_saved": _("Not saved"),
        "both_kept": _("Both are kept. The other one is in Drafts."),
        "draft_gone": _(
            "This draft was sent or discarded in another window. What you write here is not saved any more."
        ),
        "keep_as_new": _("Keep as a new draft"),
        "kept_as_new": _("Kept as a new draft."),
        "close": _("Close"),
        "signed_out_writing": _(
            "You have been signed out. What you wrote is kept on this device and is here again once you sign in."
        ),
        "sign_in": _("Sign in"),
        "file_too_large": _("“{name}” is {size}. One file can be {limit} at most."),
        "message_too_large": _("With “{name}” the message would be larger than {limit}. Remove another file first."),
        "send_as_link": _("Give it as a link"),
        "link_offer": _("It can be given as a link that works for some weeks."),
        "link_ready": _("The link to {name} stands in your message."),
        "upload_so_far": _("{done} of {size}"),
        "upload_paused": _("Paused at {done} of {size}"),
        "upload_waiting": _("Waiting for the connection"),
        "pause_upload": _("Pause upload of {name}"),
        "resume_upload": _("Go on with upload of {name}"),
        "forecast": _("About {size} of the {limit} that can be sent."),
        "attached": _("{name} attached."),
        "not_uploaded": _("“{name}” could not be uploaded ({status})."),
        "upload_offline": _("“{name}” was not uploaded: the connection is gone."),
        "share_lost": _("There was no room on this device for “{name}”. Attach it here."),
        "file": _("file"),
        "uploading": _("Uploading {name}"),
        "cancel_upload": _("Cancel upload of {name}"),
        "people": _("People"),
        "remove_person": _("Remove {name}"),
        "person_removed": _("{name} removed."),
        "message_offline": _(
            "You are offline. The message is kept on this device; send it once the connection is back."
        ),
        "did_not_work": _("That did not work. What you wrote is still here; try again in a moment."),
        "not_undone": _("That could not be undone. Look under Activity."),
        "no_signature": _("This address has no signature yet. Write one in the settings."),
        "saved_in_drafts": _("Saved in Drafts."),
        "draft_offline": _("You are offline. The draft is kept on this device."),
        "sent_after_upload": _("This is sent as soon as its files are uploaded."),
        "not_yet": _("Not yet"),
        "replace": _("Replace it"),
        "picture_in_template": _("Save the template once: then it takes pictures."),
        "not_stopped": _("It could not be stopped. Look in the outbox."),
        "quoted": _("Quoted message"),
        "leave_out": _("Leave out"),
        "picture_far": _("Picture from the web"),
        "message": _("Message"),
        "placeholder": _("Write something…"),
        "link_address": _("Address of the link"),
        "picture_size": _("Size of the picture"),
        "picture_small": _("Small"),
        "picture_fit": _("Best fit"),
        "picture_original": _("Original size"),
        "picture_text": _("Description for people who cannot see it"),
        "picture_width": _("Width of the picture"),
        "picture_pixels": _("{width} by {height} pixels"),
        "link": _("Link"),
        "writing_offline": _("You are offline. Writing can go on once the connection is back."),
        "show": _("Show"),
        "people_found": _forms("{n} person found.", "{n} people found."),
    }


def _forms(one: str, many: str) -> dict[str, str]:
    """The plural forms, each under a number it goes with: a script finds its own by the number's plural category."""
    forms: dict[str, str] = {}
    for number in _SAMPLES:
        text = ngettext(one, many, number)
        if text not in forms.values():
            forms[str(number)] = text
    return forms
