"""The allow-lists keep the rule that makes the rest provable."""

import pytest

from webmail.render import policy


def _words(text: str) -> list[str]:
    return text.split()


# HTML Standard §13.1.2: elements whose content is not parsed as markup, and foreign ones.
NOT_DATA_STATE = _words(
    "script style title textarea xmp iframe noembed noframes noscript plaintext template svg math select"
)
ACTIVE = _words("form input button object embed applet audio video source link meta base frame frameset dialog")


@pytest.mark.parametrize("tag", NOT_DATA_STATE + ACTIVE)
def test_no_element_that_leaves_the_data_state_or_acts(tag: str) -> None:
    assert tag not in policy.TAGS


def test_no_attribute_that_runs_or_loads() -> None:
    every = policy.GLOBAL_ATTRIBUTES.union(*policy.ATTRIBUTES.values())
    assert not [name for name in every if name.startswith(("on", "form", "data-", "xlink", "xml"))]
    assert every.isdisjoint({"srcset", "ping", "srcdoc", "action", "poster", "lowsrc", "dynsrc", "longdesc", "cite"})


def test_css_cannot_load_or_leave_its_place() -> None:
    assert policy.CSS_FUNCTIONS.isdisjoint({"url", "var", "attr", "env", "image-set", "image", "element", "expression"})
    gone = {"content", "filter", "mask", "clip-path", "transform", "animation", "cursor", "z-index", "behavior", "src"}
    assert policy.CSS_PROPERTIES.isdisjoint(gone | {"-moz-binding", "transition", "top", "left", "right", "bottom"})
    assert policy.CSS_VALUES["position"] == {"static", "relative"}


def test_what_is_renamed_becomes_an_allowed_element() -> None:
    assert set(policy.RENAMED.values()) <= policy.TAGS
    assert policy.VOID <= policy.TAGS
    assert set(policy.ATTRIBUTES) <= policy.TAGS
