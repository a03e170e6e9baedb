"""The channel to workers keeps its client, and what it sends arrives, also by another connection and after a fork."""

from collections.abc import Iterator
from typing import Any

import pytest
from kombu import Connection
from kombu.transport.redis import Channel

from webmail.broker import KeepingChannel, Transport
from webmail.celery import app

QUEUE = "test_broker"


@pytest.fixture
def channel() -> Iterator[Channel]:
    with app.connection_for_write() as connection:
        made = connection.channel()
        made.queue_declare(QUEUE)
        yield made
        made.queue_delete(QUEUE)


def client_of(channel: Channel) -> Any:
    with channel.conn_or_acquire() as client:
        return client


@pytest.mark.parametrize("scheme", ["redis", "rediss"])
def test_celery_sends_by_it(scheme: str) -> None:
    assert Connection(f"{scheme}://127.0.0.1/0").get_transport_cls() is Transport
    assert Transport.Channel is KeepingChannel


def test_a_client_is_made_once_for_a_pool(channel: Channel) -> None:
    first = client_of(channel)
    assert client_of(channel) is first
    assert first.ping()
    given = object()
    with channel.conn_or_acquire(given) as client:
        assert client is given
    channel._after_fork()  # type: ignore[attr-defined]
    assert client_of(channel) is not first
    assert client_of(channel).connection_pool is channel.pool


def test_what_is_sent_arrives(channel: Channel) -> None:
    with app.connection_for_write() as connection, connection.Producer() as producer:
        for number in range(2):
            producer.publish({"n": number}, exchange="", routing_key=QUEUE, serializer="json")
        client_of(producer.channel).connection_pool.disconnect()
        producer.publish({"n": 2}, exchange="", routing_key=QUEUE, serializer="json")
    found = [channel.basic_get(QUEUE, no_ack=True).payload["n"] for _ in range(3)]
    assert found == [0, 1, 2]
    assert channel.basic_get(QUEUE) is None
