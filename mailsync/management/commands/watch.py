"""``manage.py watch``: one process that watches the inboxes of all accounts by IDLE, until SIGTERM or Ctrl-C."""

import signal
import threading
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from mailsync.engine.watch import Watcher
from mailsync.tasks import folder_pull


class Command(BaseCommand):
    help = "Watch the inboxes of all accounts, so that new mail is fetched as it arrives."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--alive", type=Path, help="a file to touch while it goes round, for a health check")

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        Watcher(news=folder_pull.delay, limit=settings.HERON_WATCH_LIMIT, alive=options["alive"]).run(stop)
