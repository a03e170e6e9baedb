"""text/enriched (RFC 1896) and its elder, text/richtext (RFC 1341 §7.1.3), in; HTML out. Pure.

The words are escaped and each tag is closed, but the HTML is a sender's all the same: it goes the way of any other,
through ``html_to_text`` for the index and through ``webmail.render`` for the screen. One pass of one regular
expression: linear on any input.
"""

import re
from html import escape

ENRICHED, RICHTEXT = "text/enriched", "text/richtext"

#: A command, an escaped "<" (RFC 1896 §2; in richtext it is ``<lt>``), a run of line ends, or words.
_TOKEN = re.compile(r"(<<)|<(/?)([A-Za-z0-9-]{1,60})>|(\n+)|([^<\n]+|<)")
_TAGS = {
    "bold": "<b>",
    "italic": "<i>",
    "underline": "<u>",
    "fixed": "<tt>",
    "smaller": "<small>",
    "bigger": "<big>",
    "subscript": "<sub>",
    "superscript": "<sup>",
    "center": '<div style="text-align:center">',
    "flushleft": '<div style="text-align:left">',
    "flushright": '<div style="text-align:right">',
    "flushboth": '<div style="text-align:justify">',
    "indent": '<div style="margin-inline-start:2em">',
    "indentright": '<div style="margin-inline-end:2em">',
    "paragraph": "<p>",
    "heading": "<div>",
    "footing": "<div>",
    "signature": "<div>",
    "excerpt": '<blockquote type="cite" style="margin:0;padding-inline-start:12px;border-inline-start:2px solid #888">',
    # Until its <param> is read they say nothing.
    **dict.fromkeys(("color", "fontfamily", "lang"), "<span>"),
    "paraindent": "<div>",
    "nofill": "<span>",
    "verbatim": "<tt>",
}
#: Words for machines: the parameter of another command, and what richtext's writer noted down.
_SKIPPED = frozenset({"param", "comment"})
_RICHTEXT_SIGNS = {"nl": "<br>", "np": "<hr>", "lt": "&lt;"}
#: Behind these a line ends as a rule, which is no room before the next word.
_RICHTEXT_BREAKS = frozenset({"<br>", "<hr>"})
_COLOR = re.compile(r"[A-Za-z]{1,20}\Z")
#: RFC 1896 §2.4.1: 16 bits each of red, green and blue.
_COLOR_PARTS = re.compile(r"\s*([0-9a-fA-F]{4})\s*,\s*([0-9a-fA-F]{4})\s*,\s*([0-9a-fA-F]{4})\s*\Z")
_FONT = re.compile(r"[\w -]{1,60}\Z")
_LANGUAGE = re.compile(r"[A-Za-z0-9-]{1,35}\Z")
_INDENTS = {
    "left": "margin-inline-start:2em",
    "right": "margin-inline-end:2em",
    "in": "text-indent:2em",
    "out": "text-indent:-2em",
}
_MAX_PARAM = 200
_MAX_DEPTH = 100


def enriched_to_html(source: str, *, richtext: bool = False) -> str:
    """HTML of a text whose lines end in ``\\n``; ``richtext`` where its type is the elder one.

    >>> enriched_to_html("<bold>Now</bold> is 1 << 2\\nfor\\n\\nall")
    '<div style="white-space:pre-wrap"><b>Now</b> is 1 &lt; 2 for<br>all</div>'
    """
    return _Writer(richtext).read(source)


class _Writer:
    def __init__(self, richtext: bool) -> None:
        self.richtext = richtext
        self.written: list[str] = []
        #: The open commands, each with the name of its tag.
        self.open: list[tuple[str, str]] = []
        #: How much was written when the last command began: its parameter follows at once (RFC 1896 §2.4).
        self.begun = 0
        self.endless: set[str] = set()

    def read(self, source: str) -> str:
        at = 0
        while (token := _TOKEN.match(source, at)) is not None:
            at = token.end()
            escaped, slash, command, lines, words = token.groups()
            if escaped:
                self.written.append("&lt;&lt;" if self.richtext else "&lt;")
            elif lines:
                self.lines(len(lines))
            elif words:
                self.written.append(escape(words, quote=False))
            elif slash:
                self.close(command.lower())
            elif command.lower() in _SKIPPED:
                at = self.skip(source, at, command.lower())
            else:
                self.begin(command.lower())
        self.written += [f"</{tag}>" for _, tag in reversed(self.open)]
        return f'<div style="white-space:pre-wrap">{"".join(self.written)}</div>'

    def lines(self, count: int) -> None:
        """RFC 1896 §2: one line end is a space, of more each but one breaks the line; in richtext none does."""
        if any(command in ("nofill", "verbatim") for command, _ in self.open):
            self.written.append("<br>" * count)
        elif not (self.richtext and self.written and self.written[-1] in _RICHTEXT_BREAKS):
            self.written.append(" " if self.richtext or count == 1 else "<br>" * (count - 1))

    def begin(self, command: str) -> None:
        if self.richtext and command in _RICHTEXT_SIGNS:
            self.written.append(_RICHTEXT_SIGNS[command])
            return
        tag = _TAGS.get(command)
        if tag is not None and len(self.open) < _MAX_DEPTH:  # RFC 1896 §2: commands that nobody knows are left out
            self.open.append((command, tag[1:-1].partition(" ")[0]))
            self.written.append(tag)
            self.begun = len(self.written)

    def close(self, command: str) -> None:
        """Seen in practice: commands that overlap. What was opened later ends here, too."""
        if not any(command == one for one, _ in self.open):
            return
        while self.open:
            one, tag = self.open.pop()
            self.written.append(f"</{tag}>")
            if one == command:
                return

    def skip(self, source: str, at: int, command: str) -> int:
        """Past what is not shown; one without an end hides nothing."""
        if command in self.endless:
            return at
        end = re.compile(f"</{command}>", re.IGNORECASE).search(source, at)
        if end is None:
            self.endless.add(command)
            return at
        if command == "param" and self.open and len(self.written) == self.begun:
            self.set_parameter(self.open[-1][0], source[at : min(end.start(), at + _MAX_PARAM)])
        return end.end()

    def set_parameter(self, command: str, value: str) -> None:
        value = value.strip()
        style = _style(command, value)
        if style:
            tag = self.open[-1][1]
            self.written[-1] = f'<{tag} style="{style}">'
        elif command == "lang" and _LANGUAGE.match(value):
            self.written[-1] = f'<span lang="{value}">'


def _style(command: str, value: str) -> str:
    if command == "color":
        parts = _COLOR_PARTS.match(value)
        if parts is not None:
            return "color:#" + "".join(part[:2].lower() for part in parts.groups())
        return f"color:{value.lower()}" if _COLOR.match(value) else ""
    if command == "fontfamily":
        return f"font-family:{value}" if _FONT.match(value) else ""
    if command == "paraindent":
        return ";".join(_INDENTS[one] for part in value.lower().split(",") if (one := part.strip()) in _INDENTS)
    return ""
