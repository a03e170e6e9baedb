"""What every test can ask for: certificates and real or scripted servers on loopback."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, settings

from accounts import providers
from mailsync.protocol import egress
from tests import emptied
from tests import migrated as database

#: Fixtures that start a whole site: the tests that use one run in the same process, so that it starts once.
SITES = ("site", "_server")

#: Tests of a browser and of real servers, whose pace is the machine's. Where nobody watches, one that fails runs again;
#: the summary names it, and it is to be mended all the same.
RUN_AGAIN_IN_CI = ("tests/browser/", "tests/engine/")
#: What must not happen even once: hostile mail that runs, a letter that phones home, a leak, mail lost or sent twice.
NEVER_AGAIN = (
    *("tests/browser/safety/", "tests/browser/test_leaks.py", "tests/browser/test_away.py"),
    *("tests/engine/test_deliver.py", "tests/engine/test_deliver_turns.py", "tests/engine/test_pull_meanwhile.py"),
    *("tests/engine/test_interrupted.py", "tests/engine/test_scenarios.py", "tests/engine/test_push_stopped.py"),
    *("tests/engine/test_killed_celery.py", "tests/engine/test_killed_sends.py", "tests/engine/test_killed_worker.py"),
    *("tests/engine/test_killed_drafts.py", "tests/engine/test_draft_copies.py", "tests/engine/test_waiting_letter.py"),
    "tests/engine/test_pop_cut_anywhere.py",
    *("tests/engine/test_fault_list.py", "tests/engine/test_fault_map.py", "tests/engine/test_faults.py"),
    "tests/engine/test_fault_platform.py",
    *("tests/engine/test_pop_faults.py", "tests/engine/test_pop_killed_worker.py", "tests/engine/test_smtp_faults.py"),
    *("tests/engine/test_two_clients.py", "tests/engine/test_two_sides.py", "tests/engine/test_pop_two_sides.py"),
)

# How long one example takes is the machine's business, which may be shared.
settings.register_profile("heron", parent=settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("heron")

pytest_plugins = [
    "tests.servers.certificates",
    "tests.servers.courier",
    "tests.servers.dovecot",
    "tests.servers.cyrus",
    "tests.servers.postfix",
    "tests.servers.receiving",
    "tests.servers.scripted",
    "tests.servers.smtp",
    "tests.servers.oauth_provider",
    "tests.servers.oauth_mail",
]


@pytest.fixture(scope="session")
def migrated(django_test_environment: None, django_db_modify_db_settings: None, django_db_blocker: Any) -> str:
    """The name of a migrated database, to be copied."""
    with django_db_blocker.unblock():
        database.make_once()
    return database.NAME


@pytest.fixture(scope="session")
def django_db_setup(migrated: str, django_db_blocker: Any) -> Iterator[None]:
    """In the place of pytest-django's, by which every process migrates a database of its own."""
    before = connection.settings_dict["NAME"]
    name = connection.creation._get_test_db_name()
    with django_db_blocker.unblock():
        database.copy_to(name)
        database.connect_to(name)
    yield
    with django_db_blocker.unblock():
        database.connect_to(before)
        database.drop(name)


def pytest_unconfigure(config: pytest.Config) -> None:
    """The last process of a run takes the migrated database away."""
    if not hasattr(config, "workerinput"):
        database.drop(database.NAME)


@pytest.fixture(autouse=True, scope="session")
def _emptied_at_little_cost() -> None:
    emptied.install()


@pytest.fixture(autouse=True, scope="session")
def _open_door() -> None:
    """What is tested at the wire needs no database to ask; ``tests/store/test_egress.py`` tests the doorkeeper."""
    egress.guard = lambda _kind, _host="": None


def may_run_again(test: str) -> bool:
    """Whether a failure of this test may be the machine's pace."""
    return test.startswith(RUN_AGAIN_IN_CI) and not test.startswith(NEVER_AGAIN)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for name in SITES:
            if name in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.xdist_group(name))
        if os.environ.get("CI") and may_run_again(item.nodeid):
            item.add_marker(pytest.mark.flaky(reruns=2))


@pytest.fixture(autouse=True)
def _providers_as_shipped() -> Iterator[None]:
    """What an administrator adds to the table is kept in the process: one test's rows are not the next one's."""
    providers.set_own_rows({})
    yield
    providers.set_own_rows({})
