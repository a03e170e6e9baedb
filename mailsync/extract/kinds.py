"""Which attached files have text to look for, and how each is read. Pure, without the libraries that read them."""

#: Larger files are not read.
MOST_BYTES = 32 * 1024 * 1024

_ENDINGS = {
    "pdf": "pdf",
    **dict.fromkeys(("docx", "docm", "dotx", "xlsx", "xlsm", "pptx", "pptm", "odt", "ods", "odp"), "office"),
    **dict.fromkeys(("txt", "md", "csv", "tsv", "log", "json", "xml", "yaml", "yml", "tex", "srt"), "text"),
    **dict.fromkeys(("html", "htm", "xhtml"), "html"),
    "ics": "calendar",
    "eml": "message",
}
_TYPES = {
    "application/pdf": "pdf",
    "text/html": "html",
    "application/xhtml+xml": "html",
    "text/calendar": "calendar",
    "application/json": "text",
    **dict.fromkeys(("message/rfc822", "message/global", "message/news"), "message"),
}


def choose_kind(content_type: str, filename: str) -> str:
    """How a file is read, "" where no text is expected in it. The name goes before the type, which senders guess.

    >>> choose_kind("application/octet-stream", "Report.PDF"), choose_kind("image/png", "a.png")
    ('pdf', '')
    """
    ending = filename.rpartition(".")[2].lower() if "." in filename else ""
    if ending in _ENDINGS:
        return _ENDINGS[ending]
    if content_type in _TYPES:
        return _TYPES[content_type]
    if content_type.startswith(("application/vnd.openxmlformats-", "application/vnd.oasis.opendocument.")):
        return "office"
    return "text" if content_type.startswith("text/") else ""
