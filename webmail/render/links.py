"""What a link may point to, and whether it is what its text says. Pure: strings in, strings out.

Used for links in HTML (``mail_filter.py``) and for addresses found in plain text (``text.py``).
"""

import re
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import idna

from webmail.render.policy import ID_PREFIX

MAX_LINK = 8_192
COMPOSE_PATH = "/compose/"
#: All that a mailto link may set (RFC 6068 §4: others, as attach or from, are unsafe).
MAILTO_FIELDS = ("to", "cc", "subject", "body")
SCHEMES = ("http://", "https://")

# Characters that URL parsers drop or that turn the shown text around. A plain space becomes %20.
_INVISIBLE = re.compile("[\x00-\x20\x7f-\xa0\u00ad\u061c\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff]+")
_HOST_IN_TEXT = re.compile(r"(?:https?://)?(?:www\.)?((?:[\w-]+\.)+[a-z][a-z0-9-]{1,23})(?=[/:?#\s]|$)", re.IGNORECASE)
_NOT_HOST_ENDINGS = frozenset(
    {"asp", "aspx", "css", "csv", "doc", "docx", "exe", "gif", "gz", "htm", "html", "ics", "jpeg", "jpg", "js", "json"}
    | {"md", "mp3", "mp4", "pdf", "php", "png", "ppt", "pptx", "py", "rar", "svg", "txt", "xls", "xlsx", "xml", "zip"}
)
_NOT_AFTER_AT = re.compile(r"[\w.+-]*@\Z")


def clean_url(url: str) -> str:
    """The URL without white space at its ends and without control, zero-width and direction characters."""
    return _INVISIBLE.sub(lambda match: "%20" if match.group().strip(" ") == "" else "", url.strip())


def choose_target(href: str) -> str | None:
    """The href to write for a sender's href, or None when the link must go nowhere.

    Absolute http and https stay, ``mailto:`` opens our own compose page, ``tel:`` and ``sms:`` stay,
    ``#name`` points to the prefixed name. Relative targets are dropped: there is no page they are relative to,
    and they would reach into this site.
    """
    url = clean_url(href)
    if not url or len(url) > MAX_LINK:
        return None
    if url.startswith("#"):
        return "#" + ID_PREFIX + url[1:]
    scheme = url[:8].lower()
    if scheme.startswith(SCHEMES):
        return url if host_of(url) else None
    if scheme.startswith("mailto:"):
        return compose_target(url)
    if scheme.startswith(("tel:", "sms:")):
        return url
    return None


def compose_target(mailto: str) -> str:
    """Our compose page for a mailto URL (RFC 6068), with the fields a stranger may fill in."""
    path, _, query = mailto[len("mailto:") :].partition("?")
    fields: dict[str, list[str]] = {"to": [unquote(path)] if path else []}
    try:
        pairs = parse_qsl(query.replace("+", "%2B"), max_num_fields=20)  # RFC 6068 §5: + is a plus
    except ValueError:
        pairs = []
    for name, value in pairs:
        if name.lower() in MAILTO_FIELDS:
            fields.setdefault(name.lower(), []).append(value)
    written = [
        f"{name}={quote(_joiner(name).join(values), safe='@')}" for name, values in fields.items() if any(values)
    ]
    return COMPOSE_PATH + ("?" + "&".join(written) if written else "")


def _joiner(field: str) -> str:
    return ", " if field in ("to", "cc") else "\n"


def host_of(url: str) -> str:
    """The host in lower case, or empty when there is none or it cannot be read."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".").lower()
    except ValueError:
        return ""


def shown_host(host: str) -> str:
    """The host as Unicode where it is punycode that decodes, for telling people: "münchen.example (xn--…)"."""
    if "xn--" not in host:
        return host
    try:
        return idna.decode(host)
    except (idna.IDNAError, UnicodeError):
        return host


def deceptive_host(text: str, href: str) -> str | None:
    """The host that ``text`` shows when the link goes elsewhere, else None.

    A subdomain of the shown host, or the shown host's parent, is not elsewhere. File names ("notes.txt") are no hosts.
    """
    target = host_of(href).removeprefix("www.")
    match = _HOST_IN_TEXT.search(text[:300])
    if match is None or not target:
        return None
    shown = match.group(1).lower().removeprefix("www.")
    # "ann@example.org" names a mailbox, not a web site; "notes.txt" names a file.
    if _NOT_AFTER_AT.search(text[: match.start()]) or shown.rpartition(".")[2] in _NOT_HOST_ENDINGS:
        return None
    shown, target = _ascii(shown), _ascii(target)
    if target == shown or target.endswith("." + shown) or shown.endswith("." + target):
        return None
    return match.group(1)


def _ascii(host: str) -> str:
    try:
        return idna.encode(host, uts46=True).decode() if not host.isascii() else host
    except (idna.IDNAError, UnicodeError):
        return host
