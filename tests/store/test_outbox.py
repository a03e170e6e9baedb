"""The outbox's rows: one worker a message, the fence, and what an uncertain message becomes."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from mailsync import actions
from mailsync.errors import LeaseLost
from mailsync.models import Outgoing
from mailsync.plan.delivery import Outcome, RecipientOutcome
from mailsync.store import allowance, outbox, transit
from tests.factories import make_account

pytestmark = pytest.mark.django_db


@pytest.fixture
def outgoing() -> Outgoing:
    account = make_account()
    draft = actions.start_draft(account.user_id, to="a@example.org, b@example.org", subject="Plan")
    return actions.send(account.user_id, draft.pk, 0)


def expire(outgoing: Outgoing) -> None:
    past = timezone.now() - timedelta(seconds=1)
    Outgoing.objects.filter(pk=outgoing.pk).update(due_at=past, claimed_until=past)


def accepted(*addresses: str) -> Outcome:
    return Outcome("accepted", tuple(RecipientOutcome(address, "accepted", 250) for address in addresses))


def test_a_claim_is_one_workers_until_it_runs_out(outgoing: Outgoing) -> None:
    first = transit.claim(outgoing.pk)
    assert first is not None
    assert transit.claim(outgoing.pk) is None
    expire(outgoing)
    second = transit.claim(outgoing.pk)
    assert second is not None
    assert second.attempt == first.attempt + 1
    with pytest.raises(LeaseLost):
        transit.mark_data_started(first)
    transit.mark_data_started(second)


def test_nothing_is_claimed_before_its_time_or_after_its_end(outgoing: Outgoing) -> None:
    Outgoing.objects.update(due_at=timezone.now() + timedelta(minutes=1))
    assert transit.claim(outgoing.pk) is None
    actions.undo_send(outgoing.user_id, outgoing.pk)
    expire(outgoing)
    assert transit.claim(outgoing.pk) is None


def test_stopped_while_the_worker_connects(outgoing: Outgoing) -> None:
    held = transit.claim(outgoing.pk)
    assert held is not None
    with pytest.raises(actions.CannotDo):
        actions.undo_send(outgoing.user_id, outgoing.pk)
    Outgoing.objects.update(state="cancelled", finished_at=timezone.now())
    with pytest.raises(LeaseLost):
        transit.mark_data_started(held)


def test_after_the_dot_a_claim_that_ran_out_is_never_taken_over(outgoing: Outgoing) -> None:
    held = transit.claim(outgoing.pk)
    assert held is not None
    transit.mark_data_started(held)
    transit.mark_dot_sent(held, held.recipients)
    assert not outbox.become_uncertain(outgoing.pk, "lost")  # its worker may still be waiting for the answer
    expire(outgoing)
    assert transit.claim(outgoing.pk) is None
    assert outbox.become_uncertain(outgoing.pk, "lost")
    assert not outbox.become_uncertain(outgoing.pk, "lost")
    with pytest.raises(LeaseLost):
        outbox.settle(held, accepted(*held.recipients))


def test_only_those_under_way_are_accepted_when_it_is_found(outgoing: Outgoing) -> None:
    whole = transit.claim(outgoing.pk)
    assert whole is not None
    held = replace(whole, recipients=whole.recipients[:1])
    transit.mark_data_started(held)
    transit.mark_dot_sent(held, held.recipients)
    outbox.lose_reply(held, "No answer.")
    assert outbox.found_after_all(outgoing.pk, "Found in Sent.")
    assert not outbox.found_after_all(outgoing.pk, "Found in Sent.")
    states = dict(outgoing.recipients.values_list("address", "state"))
    assert states == {held.recipients[0]: "accepted"} | {
        address: "pending" for address in states if address != held.recipients[0]
    }
    outgoing.refresh_from_db()
    assert outgoing.state == "deferred"
    rest = transit.claim(outgoing.pk)
    assert rest is not None
    assert set(rest.recipients) == set(states) - set(held.recipients)


def test_looking_ends_and_then_the_user_is_asked(outgoing: Outgoing) -> None:
    held = transit.claim(outgoing.pk)
    assert held is not None
    transit.mark_data_started(held)
    transit.mark_dot_sent(held, held.recipients)
    outbox.lose_reply(held, "No answer.")
    assert [outbox.looked_in_vain(outgoing.pk) for _ in range(4)] == [True, True, True, False]
    outgoing.refresh_from_db()
    assert (outgoing.state, outgoing.due_at) == ("uncertain", None)


def test_what_was_sent_counts_against_the_day(outgoing: Outgoing) -> None:
    identity = outgoing.identity
    assert identity is not None
    held = transit.claim(outgoing.pk)
    assert held is not None
    outbox.settle(held, accepted(*held.recipients))
    assert allowance.sending_room(identity) == allowance.SendingRoom(2, None)
    identity.account.provider = "gmail"
    identity.account.save()
    assert allowance.sending_room(identity) == allowance.SendingRoom(2, 400)
    outgoing.recipients.update(settled_at=timezone.now() - timedelta(hours=25))
    assert allowance.sending_room(identity).used == 0


def behind(outgoing: Outgoing) -> Outgoing:
    draft = actions.start_draft(outgoing.user_id, to="next@example.org", subject="The next")
    return actions.send(outgoing.user_id, draft.pk, 0)


def test_one_is_accepted_and_the_next_begun_in_one_step(outgoing: Outgoing) -> None:
    following = behind(outgoing)
    held = transit.claim(outgoing.pk)
    assert held is not None
    ours, taken = transit.accept_and_claim(held, accepted(*held.recipients), following.pk)
    assert ours
    assert taken is not None
    assert (taken.outgoing_id, taken.recipients, taken.raw) == (
        following.pk, ("next@example.org",), bytes(following.raw),
    )  # fmt: skip
    assert dict(Outgoing.objects.values_list("pk", "state")) == {
        outgoing.pk: "accepted", following.pk: "data_started",
    }  # fmt: skip
    transit.mark_data_started(taken)
    transit.mark_dot_sent(taken, taken.recipients)


def test_the_next_is_left_where_it_is_not_to_be_sent(outgoing: Outgoing) -> None:
    following = behind(outgoing)
    actions.undo_send(outgoing.user_id, following.pk)
    held = transit.claim(outgoing.pk)
    assert held is not None
    assert transit.accept_and_claim(held, accepted(*held.recipients), following.pk) == (True, None)
    outgoing.refresh_from_db()
    following.refresh_from_db()
    assert (outgoing.state, following.state) == ("accepted", "cancelled")


def test_the_next_is_begun_though_the_first_was_taken_over(outgoing: Outgoing) -> None:
    following = behind(outgoing)
    stale = transit.claim(outgoing.pk)
    assert stale is not None
    expire(outgoing)
    assert transit.claim(outgoing.pk) is not None
    ours, taken = transit.accept_and_claim(stale, accepted(*stale.recipients), following.pk)
    assert (ours, taken is not None) == (False, True)
    outgoing.refresh_from_db()
    assert outgoing.state == "claimed"
    assert not outgoing.events.filter(kind="accepted").exists()
    assert not outgoing.recipients.filter(state="accepted").exists()


def test_each_line_of_the_timeline_has_the_servers_words_about_its_own_recipients(outgoing: Outgoing) -> None:
    held = transit.claim(outgoing.pk)
    assert held is not None
    took = RecipientOutcome("a@example.org", "accepted", 250, "2.0.0", "Delivered")
    refused = RecipientOutcome("b@example.org", "failed", 550, "5.1.1", "No such user")
    outbox.settle(held, Outcome("accepted", (took, refused), words="550 5.1.1 No such user"))
    lines = list(outgoing.events.order_by("id").values_list("text", flat=True))
    assert lines[-2:] == ["Accepted for 1 recipient. Delivered", "b@example.org: 550 5.1.1 No such user"]


def test_what_each_recipient_was_refused_for_is_not_said_again_at_the_end(outgoing: Outgoing) -> None:
    held = transit.claim(outgoing.pk)
    assert held is not None
    refused = [RecipientOutcome(f"{who}@example.org", "failed", 550, "5.1.1", "No such user") for who in "ab"]
    outbox.settle(held, Outcome("failed", tuple(refused), words="550 5.1.1 No such user"))
    assert outgoing.events.order_by("-id").values_list("text", flat=True)[0] == "Refused for every recipient."
