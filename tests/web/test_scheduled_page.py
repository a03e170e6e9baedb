"""Messages that leave at a time of their own: their list, another time, stopped and sent again; only one's own."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from mailsync import actions
from mailsync.models import Draft, Outgoing
from tests.factories import make_user
from tests.web.outbox_page import JSON, State, do, put

pytestmark = pytest.mark.django_db


@pytest.fixture
def later(writer: User) -> Outgoing:
    draft = actions.start_draft(writer.pk, to="bob@x.test", subject="Later", body="<p>Hi</p>")
    return actions.send(writer.pk, draft.pk, send_at=timezone.now() + timedelta(days=2))


def test_what_is_scheduled_has_a_list_of_its_own_until_its_time_comes(client: Client, later: Outgoing) -> None:
    page = client.get(reverse("scheduled")).text
    assert "Later" in page
    assert "1 message leaves by itself" in page
    outbox = client.get(reverse("outbox")).text
    assert f'id="o{later.pk}"' not in outbox
    assert f'href="{reverse("scheduled")}"' in outbox, "the tree does not lead there"
    assert client.get(reverse("outgoing_act", args=[later.pk]))["Location"] == f"{reverse('scheduled')}#o{later.pk}"
    # Its time has come, and the server asked for patience: it is on its way like any other.
    put(later, State.DEFERRED, send_at=timezone.now() - timedelta(minutes=1))
    assert f'id="o{later.pk}"' not in client.get(reverse("scheduled")).text
    outbox = client.get(reverse("outbox")).text
    assert "Will be tried again" in outbox
    assert f'href="{reverse("scheduled")}"' not in outbox


def test_a_scheduled_message_can_leave_now(client: Client, later: Outgoing) -> None:
    assert do(client, later, "now").status_code == 200
    later.refresh_from_db()
    assert later.send_at is None
    assert "Nothing is scheduled" in client.get(reverse("scheduled")).text


def test_a_scheduled_message_gets_another_time_in_the_writers_zone(
    client: Client, writer: User, later: Outgoing
) -> None:
    writer.timezone = "America/New_York"
    writer.save()
    _date, _end, frozen = bytes(later.raw).partition(b"\r\n")
    url = reverse("outgoing_act", args=[later.pk])
    year = timezone.now().year + 1
    response = client.post(url, {"do": "later", "send_at": f"{year}-07-01T09:30"})
    assert response["Location"] == reverse("scheduled")
    later.refresh_from_db()
    assert later.send_at == later.due_at == datetime(year, 7, 1, 13, 30, tzinfo=UTC)
    assert f" 01 Jul {year} 09:30:00 -0400\r\n".encode() in bytes(later.raw).removesuffix(frozen)
    assert bytes(later.raw).endswith(frozen)
    page = client.get(reverse("scheduled")).text
    assert f'value="{year}-07-01T09:30"' in page
    for wrong in ("", "soon", "2020-01-01T09:30", "2026-13-45T09:30"):
        assert client.post(url, {"do": "later", "send_at": wrong}, headers=JSON).status_code == 409
    later.refresh_from_db()
    assert later.send_at == datetime(year, 7, 1, 13, 30, tzinfo=UTC)


def test_a_scheduled_message_is_opened_again_to_be_edited(client: Client, later: Outgoing) -> None:
    response = client.post(reverse("outgoing_act", args=[later.pk]), {"do": "undo"})
    assert "Later" in client.get(response["Location"]).text
    assert "Nothing is scheduled" in client.get(reverse("scheduled")).text


def test_a_stranger_sees_nothing_scheduled(client: Client, later: Outgoing) -> None:
    client.force_login(make_user("charlie"))
    assert f'id="o{later.pk}"' not in client.get(reverse("scheduled")).text


@pytest.fixture
def stopped(client: Client, later: Outgoing) -> Draft:
    do(client, later, "undo")
    return Draft.objects.get()


def send_again(client: Client, stopped: Draft, **how: str) -> datetime | None:
    fields = {"version": stopped.version, "to": "bob@x.test", "subject": "Tea", "body": "<p>Later</p>", **how}
    answer = client.post(reverse("draft_send", args=[stopped.pk]), fields, headers=JSON)
    assert answer.status_code == 200
    found = Outgoing.objects.exclude(state=State.CANCELLED).get().send_at
    return found.replace(second=0, microsecond=0) if found else None


def test_a_scheduled_message_that_is_stopped_keeps_its_time(client: Client, later: Outgoing, stopped: Draft) -> None:
    page = client.get(reverse("draft", args=[stopped.pk])).text
    assert later.send_at is not None
    local = timezone.localtime(later.send_at)
    assert f'value="{local:%Y-%m-%dT%H:%M}"' in page
    assert "Its time stays" in page
    assert send_again(client, stopped) == later.send_at.replace(second=0, microsecond=0)


@pytest.mark.parametrize(
    ("how", "when"),
    [
        ({"when": "now"}, None),
        ({"when": "pick", "send_at": "2099-07-01T09:30"}, datetime(2099, 7, 1, 7, 30, tzinfo=UTC)),
    ],
)
def test_its_time_can_be_changed_or_dropped(
    client: Client, stopped: Draft, how: dict[str, str], when: datetime | None
) -> None:
    assert send_again(client, stopped, **how) == when


def test_a_time_that_has_passed_by_then_is_not_kept(client: Client, stopped: Draft) -> None:
    Draft.objects.update(send_at=timezone.now() - timedelta(minutes=1))
    assert "Its time stays" not in client.get(reverse("draft", args=[stopped.pk])).text
    assert send_again(client, stopped) is None
