"""Hints go to the user's channel after the commit, and only then."""

import json

import pytest
import redis
from django.conf import settings
from django.db import transaction

from mailsync import announce
from mailsync.store.summary import FolderCounts


@pytest.fixture
def heard():  # type: ignore[no-untyped-def]
    client = redis.Redis.from_url(settings.REDIS_URL)
    pubsub = client.pubsub(ignore_subscribe_messages=True)
    pubsub.subscribe(announce.channel(7))
    pubsub.get_message(timeout=2)

    def read(timeout: float = 2.0):  # type: ignore[no-untyped-def]
        while True:
            message = pubsub.get_message(timeout=timeout)
            if message is None:
                return None
            if message["type"] == "message":
                event = json.loads(message["data"])
                assert event.pop("at") == int(client.get(announce.last_told(7)))
                return event

    yield read
    pubsub.close()
    client.close()


@pytest.mark.django_db(transaction=True)
def test_a_hint_follows_the_commit(heard) -> None:  # type: ignore[no-untyped-def]
    with transaction.atomic():
        announce.announce_folders((FolderCounts(5, account_id=3, user_id=7, total=9, unread=2, thread_ids=(4,)),))
        assert heard(0.1) is None
    assert heard() == {"kind": "folder", "folder": 5, "account": 3, "unread": 2, "total": 9, "threads": [4]}
    with transaction.atomic():
        announce.announce(7, "message", message=1)
        transaction.set_rollback(True)
    assert heard(0.1) is None


@pytest.mark.django_db(transaction=True)
def test_a_redis_that_is_away_fails_nothing(settings, caplog) -> None:  # type: ignore[no-untyped-def]
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    announce._client.cache_clear()
    announce.announce(7, "account", account=1)
    assert "not published" in caplog.text
    announce._client.cache_clear()


@pytest.mark.django_db(transaction=True)
def test_who_uses_another_database_of_the_same_redis_is_not_heard(heard, settings) -> None:  # type: ignore[no-untyped-def]
    server = settings.REDIS_URL.rpartition("/")[0]
    ours = settings.REDIS_URL
    settings.REDIS_URL = f"{server}/15"
    announce._client.cache_clear()
    announce.announce(7, "account", account=1)
    settings.REDIS_URL = ours
    announce._client.cache_clear()
    assert heard(0.2) is None
    announce.announce(7, "account", account=2)
    assert heard() == {"kind": "account", "account": 2}
