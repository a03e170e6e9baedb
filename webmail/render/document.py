"""The document inside the frame, and the headers it is served with. Pure: a cleaned body in, text out.

The frame is the second wall: even if the cleaner let a script through, the sandbox and this policy
would not run it, load for it, or let it send anything.
"""

import re
from html import escape
from typing import Literal

from webmail.render.body import CleanBody, PictureUrl, Piece, fill, no_pictures
from webmail.render.doctype import MODES, STANDARDS

Theme = Literal["auto", "light", "dark"]
#: Each by the name that a URL or a preference has for it.
THEMES: dict[str, Theme] = {"auto": "auto", "light": "light", "dark": "dark"}

#: allow-same-origin lets the page around the frame measure its height. Never add allow-scripts to it.
SANDBOX = "allow-same-origin allow-popups allow-popups-to-escape-sandbox"

# Ours come first and in a layer: an !important in an earlier layer wins over the sender's.
_MARKS = (
    "@layer heron{"
    "span[data-heron=host]{display:inline!important;font:600 12px system-ui,sans-serif!important;"
    "color:#8a1c1c!important;background:#fde8e8!important;opacity:1!important;visibility:visible!important;"
    "border-radius:3px!important;padding:0 3px!important;white-space:nowrap!important}"
    # Above an attached message: not the sender's to hide or to rewrite.
    "dl[data-heron=header]{display:grid!important;grid-template-columns:max-content 1fr!important;"
    "gap:2px 12px!important;margin:0 0 12px!important;padding:0!important;"
    "inline-size:auto!important;block-size:auto!important;max-block-size:none!important;overflow:visible!important;visibility:visible!important;opacity:1!important;"
    "font:14px/1.5 system-ui,sans-serif!important;text-align:start!important;text-indent:0!important;"
    "color:#142033!important;background:#fff!important}"
    "dl[data-heron=header] :is(dt,dd){display:block!important;margin:0!important;font:inherit!important;"
    "color:inherit!important;visibility:inherit!important;opacity:1!important;background:none!important}"
    "dl[data-heron=header] a{display:inline!important;font:inherit!important;visibility:inherit!important;"
    "opacity:1!important;color:inherit!important;text-decoration:underline!important}"
    "dl[data-heron=header] dt{opacity:.7!important}dl[data-heron=header] dd{overflow-wrap:anywhere!important}"
    "details[data-heron=quote]{display:block!important}"
    "details[data-heron=quote]>summary{display:inline-block!important;list-style:none!important;cursor:pointer;"
    "font:700 11px/1 system-ui,sans-serif!important;letter-spacing:1px!important;color:#555!important;"
    "background:#ececf0!important;border-radius:8px!important;padding:3px 8px!important;margin:6px 0!important}"
    "a:focus-visible,summary:focus-visible{outline:2px solid #3b6fe0!important;outline-offset:1px!important}"
    "}"
)
# What shows where the sender says nothing. :where() weighs nothing, so any rule of the sender's wins, as over a
# browser's own style.
_BASE = (
    "html{overflow:auto}"
    ":where(body){margin:8px;font:14px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;"
    "overflow-wrap:break-word}"
    # In quirks mode a browser gives tables its own size of letters: ours is smaller, so a table would be larger than
    # the words around it. Mail programs that show letters in a page of their own let it inherit.
    ":where(table){font-size:inherit}"
    # A photo fits the page. In tables a percentage would let the cell collapse, so there pictures keep their size.
    ":where(img:not(table img,[data-heron])){max-width:100%;height:auto}"
    ":where(img[data-heron=blocked]){display:inline-block;overflow:hidden;font-size:12px;line-height:1.3;"
    "vertical-align:bottom;outline:1px dashed #8886;outline-offset:-1px;"
    "background:repeating-linear-gradient(135deg,#8881 0 6px,#8882 6px 12px)}"
    ":where(img[data-heron=blocked]:not([alt],[width],[style])){width:24px;height:18px}"
    ":where(img[data-heron=empty]){display:inline-block;overflow:hidden;font-size:0}"
    # One long line would make the whole letter small on a narrow screen.
    ":where(pre){white-space:pre-wrap}"
    "div[data-heron=text]{white-space:pre-wrap;overflow-wrap:anywhere}"
    "div[data-heron=text] blockquote{margin:0;padding-block:0;padding-inline:12px 0;color:#555;"
    "border-inline-start:2px solid #8886}"
    # Each paragraph of text, and of HTML that says nothing of directions, runs as its first letter does.
    "div[data-heron=text],div[data-heron=text] :is(blockquote,[data-heron=signature]),"
    "body[dir=auto] :where(p,div,td,th,h1,h2,h3,h4,h5,h6,dd,dt,blockquote){unicode-bidi:plaintext}"
    "dl[data-heron=header]+hr{margin:0 0 12px;border:0;border-top:1px solid #8886}"
    "div[data-heron=signature]{opacity:.62}"
    "@media print{details[data-heron=quote]>summary{display:none!important}html{overflow:visible}}"
)
_LIGHT = ":root{color-scheme:light}html{background:#fff;color:#142033}"
#: Where the sender chose no colours at all; the browser's own link goes with colours of theirs.
_LINKS = ":where(a){color:#0a4fa8}"
# With the scheme the sender's colours become what ``dark.py`` made of them.
_DARK = (
    ":root{color-scheme:dark}html{background:#131b26;color:#e8eef7}:where(a){color:#8cc2ff}"
    ":where(mark){color:inherit;background:#5a430f}:where(hr:not([color])){border-color:#4a586c}"
    # What a script has seen to be ink on nothing (static/js/mail/ink.js): dark on dark.
    "@layer heron{img[data-ink=dark]{filter:invert(1) hue-rotate(180deg)!important}"
    "img[data-ink=mixed]{background:#dbe3ee!important;box-shadow:0 0 0 3px #dbe3ee!important}}"
    "div[data-heron=text] blockquote{color:#aab7ca}"
    "@layer heron{details[data-heron=quote]>summary{color:#aab7ca!important;background:#253142!important}"
    "dl[data-heron=header]{color:#e8eef7!important;background:#131b26!important}}"
)
#: Asked of the browser, whose answer is the system's choice, not the reader's.
_PREFERS = re.compile(r"prefers-color-scheme\s*:\s*(dark|light)", re.IGNORECASE)


