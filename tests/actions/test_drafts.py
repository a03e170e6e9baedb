"""One row a composition: saved, answered, given files, kept apart from strangers and second windows."""

from datetime import timedelta

import pytest
from django.test import override_settings
from django.utils import timezone

from accounts.models import Identity, MailAccount
from mailsync import actions
from mailsync.message.compose import build_message
from mailsync.models import Act, Blob, Draft, DraftAttachment, Folder
from mailsync.store.blobs import sweep_blobs
from mailsync.store.composition import compose_draft
from mailsync.store.journal import forget_old
from tests.factories import make_account, make_folder, make_message, raw_message

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> MailAccount:
    return make_account(address="me@example.test")


@pytest.fixture
def inbox(account: MailAccount) -> Folder:
    return make_folder(account)


def test_a_save_based_on_an_old_version_is_refused_with_what_stands(account: MailAccount) -> None:
    draft = actions.start_draft(account.user_id, subject="One")
    saved = actions.save_draft(account.user_id, draft.pk, draft.version, subject="Two")
    assert saved.version == draft.version + 1
    with pytest.raises(actions.Conflict) as raised:
        actions.save_draft(account.user_id, draft.pk, draft.version, subject="Three")
    assert raised.value.current.subject == "Two"
    # The same words again are no conflict: a request may come twice.
    assert actions.save_draft(account.user_id, draft.pk, draft.version, subject="Two").version == saved.version
    assert Draft.objects.get().subject == "Two"


def test_both_are_kept_after_a_conflict(account: MailAccount) -> None:
    draft = actions.start_draft(account.user_id, subject="Theirs")
    actions.attach(account.user_id, draft.pk, "a.txt", "text/plain", b"abc")
    copy = actions.keep_both(account.user_id, draft.pk, subject="Mine")
    assert sorted(Draft.objects.values_list("subject", flat=True)) == ["Mine", "Theirs"]
    assert [row.name for row in copy.attachments.all()] == ["a.txt"]
    assert Blob.objects.count() == 1


def test_a_saved_draft_is_due_on_the_server_some_time_later(account: MailAccount) -> None:
    draft = actions.start_draft(account.user_id)
    actions.save_draft(account.user_id, draft.pk, draft.version, body="<p>Hello</p>")
    draft.refresh_from_db()
    assert draft.store_due_at is not None
    assert 10 < (draft.store_due_at - timezone.now()).total_seconds() < 30
    account.sync.refresh_from_db()
    assert account.sync.push_due_at == draft.store_due_at


def test_a_reply_goes_to_the_author_from_the_address_that_received_it(account: MailAccount, inbox: Folder) -> None:
    alias = Identity.objects.create(
        user=account.user, account=account, address="alias@example.test", verified_at=timezone.now()
    )
    Identity.objects.create(user=account.user, account=account, address="new@example.test")
    placement = make_message(
        inbox, subject="Plan", recipients={"to": [["", "alias@example.test"], ["Carol", "carol@example.test"]]}
    )
    draft = actions.start_draft(account.user_id, "reply", placement.message_id)
    assert (draft.identity, draft.to, draft.cc) == (alias, "Ada <ada@example.test>", "")
    assert draft.subject == "Re: Plan"
    everyone = actions.start_draft(account.user_id, "reply_all", placement.message_id)
    assert (everyone.to, everyone.cc) == ("Ada <ada@example.test>", "Carol <carol@example.test>")


def test_a_reply_to_ones_own_mail_goes_where_that_went(account: MailAccount, inbox: Folder) -> None:
    placement = make_message(inbox, from_address="me@example.test", recipients={"to": [["Bob", "bob@example.test"]]})
    assert actions.start_draft(account.user_id, "reply", placement.message_id).to == "Bob <bob@example.test>"


MIXED = (
    b"Subject: Files\r\nFrom: a@example.test\r\nMessage-ID: <files@example.test>\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSee file.\r\n"
    b'--b\r\nContent-Type: text/csv; name="a.csv"\r\nContent-Disposition: attachment; filename="a.csv"\r\n'
    b"Content-Transfer-Encoding: base64\r\n\r\neCx5DQo=\r\n--b--\r\n"
)


def parsed_parts(raw: bytes) -> dict[str, object]:
    from mailsync.message.parse import parse_message

    return parse_message(raw).root.as_json()


def test_a_forward_carries_the_files_along(account: MailAccount, inbox: Folder) -> None:
    placement = make_message(inbox, MIXED, parts=parsed_parts(MIXED))
    draft = actions.start_draft(account.user_id, "forward", placement.message_id)
    (file,) = draft.attachments.all()
    assert (file.name, file.content_type, bytes(file.blob.data)) == ("a.csv", "text/csv", b"x,y\r\n")
    assert draft.to == ""


