"""HTML in, the text a reader sees out: lines, lists, tables, links, quotes as ``> ``. Pure.

One pass of one regular expression over the source: linear on any input, where a tree builder is not (thousands of
nested tags are a known attack). It is for indexing, previews and the text alternative; what is shown as HTML goes
through ``webmail.render``. Style, script, hidden preheaders and zero-width padding are left out.
"""

import re
from collections.abc import Callable
from html import unescape

from mailsync.message.wingdings import is_in_wingdings, read_signs

#: A tag, a comment, or a section. Attributes may hold ">" inside quotes; every run is possessive, so nothing is
#: scanned again and again.
_TAG = re.compile(
    r"""<(?:(!--)|(/?)([a-zA-Z][a-zA-Z0-9:-]{0,40})((?:[^<>"']++|"[^"<]*+"|'[^'<]*+'|["'])*+)>?|([!?]))"""
)
_RAW_TEXT = frozenset(
    {"script", "style", "title", "textarea", "xmp", "noembed", "noframes", "template", "svg", "math", "select"}
)
_BREAKS = frozenset(
    {
        "address", "article", "aside", "body", "center", "dd", "details", "dir", "div", "dl", "dt", "fieldset",
        "figcaption", "figure", "footer", "form", "header", "hr", "html", "li", "main", "menu", "nav", "ol",
        "section", "summary", "table", "tbody", "tfoot", "thead", "tr", "ul",
    }
)  # fmt: skip
_PARAGRAPHS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre"})
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all|font-size\s*:\s*0(?![.\d]*[1-9])"
    r"|max-height\s*:\s*0(?![.\d]*[1-9])|opacity\s*:\s*0(?![.\d]*[1-9])|\bhidden(?:[\s=>]|$)",
    re.I,
)
_ALT = re.compile(r"\balt\s*=\s*(?:\"([^\"]{0,300})\"|'([^']{0,300})'|([^\s\"'>]{1,300}))", re.I)
_HREF = re.compile(r"\bhref\s*=\s*(?:\"([^\"]{0,2000})\"|'([^']{0,2000})'|([^\s\"'>]{1,2000}))", re.I)
_SPACE = re.compile(r"[ \t\r\n\f]+")
#: What newsletters pad their preheaders with: invisible, and noise in an index.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0]+"
)
_JOINERS = frozenset("\u200c\u200d")
_MAX_QUOTE = 20


def html_to_text(html: str, *, links: bool = False, as_written: bool = False) -> str:
    """Plain text of an HTML body. With ``links`` a link's target follows its text in angle brackets. ``as_written``: of
    words just written, so that the spaces that were meant stay, and what joins emoji and parts Persian words.

    >>> html_to_text("<p>Hello <b>Ann</b></p><blockquote>old</blockquote>")
    'Hello Ann\\n\\n> old'
    """
    text = _Writer(links, skip_hidden=True, as_written=as_written).read(html)
    # Everything was hidden: then the sender's styles are not what they seem, and words are better than none.
    return text or _Writer(links, skip_hidden=False, as_written=as_written).read(html)


