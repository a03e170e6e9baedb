"""What is sent to workers is what Celery itself would send, and fails nothing where Redis is away."""

import json
from base64 import b64decode
from typing import Any

import pytest
import redis
from celery.app.task import Task
from django.db import transaction
from kombu.exceptions import OperationalError
from kombu.transport.redis import Channel

from mailsync import tasks
from mailsync.actions import wake
from onebox.valkey import free_port
from webmail.celery import app

SENT = (
    *(tasks.changes_push, tasks.outgoing_deliver, tasks.message_fetch, tasks.server_search, tasks.act_work),
    *(tasks.addressed_find, tasks.message_rows_tend, tasks.account_pull, tasks.list_unsubscribe, tasks.folder_pull),
)


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """The queue and the message of all that is sent, which goes nowhere."""
    found: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(Channel, "_put", lambda _self, queue, message, **_more: found.append((queue, message)))
    return found


def without_numbers(message: dict[str, Any]) -> dict[str, Any]:
    """As a worker reads it, without what differs from one message to the next."""
    headers, properties = dict(message["headers"]), dict(message["properties"])
    own = headers.pop("id")
    assert own == headers.pop("root_id") == properties.pop("correlation_id")
    assert properties.pop("delivery_tag")
    properties.pop("reply_to")  # for results, which we have none of
    return {
        **message,
        "headers": headers,
        "properties": properties,
        "body": json.loads(b64decode(message["body"])),
    }


@pytest.mark.parametrize("task", SENT, ids=lambda task: task.name)
def test_a_nudge_is_celerys_own_message(task: "Task[[int], None]", put: list[tuple[str, dict[str, Any]]]) -> None:
    task.apply_async((7,), retry=False)
    wake._send(task, 7)
    (theirs_to, theirs), (ours_to, ours) = put
    assert ours_to == theirs_to
    assert without_numbers(ours) == without_numbers(theirs)
    assert ours["headers"]["id"] != theirs["headers"]["id"]
    assert without_numbers(ours)["body"][0] == [7]


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_away_fails_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def refuse(_self: Channel, queue: str, *_message: Any, **_more: Any) -> None:
        tried.append(queue)
        raise redis.ConnectionError("away")

    monkeypatch.setattr(Channel, "_put", refuse)
    with transaction.atomic():
        wake.push_soon([7])
        assert tried == []
    assert tried == ["interactive"]


def test_each_has_a_route() -> None:
    assert {wake._queue_of(task) for task in SENT} <= {"interactive", "send", "sync", "maintenance"}


def test_a_broker_that_is_away_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever marks a message would wait with it: Celery's own patience is six seconds for each nudge."""
    waited: list[float] = []
    monkeypatch.setattr("kombu.utils.functional.sleep", waited.append)
    away = f"redis://127.0.0.1:{free_port()}/0"
    with app.connection_for_write(away) as connection, pytest.raises(OperationalError):
        connection.default_channel  # noqa: B018  connects
    assert waited == []
