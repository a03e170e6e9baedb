"""A quoted message as its reader may write between its lines: HTML made of what the editor has. Pure.

In: the quoted original as it would leave, clean already (``outgoing_html``). Out: its words, lists, links, pictures and
tables of data. What only lays out a newsletter gives way: a table of columns cannot be parted by an answer. Sizes and
fonts are the editor's; nothing is kept that could hide words, cover something or move them.
"""

import re
from collections.abc import Iterator
from html import escape

from selectolax.lexbor import LexborHTMLParser, LexborNode

from mailsync.message.outgoing_html import text_as_html
from mailsync.message.quotes import quote_level

#: A quote that others wrote. The editor and drafts have it bare; it leaves with a line at its side.
_BARE = '<blockquote type="cite">'
CITED = '<blockquote type="cite" style="margin: 0 0 0 8px; padding-left: 12px; border-left: 2px solid #c5cfdc">'


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_BLOCKS = _words("address article caption center div dd dl dt figcaption figure footer header main section")
_INLINE = _words("abbr b big cite code del em font i ins kbd mark q s samp small span strike strong sub sup tt u")
_AS_THEY_ARE = _words("p h1 h2 h3 h4 h5 h6 ul ol li pre br hr")
_VOID = frozenset({"br", "hr", "img"})
_IN_TABLES = frozenset({"thead", "tbody", "tfoot", "tr", "td", "th"})
_ATTRIBUTES = {
    "a": ("href", "title"),
    "font": ("color",),
    "img": ("src", "alt", "width", "height"),
    "ol": ("start",),
    "td": ("colspan", "rowspan"),
    "th": ("colspan", "rowspan"),
}
#: What says something, of words and of the cells of a table.
_OF_WORDS = re.compile(r"(?:color|background-color|background|font-weight|font-style|text-decoration(?:-line)?)\Z")
_OF_BLOCKS = re.compile(r"text-align\Z")
#: No grounds: words on them would have to bring their colour, on paper that may be dark.
_OF_CELLS = re.compile(r"(?:text-align|vertical-align|border(?:-[a-z]+)*|padding(?:-[a-z]+)?)\Z")
_HIDDEN = re.compile(r"(?:^|; )(?:display: none|mso-hide: all|max-height: 0(?:px)?)(?:;|$)", re.IGNORECASE)
#: Wider than any line or room of a cell that is meant to be seen.
_HUGE = re.compile(r"calc|\d{3,}(?:\.\d+)?(?:[a-z]|%)|\d{2,}(?:\.\d+)?(?:r?em|ex|ch|v[a-z]+|in|cm|%)", re.IGNORECASE)
#: An editor lays out a table by its columns and rows, named or there.
_SPAN = re.compile(r"[1-9][0-9]?")
_TINY = re.compile(r"\s*[012](?:px)?\s*")
_MAX_LEVEL = 20
_QUOTE = re.compile(r"<(/?)blockquote[^>]*>")
_ABOVE_QUOTE = re.compile(r"<p(?: [^>]*)?>[^<]*[:\uff1a]</p>\Z")
_QUOTE_OR_LINK = re.compile(r'<(/?)blockquote[^>]*>|(<a) href="[^"]*"')


def editable_quote(html: str) -> str:
    """A clean quote for the editor, with everything that it quotes in ``<blockquote type="cite">``.

    >>> editable_quote('<table><tr><td style="width: 600px">Hi</td></tr></table><blockquote class="x">old</blockquote>')
    '<div>Hi</div><blockquote type="cite">old</blockquote>'
    """
    body = LexborHTMLParser(html).body
    if body is None:
        return ""
    data = _tables_of_data(body)
    out: list[str] = []
    stack: list[LexborNode | str] = [*_children(body)]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            out.append(node)
        elif node.is_text_node:
            out.append(escape(node.text_content or "", quote=False))
        elif node.is_element_node:
            kept = _opened(node, data)
            if kept is None:
                continue
            tag, attributes = kept
            if tag:
                out.append(f"<{tag}{attributes}>")
                if tag in _VOID:
                    continue
                stack.append(f"</{tag}>")
            stack.extend(_children(node))
    return "".join(out)


def quoting_text_as_html(text: str) -> str:
    r"""Plain text in paragraphs, what it quotes with ``>`` in ``<blockquote type="cite">``.

    >>> quoting_text_as_html("Yes.\n> Really?\n>> No")
    '<p>Yes.</p><blockquote type="cite"><p>Really?</p><blockquote type="cite"><p>No</p></blockquote></blockquote>'
    """
    out: list[str] = []
    run: list[str] = []
    level = 0
    for line in [*text.replace("\r\n", "\n").split("\n"), None]:
        depth, content = quote_level(line) if line is not None else (0, "")
        depth = min(depth, _MAX_LEVEL)
        if depth != level or line is None:
            out += [
                text_as_html("\n".join(run).strip("\n")),
                _BARE * (depth - level),
                "</blockquote>" * (level - depth),
            ]
            run, level = [], depth
        run.append(content)
    return "".join(out)


def with_lines_at_quotes(html: str) -> str:
    """A kept body whose quotes of others are seen as such by every mail program."""
    return html.replace(_BARE, CITED)


