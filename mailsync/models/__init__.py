"""The tables of mail, one file a subject."""

from mailsync.models.act import Act
from mailsync.models.addressed import AddressedTo
from mailsync.models.answers import EventAnswer, EventNotice, Unsubscription
from mailsync.models.auto_reply import AutoReplied, AutoReply
from mailsync.models.certificate import TrustedCertificate
from mailsync.models.change import Change
from mailsync.models.contact import Contact, ContactAddress
from mailsync.models.device import Device
from mailsync.models.emptying import Emptying
from mailsync.models.folder import BodyPiece, Folder, Hole
from mailsync.models.follow_up import FollowUp
from mailsync.models.forward import Forward, ForwardAddress
from mailsync.models.label import Label, LabelChange, Labelled, LabelTally
from mailsync.models.list_choice import ListChoice
from mailsync.models.mail_sum import MailSum
from mailsync.models.message import (
    ONLY_HERE_EPOCH,
    FileText,
    Message,
    MessageText,
    Placement,
    RawMessage,
    RenderedBody,
    Thread,
    ThreadDecision,
    ThreadReference,
    ThreadRow,
)
from mailsync.models.message_row import ByMessage, MessageRow
from mailsync.models.outgoing import (
    Blob,
    Draft,
    DraftAttachment,
    Outgoing,
    OutgoingEvent,
    OutgoingRecipient,
    Upload,
    UploadPiece,
)
from mailsync.models.recent_search import RecentSearch
from mailsync.models.rule import Arrival, BlockedSender, Rule, RuleHit
from mailsync.models.saved_search import SavedSearch
from mailsync.models.server_search import ServerSearch
from mailsync.models.signature import SignaturePicture
from mailsync.models.snooze import Snooze
from mailsync.models.template import MailTemplate, TemplateFile
from mailsync.models.throttle import BlockedHost, ConnectionCap, EgressSwitch, Halt, Traffic
from mailsync.models.webhook import Webhook, WebhookCall
from mailsync.models.word_form import WordForm
from mailsync.models.work import AccountSync, Lease, PopMessage, SchedulerTick, SyncRun

__all__ = [
    "ONLY_HERE_EPOCH",
    "AccountSync",
    "Act",
    "AddressedTo",
    "Arrival",
    "AutoReplied",
    "AutoReply",
    "Blob",
    "BlockedHost",
    "BlockedSender",
    "BodyPiece",
    "ByMessage",
    "Change",
    "ConnectionCap",
    "Contact",
    "ContactAddress",
    "Device",
    "Draft",
    "DraftAttachment",
    "EgressSwitch",
    "Emptying",
    "EventAnswer",
    "EventNotice",
    "FileText",
    "Folder",
    "FollowUp",
    "Forward",
    "ForwardAddress",
    "Halt",
    "Hole",
    "Label",
    "LabelChange",
    "LabelTally",
    "Labelled",
    "Lease",
    "ListChoice",
    "MailSum",
    "MailTemplate",
    "Message",
    "MessageRow",
    "MessageText",
    "Outgoing",
    "OutgoingEvent",
    "OutgoingRecipient",
    "Placement",
    "PopMessage",
    "RawMessage",
    "RecentSearch",
    "RenderedBody",
    "Rule",
    "RuleHit",
    "SavedSearch",
    "SchedulerTick",
    "ServerSearch",
    "SignaturePicture",
    "Snooze",
    "SyncRun",
    "TemplateFile",
    "Thread",
    "ThreadDecision",
    "ThreadReference",
    "ThreadRow",
    "Traffic",
    "TrustedCertificate",
    "Unsubscription",
    "Upload",
    "UploadPiece",
    "Webhook",
    "WebhookCall",
    "WordForm",
]
