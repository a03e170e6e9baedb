"""After the commit: workers are nudged and open pages told. Hints only, as the due times stand in Postgres.

A broker that is away is logged and fails nothing: the dispatcher finds the same work by its due time.
"""

from collections.abc import Iterable
from functools import cache

from celery.app.task import Task
from celery.utils import uuid
from django.db import transaction

from mailsync import tasks
from mailsync.announce import announce, announce_folders
from mailsync.models import Placement
from mailsync.store import summary
from mailsync.store.threads import refresh_threads


def show(placements: Iterable[Placement], *more: tuple[int, int]) -> None:
    """Refresh the rows and counts of the folders these placements lie in, and of ``more`` (folder, thread) pairs."""
    pairs = [*((row.folder_id, row.thread_id) for row in placements), *more]
    announce_folders(summary.refresh(pairs))
    refresh_threads({thread for _, thread in pairs})


def show_flags(placements: Iterable[Placement]) -> None:
    """The same for what only bears other flags: its folders are locked, and its conversations what they were."""
    announce_folders(summary.recount_marks((row.folder_id, row.thread_id) for row in placements))


def push_soon(account_ids: Iterable[int]) -> None:
    for account_id in set(account_ids):
        _nudge(tasks.changes_push, account_id)


def deliver_soon(outgoing_id: int) -> None:
    _nudge(tasks.outgoing_deliver, outgoing_id)


def fetch_soon(message_id: int) -> None:
    _nudge(tasks.message_fetch, message_id)


def search_soon(search_id: int) -> None:
    _nudge(tasks.server_search, search_id)


def act_soon(act_id: int) -> None:
    _nudge(tasks.act_work, act_id)


def address_soon(user_id: int) -> None:
    _nudge(tasks.addressed_find, user_id)


def tend_rows_soon(user_id: int) -> None:
    _nudge(tasks.message_rows_tend, user_id)


def forget_soon(user_id: int) -> None:
    _nudge(tasks.leaver_forget, user_id)


def sync_soon(account_id: int) -> None:
    _nudge(tasks.account_pull, account_id)


def unsubscribe_soon(unsubscription_id: int) -> None:
    _nudge(tasks.list_unsubscribe, unsubscription_id)


def call_soon(webhook_id: int) -> None:
    _nudge(tasks.webhook_call, webhook_id)


def visit_soon(folder_id: int) -> None:
    _nudge(tasks.folder_pull, folder_id)


def tell(user_id: int, kind: str, **ids: int) -> None:
    announce(user_id, kind, **ids)


def _nudge(task: "Task[[int], None]", row_id: int) -> None:
    transaction.on_commit(lambda: _send(task, row_id), robust=True)


def _send(task: "Task[[int], None]", row_id: int) -> None:
    """The message of ``task.apply_async((row_id,), retry=False)`` by Celery's own maker and producer.

    What lies between, for routes, options and declarations that none of ours has, takes two fifths of its time.
    """
    message = task.app.amqp.create_task_message(
        uuid(),
        task.name,
        (row_id,),
        ignore_result=True,
        time_limit=task.time_limit,
        soft_time_limit=task.soft_time_limit,
        # For logs; Celery's own is as short, and takes a quarter of the time of sending.
        argsrepr=f"({row_id},)",
        kwargsrepr="{}",
    )
    with task.app.producer_pool.acquire(block=True) as producer:
        producer.publish(
            message.body,
            exchange="",  # AMQP's default one: the routing key is the queue
            routing_key=_queue_of(task),
            serializer="json",
            headers=message.headers,
            **message.properties,
        )


@cache
def _queue_of(task: "Task[[int], None]") -> str:
    """As ``webmail/celery.py`` says; asking Celery's settings takes long."""
    routes: dict[str, dict[str, str]] = task.app.conf.task_routes
    return routes[task.name]["queue"]
