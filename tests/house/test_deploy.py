"""Deployment holds together: secrets are demanded, and compose, settings and README name the same variables."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client

PROJECT = Path(__file__).resolve().parents[2]
NAME = re.compile(r"\b(?:HERON_[A-Z0-9_]+|DATABASE_URL|REDIS_URL)\b")
SECRETS = {"HERON_SECRET_KEY": "long enough " * 5, "HERON_VAULT_KEYS": "dGVzdHMgb25seSwgdGVzdHMgb25seSwgdGVzdHMhISE="}


def check(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """``manage.py check`` in an environment that holds nothing else of Heron's."""
    kept = {name: value for name, value in os.environ.items() if not NAME.fullmatch(name.removesuffix("_FILE"))}
    return subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=PROJECT,
        env={**kept, "DJANGO_SETTINGS_MODULE": "webmail.settings", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def read_variables() -> set[str]:
    """Every variable that the settings read, by the first argument of the ``env`` helpers."""
    files = (PROJECT / "webmail" / name for name in ("settings.py", "sign_in_apps.py"))
    source = "".join(file.read_text(encoding="utf-8") for file in files)
    return set(re.findall(r"env\.\w+\(\s*\"(\w+)\"", source))


@pytest.mark.parametrize("missing", sorted(SECRETS))
def test_a_missing_secret_stops_the_start_with_a_word_on_what_to_set(missing: str) -> None:
    done = check({name: value for name, value in SECRETS.items() if name != missing})
    assert done.returncode != 0
    assert f"Set {missing} (or {missing}_FILE)" in done.stderr


def test_secrets_may_come_from_files(tmp_path: Path) -> None:
    environment = {}
    for name, value in SECRETS.items():
        (tmp_path / name).write_text(value + "\n")
        environment[f"{name}_FILE"] = str(tmp_path / name)
    assert check(environment).returncode == 0
    (tmp_path / "HERON_SECRET_KEY").unlink()
    done = check(environment)
    assert done.returncode != 0
    assert "HERON_SECRET_KEY_FILE names" in done.stderr


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("HERON_OPEN_SIGNUP", "maybe", "on/off"),
        ("HERON_EMAIL_PORT", "smtp", "whole number"),
        ("DATABASE_URL", "mysql://localhost/heron", "postgres://"),
        ("DATABASE_URL", "postgres://localhost:port/heron", "no number"),
        ("REDIS_URL", "localhost:6379", "redis://"),
        ("HERON_BASE_URL", "mail.example.org", "https://"),
        ("HERON_BASE_URL", "https://[::1", "https://"),
        ("HERON_BASE_URL", "https://mail.example.org/mail", "without a path"),
        ("HERON_LOG_LEVEL", "loud", "DEBUG, INFO"),
        ("HERON_UPLOAD_LIMIT_BYTES", "-1", "at least 0"),
        ("HERON_DATABASE_POOL", "0", "at least 1"),
        ("HERON_EMAIL_PORT", "99999", "from 1 to 65535"),
        ("HERON_VAULT_KEYS", "build", "not base64"),
        ("HERON_VAULT_KEYS", "c2hvcnQ=", "has 5 bytes"),
        ("HERON_VAULT_KEYS", " ", "holds no key"),
        ("HERON_SECRET_KEY", "", "Set HERON_SECRET_KEY"),
        ("HERON_PUSH_KEY", "c2hvcnQ", "has 5 bytes"),
        ("HERON_PROVIDERS_FILE", "/nowhere/providers.toml", "cannot be read"),
    ],
)
def test_a_setting_that_cannot_be_read_is_named(name: str, value: str, words: str) -> None:
    done = check({**SECRETS, name: value})
    assert done.returncode != 0
    assert name in done.stderr
    assert words in done.stderr


def test_one_way_to_encrypt_letters_is_chosen() -> None:
    done = check({**SECRETS, "HERON_EMAIL_STARTTLS": "on", "HERON_EMAIL_TLS": "on"})
    assert done.returncode != 0
    assert "HERON_EMAIL_STARTTLS" in done.stderr


def test_what_is_written_in_another_way_is_read_all_the_same() -> None:
    written = {"HERON_LOG_LEVEL": "warning", "HERON_BASE_URL": "https://mail.example.org/"}
    assert check({**SECRETS, **written}).returncode == 0