def theme_css(theme: Theme, sets_colors: bool) -> str:
    """Colours of the frame: dark where the page is dark (``auto``: where the system is). Paper is always light."""
    light = _LIGHT if sets_colors else _LIGHT + _LINKS
    if theme == "light":
        return light
    when = "screen" if theme == "dark" else "screen and (prefers-color-scheme:dark)"
    return f"{light}@media {when}{{{_DARK}}}"


def _in_theme(sheet: tuple[Piece, ...], theme: Theme) -> tuple[Piece, ...]:
    """The sender's sheet with its own dark rules where the frame around it is dark, and nowhere else: on a white page
    they would be white on white."""
    if theme == "auto":
        return sheet

    def answer(found: re.Match[str]) -> str:
        return "min-width:0" if found[1].lower() == theme else "max-width:0"

    return tuple(_PREFERS.sub(answer, piece) if isinstance(piece, str) else piece for piece in sheet)


def base_css() -> str:
    """The style under every message: what shows where its sender says nothing."""
    return f"{_MARKS}{_BASE}{_LIGHT}"


def html_document(body: CleanBody, *, picture_url: PictureUrl = no_pictures, theme: Theme = "auto") -> str:
    """The whole document. ``picture_url`` decides about each picture, the rest is as for ``theme_css``."""
    return _document(
        body.doctype,
        theme_css(theme, body.sets_colors),
        fill(_in_theme(body.sheet_pieces, theme), picture_url),
        fill(body.body_attributes, picture_url),
        body.fill(picture_url),
    )


def notice_document(title: str, text: str, *, theme: Theme = "auto") -> str:
    """A short word to the reader in place of a body, as while the message is still being fetched."""
    inner = f"<p><b>{escape(title)}</b></p><p>{escape(text)}</p>"
    return _document(STANDARDS, theme_css(theme, False), "", ' role="status"', inner)


def empty_document(mode: str) -> str:
    """A frame of this rendering mode (a key of ``MODES``) before it is filled with the rest of an ``html_document``.

    Raises ``KeyError`` for another mode.
    """
    return f"{MODES[mode]}<html><head><title>Message</title></head><body></body></html>"


def mode_of(body: CleanBody) -> str:
    """The key of ``MODES`` that a body is shown in."""
    return next(mode for mode, doctype in MODES.items() if doctype == body.doctype)


def _document(doctype: str, theme: str, sheet: str, attributes: str, inner: str) -> str:
    return (
        f'{doctype}<html><head><meta charset="utf-8"><meta name="referrer" content="no-referrer">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><title>Message</title>'
        f"<style>{_MARKS}{_BASE}{theme}</style><style>{sheet}</style></head><body{attributes}>{inner}</body></html>"
    )


_NOTHING_FROM = (
    *("font-src", "connect-src", "media-src", "object-src", "frame-src", "child-src", "worker-src", "manifest-src"),
    *("form-action", "base-uri"),
)


def content_security_policy(*picture_folders: str) -> str:
    """The frame's policy. ``picture_folders`` are absolute URLs that end in a slash: that of this message's own
    pictures and, after consent only, that of the proxy.

    Pictures are limited by path: with ``'self'`` a message could make the reader's browser GET any page of ours.
    """
    pictures = " ".join((*picture_folders[:1], "data:", *picture_folders[1:]))
    nothing = "; ".join(f"{what} 'none'" for what in _NOTHING_FROM)
    return (
        f"default-src 'none'; script-src 'none'; style-src 'unsafe-inline'; img-src {pictures}; {nothing}; "
        f"frame-ancestors 'self'; require-trusted-types-for 'script'; trusted-types 'none'; sandbox {SANDBOX}"
    )


#: Beside the policy. The body may be kept by this reader's browser only.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-DNS-Prefetch-Control": "off",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "SAMEORIGIN",
    "Origin-Agent-Cluster": "?1",
    "Permissions-Policy": (
        "camera=(), microphone=(), geolocation=(), fullscreen=(), autoplay=(), clipboard-read=(), clipboard-write=(), "
        "payment=(), usb=()"
    ),
    "Cache-Control": "private, max-age=3600",
    "Vary": "Cookie, Sec-Fetch-Dest",
}
