"""Which new mail is answered automatically, to whom, and in which days: decided for silence where there is doubt."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from mailsync.plan.auto_replies import Incoming, People, Span, answer_to, is_robot, span_of, state_of, why_silent

NOW = datetime(2026, 8, 5, 12, tzinfo=UTC)
SPAN = Span(NOW - timedelta(days=3))
PEOPLE = People(own={"anna@club.test", "anna@xn--mller-kva.test"}, mine={"anna@club.test", "anna@home.test"})


def silence(
    people: People = PEOPLE, span: Span = SPAN, facts: dict[str, Any] | None = None, **fields: Any
) -> str | None:
    mail = {"sender": "Bo@Work.test", "to": ["anna@club.test"], "received_at": NOW, "sent_at": NOW, **fields}
    return why_silent(Incoming(facts=facts or {}, **mail), span, people, NOW)


def test_a_letter_to_its_person_is_answered() -> None:
    assert silence() is None
    assert silence(to=["others@x.test", "Anna+rowing@CLUB.test"]) is None
    assert silence(to=["anna@müller.test"]) is None
    assert silence(facts={"return_path": "bo@work.test", "authentication_results": ["mx; dmarc=pass"]}) is None


@pytest.mark.parametrize(
    ("why", "facts"),
    [
        ("automatic", {"auto_submitted": "auto-replied"}),
        ("automatic", {"auto_submitted": "auto-generated"}),
        ("automatic", {"unanswered": True}),
        ("automatic", {"return_path": ""}),
        ("list", {"list_id": "rowing.club.test"}),
        ("list", {"list_unsubscribe": ["https://x.test/"]}),
        ("list", {"list_post": "rowing@club.test"}),
        ("list", {"feedback_id": "1:2:3"}),
        *(("list", {"precedence": word}) for word in ("bulk", "list", "junk", "auto_reply")),
        ("nobody", {"return_path": "rowing-bounces+anna=club.test@lists.test"}),
        ("nobody", {"sender": ["", "rowing-request@lists.test"]}),
        ("self", {"return_path": "anna+caf_=anna=home.test@home.test"}),
        ("spam", {"spam": True}),
        ("forged", {"authentication_results": ["mx.club.test; spf=pass smtp.mailfrom=x.test; dmarc=fail"]}),
        ("forged", {"authentication_results": ["mx.club.test; spf=fail smtp.mailfrom=work.test; dkim=none"]}),
        (
            None,
            {"authentication_results": ["mx.club.test; spf=fail smtp.mailfrom=x.test; dkim=pass header.d=work.test"]},
        ),
        (None, {"authentication_results": ["mx.club.test; spf=softfail smtp.mailfrom=work.test; dmarc=none"]}),
    ],
)
def test_what_its_header_says(why: str | None, facts: dict[str, Any]) -> None:
    assert silence(facts=facts) == why


@pytest.mark.parametrize(
    ("address", "is_one"),
    [
        *(
            (f"{local}@x.test", True)
            for local in ("MAILER-DAEMON", "noreply", "No-Reply", "do_not_reply", "DoNotReply")
        ),
        *((f"{local}@x.test", True) for local in ("owner-rowing", "rowing-request", "rowing-owner", "bounces+12")),
        *((f"{local}@x.test", True) for local in ("shop.no-reply", "noreply+42", "postmaster", "nicht-antworten")),
        *((f"{local}@x.test", False) for local in ("bo", "request", "owner", "norbert.reply", "dana", "prequest")),
    ],
)
def test_addresses_that_nobody_reads(address: str, is_one: bool) -> None:
    assert is_robot(address) is is_one
    assert silence(sender=address) == ("nobody" if is_one else None)


def test_nobody_answers_themselves() -> None:
    assert silence(sender="Anna@home.test") == "self"
    assert silence(sender="anna+notes@home.test") == "self"
    assert silence(sender="") == "nobody"


def test_what_names_nobody_here_is_left_alone() -> None:
    assert silence(to=[]) == "not_to_me"
    assert silence(to=["all@club.test"]) == "not_to_me"
    # Another mailbox of the same person answers for itself.
    assert silence(to=["anna@home.test"]) == "not_to_me"


def test_only_contacts_where_that_is_wished() -> None:
    assert silence(People(PEOPLE.own, PEOPLE.mine, known=set())) == "stranger"
    assert silence(People(PEOPLE.own, PEOPLE.mine, known={"bo@work.test"})) is None


def test_old_mail_is_not_answered() -> None:
    assert silence(received_at=SPAN.since - timedelta(seconds=1)) == "old"
    assert silence(received_at=NOW - timedelta(days=2, seconds=1)) == "old"
    # Moved here from elsewhere, and stamped anew.
    assert silence(sent_at=NOW - timedelta(days=400)) == "old"
    assert silence(sent_at=None) is None
    assert silence(span=Span(SPAN.since, NOW)) == "old"
    assert silence(span=Span(SPAN.since, NOW + timedelta(seconds=1))) is None


def test_the_answer_goes_where_a_bounce_would() -> None:
    mail = Incoming("bo@work.test", [], NOW, facts={"return_path": "bo.ek@mail.work.test"})
    assert answer_to(mail) == "bo.ek@mail.work.test"
    assert answer_to(Incoming("bo@work.test", [], NOW, facts={"return_path": "mangled"})) == "bo@work.test"
    assert answer_to(Incoming("bo@work.test", [], NOW)) == "bo@work.test"


def test_days_are_those_of_its_person() -> None:
    zone = ZoneInfo("Pacific/Auckland")
    span = span_of(datetime(2026, 4, 1, tzinfo=UTC), date(2026, 4, 4), date(2026, 4, 5), zone)
    # Clocks go back on that Sunday: it has 25 hours.
    assert span.since == datetime(2026, 4, 3, 11, tzinfo=UTC)
    assert span.until == datetime(2026, 4, 5, 12, tzinfo=UTC)
    told = {"waits": span.since - timedelta(seconds=1), "on": span.since, "over": span.until}
    assert {state: state_of(span, at) for state, at in told.items()} == {state: state for state in told}
    assert state_of(None, NOW) == "off"


def test_switched_on_in_the_middle_of_a_day_old_mail_of_that_day_stays_unanswered() -> None:
    at = datetime(2026, 4, 4, 15, 30, 20, 500_000, tzinfo=UTC)
    span = span_of(at, date(2026, 4, 1), None, ZoneInfo("Europe/Berlin"))
    assert (span.since, span.until) == (at.replace(microsecond=0), None)
