"""The cleaner: a sender's HTML in, a ``CleanBody`` out. Pure, and the only room that knows bleach.

guard → Lexbor tokens → bleach's filter (every allow or deny of tag, attribute and scheme) → the rules
of mail → folding → one canonical spelling → proof. Nothing edits the HTML after that. bleach is not
maintained any more; what is used of it is the policy core alone, which ``_Judge`` wraps: to lift it
out, replace that class by a filter over the same tokens. Run this behind ``isolate.py``, never
directly on a stranger's mail in a web process.
"""

import functools
import re
from collections.abc import Iterable, Iterator
from typing import Any

from bleach.sanitizer import BleachSanitizerFilter

from mailsync.message.wingdings import names_wingdings
from webmail.render import policy
from webmail.render.body import CleanBody, Piece, Slot, no_pictures, split_marks
from webmail.render.body import fill as fill_pieces
from webmail.render.css import StyleFilter
from webmail.render.dark import both_schemes
from webmail.render.doctype import choose_doctype
from webmail.render.fold import fold_last_quote
from webmail.render.grounds import give_grounds
from webmail.render.guard import guard
from webmail.render.legacy_colors import legacy_color
from webmail.render.mail_filter import MailFilter
from webmail.render.parse import Page, Token, tokens
from webmail.render.pictures import Pictures
from webmail.render.serialise import attributes_text, serialise
from webmail.render.sheet import filter_sheet
from webmail.render.symbols import with_signs
from webmail.render.verify import verify, verify_sheet

MAX_SHEETS = 50
_PIXELS = re.compile(r"[0-9]{1,3}\Z")
_LANGUAGE = re.compile(r"[A-Za-z0-9-]{1,35}\Z")
# HTML Standard §15.3.2: which attribute of body is the default of which margin.
_MARGINS = {
    "leftmargin": "margin-left",
    "rightmargin": "margin-right",
    "topmargin": "margin-top",
    "bottommargin": "margin-bottom",
    "marginwidth": "margin-inline",
    "marginheight": "margin-block",
}
#: Whether the sender said anywhere which way the words run.
_DIRECTED = re.compile(r"\bdir\s*=|\bdirection\s*:", re.IGNORECASE)
_LINK_COLORS = {"link": "a:link", "vlink": "a:visited"}
_BODY_COLORS = ("bgcolor", "text", *_LINK_COLORS)


class _Judge(BleachSanitizerFilter):
    """bleach's filter over decoded text: our parser resolved the entities, so none are looked for again."""

    def __init__(self, source: Iterable[Token], styles: StyleFilter) -> None:
        super().__init__(
            source=source,  # type: ignore[arg-type]
            allowed_tags=policy.TAGS,
            attributes=policy.attribute_allowed,
            allowed_protocols=policy.SCHEMES,
            strip_disallowed_tags=True,
            strip_html_comments=True,
            css_sanitizer=styles,  # type: ignore[arg-type]
        )

        # The verdict on a URL depends on nothing else, and newsletters repeat theirs.
        self.sanitize_uri_value = functools.lru_cache(1024)(super().sanitize_uri_value)  # type: ignore[method-assign,assignment]

    def __iter__(self) -> Iterator[Any]:
        for token in self.source:
            if token["type"] == "Characters":
                yield token  # text is text: the serialiser escapes it
            elif (kept := self.sanitize_token(token)) is not None:
                yield kept


def sanitize(source: str) -> CleanBody:
    """Cleans one HTML body.

    Raises ``TooHard`` past a limit of the guard, and ``Unproven`` if the result is not of the proven
    grammar (a fault of ours); in both cases the message's text is to be shown instead.
    """
    source = guard(source)
    page = Page()
    pictures = Pictures()
    styles = StyleFilter(pictures.in_css)
    judged: Iterator[Any] = iter(_Judge(tokens(source, page), styles))
    mail = MailFilter(with_signs(judged) if names_wingdings(source) else judged, pictures)
    folded, has_quote = fold_last_quote(list(mail))
    text = serialise(folded)

    sheets = [filter_sheet(sheet, pictures.in_css) for sheet in page.sheets[:MAX_SHEETS] if sheet]
    if not _DIRECTED.search(source):
        page.body["dir"] = "auto"
    body_attributes, body_sheet = _body(page, pictures, styles)
    css = "\n".join(filter(None, [body_sheet, mail.colors.css(), *(sheet.css for sheet in sheets)]))
    give_grounds(folded, css, body_attributes, pictures)
    body = CleanBody(
        pieces=_slotted(text, pictures),
        body_attributes=_slotted(body_attributes, pictures),
        sheet_pieces=_slotted(css, pictures),
        doctype=choose_doctype(source),
        sets_colors=styles.sets_colors or mail.sets_colors or any(sheet.sets_colors for sheet in sheets),
        remote=pictures.remote,
        trackers=pictures.trackers,
        deceptive_links=mail.deceptive_links,
        has_quote=has_quote,
        truncated=page.truncated,
    )
    _prove(body)
    return body


def _slotted(text: str, pictures: Pictures) -> tuple[Piece, ...]:
    return tuple(split_marks(text, pictures.slots))


def _body(page: Page, pictures: Pictures, styles: StyleFilter) -> tuple[str, str]:
    """The attributes to write after ``<body``, and CSS for those of its old attributes that only set defaults.

    That CSS weighs nothing (``:where``), as in browsers any rule of the sender's sheet wins over such an attribute.
    """
    given = page.body
    colors = {name: color for name in _BODY_COLORS if (color := legacy_color(given.get(name, ""))) is not None}
    defaults = [
        f"{css}:{both_schemes(css, colors[name])}"
        for name, css in (("bgcolor", "background-color"), ("text", "color"))
        if name in colors
    ]
    style = []
    if given.get("background"):
        style.append(f"background-image:{both_schemes('background-image', pictures.in_css(given['background']))}")
    styles.sets_colors = styles.sets_colors or bool(defaults or style)
    defaults += [f"{css}:{given[name]}px" for name, css in _MARGINS.items() if _PIXELS.match(given.get(name, ""))]
    if given.get("style"):
        style.append(styles.sanitize_css(given["style"]))
    attributes: dict[tuple[None, str], str] = {}
    if any(style):
        attributes[None, "style"] = ";".join(filter(None, style))
    if given.get("dir", "").lower() in ("ltr", "rtl", "auto"):
        attributes[None, "dir"] = given["dir"].lower()
    if _LANGUAGE.match(given.get("lang", "")):
        attributes[None, "lang"] = given["lang"]
    if given.get("class"):
        attributes[None, "class"] = given["class"]
    if given.get("id"):
        attributes[None, "id"] = policy.ID_PREFIX + given["id"]
    rules = [f":where(body){{{';'.join(defaults)}}}"] if defaults else []
    rules += [
        f":where({selector}){{color:{both_schemes('color', colors[name])}}}"
        for name, selector in _LINK_COLORS.items()
        if name in colors
    ]
    return attributes_text(attributes), "\n".join(rules)


def _prove(body: CleanBody) -> None:
    """Proves the body with every slot empty and with every slot filled; then any mixture is proven too."""
    for picture_url in (no_pictures, _some_picture) if body.slots else (no_pictures,):
        verify(body.fill(picture_url))
        verify(f"<div{fill_pieces(body.body_attributes, picture_url)}>")
        verify_sheet(fill_pieces(body.sheet_pieces, picture_url))


def _some_picture(slot: Slot) -> str:
    return "/picture"
