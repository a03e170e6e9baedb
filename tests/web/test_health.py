"""The two health pages: what they say when all is well and when each part is not."""

import datetime as dt
from typing import Any

import pytest
import redis
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone

from mailsync.models import SchedulerTick


def test_healthz_needs_no_database(client: Client) -> None:
    response = client.get("/healthz")
    assert response.status_code == 200
    assert response.content == b"ok\n"


@pytest.mark.django_db
def test_readyz_is_ready_with_a_fresh_tick(client: Client) -> None:
    SchedulerTick.objects.create(at=timezone.now())
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {"database": "ok", "migrations": "ok", "redis": "ok", "scheduler": "ok"}


@pytest.mark.django_db
def test_readyz_names_a_scheduler_that_never_ran(client: Client) -> None:
    response = client.get("/readyz")
    assert response.status_code == 503
    assert "never run" in response.json()["scheduler"]


@pytest.mark.django_db
def test_readyz_names_a_scheduler_that_stopped(client: Client) -> None:
    SchedulerTick.objects.create(at=timezone.now() - dt.timedelta(minutes=3))
    response = client.get("/readyz")
    assert response.status_code == 503
    assert "last ran at" in response.json()["scheduler"]


@pytest.mark.django_db
def test_readyz_names_a_missing_redis(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    SchedulerTick.objects.create(at=timezone.now())

    def refuse(*args: object, **kwargs: object) -> None:
        raise redis.ConnectionError("refused")

    monkeypatch.setattr(redis.Redis, "ping", refuse)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["redis"] == "failed: ConnectionError"


@pytest.mark.django_db
def test_readyz_counts_migrations_that_have_not_run_and_reads_their_files_once(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.get("/readyz")

    def read(*args: object, **kwargs: object) -> None:
        raise AssertionError("The files of migrations were read again.")

    monkeypatch.setattr(MigrationLoader, "load_disk", read)
    ready = client.get("/readyz").json()["migrations"]
    recorder = MigrationRecorder(connection)
    gone = recorder.migration_qs.filter(app__in=["mailsync", "accounts"]).order_by("-id").values_list("pk", flat=True)
    recorder.migration_qs.filter(pk__in=list(gone[:2])).delete()
    assert ready == "ok"
    assert client.get("/readyz").json()["migrations"].startswith("2 not applied")


@pytest.mark.parametrize("page", ["/healthz", "/readyz"])
def test_they_are_asked_by_an_address_and_without_tls(page: str, client: Client, settings: Any, db: None) -> None:
    """As a container's health check and a load balancer do, whatever name people use."""
    settings.ALLOWED_HOSTS = ["mail.example.org"]
    settings.SECURE_SSL_REDIRECT = True
    SchedulerTick.objects.create(at=timezone.now())
    answer = client.get(page, headers={"host": "127.0.0.1:8000"})
    assert answer.status_code == 200
    assert client.get("/", headers={"host": "127.0.0.1:8000"}).status_code == 400
    assert client.post(page, headers={"host": "127.0.0.1:8000"}).status_code == 405
