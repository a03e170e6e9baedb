"""A read receipt (RFC 8098): the answer to a message that asked for one, built only when its reader wants it. Pure."""

from datetime import datetime

from mailsync.message.compose import BuiltMessage, put_together
from mailsync.message.entities import boundaries_of, field_entity, normal_text, text_entity, write_multipart
from mailsync.message.facts import Composition, ParsedHeader
from mailsync.message.flowed import flow
from mailsync.message.header_facts import pairs_to_addresses
from mailsync.message.references import reply_references
from mailsync.types import Address

SUBJECT = "Read: {subject}"
TEXT = (
    "This is a receipt for the message that you sent to {address}.\n\n"
    "It says that the message was displayed; it does not say that it was read or understood.\n"
)


def receipt_requested(header: ParsedHeader) -> Address | None:
    """Who asks for a receipt, where one may be sent at all.

    RFC 8098 §2.1: never for a message that is itself automatic or from a list, and not where several are named.
    """
    wanted = pairs_to_addresses(header.facts.get("mdn_to", []))
    automatic = "auto_submitted" in header.facts or header.facts.get("precedence") in ("bulk", "list", "junk")
    if len(wanted) != 1 or automatic or header.facts.get("return_path", "x") == "":
        return None
    return wanted[0]


def build_receipt(
    header: ParsedHeader,
    sender: Address,
    *,
    message_id: str,
    date: datetime,
    subject: str = SUBJECT,
    text: str = TEXT,
    user_agent: str = "",
) -> BuiltMessage:
    """The receipt as a message; ``subject`` and ``text`` are templates with ``{subject}`` and ``{address}``.

    It is sent with an empty envelope sender (RFC 8098 §3), so that it cannot bounce back.
    Raises ``ValueError`` when nobody may be answered.
    """
    recipient = receipt_requested(header)
    if recipient is None:
        raise ValueError("This message did not ask for a receipt that may be sent.")
    words = {"subject": header.subject, "address": sender.address}
    composition = Composition(
        sender=sender,
        to=(recipient,),
        cc=(),
        bcc=(),
        subject=subject.format(**words),
        text="",
        html=None,
        message_id=message_id,
        date=date,
        in_reply_to=header.message_id,
        references=reply_references(header.message_id, header.references, header.in_reply_to),
        auto_submitted="auto-replied",
    )
    fields = [
        ("Reporting-UA", user_agent),
        ("Final-Recipient", f"rfc822; {sender.address}"),
        ("Original-Message-ID", f"<{header.message_id}>" if header.message_id else ""),
        ("Disposition", "manual-action/MDN-sent-manually; displayed"),
    ]
    parts = [
        text_entity("plain", flow(normal_text(text.format(**words))), [("format", "flowed")]),
        field_entity("message/disposition-notification", fields),
    ]
    report = [("report-type", "disposition-notification")]
    return put_together(composition, write_multipart("report", parts, boundaries_of(message_id), report))
