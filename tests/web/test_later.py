"""Snooze times by the reader's clock, and how snoozed and pinned rows are printed."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from mailsync import actions
from mailsync.models import Folder, Snooze
from tests.factories import make_account, make_folder, make_message, make_user
from webmail.present.snooze import read_time, snooze_presets

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-03-02T09:20", ["later Mon 12:00", "evening Mon 18:00", "tomorrow Tue 08:00", "weekend Sat 08:00"]),
        ("2026-03-06T22:10", ["tomorrow Sat 08:00", "week Mon 08:00"]),
        ("2026-03-07T10:00", ["later Sat 13:00", "evening Sat 18:00", "tomorrow Sun 08:00", "week Mon 08:00"]),
        ("2026-03-08T22:10", ["tomorrow Mon 08:00"]),
        ("2026-03-28T12:00", ["later Sat 15:00", "evening Sat 18:00", "tomorrow Sun 08:00", "week Mon 08:00"]),
    ],
)
def test_presets_are_to_come_by_the_readers_clock(now: str, expected: list[str]) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=BERLIN)
    found = snooze_presets(at)
    assert [f"{one.key} {one.when}" for one in found][: len(expected)] == expected
    assert all(one.at > at for one in found)
    assert len({one.at for one in found}) == len(found)


def test_a_chosen_time_is_of_the_readers_zone() -> None:
    now = datetime(2026, 3, 2, 9, tzinfo=BERLIN)
    chosen = read_time("at", "2026-07-01T07:30", now)
    assert chosen is not None
    assert chosen.utcoffset() == timedelta(hours=2)
    assert read_time("", "soon", now) is None
    assert read_time("tomorrow", "", now) == datetime(2026, 3, 3, 8, tzinfo=BERLIN)
    friday = datetime(2026, 3, 6, 0, 1, tzinfo=BERLIN)  # a button that has stood there since Thursday
    assert read_time("weekend", "", friday) == datetime(2026, 3, 7, 8, tzinfo=BERLIN)


@pytest.mark.django_db
def test_rows_say_until_when_and_that_they_are_back(browser: Client, anna: User) -> None:
    inbox = make_folder(make_account(anna))
    mail = make_message(inbox, subject="Rota")
    fields = {"snooze": "at", "until": "2031-03-03T07:30", "on": f"p{mail.pk}"}
    answer = browser.post("/act/", fields, headers={"HX-Request": "true"})
    assert "1 message snoozed until Mon 3 Mar, 07:30" in answer.content.decode()
    place = Folder.objects.get(role="snoozed")
    assert "Until Mon 3 Mar, 07:30" in browser.get(f"/f/{place.pk}/").content.decode()
    Snooze.objects.update(woken_at=timezone.now())
    assert "Back from snooze" in browser.get(f"/f/{place.pk}/").content.decode()
    refused = browser.post("/act/", {**fields, "until": "yesterday"}, headers={"HX-Request": "true"})
    assert refused.status_code == 409


@pytest.mark.django_db
def test_pinned_rows_stand_first_and_once(browser: Client, anna: User) -> None:
    inbox = make_folder(make_account(anna))
    mail = [make_message(inbox, subject=f"M{number}") for number in range(4)]
    actions.pin(anna.pk, [mail[1].pk])
    page = browser.get(f"/f/{inbox.pk}/").content.decode()
    assert page.index(">Pinned<") < page.index(">M1<") < page.index(">M3<") < page.index(">M0<")
    assert page.count(" data-pinned>") == 1
    assert page.count(">M1<") == 1
    assert " data-pinned>" not in browser.get(f"/f/{inbox.pk}/?show=unread").content.decode()
    stranger = Client()
    stranger.force_login(make_user(), backend="allauth.account.auth_backends.AuthenticationBackend")
    assert stranger.post("/act/", {"do": "unpin", "on": f"p{mail[1].pk}"}).status_code == 404
