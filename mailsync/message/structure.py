"""Raw bytes in, the tree of MIME parts with offsets out. Pure: nothing is copied and no body is decoded.

A multipart is cut at its own boundary within its parent's region, so an inner boundary that is missing or
repeated cannot swallow what stands outside. Anything that cannot be cut stays a leaf: no part is lost.
"""

import re
from dataclasses import dataclass, field

from mailsync.message.encoded_words import decode_words
from mailsync.message.facts import Part
from mailsync.message.headers import Fields, first, split_header, structured, unstructured
from mailsync.message.parameters import clean_filename, parse_value
from mailsync.message.references import parse_message_id

MAX_DEPTH = 50
MAX_PARTS = 1000

#: Parameters of Content-Type that the product reads later on.
_KEPT_PARAMETERS = frozenset(
    {"format", "delsp", "method", "protocol", "micalg", "report-type", "smime-type", "type", "start", "x-action"}
)
_MAX_PARAMETER = 200
_CONTENT_TYPE = re.compile(r"[a-z0-9][\w.+-]{0,80}/[\w.+-]{1,120}")
_IDENTITY = frozenset({"", "7bit", "8bit", "binary"})
_ENCODINGS = {"base64": "base64", "quoted-printable": "quoted-printable"}
_UU_NAMES = frozenset({"x-uuencode", "uuencode", "x-uue", "uue"})
_MESSAGE_TYPES = frozenset({"message/rfc822", "message/global", "message/news"})
# RFC 2046 §5.1.2: the boundary need not be the whole line; but a longer boundary that begins alike is another one.
_REST_OF_LINE = re.compile(rb"(?![\w'()+,./:=?-])[^\r\n]*(?:\r\n|\n|\r|\Z)", re.A)
# A line that can only be a boundary: followed by a part's header.
_GUESSED = re.compile(rb"^--([^\r\n]{1,200}?)[ \t]*\r?\n(?=content-)", re.M | re.I)


@dataclass(slots=True)
class Walk:
    """What one walk over a message gathers beside the tree."""

    raw: bytes
    count: int = 0
    defects: dict[str, None] = field(default_factory=dict)
    charset: str = ""

    def note(self, *codes: str) -> None:
        self.defects.update(dict.fromkeys(codes))


def read_structure(raw: bytes) -> tuple[Part, Fields, Walk]:
    """The tree, the fields of the message's own header, and the walk with its defects."""
    walk = Walk(raw)
    fields, body, defects = split_header(raw, 0, len(raw))
    walk.note(*defects)
    return read_entity(walk, fields, body, len(raw), path="", depth=0), fields, walk


def read_entity(
    walk: Walk, fields: Fields, start: int, end: int, *, path: str, depth: int, default: str = "text/plain"
) -> Part:
    """The part whose body is ``start:end``. ``path`` is "" for the message itself, "2." inside of message 2."""
    walk.count += 1
    content_type, params = _content_type(walk, fields, default)
    encoding = _encoding(walk, fields)
    leaf_path = path if path and not path.endswith(".") else f"{path}1"
    if content_type.startswith("multipart/"):
        children = _read_multipart(walk, content_type, params.get("boundary", ""), start, end, path, depth)
        if children:
            own = f"{path}TEXT" if not path or path.endswith(".") else path
            return Part(own, content_type, start=start, end=end, params=_kept(params), children=children)
        # Nothing could be cut: its text must still be read.
        walk.note("multipart_without_parts")
        content_type = "text/plain"
    disposition, filename = _disposition(fields, params)
    children = ()
    if content_type in _MESSAGE_TYPES:
        if encoding not in _IDENTITY:
            walk.note("encoded_message")
        elif depth < MAX_DEPTH:
            child, inner = _read_message(walk, start, end, leaf_path, depth)
            children = (child,)
            subject = first(inner, b"subject")
            if not filename and subject:
                filename = clean_filename(f"{unstructured(subject, walk.charset)[:120]}.eml")
        else:
            walk.note("too_deep")
    if content_type.startswith("text/") and params.get("charset") and not walk.charset:
        walk.charset = params["charset"]
    kept = _kept(params)
    location = first(fields, b"content-location")
    if location and len(location) < 2000:
        kept["content-location"] = structured(location)
    return Part(
        path=leaf_path,
        content_type=content_type,
        charset=params.get("charset", "").lower()[:60],
        disposition=disposition,
        filename=filename,
        content_id=parse_message_id(decode_words(structured(first(fields, b"content-id")))),
        encoding=encoding,
        start=start,
        end=end,
        size_bytes=_decoded_size(walk.raw, encoding, start, end),
        params=kept,
        children=children,
    )


def _read_message(walk: Walk, start: int, end: int, path: str, depth: int) -> tuple[Part, Fields]:
    """The message inside a message/rfc822 part: its parts are numbered below it (RFC 9051 §6.4.5.1)."""
    # Seen in practice: an empty line before the nested header.
    while walk.raw.startswith((b"\r\n", b"\n"), start, end):
        start += 2 if walk.raw[start] == 13 else 1
    fields, body, defects = split_header(walk.raw, start, end)
    walk.note(*defects)
    return read_entity(walk, fields, body, end, path=f"{path}.", depth=depth + 1), fields


