"""Which rendering mode the sender designed for. Pure: source in, a doctype of ours out.

Old mails rely on quirks mode (https://quirks.spec.whatwg.org/), new ones on standards mode; a mail
shown in the other mode falls apart.
"""

import re

STANDARDS = "<!doctype html>"
ALMOST_STANDARDS = (
    '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" '
    '"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">'
)
QUIRKS = ""
#: What each puts a browser into.
MODES = {"standards": STANDARDS, "almost": ALMOST_STANDARDS, "quirks": QUIRKS}

_DOCTYPE = re.compile(
    r"(?:\s|<!--.{0,2000}?-->|<\?[^>]{0,500}>)*<!doctype\s+html\b([^>]{0,300})>", re.IGNORECASE | re.DOTALL
)
# The public identifiers of the long list of HTML Standard §13.2.6.4.1 that are seen in mail.
_ALWAYS_QUIRKS = re.compile(r"-//ietf//|dtd html [23]|dtd html 4\.0 (?:transitional|frameset)|-//microsoft//|o'reilly")


def choose_doctype(source: str) -> str:
    """One of the three doctypes above, whichever puts a browser into the mode the source would."""
    match = _DOCTYPE.match(source[:4_000])
    if match is None:
        return QUIRKS
    rest = match.group(1).lower()
    if _ALWAYS_QUIRKS.search(rest):
        return QUIRKS
    if "transitional" in rest or "frameset" in rest:
        # HTML 4.01 is almost standards only with its system identifier; XHTML 1.0 always.
        return ALMOST_STANDARDS if "xhtml" in rest or "http://" in rest else QUIRKS
    return STANDARDS
