"""Servers of tests that start side by side never get one port twice."""

from tests.servers.dovecot import free_port


def test_no_port_is_given_twice() -> None:
    assert len({free_port() for _ in range(500)}) == 500
