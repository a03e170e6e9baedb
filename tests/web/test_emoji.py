"""The composer's menu of emoji: what is offered, and what is found by which words."""

import re

import emoji as unicode_emoji
import pytest
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from accounts.models import User
from webmail.present.emoji import MOST_FOUND, emoji_groups, find_emoji


def offered() -> list[str]:
    return [one.text for group in emoji_groups() for one in group.emoji]


def test_each_one_offered_is_an_emoji_of_unicode_and_stands_once() -> None:
    texts = offered()
    status = {unicode_emoji.EMOJI_DATA[text]["status"] for text in texts}
    assert status == {unicode_emoji.STATUS["fully_qualified"]}
    assert len(texts) == len(set(texts)) > 300


def test_they_are_named_in_the_language_of_the_reader() -> None:
    with override("de"):
        assert next(one.name for one in find_emoji("regenbog")) == "regenbogen"
    with override("en"):
        assert next(one.name for one in find_emoji("rainb")) == "rainbow"
    with override("eo"):  # a language that the names do not have
        assert next(one.name for one in find_emoji("rainb")) == "rainbow"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("thumbs up", "👍"),
        ("+1", "👍"),
        ("TADA", "🎉"),
        ("party pop", "🎉"),
        ("flag germany", "🇩🇪"),
        ("e-mail", "📧"),
    ],
)
def test_words_find_by_their_beginnings_whatever_their_case(words: str, text: str) -> None:
    with override("en"):
        assert text in [one.text for one in find_emoji(words)]


def test_accents_do_not_matter_and_english_is_known_everywhere() -> None:
    with override("de"):
        assert "🥐" in [one.text for one in find_emoji("crois")]
        assert "🔑" in [one.text for one in find_emoji("schlussel")]
        assert "🎉" in [one.text for one in find_emoji("tada")]


def test_what_is_offered_comes_before_the_rest_and_a_wide_word_is_cut() -> None:
    with override("en"):
        found = [one.text for one in find_emoji("face")]
        assert len(found) == MOST_FOUND
        assert found[0] == "😀"
        known = [text in offered() for text in found]
        assert known == sorted(known, reverse=True)
        assert find_emoji("heronry") == find_emoji("  ") == ()


@pytest.fixture
def client(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_user(email="ada@heron.test", password="long and quiet river"))
    return client


def test_the_menu_has_groups_and_says_when_nothing_is_called_so(client: Client) -> None:
    shown = client.get(reverse("emoji")).content.decode()
    assert re.findall(r"<h3[^>]*>([^<]+)", shown)[:2] == ["Faces", "Hands and people"]
    assert shown.count("data-emoji") == len(offered())
    shown = client.get(reverse("emoji"), {"q": "rainbow"}).content.decode()
    assert 'aria-label="rainbow">🌈<' in shown
    assert "<h3" not in shown
    shown = client.get(reverse("emoji"), {"q": "<b>"}).content.decode()
    assert "No emoji is called “&lt;b&gt;”." in shown
    assert "<button" not in shown


def test_a_stranger_has_to_sign_in(db: None) -> None:
    response = Client().get(reverse("emoji"))
    assert (response.status_code, response.headers["Location"].split("?")[0]) == (302, reverse("account_login"))
