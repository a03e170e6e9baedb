"""What a person wrote (HTML from the editor, or quoted mail) in, the HTML that may leave out. Pure.

An allow-list decides on every element, attribute and style; what it does not name is dropped or, for an
element, replaced by its children. Two forms: *kept* (in a draft) holds ``<div data-original>`` where the
quoted message will stand, and names inline pictures ``cid:`` (RFC 2392); *outgoing* holds nothing of ours.
"""

import re
from collections import Counter
from collections.abc import Callable
from html import escape

import tinycss2
from selectolax.lexbor import LexborHTMLParser, LexborNode

from mailsync.message.html_text import html_to_text

#: Answers with the address to show for a Content-ID, or None where there is no such picture.
PictureUrl = Callable[[str], str | None]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_STYLED = _words("style dir lang title align")
_TAGS: dict[str, frozenset[str]] = {
    **dict.fromkeys(
        _words(
            "abbr address b big br center cite code dd del div dl dt em h1 h2 h3 h4 h5 h6 hr i ins kbd mark p pre q s"
            " samp small span strike strong sub sup tt u ul var article section header footer main figure figcaption"
        ),
        _STYLED,
    ),
    "a": _STYLED | {"href", "name"},
    "blockquote": _STYLED | {"type", "cite"},
    "caption": _STYLED,
    "col": _STYLED | {"span", "width"},
    "colgroup": _STYLED | {"span", "width"},
    "font": _STYLED | {"color", "face", "size"},
    "img": _STYLED | {"src", "alt", "width", "height", "border"},
    "li": _STYLED | {"value"},
    "ol": _STYLED | {"start", "type"},
    "table": _STYLED | {"width", "height", "border", "cellpadding", "cellspacing", "bgcolor", "role"},
    **dict.fromkeys(("tbody", "thead", "tfoot"), _STYLED | {"valign"}),
    "tr": _STYLED | {"valign", "bgcolor", "height"},
    **dict.fromkeys(("td", "th"), _STYLED | {"colspan", "rowspan", "width", "height", "valign", "bgcolor", "nowrap"}),
}
_VOID = frozenset({"br", "col", "hr", "img"})
#: Dropped with all that is in them; any other unknown element gives way to its children.
_GONE = _words(
    "script style title head link meta base object embed applet iframe frame frameset noframes template svg math"
    " audio video source track canvas form input button select option textarea noscript dialog portal"
)
#: A form of a newsletter may wrap its words: the element goes, the words stay.
_UNWRAPPED = frozenset({"form"})
_LINK = re.compile(r"(?:https?://|mailto:|tel:|sms:|#)[^\x00-\x1f]*", re.IGNORECASE)
_REMOTE_PICTURE = re.compile(r"https?://[^\s\x00-\x1f]+", re.IGNORECASE)
_DATA_PICTURE = re.compile(r"data:image/(?:png|gif|jpeg|webp);base64,[A-Za-z0-9+/=\s]+", re.IGNORECASE)
_CID = re.compile(r"[\x21\x23-\x26\x28-\x3b\x3d\x3f-\x7e]{1,250}")
_PROPERTIES = _words(
    "color background-color background text-align text-decoration text-decoration-line text-transform text-indent"
    " vertical-align white-space line-height letter-spacing word-spacing direction list-style list-style-type"
    " border-collapse border-spacing table-layout width height max-width min-width max-height min-height display float"
    " clear overflow-wrap word-break word-wrap"
)
_FAMILIES = ("font", "margin", "padding", "border", "mso-hide")
_FUNCTIONS = frozenset({"rgb", "rgba", "hsl", "hsla", "oklch", "calc", "light-dark"})
_MARKER = re.compile(r'<div data-original="[^"]*"></div>')
_PICTURE = re.compile(r'(<img [^>]*?src="cid:)([^"]+)"')
#: Of which HTML shows one, or none at the start of a line.
_SPACES = re.compile(r" {2,}|^ ", re.MULTILINE)
_EMPTY_PARAGRAPH = re.compile(r"<p((?: [^>]*)?)></p>")


def clean_draft(html: str) -> str:
    """The body as a draft keeps it: allowed HTML, the place of the quoted original, pictures as ``cid:``.

    >>> clean_draft('<p onclick="x()">Hi<script>y()</script></p><div data-original="7">old</div>')
    '<p>Hi</p><div data-original="7"></div>'
    """
    return _Cleaner(keep_marker=True).clean(html)


