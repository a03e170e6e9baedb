"""Whose is it? A stranger's id in any URL of the site is a 404; every pattern that takes an id is walked."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.http import Http404
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.models import MailAccount, User
from mailsync import actions
from tests.belongings import make_belongings
from tests.factories import make_account, make_folder, make_message, make_user
from webmail import access

pytestmark = pytest.mark.django_db


def _patterns(resolver: URLResolver, space: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from _patterns(entry, f"{space}{entry.namespace}:" if entry.namespace else space)
        elif isinstance(entry, URLPattern) and entry.name:
            yield space + entry.name, entry.pattern.converters


def owned_patterns() -> list[str]:
    """Names of URLs that take an id of something a person owns."""
    ours = {name for name, converters in _patterns(get_resolver()) if any(key.endswith("_id") for key in converters)}
    kept = {name for name in ours if not name.startswith("admin:")}
    assert {"folder", "thread", "message", "body", "draft"} <= kept
    return sorted(kept)


@pytest.fixture
def alice() -> User:
    return make_user()


@pytest.fixture
def belongings(alice: User) -> dict[str, Any]:
    return make_belongings(alice)


@pytest.mark.parametrize("name", owned_patterns())
def test_a_strangers_id_is_not_found(name: str, belongings: dict[str, Any], client: Client) -> None:
    converters = dict(_patterns(get_resolver()))[name]
    url = reverse(name, kwargs={key: belongings[key] for key in converters})
    mallory = make_user()
    make_account(mallory)
    client.force_login(mallory, backend="allauth.account.auth_backends.AuthenticationBackend")
    answers = {client.get(url).status_code, client.post(url).status_code}
    assert 404 in answers
    assert answers <= {404, 405}


@pytest.mark.parametrize("name", owned_patterns())
def test_nobody_gets_in_without_signing_in(name: str, belongings: dict[str, Any], client: Client) -> None:
    converters = dict(_patterns(get_resolver()))[name]
    url = reverse(name, kwargs={key: belongings[key] for key in converters})
    for answer in (client.get(url), client.post(url)):
        assert answer.status_code in (302, 405)
        if answer.status_code == 302:
            assert answer["Location"].startswith("/accounts/login/")


def test_acting_on_a_strangers_rows_is_not_found(belongings: dict[str, Any], client: Client) -> None:
    mallory = make_user()
    mine = make_message(make_folder(make_account(mallory)))
    client.force_login(mallory, backend="allauth.account.auth_backends.AuthenticationBackend")
    theirs = actions.mark_read(MailAccount.objects.get(pk=belongings["account_id"]).user_id, [], True)
    row = f"t{belongings['folder_id']}-{belongings['thread_id']}"
    assert client.post("/act/", {"do": "archive", "on": row}).status_code == 404
    assert client.post("/act/", {"do": "archive", "on": [f"p{mine.pk}", row]}).status_code == 404
    assert client.post("/act/", {"one": f"trash {row}"}).status_code == 404
    assert client.post("/act/", {"move": belongings["folder_id"], "on": f"p{mine.pk}"}).status_code == 404
    assert client.post("/undo/", {"group": str(theirs.group)}).status_code == 404
    mine.refresh_from_db()
    assert mine.shown


def test_each_function_gives_the_owner_the_object(alice: User, belongings: dict[str, Any]) -> None:
    stranger = make_user()
    for function, *keys in (
        (access.account_for, "account_id"),
        (access.identity_for, "identity_id"),
        (access.folder_for, "folder_id"),
        (access.thread_for, "thread_id"),
        (access.message_for, "message_id"),
        (access.draft_for, "draft_id"),
        (access.draft_attachment_for, "draft_id", "attachment_id"),
        (access.template_for, "template_id"),
        (access.template_file_for, "template_id", "file_id"),
        (access.signature_picture_for, "identity_id", "picture_id"),
        (access.outgoing_for, "outgoing_id"),
    ):
        ids = [belongings[key] for key in keys]
        assert function(alice, *ids).pk == ids[-1]
        with pytest.raises(Http404):
            function(stranger, *ids)


@pytest.mark.parametrize(
    "names", [[], ["x1"], ["p"], ["p-1"], ["p1e3"], ["t1"], ["t1-"], ["p99999999999999999999"], ["p²"], ["p1"] * 1001]
)
def test_names_that_are_no_names_are_not_found(names: list[str]) -> None:
    with pytest.raises(Http404):
        access.placements_for(make_user(), names)


def test_a_row_names_what_the_folder_shows_of_its_conversation(alice: User) -> None:
    account = make_account(alice)
    inbox, archive = make_folder(account), make_folder(account, "Archive", role="archive")
    first = make_message(inbox)
    second = make_message(inbox, thread=first.thread)
    make_message(archive, thread=first.thread)
    hidden = make_message(inbox, thread=first.thread, shown=False)
    names = [f"t{inbox.pk}-{first.thread_id}", f"p{second.pk}"]
    assert access.placements_for(alice, names) == [first.pk, second.pk]
    assert access.placements_for(alice, [f"p{hidden.pk}"]) == []