class _Writer:
    """The lines written so far, and what the next text has to be prefixed with."""

    def __init__(self, links: bool, *, skip_hidden: bool, as_written: bool) -> None:
        self.links = links
        self.as_written = as_written
        self.skip_hidden = skip_hidden
        self.lines: list[str] = []
        self.current: list[str] = []
        self.quote = self.last_quote = 0
        self.pre = 0
        self.lists: list[int] = []
        self.href = ""
        self.link_at = 0
        self.gap = False
        #: The line began with one.
        self.bulleted = False
        #: Of the cell around the text: "begun", "filled", or "ended" by the end of a paragraph; "" in none.
        self.cell = ""
        #: Elements seen to have no end: looked for once, so that many of them cost no more than one.
        self.endless: set[str] = set()
        #: Of the elements around the text, from the first in Wingdings on: is it in that font?
        self.wingdings: list[bool] = []

    def read(self, html: str) -> str:
        at, size = 0, len(html)
        while at < size:
            tag = _TAG.search(html, at)
            if tag is None:
                self.text(html[at:])
                break
            if tag.start() > at:
                self.text(html[at : tag.start()])
            at = tag.end()
            if tag.group(1):
                close = html.find("-->", at)
                at = close + 3 if close >= 0 else size
            elif tag.group(5):
                close = html.find(">", at)
                at = close + 1 if close >= 0 else size
            else:
                name = tag.group(3).lower()
                if tag.group(2):
                    self.close(name)
                elif name in _RAW_TEXT:
                    at = self.skip(html, at, name, _raw_end)
                elif self.skip_hidden and name not in _VOID and _is_hidden(tag.group(4)):
                    at = self.skip(html, at, name, _nested_end)
                else:
                    self.open(name, tag.group(4))
        self.line()
        while self.lines and not self.lines[-1].strip("> "):
            self.lines.pop()
        text = "\n".join(self.lines)
        return text.replace("\xa0", " ") if self.as_written else text

    def skip(self, html: str, at: int, name: str, find_end: Callable[[str, str, int], int]) -> int:
        """Past the element's end; one that is never closed hides nothing but its own tag."""
        if name in self.endless:
            return at
        end = find_end(html, name, at)
        if end < 0:
            self.endless.add(name)
            return at
        return end

    def text(self, source: str) -> None:
        text = unescape(source) if "&" in source else source
        text = _INVISIBLE.sub(_joined if self.as_written else "", text)
        if self.wingdings and self.wingdings[-1]:
            text = read_signs(text)
        if self.pre:
            first, *more = text.replace("\r\n", "\n").split("\n")
            self.current.append(first)
            for one in more:
                self.line(keep_empty=True)
                self.current.append(one)
            return
        text = _SPACE.sub(" ", text)
        if self.cell and text.strip():
            if self.cell == "ended":
                self.paragraph()
            self.cell = "filled"
        if text == " " and (not self.current or self.current[-1].endswith(" ")):
            return
        if text:
            self.current.append(text)

    def open(self, name: str, attributes: str) -> None:
        if (self.wingdings or "ingdings" in attributes) and name not in _VOID:
            said = is_in_wingdings(attributes)
            self.wingdings.append(bool(said) if said is not None else self.wingdings[-1:] == [True])
        if name == "br":
            if self.cell != "begun":
                self.line(keep_empty=True)
        elif name in _PARAGRAPHS:
            # Editors put what an item or a cell says into a paragraph: it stands behind its bullet, and in its row.
            if name != "p" or not (self.cell == "begun" or (self.bulleted and len(self.current) == 1)):
                self.paragraph()
            self.quote = min(self.quote + 1, _MAX_QUOTE) if name == "blockquote" else self.quote
            self.pre += name == "pre"
        elif name in _BREAKS:
            self.line()
            if name in ("tr", "table"):
                self.cell = ""
            if name in ("ul", "ol", "menu", "dir"):
                self.gap = self.gap and not self.lists
                self.lists.append(0 if name == "ol" else -1)
                del self.lists[_MAX_QUOTE:]
            elif name == "li":
                self.bullet()
            elif name == "hr":
                self.current.append("—" * 10)
                self.line()
        elif name in ("td", "th"):
            self.space()
            self.cell = "begun"
        elif name == "img":
            alt = _ALT.search(attributes)
            if alt is not None:
                self.text(alt.group(1) or alt.group(2) or alt.group(3) or "")
        elif name == "a" and self.links:
            href = _HREF.search(attributes)
            self.href = unescape(href.group(1) or href.group(2) or href.group(3) or "").strip() if href else ""
            self.link_at = len(self.current)

    def close(self, name: str) -> None:
        if self.wingdings:
            self.wingdings.pop()
        if name == "p" and self.cell:
            # Whether it ends its line is for the next words to say.
            self.cell = "begun" if self.cell == "begun" else "ended"
        elif name in _PARAGRAPHS:
            self.paragraph()
            self.quote = max(0, self.quote - 1) if name == "blockquote" else self.quote
            self.pre = max(0, self.pre - 1) if name == "pre" else self.pre
        elif name in _BREAKS:
            self.line()
            if name in ("tr", "table"):
                self.cell = ""
            if name in ("ul", "ol", "menu", "dir") and self.lists:
                self.lists.pop()
            elif name == "li":
                self.gap = False
        elif name in ("td", "th"):
            self.space()
            self.cell = ""
        elif name == "a" and self.href:
            shown = "".join(self.current[self.link_at :]).strip()
            if self.href.startswith(("http://", "https://", "mailto:")) and shown not in (
                self.href,
                self.href.removeprefix("mailto:"),
            ):
                self.current.append(f" <{self.href}>" if shown else f"<{self.href}>")
            self.href = ""

    def bullet(self) -> None:
        self.bulleted = True
        indent = "  " * max(0, len(self.lists) - 1)
        if self.lists and self.lists[-1] >= 0:
            self.lists[-1] += 1
            self.current.append(f"{indent}{self.lists[-1]}. ")
        else:
            self.current.append(f"{indent}- ")

    def space(self) -> None:
        if self.current and not self.current[-1].endswith(" "):
            self.current.append(" ")

    def paragraph(self) -> None:
        self.line()
        self.gap = True

    def line(self, *, keep_empty: bool = False) -> None:
        """End the line. Empty lines are kept only where the sender asked for one, and never two in a row."""
        text = "".join(self.current).rstrip() if self.pre else "".join(self.current).strip("\n\r\t\f").rstrip()
        self.current.clear()
        self.link_at = 0
        self.bulleted = False
        self.cell = "filled" if self.cell else ""
        if not self.pre and not text.startswith("  "):
            text = text.lstrip(" ") if self.as_written else text.lstrip()
        prefix = ">" * self.quote + " " if self.quote else ""
        if not text:
            self.gap = self.gap or keep_empty
            return
        if self.gap and self.lines:
            self.lines.append(">" * min(self.quote, self.last_quote))
        self.gap = False
        self.last_quote = self.quote
        self.lines.append(prefix + text)


def _joined(found: re.Match[str]) -> str:
    """A joiner between two signs as it is; of padding, and of all else that is not seen, nothing."""
    around = found.string[found.start() - 1 : found.start()], found.string[found.end() : found.end() + 1]
    return found[0] if found[0] in _JOINERS and all(one and not one.isspace() for one in around) else ""


def _is_hidden(attributes: str) -> bool:
    return ("style" in attributes or "hidden" in attributes or "STYLE" in attributes) and (
        _HIDDEN.search(attributes) is not None
    )


def _raw_end(html: str, name: str, at: int) -> int:
    """Behind the end tag of an element whose content is not markup; -1 when there is none."""
    end = re.compile(rf"</{name}[\s/>]", re.I).search(html, at)
    if end is None:
        return -1
    close = html.find(">", end.start())
    return close + 1 if close >= 0 else len(html)


def _nested_end(html: str, name: str, at: int) -> int:
    """Behind the end of a hidden element, counting elements of the same name inside it; -1 when there is none."""
    depth = 1
    for found in re.compile(rf"<(/?){re.escape(name)}(?=[\s/>])", re.I).finditer(html, at):
        depth += -1 if found.group(1) else 1
        if depth == 0:
            close = html.find(">", found.end())
            return close + 1 if close >= 0 else len(html)
    return -1