def test_the_address_people_type_is_never_refused() -> None:
    """Who forgets HERON_ALLOWED_HOSTS would be shown a refusal by each page."""
    environment = {**SECRETS, "HERON_BASE_URL": "https://mail.example.org"}
    kept = {name: value for name, value in os.environ.items() if not NAME.fullmatch(name.removesuffix("_FILE"))}
    done = subprocess.run(
        [sys.executable, "-c", "from webmail import settings; print(settings.ALLOWED_HOSTS[-1])"],
        cwd=PROJECT,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "mail.example.org"


def test_compose_sets_only_variables_that_the_settings_read() -> None:
    compose = yaml.safe_load((PROJECT / "docker-compose.yml").read_text(encoding="utf-8"))
    known = read_variables()
    for name, service in compose["services"].items():
        for variable in service.get("environment") or {}:
            if NAME.fullmatch(variable):
                assert variable.removesuffix("_FILE") in known, f"{name} sets {variable}, which nothing reads"


def test_compose_runs_each_process_once_without_root_and_with_health() -> None:
    compose = yaml.safe_load((PROJECT / "docker-compose.yml").read_text(encoding="utf-8"))
    services = compose["services"]
    assert {"web", "worker-interactive", "worker-sync", "scheduler", "watcher", "postgres", "redis", "demo"} <= set(
        services
    )
    for name in ("web", "worker-interactive", "worker-sync", "scheduler", "watcher", "postgres", "redis"):
        assert "healthcheck" in services[name], name
    assert services["demo"]["profiles"] == ["demo"]
    for name, service in services.items():
        # Docker's own logs grow until the disk is full.
        assert set(service["logging"]["options"]) == {"max-size", "max-file"}, name
    # Docker ends a process after ten seconds: a send would be left uncertain, the database be mended at its next start.
    for name in ("worker-interactive", "worker-sync", "postgres"):
        assert services[name]["stop_grace_period"] in ("1m", "2m"), name
    assert services["postgres"]["shm_size"] == "256m"
    # README: any variable may stand in `.env`, which is in no commit and in no image.
    for name in ("web", "migrate", "worker-interactive", "worker-sync", "scheduler", "watcher"):
        assert services[name]["env_file"] == {"path": ".env", "required": False}, name
    for ignored in (".gitignore", ".dockerignore"):
        assert ".env" in (PROJECT / ignored).read_text(encoding="utf-8").splitlines()
    # Of a new version none begins on the tables of the old one.
    for name in ("web", "worker-interactive", "worker-sync", "scheduler", "watcher"):
        assert services[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}, name
    assert "migrate" not in services["migrate"]["depends_on"]
    queues = ",".join(" ".join(services[name]["command"]) for name in ("worker-interactive", "worker-sync"))
    from webmail.celery import QUEUES

    for queue in QUEUES:
        assert queue in queues
    assert "\nUSER heron\n" in (PROJECT / "Dockerfile").read_text(encoding="utf-8")


def test_the_readme_names_every_variable() -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    named = set(NAME.findall(readme))
    # The letters' server is one row: `HERON_EMAIL_HOST`, `_PORT`, …
    named |= {f"HERON_EMAIL{part}" for part in re.findall(r"`(_[A-Z]+)`", readme)}
    assert read_variables() <= named, f"not in README.md: {sorted(read_variables() - named)}"


def test_requirements_hold_no_address_and_a_hash_for_each_package() -> None:
    for path in PROJECT.glob("requirements*.txt"):
        text = path.read_text(encoding="utf-8")
        assert "://" not in text, path.name
        assert "--index" not in text, path.name
        pins = re.findall(r"^[a-zA-Z0-9_.\[\]-]+==\S+", text, re.MULTILINE)
        assert len(pins) > 30, path.name
        assert text.count("--hash=sha256:") >= len(pins), path.name


def test_djangos_own_check_of_a_deployment_is_clean() -> None:
    environment = {**SECRETS, "HERON_BASE_URL": "https://mail.example.org", "HERON_ALLOWED_HOSTS": "mail.example.org"}
    kept = {name: value for name, value in os.environ.items() if not NAME.fullmatch(name.removesuffix("_FILE"))}
    kept.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)  # set for browser tests in the same process
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=PROJECT,
        env={**kept, "DJANGO_SETTINGS_MODULE": "webmail.settings", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_security_txt_names_whom_to_tell(client: Client, settings: Any) -> None:
    assert client.get("/.well-known/security.txt").status_code == 404
    settings.HERON_SECURITY_CONTACT = "security@example.org"
    said = client.get("/.well-known/security.txt").content.decode()
    assert "Contact: mailto:security@example.org" in said
    assert "Expires: " in said


@pytest.mark.parametrize(("behind", "count"), [("on", "1"), ("off", "0")])
def test_addresses_of_people_come_from_our_own_proxy_alone(behind: str, count: str) -> None:
    say = "from allauth import app_settings; print(app_settings.TRUSTED_PROXY_COUNT)"
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v0", "-c", say],
        cwd=PROJECT,
        env={**os.environ, **SECRETS, "DJANGO_SETTINGS_MODULE": "webmail.settings", "HERON_BEHIND_PROXY": behind},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == count
