"""Preferences: lenient when read, strict when written."""

import pytest

from accounts import preferences
from accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> User:
    return User.objects.create_user("alice@example.org")


def test_defaults_for_nothing_stored(alice: User) -> None:
    assert preferences.load(alice) == preferences.Preferences()


def test_what_is_saved_is_loaded(alice: User) -> None:
    preferences.save(alice, theme="dark", mark_read_seconds=None, conversations=False)
    loaded = preferences.load(User.objects.get(pk=alice.pk))
    assert (loaded.theme, loaded.mark_read_seconds, loaded.conversations) == ("dark", None, False)


def test_a_second_save_keeps_the_first(alice: User) -> None:
    preferences.save(alice, theme="dark")
    assert preferences.save(alice, density="compact").theme == "dark"


@pytest.mark.parametrize("stored", [None, [], "dark", {"theme": 3}, {"theme": ["dark"]}, {"unknown": True}])
def test_damaged_storage_reads_as_defaults(stored: object) -> None:
    assert preferences.parse(stored) == preferences.Preferences()


@pytest.mark.parametrize(
    ("name", "value"),
    [("theme", "pink"), ("undo_seconds", 7), ("undo_seconds", False), ("conversations", 1), ("nonsense", True)],
)
def test_what_is_not_offered_is_refused(alice: User, name: str, value: object) -> None:
    with pytest.raises(ValueError, match=name):
        preferences.save(alice, **{name: value})
