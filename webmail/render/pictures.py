"""Which pictures of a message may load, and from where. Pure: a sender's URL in, a token's value out.

A picture inside the message (``cid:``) or in the URL itself (``data:``) asks nobody. A remote one
tells its owner that, when and where the message was read: it becomes a slot that waits for consent.
Pictures of at most two pixels serve only that telling; they never load, whatever the consent.
"""

import re
from urllib.parse import unquote, urlsplit

from webmail.render.body import Slot, mark
from webmail.render.links import clean_url

#: A photo of two megabytes, as some programs paste it; a part's text is read up to four (``webmail/bodies.py``).
MAX_DATA_URL = 3_000_000
MAX_PICTURE_URL = 4_096
BEACON_PIXELS = 2

#: Raster types only: a picture of type SVG is a document.
_RASTER = re.compile(
    r"data:image/(?:png|gif|jpe?g|webp|avif|bmp)(?:;[a-z0-9=-]{1,40}){0,4};base64,[A-Za-z0-9+/=%]+\Z", re.IGNORECASE
)
_STYLE_SIZE = re.compile(
    r"(?:^|;)(?:max-)?(width|height):([0-9]*\.?[0-9]+)(px|pt)?(?:!important)?(?=;|\Z)", re.IGNORECASE
)
_NUMBER = re.compile(r"\s*([0-9]{1,6}(?:\.[0-9]{1,6})?)(%?)")


class Pictures:
    """The picture policy of one message: makes slots and counts them."""

    def __init__(self) -> None:
        self.slots: list[Slot] = []
        self.remote = 0
        self.trackers = 0

    def in_css(self, url: str) -> str:
        """The CSS value for a url(): a mark, our own spelling of a data: URL, or ``none``."""
        value = self._value(url, "css")
        if value is None:
            return "none"
        return f'url("{value}")' if value.startswith("data:") else value

    def in_img(self, url: str, attributes: dict[tuple[None, str], str]) -> str | None:
        """The src to write: a mark or a data: URL; None when nothing may stand there."""
        return self._value(url, "src", beacon=beacon_kind(attributes))

    def _value(self, url: str, place: str, beacon: str = "") -> str | None:
        url = clean_url(url)
        scheme = url[:8].lower()
        if scheme.startswith("cid:"):
            return self._slot(Slot("css" if place == "css" else "src", "cid", unquote(url[4:]).strip("<>")))
        if scheme.startswith("data:"):
            url = url.replace("%20", "")
            return "data:" + url[5:] if len(url) <= MAX_DATA_URL and _RASTER.match(url) else None
        if url.startswith("//"):
            url = "https:" + url
            scheme = "https://"
        if not scheme.startswith(("http://", "https://")) or len(url) > MAX_PICTURE_URL or not _has_host(url):
            return None
        if beacon:
            self.trackers += beacon == "tracker"
            return None
        self.remote += 1
        return self._slot(Slot("css" if place == "css" else "src", "remote", url))

    def _slot(self, slot: Slot) -> str:
        self.slots.append(slot)
        return mark(len(self.slots) - 1)


def _has_host(url: str) -> bool:
    try:
        return bool(urlsplit(url).hostname)
    except ValueError:
        return False


def beacon_kind(attributes: dict[tuple[None, str], str]) -> str:
    """ "tracker" for a picture too small to be seen, "spacer" for a line that is; empty for a picture.

    A style overrides the attributes, as it does in the browser.
    """
    sizes: dict[str, float] = {}
    for name in ("width", "height"):
        match = _NUMBER.match(attributes.get((None, name), ""))
        if match and not match.group(2):
            sizes[name] = float(match.group(1))
    style = attributes.get((None, "style"))
    for name, number, _unit in _STYLE_SIZE.findall(style.replace(" ", "")) if style else ():
        # Of "max-width:100%;width:1px" each counts; the smallest wins, as in the browser.
        sizes[name.lower()] = min(float(number), sizes.get(name.lower(), float(number)))
    small = [size <= BEACON_PIXELS for size in sizes.values()]
    if not any(small):
        return ""
    return "tracker" if all(small) else "spacer"
