"""Light text over a picture that waits for consent: the picture's place gets a dark ground. Pure.

White words on a photo, without a colour behind it, would be white on a white page. In go the tokens as they will be
written and the sheet, and of the pictures under light text the slots are told to be a ``ground`` (``body.py``). What is
asked of the sheet is what decides in mail: rules by tag, class and id, without their order or weight. A wrong guess
changes one thing: whether grey stands where a picture is not shown.
"""

import functools
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import tinycss2
from tinycss2.color4 import parse_color

from webmail.render.body import MARK
from webmail.render.oklab import oklab_of
from webmail.render.parse import Token
from webmail.render.pictures import Pictures

#: In OKLab: text this light, on a ground that is not darker than that, is not to be read.
_LIGHT_TEXT, _LIGHT_GROUND = 0.8, 0.7
_STYLE, _CLASS, _ID, _COLOR, _BGCOLOR = (
    (None, "style"),
    (None, "class"),
    (None, "id"),
    (None, "color"),
    (None, "bgcolor"),
)
#: What is longer holds a picture.
_MAX_DECLARATIONS = 2_000
_BODY_STYLE = re.compile(r' style="([^"]*)"')
_MEDIA = re.compile(r"@media[^{}]*+\{(?:[^{}]*+\{[^{}]*+\})*+[^{}]*+\}")
_RULE = re.compile(r"([^{}]++)\{([^{}]*+)\}")
_WHERE = re.compile(r":where\(([^()]*)\)")
#: The last part of a selector: a tag, or classes and an id with or without one.
_LAST = re.compile(r"(?:\A|[ >+~])([a-zA-Z][a-zA-Z0-9]*|\*)?((?:[.#][\w-]+)*)\Z")
_LAST_NAME = re.compile(r"[.#][\w-]+\Z")


class Look(NamedTuple):
    """What an element says of its text and ground: their lightness, and the slots of the pictures under the text."""

    text: float | None = None
    ground: float | None = None
    slots: tuple[int, ...] = ()

    def over(self, other: "Look") -> "Look":
        return Look(
            other.text if self.text is None else self.text,
            other.ground if self.ground is None else self.ground,
            self.slots or other.slots,
        )


_NOTHING = Look()
#: A browser's own link is blue in whatever colour the words around it are.
_LINK = Look(text=0.4)
_PAGE = Look(text=0.2, ground=1.0)


def give_grounds(tokens: list[Token], css: str, body: str, pictures: Pictures) -> None:
    """``css`` is the sheet and ``body`` the attributes of the body, both with the marks of slots."""
    if not any(slot.place == "css" for slot in pictures.slots):
        return
    rules = _rules(css)
    light: dict[int, int] = {}
    style = _BODY_STYLE.search(body)
    looks = [_inner(look_of(style.group(1) if style else "").over(rules.get("body", _NOTHING)), _PAGE)]
    for token in tokens:
        kind = token["type"]
        if kind == "StartTag":
            looks.append(_inner(_said(token["name"], token["data"], rules), looks[-1]))
        elif kind == "EndTag":
            looks.pop()
        elif kind == "Characters" and looks[-1].slots:
            text, ground, slots = looks[-1]
            is_light = (text or 0) >= _LIGHT_TEXT and (ground or 0) >= _LIGHT_GROUND
            for slot in slots:
                light[slot] = light.get(slot, 0) + len(token["data"].strip()) * (1 if is_light else -1)
    for slot, count in light.items():
        if count > 0:
            pictures.slots[slot] = replace(pictures.slots[slot], place="ground")


def _inner(said: Look, around: Look) -> Look:
    """What holds inside an element: text is inherited, and what is under an element shows where it has no ground."""
    text = around.text if said.text is None else said.text
    if said.ground is not None:
        return Look(text, said.ground)
    return Look(text, around.ground, said.slots or around.slots)


def _said(name: str, data: dict[Any, str], rules: dict[str, Look]) -> Look:
    look = look_of(data[_STYLE]) if _STYLE in data else _NOTHING
    keys = [f"#{data[_ID]}"] if _ID in data else []
    keys += [f".{one}" for one in data.get(_CLASS, "").split()]
    for key in (*keys, name):
        if key in rules:
            look = look.over(rules[key])
    if _COLOR in data or _BGCOLOR in data:
        look = look.over(Look(_lightness(data.get(_COLOR, "")), _lightness(data.get(_BGCOLOR, ""))))
    return look.over(_LINK) if name == "a" else look


def _rules(css: str) -> dict[str, Look]:
    """By the last class, id or tag of a selector; those that hold at any time, on any screen."""
    rules: dict[str, Look] = {}
    for selectors, declarations in _RULE.findall(_MEDIA.sub("", css)):
        look = look_of(declarations)
        if look == _NOTHING:
            continue
        for selector in _WHERE.sub(r"\1", selectors).split(","):
            last = _LAST.search(selector.strip())
            if last is None or not last.group(0):
                continue
            name = _LAST_NAME.search(last.group(2))
            key = name.group() if name else last.group(1).lower()
            rules[key] = look.over(rules.get(key, _NOTHING))
    return rules


def look_of(declarations: str) -> Look:
    """Of filtered declarations, each colour in them with its dark one (``dark.py``): the light one counts."""
    return _look(declarations[:_MAX_DECLARATIONS])


@functools.lru_cache(maxsize=4_096)
def _look(declarations: str) -> Look:
    text = ground = None
    slots: list[int] = []
    for declaration in declarations.split(";"):
        name, _, value = declaration.partition(":")
        name = name.strip()
        if name == "color":
            text = _lightness(value)
        elif name in ("background", "background-color", "background-image"):
            slots += map(int, MARK.findall(value))
            ground = next(_lightnesses(value), ground)
    return Look(text, ground, tuple(slots))


def _lightness(value: str) -> float | None:
    return next(_lightnesses(value), None)


def _lightnesses(value: str) -> Iterator[float]:
    """Of each opaque colour in a value; the veil that lies on a picture in the dark scheme is none."""
    nodes: list[Any] = tinycss2.parse_component_value_list(value, skip_comments=True)
    for node in nodes:
        if node.type == "function" and node.lower_name == "light-dark":
            node = next(iter(node.arguments), node)
        elif node.type == "function" and node.lower_name.endswith("gradient"):
            yield from _lightnesses(tinycss2.serialize(node.arguments))
            continue
        parsed: Any = parse_color(node) if node.type in ("hash", "ident", "function") else None
        if parsed is not None and parsed != "currentcolor" and parsed.alpha > 0.5:
            yield oklab_of(parsed)[0]
