"""The Celery application: which queues exist and what runs by the clock.

Postgres holds all due times; Redis carries hints only. The one periodic task asks Postgres what
is due and enqueues it, so a flushed Redis costs seconds, never work.
"""

import contextlib
import ctypes
import gc
import os
import sys
from typing import Any

from celery import Celery
from celery.signals import beat_init, task_prerun, worker_process_init
from kombu import Queue

from webmail import broker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webmail.settings")

#: malloc.h of glibc.
_M_ARENA_MAX = -8

QUEUES = ("interactive", "send", "sync", "backfill", "maintenance")

broker.register()
app = Celery("heron")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.task_queues = [Queue(name) for name in QUEUES]
app.conf.task_routes = {
    "mailsync.dispatch": {"queue": "interactive"},
    "mailsync.maintain": {"queue": "maintenance"},
    "mailsync.addressed_find": {"queue": "maintenance"},
    "mailsync.message_rows_tend": {"queue": "maintenance"},
    "mailsync.labels_sum": {"queue": "maintenance"},
    "mailsync.bins_empty": {"queue": "maintenance"},
    "mailsync.leaver_forget": {"queue": "maintenance"},
    "mailsync.mail_release": {"queue": "sync"},
    "mailsync.account_pull": {"queue": "sync"},
    "mailsync.folder_pull": {"queue": "interactive"},
    "mailsync.bodies_pull": {"queue": "backfill"},
    "mailsync.files_read": {"queue": "maintenance"},
    "mailsync.message_fetch": {"queue": "interactive"},
    "mailsync.server_search": {"queue": "interactive"},
    "mailsync.changes_push": {"queue": "interactive"},
    "mailsync.rules_run": {"queue": "interactive"},
    "mailsync.act_work": {"queue": "sync"},
    "mailsync.snoozed_wake": {"queue": "interactive"},
    "mailsync.unanswered_tell": {"queue": "interactive"},
    "mailsync.outgoing_deliver": {"queue": "send"},
    "mailsync.list_unsubscribe": {"queue": "send"},
    "mailsync.device_tell": {"queue": "send"},
    "mailsync.mail_forward": {"queue": "maintenance"},
    "mailsync.webhook_call": {"queue": "send"},
}
app.conf.beat_schedule = {
    "dispatch": {"task": "mailsync.dispatch", "schedule": 5.0, "options": {"queue": "interactive", "expires": 10}},
    "maintain": {"task": "mailsync.maintain", "schedule": 300.0, "options": {"queue": "maintenance", "expires": 300}},
}
app.autodiscover_tasks(["mailsync"])


@worker_process_init.connect
def ease_interpreter(**_: object) -> None:
    """A worker makes thousands of rows at a time and none in circles: collecting seldom saves a tenth of its time.
    One thread parses while another stores: after each answer of PostgreSQL the latter waits for its turn, half a
    millisecond at most in the place of five, which is another tenth."""
    sys.setswitchinterval(0.0005)
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    _share_memory()


def _share_memory() -> None:
    """Batches of messages go from thread to thread: with the pools that glibc gives to each of them a worker holds a
    fifth more than it uses. mallopt(3); another C library has no such pools."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)


@task_prerun.connect
def _know_providers(**_: object) -> None:
    """Limits of providers may be the administrator's own: read again every half minute at the most."""
    from accounts import provider_rows

    provider_rows.refresh()


@worker_process_init.connect
def _forget_inherited_pool(**_: object) -> None:
    """A pool made before the fork shares its sockets with the parent: the child opens its own."""
    from django.db import connections

    for connection in connections.all(initialized_only=True):
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]


@beat_init.connect
def _dispatch_at_once(sender: Any, **_: object) -> None:
    """What fell due while nothing ran is not kept waiting for the first interval."""
    sender.app.send_task("mailsync.dispatch", queue="interactive", expires=10)
