"""The verbs the screens use. In: the acting user's id and ids of theirs. Out: rows and results as shown at once.

Each verb is one transaction: it checks whose things these are (``NotYours``), shows the effect, writes down
what the servers have yet to learn, and after the commit nudges the workers and tells the open pages.
``CannotDo`` carries a reason for the user, ``Conflict`` the draft as somebody else saved it.
"""

from mailsync.actions.accounts import (
    addresses_changed,
    check_login,
    connect_account,
    delete_account,
    examine_account,
    exchange_code,
    find_servers,
    lists_changed,
    pause_account,
    rename_account,
    renew_permission,
    resume_account,
    server_settings,
    sync_now,
    update_account,
    withdraw_permission,
)
from mailsync.actions.auto_replies import AutoReplyText, switch_off_auto_reply, write_auto_reply
from mailsync.actions.certificates import ask_trust
from mailsync.actions.contacts import (
    forget_contacts,
    forget_group,
    group_contacts,
    keep_contacts,
    merge_contacts,
    rename_group,
    ungroup_contacts,
    write_contact,
)
from mailsync.actions.conversations import merge, mute, pin, snooze, split
from mailsync.actions.devices import add_device, parse_subscription, remove_device
from mailsync.actions.drafts import (
    attach,
    detach,
    discard_draft,
    edit_stored_draft,
    forward_attached,
    keep_both,
    keep_gone,
    open_quote,
    save_draft,
    start_draft,
    write_again,
)
from mailsync.actions.emptying import empty_folder, set_emptying
from mailsync.actions.folders import create_folder, delete_folder, move_folder, rename_folder, subscribe_folder
from mailsync.actions.follow_ups import remind_of
from mailsync.actions.forwards import (
    add_forward_address,
    confirm_forward_address,
    remove_forward_address,
    renew_forward_code,
)
from mailsync.actions.invitations import answer_invitation
from mailsync.actions.keeping import set_keeping
from mailsync.actions.labels import colour_label, delete_label, make_label, rename_label
from mailsync.actions.lists import leave_by_mail, leave_by_post
from mailsync.actions.mail import (
    archive,
    copy,
    delete_for_good,
    fetch_now,
    flag,
    junk,
    mark_read,
    move,
    open_message,
    set_keyword,
    trash,
    undo,
)
from mailsync.actions.mail_imports import add_import_piece, begin_import, cancel_import_upload
from mailsync.actions.only_here import copy_home, throw_away_only_here
from mailsync.actions.operator import outbound_kinds, retry_everything, shut_outbound
from mailsync.actions.owned import NotYours
from mailsync.actions.presence import look_in
from mailsync.actions.receipts import answer_receipt
from mailsync.actions.recent_searches import forget_recent_searches, remember_search
from mailsync.actions.repair import retry_changes, retry_folder, verify_now
from mailsync.actions.rules import RuleText, remove_rule, reorder_rule, run_rule, switch_rule, write_rule
from mailsync.actions.saved_searches import forget_search, save_search
from mailsync.actions.senders import block_sender, block_sender_of, block_senders_of, sweep, unblock_sender
from mailsync.actions.sending import (
    cancel_outgoing,
    dismiss_outgoing,
    mark_as_sent,
    reopen,
    reschedule,
    retry_send,
    send,
    undo_send,
    write_to_missed,
)
from mailsync.actions.server_searches import ask_servers
from mailsync.actions.settings_file import take_settings
from mailsync.actions.signatures import attach_to_signature, write_signature
from mailsync.actions.templates import (
    Inserted,
    NameTaken,
    attach_to_template,
    insert_template,
    keep_template,
    put_template,
    remove_template,
    remove_template_file,
    start_from_template,
    write_template,
)
from mailsync.actions.uploads import add_piece, begin_upload, cancel_upload, stop_sharing
from mailsync.actions.webhooks import remove_webhook, renew_webhook_key, try_webhook, write_webhook
from mailsync.actions.whole_account import FolderGoal, copy_whole_account, plan_whole_copy, whole_copies
from mailsync.actions.whole_list import act_on_list
from mailsync.errors import CannotDo, MailError
from mailsync.store.drafts import Conflict
from mailsync.store.own_certificates import keep_certificates, remove_certificate
from mailsync.store.peer_certificates import forget_peer_certificate, keep_peer_certificate
from mailsync.store.room import TooLarge

