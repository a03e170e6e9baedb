"""What an administrator allows: refused when written where it can never go, kept waiting where it is too much now."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Identity, User
from mailsync import actions
from mailsync.models import OutgoingEvent, OutgoingRecipient
from mailsync.store import allowance
from tests.engine.test_deliver import Post

pytestmark = pytest.mark.django_db


def allow(post: Post, **limits: int) -> None:
    User.objects.filter(pk=post.user_id).update(**limits)


def test_recipients_a_day_hold_back_what_is_too_much_and_tell_the_time() -> None:
    post = Post()
    allow(post, recipients_per_day=3)
    post.run(post.write("a@example.org, b@example.org"))
    OutgoingRecipient.objects.update(settled_at=timezone.now() - timedelta(hours=20))
    waiting = post.run(post.write("c@example.org, d@example.org"))
    assert waiting.state == "deferred"
    assert "administrator" in waiting.error
    assert waiting.due_at is not None
    assert timedelta(hours=3) < waiting.due_at - timezone.now() <= timedelta(hours=4)
    assert post.run(post.write("e@example.org")).state == "done"
    assert post.smtp.delivered_to() == ["a@example.org", "b@example.org", "e@example.org"]


def test_messages_a_minute_are_counted_over_all_servers() -> None:
    post = Post()
    allow(post, messages_per_minute=2)
    rows = [post.write(f"p{number}@example.org") for number in range(4)]
    post.run(rows[0])
    assert len(post.smtp.taken) == 2
    for row in rows:
        row.refresh_from_db()
    assert [row.state for row in rows] == ["done", "done", "deferred", "queued"]
    assert all(row.due_at is not None and row.due_at > timezone.now() + timedelta(seconds=50) for row in rows[2:])
    OutgoingEvent.objects.update(created_at=timezone.now() - timedelta(seconds=61))
    post.run(rows[2])
    assert len(post.smtp.taken) >= 3


def test_more_recipients_than_a_day_allows_are_refused_when_sent() -> None:
    post = Post()
    allow(post, recipients_per_day=1)
    with pytest.raises(actions.CannotDo, match="1 recipients a day; this message has 2"):
        post.write("a@example.org, b@example.org")


def test_a_limit_lowered_later_lets_nothing_wait_for_ever() -> None:
    post = Post()
    outgoing = post.write("a@example.org, b@example.org")
    allow(post, recipients_per_day=1)
    assert post.run(outgoing).state == "done"


def test_files_beyond_what_is_allowed_are_refused() -> None:
    post = Post()
    allow(post, attachment_limit_mb=1)
    draft = post.draft()
    actions.attach(post.user_id, draft.pk, "a.bin", "", b"x" * 600_000)
    with pytest.raises(actions.CannotDo, match="allows 1 MB"):
        actions.attach(post.user_id, draft.pk, "b.bin", "", b"y" * 600_000)
    actions.send(post.user_id, draft.pk, 0)


def test_of_two_limits_the_one_with_less_room_is_shown() -> None:
    post = Post(provider="gmail", address="someone@gmail.com")
    post.run(post.write("a@example.org, b@example.org"))
    identity = Identity.objects.get(account=post.account)
    assert allowance.sending_room(identity) == allowance.SendingRoom(2, 400)
    allow(post, recipients_per_day=3)
    identity.user.refresh_from_db()
    room = allowance.sending_room(identity)
    assert (room, room.is_tight, room.left) == (allowance.SendingRoom(2, 3), True, 1)


@pytest.mark.parametrize(
    ("limit", "words"),
    [(3, "2 of 3 recipients used today"), (2, "All 2 recipients of today are used"), (9, None)],
)
def test_compose_shows_the_room_once_half_is_used(client: Client, limit: int, words: str | None) -> None:
    post = Post()
    post.run(post.write("a@example.org, b@example.org"))
    allow(post, recipients_per_day=limit)
    client.force_login(User.objects.get(pk=post.user_id))
    page = client.get(reverse("draft", args=[post.draft().pk])).content.decode()
    assert (words in page) if words else ("recipients used" not in page)


def test_the_administrator_sets_them(client: Client) -> None:
    post = Post()
    user = User.objects.get(pk=post.user_id)
    client.force_login(User.objects.create_superuser("root@example.org", "a long enough phrase"))
    url = reverse("admin:accounts_user_change", args=[user.pk])
    form: Any = client.get(url).context["adminform"].form
    data = {name: value for name, value in form.initial.items() if value is not None and value is not False}
    inline = {"mail_accounts-TOTAL_FORMS": 0, "mail_accounts-INITIAL_FORMS": 0}
    limits = {"recipients_per_day": 40, "messages_per_minute": 5, "attachment_limit_mb": 0}
    page = client.post(url, {**data, **inline, **limits})
    assert "attachment_limit_mb" in page.context["adminform"].form.errors
    client.post(url, {**data, **inline, **limits, "attachment_limit_mb": 7})
    user.refresh_from_db()
    assert (user.recipients_per_day, user.messages_per_minute, user.attachment_limit_mb) == (40, 5, 7)
