"""Live: what one process is told reaches every browser of that person and nobody else, and a stream ends in time."""

import asyncio
import functools
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import redis
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.signals import user_logged_out
from django.db import connections
from django.test import AsyncClient, Client, RequestFactory
from django.utils import timezone
from redis.asyncio import Redis

from accounts.models import User
from accounts.session_store import SessionStore
from mailsync.announce import announce, channel
from webmail import events
from webmail.events import RESYNC, Fanout, TooManyStreams, session_mark
from webmail.views import live


def in_loop(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Runs a test in an event loop of its own, and leaves no connection behind in the loop's thread."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        async def whole() -> None:
            try:
                await test(*args, **kwargs)
            finally:
                await sync_to_async(connections.close_all)()

        # In a thread of its own: a browser test before this one leaves Playwright's loop in the main thread.
        with ThreadPoolExecutor(1) as pool:
            pool.submit(lambda: asyncio.run(whole())).result()

    return run


@pytest.fixture
def publish() -> Iterator[Any]:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        yield lambda user_id, line: client.publish(channel(user_id), json.dumps(line))


async def next_line(queue: asyncio.Queue[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(await asyncio.wait_for(queue.get(), 5))
    return found


async def subscribed(user_id: int) -> None:
    """Wait until Redis knows of the subscription: it is made in the background."""
    async with Redis.from_url(settings.REDIS_URL) as client:
        for _ in range(100):
            if dict(await client.pubsub_numsub(channel(user_id))).get(channel(user_id).encode()):
                return
            await asyncio.sleep(0.02)
    raise AssertionError("no subscription")


@in_loop
async def test_every_stream_of_a_person_hears_and_no_other(publish: Any) -> None:
    fanout = Fanout(settings.REDIS_URL)
    async with fanout.listen(1) as here, fanout.listen(1) as there, fanout.listen(2) as other:
        await subscribed(1)
        await subscribed(2)
        publish(1, {"kind": "folder", "folder": 7})
        assert (await next_line(here))["folder"] == 7
        assert (await next_line(there))["folder"] == 7
        publish(2, {"kind": "message", "message": 9})
        assert (await next_line(other))["message"] == 9
        assert here.empty()


@in_loop
async def test_the_subscription_ends_with_its_last_listener_and_begins_again(publish: Any) -> None:
    fanout = Fanout(settings.REDIS_URL)
    for _ in range(2):
        async with fanout.listen(3) as queue:
            await subscribed(3)
            publish(3, {"kind": "account", "account": 1})
            assert (await next_line(queue))["kind"] == "account"
        async with Redis.from_url(settings.REDIS_URL) as client:
            assert await client.pubsub_numsub(channel(3)) == [(channel(3).encode(), 0)]


@in_loop
async def test_a_slow_browser_reads_anew_instead_of_late(publish: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "QUEUE_LINES", 3)
    fanout = Fanout(settings.REDIS_URL)
    async with fanout.listen(4) as queue:
        for number in range(10):
            fanout._deliver(channel(4), json.dumps({"kind": "folder", "folder": number}))
        lines = [await next_line(queue) for _ in range(queue.qsize())]
    assert {"kind": "resync"} in lines
    assert len(lines) <= 3


@in_loop
async def test_a_lost_connection_surfaces_as_a_resync(publish: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "RECONNECT_SECONDS", 0.05)
    # Named, because other processes of the suite have subscriptions at the same Redis.
    fanout = Fanout(f"{settings.REDIS_URL}?client_name=to-be-cut")
    async with fanout.listen(5) as queue:
        await subscribed(5)
        with redis.Redis.from_url(settings.REDIS_URL) as client:
            mine = [one["id"] for one in client.client_list(_type="pubsub") if one["name"] == "to-be-cut"]
            assert len(mine) == 1
            client.client_kill_filter(_id=mine[0])
        assert json.dumps(await next_line(queue)) == RESYNC
        await subscribed(5)
        publish(5, {"kind": "folder", "folder": 1})
        assert (await next_line(queue))["kind"] == "folder"


@in_loop
async def test_nobody_opens_streams_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "STREAMS_PER_USER", 1)
    fanout = Fanout(settings.REDIS_URL)
    async with fanout.listen(6):
        with pytest.raises(TooManyStreams):
            async with fanout.listen(6):
                pass


# --- the view -----------------------------------------------------------------------------------


async def chunks(answer: Any) -> AsyncIterator[str]:
    async for chunk in answer.streaming_content:
        yield chunk.decode()


@pytest.mark.django_db
@in_loop
async def test_a_browser_that_is_not_signed_in_is_told_not_to_come_again() -> None:
    assert (await AsyncClient().get("/events")).status_code == 204


@pytest.mark.django_db(transaction=True)
@in_loop
async def test_the_stream_carries_what_was_announced(anna: User, publish: Any) -> None:
    client = AsyncClient()
    await client.aforce_login(anna, backend="allauth.account.auth_backends.AuthenticationBackend")
    answer = await client.get("/events")
    assert answer.headers["Content-Type"] == "text/event-stream"
    assert "no-store" in answer.headers["Cache-Control"]
    lines = chunks(answer)
    assert (await anext(lines)).startswith("retry: ")
    assert "hello" in await anext(lines)
    await subscribed(anna.pk)
    publish(anna.pk, {"kind": "folder", "folder": 1, "account": 2, "unread": 3, "total": 4})
    assert json.loads((await anext(lines)).removeprefix("data: "))["unread"] == 3
    await lines.aclose()


@pytest.mark.django_db(transaction=True)
@in_loop
async def test_signing_out_ends_the_streams_of_that_session_only(anna: User) -> None:
    streams = []
    for _ in range(2):
        client = AsyncClient()
        await client.aforce_login(anna, backend="allauth.account.auth_backends.AuthenticationBackend")
        lines = chunks(await client.get("/events"))
        await anext(lines)
        await anext(lines)
        streams.append((client, lines))
    await subscribed(anna.pk)
    (leaving, its), (_staying, others) = streams
    await sync_to_async(leaving.logout)()
    assert "signed_out" in await asyncio.wait_for(anext(its), 5)
    with pytest.raises(StopAsyncIteration):
        await anext(its)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(others), 0.2)


@pytest.mark.django_db(transaction=True)
@in_loop
async def test_a_session_that_was_ended_elsewhere_ends_its_stream(anna: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 0.1)
    client = AsyncClient()
    await client.aforce_login(anna, backend="allauth.account.auth_backends.AuthenticationBackend")
    lines = chunks(await client.get("/events"))
    await anext(lines)
    await anext(lines)
    assert (await anext(lines)).startswith(":")
    await SessionStore(client.cookies["sessionid"].value).aflush()
    assert "signed_out" in await asyncio.wait_for(anext(lines), 5)
    with pytest.raises(StopAsyncIteration):
        await anext(lines)


@pytest.mark.django_db(transaction=True)
@in_loop
async def test_it_ends_as_well_while_something_comes_all_the_time(
    anna: User, publish: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever holds a stolen session need only write to its person often enough never to be asked for it again."""
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 0.3)
    client = AsyncClient()
    await client.aforce_login(anna, backend="allauth.account.auth_backends.AuthenticationBackend")
    lines = chunks(await client.get("/events"))
    await anext(lines)
    await anext(lines)
    await subscribed(anna.pk)
    await SessionStore(client.cookies["sessionid"].value).aflush()

    async def keep_telling() -> None:
        for number in range(60):
            publish(anna.pk, {"kind": "folder", "folder": number})
            await asyncio.sleep(0.05)

    telling = asyncio.create_task(keep_telling())
    heard = [line async for line in lines]
    await telling
    assert "signed_out" in heard[-1]
    assert len(heard) < 30


@pytest.mark.django_db
def test_signing_out_names_the_session_without_giving_it_away(
    anna: User, browser: Client, django_capture_on_commit_callbacks: Any
) -> None:
    request = RequestFactory().post("/accounts/logout/")
    request.session = browser.session
    with redis.Redis.from_url(settings.REDIS_URL) as client, client.pubsub(ignore_subscribe_messages=True) as heard:
        heard.subscribe(channel(anna.pk))
        heard.get_message(timeout=1)
        with django_capture_on_commit_callbacks(execute=True):
            user_logged_out.send(User, request=request, user=anna)
        told = heard.get_message(timeout=5)
    key = browser.session.session_key
    assert key
    assert told is not None
    event = json.loads(told["data"])
    assert event.pop("at")
    assert event == {"kind": "signed_out", "session": session_mark(key)}
    assert key not in told["data"].decode()


# --- between a page's making and its listening ------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@in_loop
async def test_what_was_told_before_the_stream_began_is_answered_by_a_resync(anna: User) -> None:
    client = AsyncClient()
    await client.aforce_login(anna, backend="allauth.account.auth_backends.AuthenticationBackend")
    before = events.made_at(timezone.now())
    await sync_to_async(announce)(anna.pk, "folder", folder=1)
    after = events.made_at(timezone.now() + timedelta(seconds=10))
    an_hour_ago = events.made_at(timezone.now() - timedelta(hours=1))
    assert await first_news(client, f"?since={before}", anna) == {"kind": "resync"}
    assert await first_news(client, f"?since={after}", anna) == {"kind": "marker"}
    # Longer ago than is kept; and what is no time.
    assert await first_news(client, f"?since={an_hour_ago}", anna) == {"kind": "resync"}
    for odd in ("", "?since=", "?since=-1", "?since=%D9%A3", "?since=" + "9" * 400):
        assert await first_news(client, odd, anna) == {"kind": "marker"}
    # A browser that comes again by itself has its page read everything anew already.
    assert await first_news(client, f"?since={before}", anna, headers={"Last-Event-ID": "1"}) == {"kind": "marker"}


async def first_news(client: AsyncClient, query: str, user: User, **more: Any) -> dict[str, Any]:
    """What a stream says first after its greeting, where a marker follows all else."""
    lines = chunks(await client.get(f"/events{query}", **more))
    assert (await anext(lines)).startswith("retry: ")
    assert "hello" in await anext(lines)
    await subscribed(user.pk)

    async def mark() -> None:
        await asyncio.sleep(0.3)
        async with Redis.from_url(settings.REDIS_URL) as redis_client:
            await redis_client.publish(channel(user.pk), json.dumps({"kind": "marker"}))

    marking = asyncio.create_task(mark())
    found: dict[str, Any] = json.loads((await asyncio.wait_for(anext(lines), 5)).removeprefix("data: "))
    await marking
    await lines.aclose()
    return found


@in_loop
async def test_without_redis_nothing_is_known_to_be_missed() -> None:
    now = events.made_at(timezone.now())
    assert not await Fanout("redis://127.0.0.1:1/0").has_missed(1, now)