__all__ = [
    "AutoReplyText",
    "CannotDo",
    "Conflict",
    "FolderGoal",
    "Inserted",
    "MailError",
    "NameTaken",
    "NotYours",
    "RuleText",
    "TooLarge",
    "act_on_list",
    "add_device",
    "add_forward_address",
    "add_import_piece",
    "add_piece",
    "addresses_changed",
    "answer_invitation",
    "answer_receipt",
    "archive",
    "ask_servers",
    "ask_trust",
    "attach",
    "attach_to_signature",
    "attach_to_template",
    "begin_import",
    "begin_upload",
    "block_sender",
    "block_sender_of",
    "block_senders_of",
    "cancel_import_upload",
    "cancel_outgoing",
    "cancel_upload",
    "check_login",
    "colour_label",
    "confirm_forward_address",
    "connect_account",
    "copy",
    "copy_home",
    "copy_whole_account",
    "create_folder",
    "delete_account",
    "delete_folder",
    "delete_for_good",
    "delete_label",
    "detach",
    "discard_draft",
    "dismiss_outgoing",
    "edit_stored_draft",
    "empty_folder",
    "examine_account",
    "exchange_code",
    "fetch_now",
    "find_servers",
    "flag",
    "forget_contacts",
    "forget_group",
    "forget_peer_certificate",
    "forget_recent_searches",
    "forget_search",
    "forward_attached",
    "group_contacts",
    "insert_template",
    "junk",
    "keep_both",
    "keep_certificates",
    "keep_contacts",
    "keep_gone",
    "keep_peer_certificate",
    "keep_template",
    "leave_by_mail",
    "leave_by_post",
    "lists_changed",
    "look_in",
    "make_label",
    "mark_as_sent",
    "mark_read",
    "merge",
    "merge_contacts",
    "move",
    "move_folder",
    "mute",
    "open_message",
    "open_quote",
    "outbound_kinds",
    "parse_subscription",
    "pause_account",
    "pin",
    "plan_whole_copy",
    "put_template",
    "remember_search",
    "remind_of",
    "remove_certificate",
    "remove_device",
    "remove_forward_address",
    "remove_rule",
    "remove_template",
    "remove_template_file",
    "remove_webhook",
    "rename_account",
    "rename_folder",
    "rename_group",
    "rename_label",
    "renew_forward_code",
    "renew_permission",
    "renew_webhook_key",
    "reopen",
    "reorder_rule",
    "reschedule",
    "resume_account",
    "retry_changes",
    "retry_everything",
    "retry_folder",
    "retry_send",
    "run_rule",
    "save_draft",
    "save_search",
    "send",
    "server_settings",
    "set_emptying",
    "set_keeping",
    "set_keyword",
    "shut_outbound",
    "snooze",
    "split",
    "start_draft",
    "start_from_template",
    "stop_sharing",
    "subscribe_folder",
    "sweep",
    "switch_off_auto_reply",
    "switch_rule",
    "sync_now",
    "take_settings",
    "throw_away_only_here",
    "trash",
    "try_webhook",
    "unblock_sender",
    "undo",
    "undo_send",
    "ungroup_contacts",
    "update_account",
    "verify_now",
    "whole_copies",
    "withdraw_permission",
    "write_again",
    "write_auto_reply",
    "write_contact",
    "write_rule",
    "write_signature",
    "write_template",
    "write_to_missed",
    "write_webhook",
]
