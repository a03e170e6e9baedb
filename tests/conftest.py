"""What every test can ask for: certificates and real or scripted servers on loopback."""

import pytest

#: Fixtures that start a whole site: the tests that use one run in the same process, so that it starts once.
SITES = ("site", "_server")

pytest_plugins = [
    "tests.servers.certificates",
    "tests.servers.dovecot",
    "tests.servers.receiving",
    "tests.servers.scripted",
    "tests.servers.smtp",
]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for name in SITES:
            if name in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.xdist_group(name))
