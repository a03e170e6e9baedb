"""An independent proof that cleaned HTML is harmless, by a regular grammar. Pure; knows no parser.

It shares nothing with the cleaner but the allow-lists. The text must consist of characters that are
not ``<`` and of tags ``<name attr="value"…>`` with allowed names, where no value holds a ``"`` or
``<``, every href and src has a known shape, and no style holds a url() but our own. In such text a
browser's tokenizer stays in the data state, so what the grammar sees is what the browser sees.
"""

import html
import re

from webmail.render import policy


class Unproven(ValueError):
    """The HTML is not of the grammar. A fault of ours: show plain text, and tell a developer."""


_TAG = re.compile(r'<(/?)([a-z][a-z0-9]*)((?> [a-z][a-z-]*="[^"<]*+")*+)>')
_ATTRIBUTE = re.compile(r' ([a-z-]+)="([^"]*)"')
_HREF = re.compile(r"https?://[^/]|/compose/(?:\?|\Z)|tel:|sms:|#", re.IGNORECASE)
_SRC = re.compile(r"/(?![/\\])|data:image/(?:png|gif|jpe?g|webp|avif|bmp)[;,]", re.IGNORECASE)
_OWN_URL = re.compile(
    r"url\((?:/(?!/)[A-Za-z0-9/_.:?=%~@,+-]*"
    r'|"data:image/(?:png|gif|jpe?g|webp|avif|bmp)[A-Za-z0-9;=,+/%-]*")\)',
    re.IGNORECASE,
)
_CSS_ESCAPE = re.compile(r"\\([0-9a-fA-F]{1,6})\s?|\\(.)", re.DOTALL)
_LOADS = re.compile(r"url\s*\(|@import|@font-face|image-set\s*\(|image\s*\(|src\s*\(|expression\s*\(", re.IGNORECASE)
_ALLOWED = {
    tag: policy.GLOBAL_ATTRIBUTES
    | policy.ATTRIBUTES.get(tag, policy.NO_ATTRIBUTES)
    | policy.ADDED_ATTRIBUTES.get(tag, policy.NO_ATTRIBUTES)
    for tag in policy.TAGS
}


def verify(text: str) -> None:
    """Raises ``Unproven`` unless ``text`` is of the grammar. Linear time."""
    tags = 0
    for slash, name, attributes in _TAG.findall(text):
        tags += 1
        allowed = _ALLOWED.get(name)
        if allowed is None or (slash and attributes):
            raise Unproven(f"tag {name}")
        for attribute, value in _ATTRIBUTE.findall(attributes):
            if attribute not in allowed:
                raise Unproven(f"attribute {attribute} of {name}")
            _verify_value(attribute, value)
    if tags != text.count("<"):
        raise Unproven("a < that opens no tag")


def _verify_value(attribute: str, value: str) -> None:
    if attribute == "href" and not _HREF.match(value):
        raise Unproven("href")
    if attribute == "src" and not _SRC.match(value):
        raise Unproven("src")
    if attribute == "background":
        raise Unproven("background")
    if attribute == "style":
        css = html.unescape(value) if "&" in value else value
        if "(" in css or "\\" in css or "@" in css:
            _verify_css(_OWN_URL.sub("", css))


def verify_sheet(css: str) -> None:
    """Raises ``Unproven`` when a style sheet could end its element, start an entity or load anything."""
    if "<" in css or "&" in css:
        raise Unproven("markup in a style sheet")
    _verify_css(_OWN_URL.sub("", css) if "(" in css else css)


def _verify_css(css: str) -> None:
    """Both as written and with its escapes undone, the CSS must name nothing that loads."""
    if _LOADS.search(css) or ("\\" in css and _LOADS.search(_CSS_ESCAPE.sub(_unescape, css))):
        raise Unproven("css that loads")


def _unescape(match: re.Match[str]) -> str:
    if match.group(2):
        return match.group(2)
    code = int(match.group(1), 16)
    return chr(code) if 0 < code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF else "\ufffd"
