"""What is indexed of a message: its facts in, the words of its fields out. Pure."""

from collections.abc import Sequence

from mailsync.extract.kinds import MOST_BYTES, choose_kind
from mailsync.message.facts import ParsedHeader, ParsedMessage, Part
from mailsync.message.lexemes import IndexedText, people_of
from mailsync.message.plain import plain


def header_text(message_id: int, header: ParsedHeader) -> IndexedText:
    """What is indexed while the body is not here."""
    people = (("from", (header.sender,)), ("to", header.to), ("cc", header.cc), ("bcc", header.bcc))
    return IndexedText(
        message_id,
        subject=plain(header.subject),
        people=people_of(people),
        list_id=plain(f"{header.facts.get('list_name', '')} {header.facts.get('list_id', '')}"),
        has_body=False,
    )


def readable_files(parsed: ParsedMessage) -> list[Part]:
    """The attachments that have a text of their own."""
    return [
        part
        for part in parsed.attachments
        if choose_kind(part.content_type, part.filename) and part.size_bytes <= MOST_BYTES
    ]


def message_text(message_id: int, parsed: ParsedMessage, file_texts: Sequence[str] | None = None) -> IndexedText:
    """What is indexed of a whole message; without ``file_texts`` its files wait to be read."""
    header = header_text(message_id, parsed.header)
    return IndexedText(
        message_id,
        subject=header.subject,
        people=header.people,
        list_id=header.list_id,
        text=parsed.text,
        own=parsed.own_text,
        files=[part.filename for part in parsed.attachments if part.filename],
        has_invite=any(part.content_type == "text/calendar" for part in parsed.root.walk()),
        file_texts=file_texts or (),
        files_waiting=file_texts is None and bool(readable_files(parsed)),
        language=parsed.language,
    )