def test_an_answer_waits_for_the_body(account: MailAccount, inbox: Folder) -> None:
    placement = make_message(inbox)
    placement.message.raw = None
    placement.message.save()
    with pytest.raises(actions.CannotDo, match="still being fetched"):
        actions.start_draft(account.user_id, "reply", placement.message_id)


def test_the_same_file_is_kept_once_and_outlives_the_draft_for_a_while(account: MailAccount) -> None:
    first, second = actions.start_draft(account.user_id), actions.start_draft(account.user_id)
    one = actions.attach(account.user_id, first.pk, "../../a\n.txt", "text/plain", b"same")
    actions.attach(account.user_id, second.pk, "b.txt", "text/plain", b"same")
    assert one.name == "a.txt"
    assert Blob.objects.count() == 1
    actions.detach(account.user_id, first.pk, one.pk)
    actions.discard_draft(account.user_id, second.pk)
    Act.objects.all().delete()
    assert sweep_blobs() == 0
    Blob.objects.update(created_at=timezone.now() - timedelta(days=8))
    assert sweep_blobs() == 1


def test_a_discarded_draft_comes_back_whole(account: MailAccount) -> None:
    draft = actions.start_draft(account.user_id)
    actions.attach(account.user_id, draft.pk, "a.txt", "text/plain", b"file")
    actions.save_draft(account.user_id, draft.pk, 1, subject="Boats", to="ada@x.test", body="<p>Words</p>")
    done = actions.discard_draft(account.user_id, draft.pk)
    assert done.label == "Draft “Boats” discarded"
    assert not Draft.objects.exists()
    assert actions.undo(account.user_id, done.group)
    back = Draft.objects.get()
    assert (back.pk, back.subject, back.to, back.body) == (draft.pk, "Boats", "ada@x.test", "<p>Words</p>")
    assert [row.name for row in back.attachments.all()] == ["a.txt"]
    assert back.store_due_at is not None  # its server is to have a copy again


def test_undo_twice_brings_no_second_draft_and_none_that_was_sent_since(account: MailAccount) -> None:
    draft = actions.start_draft(account.user_id, to="ada@x.test", subject="Once")
    done = actions.discard_draft(account.user_id, draft.pk)
    assert actions.undo(account.user_id, done.group)
    actions.send(account.user_id, draft.pk)
    assert actions.undo(account.user_id, done.group)
    assert not Draft.objects.exists()


def test_a_strangers_undo_brings_nothing_back(account: MailAccount) -> None:
    done = actions.discard_draft(account.user_id, actions.start_draft(account.user_id, subject="Mine").pk)
    with pytest.raises(actions.NotYours):
        actions.undo(make_account().user_id, done.group)
    assert not Draft.objects.exists()


def test_the_files_of_a_discarded_draft_stay_as_long_as_undo_is_offered(account: MailAccount) -> None:
    draft = actions.start_draft(account.user_id)
    actions.attach(account.user_id, draft.pk, "a.txt", "text/plain", b"file")
    done = actions.discard_draft(account.user_id, draft.pk)
    Blob.objects.update(created_at=timezone.now() - timedelta(days=8))
    assert sweep_blobs() == 0
    Act.objects.filter(group=done.group).update(created_at=timezone.now() - timedelta(days=8))
    forget_old()
    assert not Act.objects.exists()
    assert sweep_blobs() == 1


def test_what_was_never_written_in_leaves_no_line_in_the_journal(account: MailAccount) -> None:
    actions.discard_draft(account.user_id, actions.start_draft(account.user_id).pk, empty=True)
    assert not Act.objects.exists()


def test_limits_are_said_in_words(account: MailAccount) -> None:
    draft = actions.start_draft(account.user_id)
    with override_settings(HERON_UPLOAD_LIMIT_BYTES=1024 * 1024), pytest.raises(actions.CannotDo, match="1 MB"):
        actions.attach(account.user_id, draft.pk, "big.bin", "application/octet-stream", b"x" * (1024 * 1024 + 1))
    assert not DraftAttachment.objects.exists()


