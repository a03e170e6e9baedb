"""A web process that has warmed up reads no template for its first mailbox."""

import gc
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.template import engines
from django.template.loaders.filesystem import Loader
from django.test import Client

from accounts.models import User
from tests.factories import make_account, make_folder, make_message
from webmail.parts import spoken
from webmail.render import isolated
from webmail.warm import warm_up

pytestmark = pytest.mark.django_db


@pytest.fixture
def warm() -> Iterator[None]:
    thresholds = gc.get_threshold()
    for loader in engines["django"].engine.template_loaders:
        loader.reset()
    warm_up()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)
    isolated.close()


def test_the_first_mailbox_finds_its_templates_loaded(
    warm: None, browser: Client, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert gc.get_freeze_count() > 10_000
    placement = make_message(make_folder(make_account(anna)))
    read: list[str] = []
    contents = Loader.get_contents
    monkeypatch.setattr(Loader, "get_contents", lambda self, origin: read.append(origin.name) or contents(self, origin))
    page = f"/f/{placement.folder_id}/t/{placement.thread_id}/"
    assert browser.get(page).status_code == 200
    assert read == []
    for language, _name in settings.LANGUAGES:
        names = {name for _loader, name in spoken(language).cache or ()}
        assert {"mail/read.jinja", "mail/message_card.jinja", "mail/rows.jinja"} <= names


def test_the_first_body_finds_its_cleaner_started(warm: None) -> None:
    assert isolated.is_started
