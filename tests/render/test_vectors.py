"""Each vector through the cleaner: proven harmless, and nothing of the enemy's left but text."""

import re

import pytest

from tests.render.vectors import VECTORS, Vector
from webmail.render.body import Slot
from webmail.render.cleaner import sanitize
from webmail.render.verify import verify, verify_sheet

_TAG = re.compile(r"<[^>]*>")
_ATTRIBUTE = re.compile(r' ([a-z-]+)="([^"]*)"')


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_vector(vector: Vector) -> None:
    body = sanitize(vector.html)
    filled = body.fill()
    verify(filled)
    verify_sheet(body.sheet)
    attributes = [found for tag in _TAG.findall(filled) for found in _ATTRIBUTE.findall(tag)]
    assert not [name for name, _ in attributes if name.startswith("on")]
    for name, value in attributes:
        if name in ("title", "alt"):
            continue
        assert "javascript" not in value.lower()
        # What is left of a remote place is a link that a person may click, or a slot that waits for consent.
        assert name == "href" or "evil.test" not in value
        assert not re.search(r"url\(|position:fixed|expression", value)
    assert "evil.test" not in body.sheet
    assert "url(" not in body.sheet


@pytest.mark.parametrize("vector", [v for v in VECTORS if v.name.startswith("beacons")], ids=lambda vector: vector.name)
def test_beacons_have_no_slot(vector: Vector) -> None:
    body = sanitize(vector.html)
    assert body.slots == ()
    assert body.trackers == 1
    assert body.remote == 0


def test_a_picture_that_can_be_seen_waits() -> None:
    body = sanitize('<img src="http://shop.test/a.png" width="600" height="2"><img src="http://shop.test/b.png">')
    assert body.slots == (Slot("src", "remote", "http://shop.test/b.png"),)
    assert (body.remote, body.trackers) == (1, 0)
