"""The doorkeeper: a kind that is shut goes nowhere, and nothing does when nobody can say."""

import pytest
from django.db import DatabaseError

from mailsync.errors import NeedsUser, TryLater
from mailsync.models import BlockedHost
from mailsync.protocol import egress, http_get
from mailsync.store.egress import BELIEVED_SECONDS, Switches, set_switch

pytestmark = pytest.mark.django_db


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_kind_that_is_shut_is_refused_and_the_others_are_not() -> None:
    set_switch(egress.Kind.PICTURES, True)
    switches = Switches()
    with pytest.raises(TryLater, match="administrator"):
        switches.check(egress.Kind.PICTURES)
    switches.check(egress.Kind.MAIL)
    set_switch(egress.Kind.PICTURES, False)
    Switches().check(egress.Kind.PICTURES)


def test_what_is_known_is_believed_for_some_seconds(django_assert_num_queries: object) -> None:
    clock = Clock()
    switches = Switches(clock)
    with django_assert_num_queries(2):  # type: ignore[operator]
        for _ in range(50):
            switches.check(egress.Kind.MAIL)
    set_switch(egress.Kind.MAIL, True)
    switches.check(egress.Kind.MAIL)
    clock.now = BELIEVED_SECONDS
    with pytest.raises(TryLater):
        switches.check(egress.Kind.MAIL)


def test_nothing_goes_out_when_the_switches_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise DatabaseError("away")

    monkeypatch.setattr("mailsync.store.egress.EgressSwitch.objects.filter", broken)
    for kind in egress.Kind:
        with pytest.raises(TryLater, match="makes none"):
            Switches().check(kind)


def test_without_a_doorkeeper_the_door_is_shut() -> None:
    with pytest.raises(TryLater, match="may not connect"):
        egress._refuse_all(egress.Kind.MAIL)


@pytest.mark.parametrize("kind", list(egress.Kind))
def test_the_door_asks_before_it_looks_anything_up(monkeypatch: pytest.MonkeyPatch, kind: egress.Kind) -> None:
    monkeypatch.setattr(egress, "_resolve", lambda *_: pytest.fail("a name was looked up"))
    monkeypatch.setattr(egress, "guard", Switches().check)
    set_switch(kind, True)
    with pytest.raises(TryLater):
        egress.open_socket("mail.example.org", 993, 1, kind=kind)


def test_the_machines_own_addresses_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from mailsync.errors import NeedsUser

    monkeypatch.setattr(egress, "own_addresses", lambda: frozenset({"93.184.215.14"}))
    with pytest.raises(NeedsUser) as caught:
        egress.check_addresses("ours.example", 993, ["93.184.215.14"])
    assert caught.value.code == "forbidden_host"


def test_a_blocked_host_is_reached_by_nobody_and_no_way(monkeypatch: pytest.MonkeyPatch) -> None:
    BlockedHost.objects.create(pattern=".evil.example", reason="It collects passwords.")
    BlockedHost.objects.create(pattern="192.0.2.7", reason="Not yours.")
    monkeypatch.setattr(egress, "guard", Switches().check)
    monkeypatch.setattr(egress, "_resolve", lambda *_: pytest.fail("a name was looked up"))
    for host in ("evil.example", "imap.evil.example", "IMAP.Evil.Example.", "192.0.2.7"):
        for kind in egress.Kind:
            with pytest.raises(NeedsUser, match="has blocked") as caught:
                egress.open_socket(host, 993, 5, kind=kind)
            assert caught.value.code == "forbidden_host"
        with pytest.raises(NeedsUser, match="has blocked"):
            egress.look_up(host, 993, kind=egress.Kind.MAIL)
        with pytest.raises(NeedsUser, match="has blocked"):
            http_get.get(f"https://{host}/", kind=egress.Kind.PICTURES, limit_bytes=10, timeout_seconds=5)
    Switches().check(egress.Kind.MAIL, "notevil.example")