def clean_outgoing(html: str) -> str:
    """The body as it leaves: allowed HTML only, nothing of ours, empty lines as clients show them.

    >>> clean_outgoing('<p></p><p data-x="1"><a href="javascript:x">no</a></p>')
    '<p><br></p><p><a>no</a></p>'
    """
    return _EMPTY_PARAGRAPH.sub(r"<p\1><br></p>", _Cleaner(keep_marker=False).clean(html))


def show_pictures(html: str, url_of: PictureUrl) -> str:
    """A kept body for the editor: ``cid:`` pictures under an address of ours, named in ``data-cid``. Those of
    elsewhere are named in ``data-remote`` alone, so that nothing of the page ever fetches one."""
    return _Cleaner(keep_marker=True, url_of=url_of).clean(html)


def original_marker(message_id: int) -> str:
    """Where the quoted message will stand; one block for the editor."""
    return f'<div data-original="{int(message_id)}"></div>'


def has_original(body: str) -> bool:
    return _MARKER.search(body) is not None


def splice_original(body: str, quoted: str) -> str:
    """A kept body with ``quoted`` at its marker, once; further markers vanish, and without one nothing changes."""
    first, *rest = _MARKER.split(body)
    return first + quoted + "".join(rest) if rest else body


def original_marker_in(body: str) -> tuple[str, str, str]:
    """A kept body as what stands above the quoted original, its marker, and what stands below. Without one, and of
    further ones, the marker is "".

    >>> original_marker_in('<p>Hi</p><div data-original="7"></div><p>x</p>')
    ('<p>Hi</p>', '<div data-original="7"></div>', '<p>x</p>')
    """
    found = _MARKER.search(body)
    if found is None:
        return body, "", ""
    return body[: found.start()], found[0], _MARKER.sub("", body[found.end() :])


def cids_in(html: str) -> tuple[str, ...]:
    """The Content-IDs of the pictures that an already clean body shows, each once, in order."""
    found = (match[2] for match in _PICTURE.finditer(html))
    return tuple(dict.fromkeys(found))


def rename_pictures(html: str, names: dict[str, str]) -> str:
    """An already clean body whose pictures go by other Content-IDs; those not named keep theirs."""
    return _PICTURE.sub(lambda match: f'{match[1]}{names.get(match[2], match[2])}"', html)


def text_as_html(text: str) -> str:
    r"""Plain text in paragraphs, parted where a line is empty; what stands in columns or is indented stays so.

    >>> text_as_html("One\ntwo\n\n<three>")
    '<p>One<br>two</p><p>&lt;three&gt;</p>'
    """
    if not text.strip():
        return ""
    lines = _SPACES.sub(_unbreaking, text.replace("\r\n", "\n").rstrip("\n").expandtabs(4))
    blocks = escape(lines, quote=False).split("\n\n")
    return "".join("<p>" + block.replace("\n", "<br>") + "</p>" for block in blocks)


def _unbreaking(spaces: re.Match[str]) -> str:
    return "\xa0" * max(1, len(spaces[0]) - 1) + " " * (len(spaces[0]) > 1)


#: What browsers carry on into the next paragraph where it was left open (HTML §13.2.4.3): of a hundred and a hundred
#: paragraphs they make ten thousand elements.
_CARRIED = re.compile(r"<(/?)(?=(?:a|b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)[\s/>])", re.IGNORECASE)
_TAG = re.compile(r"<(/?)([a-z][a-z0-9-]*)")
#: Put before their names, they are elements like any other.
_INERT = "heron-"
_AS_WRITTEN = re.compile(rf"<(/?){_INERT}")
_MOST_CARRIED = 1_000_000
#: Words typed by people have neither; with both a parser takes minutes.
_MANY_TAGS, _DEEP = 20_000, 1_000
_LEFT_OPEN = _words("br col dd dt hr img input li link meta option p source tbody td tfoot th thead tr wbr")


def _easy(html: str) -> str:
    """The same to read for a parser in bounded time and memory, whatever it is; what is deeper than anything that was
    written is its text alone. This is asked in the process that answers everybody."""
    tags = html.count("<")
    if tags * sum(1 for one in _CARRIED.finditer(html) if not one[1]) > _MOST_CARRIED:
        html = _CARRIED.sub(rf"<\1{_INERT}", html)
    if tags > _MANY_TAGS:
        open_of: Counter[str] = Counter()
        for slash, name in _TAG.findall(html.lower()):
            if not slash:
                open_of[name] += 1
            elif open_of[name]:
                open_of[name] -= 1
        if sum(count for name, count in open_of.items() if name not in _LEFT_OPEN) > _DEEP:
            return text_as_html(html_to_text(html))
    return html


