"""The outbox against a real Postfix: what its mailboxes hold, and what its reports do to what was sent."""

import smtplib
import socket

import pytest
from django.utils import timezone

from mailsync import actions
from mailsync.engine.deliver import Doors
from mailsync.protocol import smtp
from mailsync.store.authored import store_own_message
from tests.engine.test_deliver import Post
from tests.servers.postfix import SIZE_LIMIT_BYTES, Postfix

pytestmark = [pytest.mark.django_db, pytest.mark.postfix]


@pytest.fixture
def post(postfix: Postfix) -> Post:
    post = Post(address="ann@example.test")
    post.doors = Doors(lambda *_: smtp.connect(postfix.settings()), post.imap.connect, lambda: 0.0)
    return post


def test_what_was_frozen_is_what_each_mailbox_holds_once(post: Post, postfix: Postfix) -> None:
    body = "<p>.</p><p>..two dots</p><p>Grüße, 日本</p>"
    draft = post.draft("Bob <bob@example.test>, carol@example.test", body=body)
    outgoing = post.run(actions.send(post.user_id, draft.pk, 0))
    assert outgoing.state == "done"
    for name in ("bob", "carol"):
        assert postfix.raws(name, count=1) == [bytes(outgoing.raw)]
    replies = set(outgoing.recipients.values_list("state", "code", "enhanced"))
    assert replies == {("accepted", 250, "2.0.0")}
    assert "queued as" in outgoing.events.get(kind="accepted").text


def test_several_messages_go_over_one_connection(post: Post, postfix: Postfix) -> None:
    letters = [post.write("bob@example.test") for _ in range(6)]
    opened = []
    open_sender = post.doors.open_sender
    post.doors = Doors(lambda *who: opened.append(1) or open_sender(*who), post.imap.connect)  # type: ignore[func-returns-value]
    post.run(letters[0])
    raws = postfix.raws("bob", count=6)
    assert sorted(raws) == sorted(bytes(one.raw) for one in letters)
    assert len(opened) == 1


def test_one_who_is_not_here_is_refused_and_the_others_get_it(post: Post, postfix: Postfix) -> None:
    outgoing = post.run(post.write("bob@example.test, nobody@example.test"))
    assert outgoing.state == "done"
    assert post.states(outgoing) == {"bob@example.test": "accepted", "nobody@example.test": "failed"}
    assert outgoing.recipients.get(state="failed").code == 550
    assert len(postfix.raws("bob", count=1)) == 1


def test_nothing_is_relayed(post: Post, postfix: Postfix) -> None:
    outgoing = post.run(post.write("someone@elsewhere.example"))
    assert outgoing.state == "failed"
    assert "Relay access denied" in outgoing.error


def test_a_message_over_its_size_is_refused_before_it_travels(post: Post, postfix: Postfix) -> None:
    draft = post.draft("bob@example.test")
    actions.attach(post.user_id, draft.pk, "a.bin", "application/octet-stream", bytes(SIZE_LIMIT_BYTES))
    outgoing = post.run(actions.send(post.user_id, draft.pk, 0))
    assert outgoing.state == "failed"
    assert f"{SIZE_LIMIT_BYTES} at most" in outgoing.error
    # From now on the limit is known, and told while one writes.
    again = post.draft("bob@example.test")
    with pytest.raises(actions.TooLarge, match=r"0\.2 MB is the most"):
        actions.attach(post.user_id, again.pk, "a.bin", "application/octet-stream", bytes(SIZE_LIMIT_BYTES))


def test_a_local_part_beyond_ascii_arrives(post: Post, postfix: Postfix) -> None:
    outgoing = post.run(post.write("Grün <grün@example.test>"))
    assert outgoing.state == "done"
    assert postfix.raws("grün", count=1) == [bytes(outgoing.raw)]


def test_its_bounce_is_matched_to_the_message_and_the_recipient(post: Post, postfix: Postfix) -> None:
    outgoing = post.run(post.write("bob@example.test, gone@example.test"))
    assert outgoing.state == "done"
    (report,) = postfix.raws("ann", count=1)
    assert b"multipart/report" in report
    store_own_message(post.account.pk, report, timezone.now())
    assert post.states(outgoing) == {"bob@example.test": "accepted", "gone@example.test": "returned"}
    assert outgoing.events.filter(text__contains="gone@example.test").exists()


def test_an_answer_that_was_lost_is_uncertain_and_it_came_once(
    post: Post, postfix: Postfix, monkeypatch: pytest.MonkeyPatch
) -> None:
    outgoing = post.write("bob@example.test")
    real = smtp.SmtpSender._send_dot

    def deaf(sender: smtp.SmtpSender) -> tuple[int, bytes]:
        assert sender._connection.sock is not None
        sender._connection.send(b".\r\n")
        postfix.raws("bob", count=1)
        sender._connection.sock.shutdown(socket.SHUT_RDWR)
        return real(sender)

    monkeypatch.setattr(smtp.SmtpSender, "_send_dot", deaf)
    for _ in range(6):
        post.run(outgoing)
    assert (outgoing.state, outgoing.due_at) == ("uncertain", None)
    assert len(postfix.raws("bob", count=1)) == 1


def test_it_would_take_a_message_from_anybody_for_its_own_people_alone(postfix: Postfix) -> None:
    """The server of these tests is what it says: no login, TLS only, no relay."""
    with smtplib.SMTP("127.0.0.1", postfix.port) as plain:
        plain.ehlo()
        assert plain.mail("a@example.test")[0] == 530
