"""The rules of mail, in one streaming pass over tokens that bleach has allowed. Pure.

Ids and names are prefixed, links lead out of the frame and say where, pictures become slots, and a
sender's ``background`` attribute becomes a style under the same picture policy.
"""

from collections.abc import Iterable, Iterator

from webmail.render import policy
from webmail.render.dark import both_schemes
from webmail.render.legacy_colors import AttributeColors, legacy_color
from webmail.render.links import choose_target, deceptive_host, host_of, shown_host
from webmail.render.parse import Token
from webmail.render.pictures import Pictures, beacon_kind

Attributes = dict[tuple[None, str], str]

_ID, _NAME, _USEMAP, _ROLE, _STYLE = (None, "id"), (None, "name"), (None, "usemap"), (None, "role"), (None, "style")
_HREF, _SRC, _BACKGROUND = (None, "href"), (None, "src"), (None, "background")
_COLORS = ((None, "bgcolor"), (None, "color"), (None, "bordercolor"))
_ALT, _MARK = (None, "alt"), (None, "data-heron")
MAX_LINK_TEXT = 300


class MailFilter:
    """Iterates the tokens as they are to be written; the counts are complete when it is exhausted."""

    def __init__(self, source: Iterable[Token], pictures: Pictures) -> None:
        self.source = source
        self.pictures = pictures
        self.deceptive_links = 0
        self.sets_colors = False
        self.colors = AttributeColors()
        self._link: tuple[str, list[str]] | None = None  # the open link's target and its text so far

    def __iter__(self) -> Iterator[Token]:
        for token in self.source:
            kind = token["type"]
            if kind == "Characters":
                if self._link is not None:
                    self._link[1].append(token["data"][:MAX_LINK_TEXT])
            elif kind == "EndTag":
                if token["name"] == "a":
                    yield from self._end_link()
            else:
                self._rewrite(token["name"], token["data"])
            yield token

    def _rewrite(self, name: str, attributes: Attributes) -> None:
        """Changes one element's attributes in place."""
        if attributes:
            self._rewrite_common(attributes)
        if name in ("a", "area"):
            self._rewrite_link(name, attributes)
        elif name == "img":
            self._rewrite_picture(attributes)

    def _rewrite_common(self, attributes: Attributes) -> None:
        for key in (_ID, _NAME):
            if key in attributes:
                attributes[key] = policy.ID_PREFIX + attributes[key]
        if _USEMAP in attributes:
            attributes[_USEMAP] = "#" + policy.ID_PREFIX + attributes[_USEMAP].lstrip("#")
        if attributes.get(_ROLE, "none").lower() not in policy.ROLES:
            del attributes[_ROLE]
        if attributes.get(_STYLE) == "":
            del attributes[_STYLE]
        for key in _COLORS:
            if key in attributes:
                self._rewrite_color(key, attributes)
        background = attributes.pop(_BACKGROUND, None)
        if background:
            self.sets_colors = True
            style = attributes.get(_STYLE, "")
            picture = both_schemes("background-image", self.pictures.in_css(background))
            attributes[_STYLE] = f"background-image:{picture};{style}"

    def _rewrite_color(self, key: tuple[None, str], attributes: Attributes) -> None:
        color = legacy_color(attributes.pop(key))
        if color is not None:
            attributes[key] = color
            self.sets_colors = True
            self.colors.add(key[1], color)

    def _rewrite_link(self, name: str, attributes: Attributes) -> None:
        target = choose_target(attributes.pop(_HREF, ""))
        if target is None:
            return
        attributes[_HREF] = target
        if not target.startswith("#"):
            attributes[None, "target"] = "_blank"
            attributes[None, "rel"] = "noopener noreferrer nofollow"
            attributes[None, "referrerpolicy"] = "no-referrer"
        if name == "a":
            self._link = (target, [])

    def _rewrite_picture(self, attributes: Attributes) -> None:
        source = attributes.pop(_SRC, "")
        value = self.pictures.in_img(source, attributes)
        if value is None:
            # The words of a picture that cannot be shown are; those of a beacon are nobody's.
            has_words = attributes.get(_ALT, "").strip() and not beacon_kind(attributes)
            attributes[_MARK] = "missing" if has_words else "empty"
        else:
            attributes[_SRC] = value

    def _end_link(self) -> Iterator[Token]:
        """After the text of a link that misleads, its real host; so too for a host in punycode."""
        if self._link is None:
            return
        target, texts = self._link
        self._link = None
        host = host_of(target) if not target.startswith(("#", "/")) else ""
        text = "".join(texts)[:MAX_LINK_TEXT]
        deceptive = deceptive_host(text, target) is not None if host else False
        if deceptive:
            self.deceptive_links += 1
        if deceptive or "xn--" in host or not host.isascii():
            plain = shown_host(host)
            shown = host if plain == host else f"{plain} = {host}"
            yield {"type": "StartTag", "name": "span", "data": {_MARK: "host"}}
            yield {"type": "Characters", "data": f" [{shown}]"}
            yield {"type": "EndTag", "name": "span", "data": {}}