class _Cleaner:
    """One pass over the parsed tree with a stack of its own: depth costs memory, never the call stack."""

    def __init__(self, *, keep_marker: bool, url_of: PictureUrl | None = None) -> None:
        self._keep_marker = keep_marker
        self._url_of = url_of
        self._out: list[str] = []

    def clean(self, html: str) -> str:
        body = LexborHTMLParser(_easy(html.replace("\x00", ""))).body
        stack: list[LexborNode | str] = [] if body is None else _children(body)
        while stack:
            node = stack.pop()
            if isinstance(node, str):
                self._out.append(node)
            elif node.is_text_node:
                self._out.append(escape(node.text_content or "", quote=False))
            elif node.is_element_node:
                self._open(node, stack)
        return "".join(self._out)

    def _open(self, node: LexborNode, stack: list[LexborNode | str]) -> None:
        tag = (node.tag or "").lower().removeprefix(_INERT)
        attributes = {name.lower(): _AS_WRITTEN.sub(r"<\1", value or "") for name, value in node.attributes.items()}
        if tag == "div" and "data-original" in attributes:
            if self._keep_marker and attributes["data-original"].isdigit():
                self._out.append(f'<div data-original="{int(attributes["data-original"])}"></div>')
            return
        if tag in _GONE and tag not in _UNWRAPPED:
            return
        if tag not in _TAGS:
            stack.extend(_children(node))
            return
        kept = self._attributes(tag, attributes)
        if kept is None:
            return
        self._out.append(f"<{tag}{kept}>")
        if tag not in _VOID:
            stack.append(f"</{tag}>")
            stack.extend(_children(node))

    def _attributes(self, tag: str, attributes: dict[str, str]) -> str | None:
        """The allowed ones, written out; None where the element is nothing without the one that was refused."""
        found: dict[str, str] = {}
        if tag == "img":
            source = self._picture(attributes)
            if source is None:
                return None
            found.update(source)
        for name, value in attributes.items():
            if name not in _TAGS[tag] or name == "src":
                continue
            if name == "style":
                value = _style(value)
            elif name in {"href", "cite"}:
                value = value.strip() if _LINK.fullmatch(value.strip()) else ""
            if value or name in {"alt", "nowrap"}:
                found[name] = value
        return "".join(f' {name}="{escape(value)}"' for name, value in found.items())

    def _picture(self, attributes: dict[str, str]) -> dict[str, str] | None:
        source = attributes.get("data-remote", "").strip() or attributes.get("src", "").strip()
        cid = attributes.get("data-cid", "") or (source[4:] if source[:4].lower() == "cid:" else "")
        if cid:
            if not _CID.fullmatch(cid):
                return None
            if self._url_of is None:
                return {"src": f"cid:{cid}"}
            url = self._url_of(cid)
            return {"src": url, "data-cid": cid} if url else None
        if _REMOTE_PICTURE.fullmatch(source):
            return {"data-remote" if self._url_of is not None else "src": source}
        return {"src": source} if _DATA_PICTURE.fullmatch(source) else None


def _children(node: LexborNode) -> list[LexborNode | str]:
    """Last child first, as a stack wants them."""
    found: list[LexborNode | str] = []
    child = node.last_child
    while child is not None:
        found.append(child)
        child = child.prev
    return found


def _style(text: str) -> str:
    """The allowed declarations, normalised; anything that could fetch, move or cover is left out."""
    kept = []
    try:
        items = tinycss2.parse_blocks_contents(text, skip_comments=True, skip_whitespace=True)
    except ValueError:  # Python reads no number of more than 4,300 digits
        return ""
    for item in items:
        if item.type != "declaration" or not _is_property(item.lower_name) or not _is_plain(item.value):
            continue
        value = tinycss2.serialize(item.value).strip()
        if value:
            kept.append(f"{item.lower_name}: {value}")
    return "; ".join(kept)


def _is_property(name: str) -> bool:
    return name in _PROPERTIES or name.split("-")[0] in _FAMILIES or name in _FAMILIES


def _is_plain(tokens: list[tinycss2.ast.Node]) -> bool:
    for token in tokens:
        if isinstance(token, tinycss2.ast.FunctionBlock):
            if token.lower_name not in _FUNCTIONS or not _is_plain(token.arguments):
                return False
        elif token.type in {"url", "error", "at-rule", "{} block", "[] block", "() block"}:
            return False
    return True