def test_a_draft_from_another_program_is_gone_on_with(account: MailAccount, inbox: Folder) -> None:
    drafts = make_folder(account, "Drafts", role="drafts")
    answered = make_message(inbox)
    raw = raw_message("Begun", "Half a thought\r\n", In_Reply_To=f"<{answered.message.message_id}>")
    placement = make_message(
        drafts, raw, subject="Begun", parts=parsed_parts(raw), in_reply_to=answered.message.message_id
    )
    draft = actions.edit_stored_draft(account.user_id, placement.message_id)
    assert (draft.subject, draft.body.strip(), draft.is_html) == ("Begun", "Half a thought", False)
    assert (draft.mode, draft.original) == ("reply", answered.message)
    assert actions.edit_stored_draft(account.user_id, placement.message_id).pk == draft.pk
    with pytest.raises(actions.CannotDo):
        actions.edit_stored_draft(account.user_id, answered.message_id)


def test_strangers_get_nowhere(account: MailAccount, inbox: Folder) -> None:
    stranger = make_account().user_id
    draft = actions.start_draft(account.user_id)
    file = actions.attach(account.user_id, draft.pk, "a", "text/plain", b"a")
    placement = make_message(inbox)
    for attempt in (
        lambda: actions.save_draft(stranger, draft.pk, 1, subject="x"),
        lambda: actions.keep_both(stranger, draft.pk),
        lambda: actions.attach(stranger, draft.pk, "a", "text/plain", b"a"),
        lambda: actions.detach(stranger, draft.pk, file.pk),
        lambda: actions.discard_draft(stranger, draft.pk),
        lambda: actions.send(stranger, draft.pk),
        lambda: actions.start_draft(stranger, "reply", placement.message_id),
        lambda: actions.start_draft(stranger, identity_id=draft.identity_id),
        lambda: actions.edit_stored_draft(stranger, placement.message_id),
        lambda: actions.save_draft(account.user_id, draft.pk, 1, identity_id=Identity.objects.get(user=stranger).pk),
    ):
        with pytest.raises(actions.NotYours):
            attempt()


def test_a_draft_keeps_its_place_in_a_conversation_whose_message_is_not_here(account: MailAccount) -> None:
    drafts = make_folder(account, "Drafts", role="drafts")
    raw = raw_message("Re: Plan", In_Reply_To="<asked@x.test>", References="<first@x.test> <asked@x.test>")
    stored = make_message(
        *(drafts, raw),
        parts=parsed_parts(raw),
        in_reply_to="asked@x.test",
        references=["first@x.test", "asked@x.test"],
        recipients={"to": [["", "bob@x.test"]]},
    )
    draft = actions.edit_stored_draft(account.user_id, stored.message_id)
    sent = bytes(actions.send(account.user_id, draft.pk).raw)
    assert b"In-Reply-To: <asked@x.test>\r\nReferences: <first@x.test> <asked@x.test>\r\n" in sent


def test_a_stored_answer_finds_its_message_in_another_account_of_ones_own(account: MailAccount) -> None:
    elsewhere = make_message(make_folder(make_account(account.user)))
    raw = raw_message("Re", In_Reply_To=f"<{elsewhere.message.message_id}>")
    stored = make_message(
        *(make_folder(account, "Drafts", role="drafts"), raw),
        parts=parsed_parts(raw),
        in_reply_to=elsewhere.message.message_id,
    )
    assert actions.edit_stored_draft(account.user_id, stored.message_id).original == elsewhere.message


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("a" * 250 + ".pdf", "a" * 196 + ".pdf"),
        ("a" * 250, "a" * 200),
        ("a." + "b" * 250, "a." + "b" * 198),
        (" ../plan.txt ", "plan.txt"),
    ],
)
def test_a_long_name_of_a_file_keeps_its_ending(account: MailAccount, name: str, kept: str) -> None:
    draft = actions.start_draft(account.user_id)
    assert actions.attach(account.user_id, draft.pk, name, "application/pdf", b"x").name == kept


def test_an_address_that_cannot_be_keeps_no_draft_from_the_server(account: MailAccount) -> None:
    draft = actions.start_draft(account.user_id, to="bob@x.test, ann@exam’ple.test", subject="Plan")
    composed = compose_draft(draft, message_id="m@x.test", date=timezone.now(), lenient=True)
    assert [one.address for one in composed.to] == ["bob@x.test"]
    assert build_message(composed).raw


def test_a_reply_is_from_the_address_that_was_written_to_with_a_tag(account: MailAccount, inbox: Folder) -> None:
    account.identities.create(user=account.user, address="also@example.test", verified_at=timezone.now())
    asked = make_message(inbox, recipients={"to": [["", "also+shop@example.test"]]})
    assert actions.start_draft(account.user_id, "reply", asked.message_id).identity.address == "also@example.test"