def without_links_in_quotes(html: str) -> str:
    """A kept body as its text is made from: whoever is answered has the links of what is quoted.

    >>> without_links_in_quotes('<a href="x:1">a</a><blockquote><a href="x:2">b</a></blockquote>')
    '<a href="x:1">a</a><blockquote><a>b</a></blockquote>'
    """
    depth = 0

    def seen(found: re.Match[str]) -> str:
        nonlocal depth
        if found[2]:
            return found[2] if depth else found[0]
        depth = max(0, depth + (-1 if found[1] else 1))
        return found[0]

    return _QUOTE_OR_LINK.sub(seen, html)


def without_quotes(html: str) -> str:
    """A kept body without what it quotes of others, and the line above that.

    >>> without_quotes('<p>Yes.</p><p>Ann wrote:</p><blockquote type="cite">Really?</blockquote><p>Bo</p>')
    '<p>Yes.</p><p>Bo</p>'
    """
    out: list[str] = []
    depth = at = 0
    is_cited = False
    for found in _QUOTE.finditer(html):
        if found[1]:
            depth = max(0, depth - 1)
            if depth == 0 and is_cited:
                at, is_cited = found.end(), False
            continue
        if depth == 0 and found[0] == _BARE:
            out.append(_ABOVE_QUOTE.sub("", html[at : found.start()]))
            is_cited = True
        depth += 1
    return "".join(out) + ("" if is_cited else html[at:])


def _opened(node: LexborNode, data: set[int]) -> tuple[str, str] | None:
    """An element's tag and attributes as they are kept; ``("", "")`` where only its children are, None for nothing."""
    tag = node.tag or ""
    attributes = {name: value or "" for name, value in node.attributes.items()}
    style = attributes.get("style", "")
    if _HIDDEN.search(style):
        return None
    if tag == "blockquote":
        return tag, ' type="cite"'
    if tag == "img":
        if any(_TINY.fullmatch(attributes.get(side) or "") for side in ("width", "height")):
            return None  # spaces between columns, and what counts who reads
        return tag, _written(tag, attributes, "")
    if tag == "table" or tag in _IN_TABLES:
        if node.mem_id not in data:
            return ("div", _written("div", attributes, _only(_OF_BLOCKS, style))) if tag in {"td", "th"} else ("", "")
        return tag, _written(tag, attributes, _only(_OF_CELLS, style) if tag in {"td", "th"} else "")
    if tag in _BLOCKS:
        return "div", _written("div", attributes, _only(_OF_BLOCKS, style))
    if tag == "a" or tag in _INLINE:
        return tag, _written(tag, attributes, _only(_OF_WORDS, style))
    if tag in _AS_THEY_ARE:
        return tag, _written(tag, attributes, _only(_OF_BLOCKS, style) + _only(_OF_WORDS, style, "; "))
    return "", ""


def _written(tag: str, attributes: dict[str, str], style: str) -> str:
    kept = {name: attributes[name] for name in _ATTRIBUTES.get(tag, ()) if attributes.get(name)}
    for name in ("colspan", "rowspan"):
        if name in kept and not _SPAN.fullmatch(kept[name]):
            del kept[name]
    if style := style.removeprefix("; "):
        kept["style"] = style
    return "".join(f' {name}="{escape(value)}"' for name, value in kept.items())


def _only(wanted: re.Pattern[str], style: str, before: str = "") -> str:
    """Of a style that ``outgoing_html`` has written, the wanted declarations; ``before`` goes ahead of any."""
    kept = [one for one in style.split("; ") if wanted.match(one.partition(":")[0])]
    if wanted is _OF_CELLS:
        kept = [one for one in kept if not _HUGE.search(one)]
    return before + "; ".join(kept) if kept else ""


def _tables_of_data(body: LexborNode) -> set[int]:
    """The ids of all parts of tables that say something by their rows and columns: two of each at least, and no table
    within. One that an assistive program shall not see as a table (``role=presentation``) is none."""
    found: set[int] = set()
    parts: dict[int, list[LexborNode]] = {}
    around: list[int] = []
    for node, is_end in _walked(body):
        if node.tag == "table":
            if is_end:
                of_table = parts.pop(around.pop())
                if _is_of_data(of_table):
                    found.update(one.mem_id for one in of_table)
            else:
                if around:
                    parts[around[-1]].append(node)
                around.append(node.mem_id)
                parts[node.mem_id] = [node]
        elif not is_end and around and node.tag in _IN_TABLES:
            parts[around[-1]].append(node)
    return found


def _is_of_data(parts: list[LexborNode]) -> bool:
    table, *rest = parts
    tags = [one.tag for one in rest]
    if "table" in tags or table.attributes.get("role") in ("presentation", "none"):
        return False
    rows = tags.count("tr")
    return rows >= 2 and len(tags) - rows - sum(tag in {"thead", "tbody", "tfoot"} for tag in tags) >= 2 * rows


def _walked(body: LexborNode) -> Iterator[tuple[LexborNode, bool]]:
    """Every element at its begin and at its end (True), without recursion."""
    stack: list[tuple[LexborNode, bool]] = [(node, False) for node in _children(body)]
    while stack:
        node, is_end = stack.pop()
        if not node.is_element_node:
            continue
        yield node, is_end
        if not is_end:
            stack.append((node, True))
            stack.extend((child, False) for child in _children(node))


def _children(node: LexborNode) -> list[LexborNode]:
    """Last child first, as a stack wants them."""
    found: list[LexborNode] = []
    child = node.last_child
    while child is not None:
        found.append(child)
        child = child.prev
    return found
