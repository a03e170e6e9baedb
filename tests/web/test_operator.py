"""The operator's pages: numbers and switches for an administrator, nothing for anybody else."""

import pytest
from django.test import Client
from django.utils import timezone

from mailsync.models import EgressSwitch, Folder
from mailsync.protocol.egress import Kind
from tests.factories import make_account, make_folder, make_user
from webmail.views.operator import OUTBOUND

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(client: Client) -> Client:
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    return client


@pytest.mark.parametrize("path", ["/operator/", "/operator/outbound/"])
def test_for_a_stranger_there_is_no_such_page(client: Client, path: str) -> None:
    for user in (make_user(), make_user(is_staff=True)):
        client.force_login(user)
        assert client.get(path).status_code == 404
        assert client.post(path, {"kind": "mail", "do": "shut"}).status_code == 404
    assert not EgressSwitch.objects.exists()


def test_the_page_lists_every_kind_of_call(office: Client) -> None:
    assert set(OUTBOUND) == {kind.value for kind in Kind}
    page = office.get("/operator/outbound/").content.decode()
    assert page.count('name="kind"') == len(Kind)


def test_a_kind_is_shut_and_opened(office: Client) -> None:
    office.post("/operator/outbound/", {"kind": "pictures", "do": "shut"})
    assert EgressSwitch.objects.get(kind="pictures").is_shut
    assert "Open: Remote pictures" in office.get("/operator/outbound/").content.decode()
    office.post("/operator/outbound/", {"kind": "pictures", "do": "open"})
    assert not EgressSwitch.objects.get(kind="pictures").is_shut
    assert office.post("/operator/outbound/", {"kind": "everything", "do": "shut"}).status_code == 404


def test_the_dashboard_counts_and_tries_again(office: Client) -> None:
    account = make_account(state="needs_user")
    folder = make_folder(account, parked_at=timezone.now(), failures=5)
    page = office.get("/operator/").content.decode()
    assert "Need their owner" in page
    assert "Parked folders" in page
    assert office.post("/operator/").status_code == 302
    folder.refresh_from_db()
    assert (folder.parked_at, folder.failures) == (None, 0)
    assert Folder.objects.get().due_at is not None
    assert account.address not in page


def test_what_is_checked_and_what_waits_is_said_in_the_readers_language(client: Client) -> None:
    client.force_login(make_user("root", is_superuser=True, is_staff=True, language="de"))
    page = client.get("/operator/").content.decode()
    for words in ("Datenbank", "Zeitplaner", "ist nie gelaufen", "Senden (send)", "Pflege (maintenance)"):
        assert words in page
    assert "has never run" in client.get("/readyz", headers={"Accept-Language": "de"}).content.decode()