def _read_multipart(
    walk: Walk, content_type: str, boundary: str, start: int, end: int, path: str, depth: int
) -> tuple[Part, ...]:
    if depth >= MAX_DEPTH:
        walk.note("too_deep")
        return ()
    # RFC 2046 §5.1.1: a boundary cannot end with white space; where its writer meant it so, that is tried first.
    regions: list[tuple[int, int]] = []
    for one in dict.fromkeys((boundary, boundary.rstrip())):
        regions = regions or (_regions(walk, one, start, end) if one else [])
    if not regions:
        # Seen in practice: no boundary parameter, or another one than the body uses.
        guessed = _GUESSED.search(walk.raw, start, end)
        if guessed is None:
            walk.note("boundary_missing")
            return ()
        walk.note("boundary_guessed")
        regions = _regions(walk, guessed.group(1).decode("latin-1"), start, end)
    default = "message/rfc822" if content_type == "multipart/digest" else "text/plain"
    prefix = "" if not path or path.endswith(".") else "."
    children = []
    for number, (part_start, part_end) in enumerate(regions, 1):
        if walk.count >= MAX_PARTS:
            walk.note("too_many_parts")
            last = regions[-1][1]
            children.append(Part(f"{path}{prefix}{number}", "application/octet-stream", start=part_start, end=last))
            break
        fields, body, defects = split_header(walk.raw, part_start, part_end)
        walk.note(*defects)
        child_path = f"{path}{prefix}{number}"
        children.append(
            read_entity(walk, fields, min(body, part_end), part_end, path=child_path, depth=depth + 1, default=default)
        )
    return tuple(children)


def _regions(walk: Walk, boundary: str, start: int, end: int) -> list[tuple[int, int]]:
    """Where each part lies (RFC 2046 §5.1.1): the line end before a boundary belongs to the boundary."""
    raw = walk.raw
    marker = b"--" + boundary.encode("utf-8", "replace")
    regions: list[tuple[int, int]] = []
    open_at = -1
    closed = False
    at = raw.find(marker, start, end)
    while at >= 0 and len(regions) <= MAX_PARTS:
        after = at + len(marker)
        if at == start or raw[at - 1] in b"\r\n":
            closes = raw.startswith(b"--", after, end)
            rest = _REST_OF_LINE.match(raw, after + 2 if closes else after, end)
            if rest is not None:
                # Seen in practice: the same boundary line twice in a row; there is no part between them.
                if 0 <= open_at < at:
                    regions.append((open_at, _before_line_end(raw, open_at, at)))
                if closed and not closes:
                    # Seen in practice: the inner and the outer multipart share one boundary.
                    walk.note("parts_after_close")
                open_at = -1 if closes else rest.end()
                closed = closed or closes
                after = rest.end()
        at = raw.find(marker, max(after, at + 1), end)
    if open_at >= 0:
        walk.note("close_boundary_missing")
        regions.append((open_at, end))
    return regions


def _before_line_end(raw: bytes, start: int, at: int) -> int:
    if at - start >= 2 and raw[at - 2 : at] == b"\r\n":
        return at - 2
    return max(start, at - 1)


def _content_type(walk: Walk, fields: Fields, default: str) -> tuple[str, dict[str, str]]:
    value = first(fields, b"content-type")
    if not value:
        return default, {}
    content_type, params = parse_value(structured(value, walk.charset))
    if _CONTENT_TYPE.fullmatch(content_type) is None:
        walk.note("content_type_broken")
        # RFC 2045 §5.2. Seen in practice: "text", "html", "pdf", and parameters alone.
        guessed = {"text": "text/plain", "html": "text/html", "multipart": "multipart/mixed"}.get(content_type, "")
        if not guessed and params.get("boundary"):
            guessed = "multipart/mixed"
        content_type = guessed or ("application/octet-stream" if params.get("name") else "text/plain")
    return content_type, params


def _encoding(walk: Walk, fields: Fields) -> str:
    value = structured(first(fields, b"content-transfer-encoding")).partition(";")[0].strip(" \t\"'.").lower()
    if value in _IDENTITY:
        return value or "7bit"
    known = _ENCODINGS.get(value)
    if known:
        return known
    if value in _UU_NAMES:
        return "x-uuencode"
    # Seen in practice: "8 bit", "base64 ; charset", "quoted/printable", "7-bit", "utf-8".
    walk.note("encoding_unknown")
    if value.startswith(("base64", "base-64", "b64")):
        return "base64"
    if value.startswith("quoted"):
        return "quoted-printable"
    return "8bit"


def _disposition(fields: Fields, params: dict[str, str]) -> tuple[str, str]:
    value = first(fields, b"content-disposition")
    disposition, named = parse_value(structured(value)) if value else ("", {})
    filename = clean_filename(named.get("filename", "") or params.get("name", "") or named.get("name", ""))
    if disposition not in ("", "inline", "attachment"):
        # RFC 2183 §2.8: an unknown disposition is an attachment. Seen in practice: a file name alone.
        disposition = "attachment"
    return disposition, filename


def _kept(params: dict[str, str]) -> dict[str, str]:
    return {name: value[:_MAX_PARAMETER] for name, value in params.items() if name in _KEPT_PARAMETERS and value}


def _decoded_size(raw: bytes, encoding: str, start: int, end: int) -> int:
    """Estimated from the encoded bytes without decoding them; exact for sound base64."""
    size = end - start
    if encoding == "base64":
        lines = raw.count(b"\n", start, end)
        crlf = lines and raw.find(b"\r\n", start, end) >= 0
        padding = raw.count(b"=", max(start, end - 8), end)
        return max(0, (size - lines * (2 if crlf else 1)) * 3 // 4 - padding)
    if encoding == "quoted-printable":
        return max(0, size - 2 * raw.count(b"=", start, end))
    return size
