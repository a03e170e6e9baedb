"""Formatted signatures on their way: pictures become parts of each message once, whatever is done with it before."""

from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.models import Identity, MailAccount
from mailsync import actions
from mailsync.message.compose import build_message
from mailsync.message.outgoing_html import cids_in
from mailsync.models import Blob, Draft, SignaturePicture
from mailsync.store.blobs import sweep_blobs
from mailsync.store.composition import compose_draft
from mailsync.store.quoting import plain_body
from tests.actions.test_drafts import parsed_parts
from tests.factories import START, make_account, make_folder, make_message, make_user
from tests.web.mail import html_message, store

pytestmark = pytest.mark.django_db
LOGO = b"\x89PNG\r\n\x1a\nlogo"
LINK = '<a href="https://club.test/">Club</a>'


@pytest.fixture
def account() -> MailAccount:
    """Of somebody whose signature has a logo."""
    account = make_account(make_user("ann"), address="ann@mail.test")
    sign(account.identities.get())
    return account


def sign(identity: Identity, words: str = f"<p><b>Ann</b>, {LINK}</p>", logo: bytes = LOGO) -> Identity:
    picture = actions.attach_to_signature(identity.user_id, identity.pk, "logo.png", "image/png", logo)
    html = f'{words}<p><img src="/settings/x" data-cid="{picture.content_id}" alt=""></p>'
    return actions.write_signature(identity.user_id, identity.pk, html)


def cid(identity: Identity) -> str:
    return SignaturePicture.objects.get(identity=identity).content_id


def built(draft: Draft) -> EmailMessage:
    draft.refresh_from_db()
    raw = build_message(compose_draft(draft, message_id=f"{uuid4().hex}@x.test", date=START)).raw
    return message_from_bytes(raw, policy=policy.default)  # type: ignore[return-value]


def pictures(message: EmailMessage) -> list[tuple[str, bytes]]:
    parts = [part for part in message.walk() if part.get_content_maintype() == "image"]
    return [(part["Content-ID"].strip("<>"), part.get_content()) for part in parts]


def html_of(message: EmailMessage) -> str:
    part = message.get_body(("html",))
    assert part is not None
    return str(part.get_content())


def text_of(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n").rstrip("\n")


def test_a_message_has_the_picture_once_and_says_where_links_lead(account: MailAccount) -> None:
    draft = actions.start_draft(account.user_id, to="bo@x.test")
    name = cid(account.identities.get())
    message = built(draft)
    assert pictures(message) == [(name, LOGO)]
    assert f'<img src="cid:{name}" alt="">' in html_of(message)
    assert "<p><b>Ann</b>, " in html_of(message)
    assert text_of(message).endswith("-- \n\nAnn, Club <https://club.test/>")
    assert "/settings/" not in html_of(message)


def test_one_picture_that_is_shown_twice_is_one_part(account: MailAccount) -> None:
    identity = account.identities.get()
    name = cid(identity)
    actions.write_signature(account.user_id, identity.pk, f'<img src="cid:{name}"> and <img src="cid:{name}">')
    assert pictures(built(actions.start_draft(account.user_id))) == [(name, LOGO)]


def test_another_sender_brings_another_picture_and_leaves_none_behind(account: MailAccount) -> None:
    firm = sign(make_account(account.user, address="ann@firm.test").identities.get(), "<p>Firm</p>", b"GIF89a firm")
    home = account.identities.get()
    draft = actions.start_draft(account.user_id, identity_id=home.pk)
    body = draft.body.replace(cid(home), cid(firm))
    actions.save_draft(account.user_id, draft.pk, draft.version, identity_id=firm.pk, body=body)
    assert pictures(built(draft)) == [(cid(firm), b"GIF89a firm")]


def test_in_plain_text_the_pictures_stay_behind(account: MailAccount) -> None:
    draft = actions.start_draft(account.user_id)
    actions.save_draft(account.user_id, draft.pk, draft.version, is_html=False, body=plain_body(draft))
    message = built(draft)
    assert not message.is_multipart()
    assert "Ann, Club <https://club.test/>" in text_of(message)


def test_an_answer_to_an_answer_carries_it_once(account: MailAccount) -> None:
    """The other side quotes our signature with its picture, under the name that we gave it."""
    theirs = built(actions.start_draft(account.user_id, to="bo@x.test"))
    del theirs["From"]
    theirs["From"] = "Bo <bo@x.test>"
    asked = store(account.user, theirs.as_bytes(policy=policy.SMTP))
    answer = actions.start_draft(account.user_id, "reply", asked.pk, account.identities.get().pk)
    message = built(answer)
    assert pictures(message) == [(cid(account.identities.get()), LOGO)]
    assert html_of(message).count("<img ") == 2


def test_another_picture_under_the_same_name_goes_beside_it(account: MailAccount) -> None:
    theirs = built(actions.start_draft(account.user_id, to="bo@x.test"))
    for part in theirs.walk():
        if part.get_content_type() == "image/png":
            name = part["Content-ID"]
            part.set_content(b"theirs", "image", "png", cid=name)
    asked = store(account.user, theirs.as_bytes(policy=policy.SMTP))
    message = built(actions.start_draft(account.user_id, "reply", asked.pk, account.identities.get().pk))
    ours = cid(account.identities.get())
    assert sorted(pictures(message)) == sorted([(ours, LOGO), (f"quoted.{ours}", b"theirs")])
    assert cids_in(html_of(message)) == (ours, f"quoted.{ours}")


def test_a_copy_on_the_server_comes_back_with_its_picture(account: MailAccount) -> None:
    raw = built(actions.start_draft(account.user_id, to="bo@x.test")).as_bytes(policy=policy.SMTP)
    stored = make_message(make_folder(account, "Drafts", role="drafts"), raw, parts=parsed_parts(raw))
    draft = actions.edit_stored_draft(account.user_id, stored.message_id)
    name = cid(account.identities.get())
    assert [row.content_id for row in draft.attachments.all()] == [name]
    assert pictures(built(draft)) == [(name, LOGO)]


def test_a_message_that_is_stopped_has_its_picture_again_though_the_signature_has_changed(
    account: MailAccount,
) -> None:
    identity = account.identities.get()
    name = cid(identity)
    draft = actions.start_draft(account.user_id, to="bo@x.test", subject="Hi")
    outgoing = actions.send(account.user_id, draft.pk, send_at=timezone.now() + timedelta(days=9))
    actions.write_signature(account.user_id, identity.pk, "<p>Anna</p>")
    assert not SignaturePicture.objects.exists()
    Blob.objects.update(created_at=timezone.now() - timedelta(days=99))
    assert sweep_blobs() == 0
    again = actions.undo_send(account.user_id, outgoing.pk)
    assert pictures(built(Draft.objects.get(pk=again.pk))) == [(name, LOGO)]


def test_pictures_of_signatures_are_swept_with_them_alone(account: MailAccount) -> None:
    Blob.objects.update(created_at=timezone.now() - timedelta(days=99))
    assert sweep_blobs() == 0
    actions.write_signature(account.user_id, account.identities.get().pk, "<p>Ann</p>")
    assert sweep_blobs() == 1


@pytest.mark.parametrize("below", [False, True])
def test_it_stands_above_or_below_what_is_quoted(account: MailAccount, below: bool) -> None:
    Identity.objects.update(signature_below=below)
    asked = store(account.user, html_message("<p>Old words</p>"))
    draft = actions.start_draft(account.user_id, "reply", asked.pk, account.identities.get().pk)
    message = built(draft)
    for text, quoted in (
        (html_of(message), "Old words"),
        (text_of(message), "> Old words"),
        (plain_body(draft), "> Old"),
    ):
        assert (text.index("club.test/") > text.index(quoted)) == below, text
    assert pictures(message) == [(cid(account.identities.get()), LOGO)]
    assert actions.start_draft(account.user_id).body.startswith("<p></p><p></p><p>-- </p>")
    template = actions.keep_template(account.user_id, words(draft, "Mine").pk, "Mine")
    assert (template.body, template.files.count()) == ("<p>Mine</p>", 0)


def words(draft: Draft, text: str) -> Draft:
    return actions.save_draft(draft.user_id, draft.pk, draft.version, body=f"<p>{text}</p>{draft.body}")


@pytest.mark.parametrize("switch", ["signature_on_new", "signature_on_answers"])
def test_new_messages_and_answers_have_it_as_is_wished(account: MailAccount, switch: str) -> None:
    Identity.objects.update(**{switch: False})
    identity = account.identities.get()
    asked = store(account.user, html_message("<p>Old words</p>"), make_folder(account))
    for mode in ("new", "reply", "reply_all", "forward"):
        draft = actions.start_draft(account.user_id, mode, asked.pk if mode != "new" else None, identity.pk)
        wanted = (mode == "new") == (switch == "signature_on_answers")
        assert ("Ann" in draft.body, draft.attachments.count()) == (wanted, int(wanted)), mode
    attached = actions.forward_attached(account.user_id, asked.pk)
    assert ("Ann" in attached.body) == (switch == "signature_on_new")


def test_a_picture_has_to_be_one_and_small(account: MailAccount) -> None:
    identity = account.identities.get()

    def attach(name: str, kind: str, size: int) -> None:
        actions.attach_to_signature(account.user_id, identity.pk, name, kind, b"x" * size)

    with pytest.raises(actions.CannotDo, match="Only PNG"):
        attach("logo.svg", "image/svg+xml", 9)
    attach("logo.png", "image/png", 400_000)
    with pytest.raises(actions.CannotDo, match=r"“photo\.jpg” is too large: .* 500 kB together"):
        attach("photo.jpg", "image/jpeg", 100_001)
    # What was tried out and never saved makes room.
    SignaturePicture.objects.update(created_at=timezone.now() - timedelta(days=2))
    attach("photo.jpg", "image/jpeg", 100_001)
    assert sorted(identity.signature_pictures.values_list("name", flat=True)) == ["logo.png", "photo.jpg"]
    with pytest.raises(actions.CannotDo, match="too long"):
        actions.write_signature(account.user_id, identity.pk, "<p>x</p>" * 20_000)


def test_strangers_write_and_show_no_signature_of_ours(account: MailAccount) -> None:
    identity = account.identities.get()
    stranger = make_account(make_user("mallory"), address="mallory@mail.test")
    with pytest.raises(actions.NotYours):
        actions.write_signature(stranger.user_id, identity.pk, "<p>x</p>")
    with pytest.raises(actions.NotYours):
        actions.attach_to_signature(stranger.user_id, identity.pk, "a.png", "image/png", LOGO)
    draft = actions.start_draft(stranger.user_id)
    actions.save_draft(stranger.user_id, draft.pk, draft.version, body=f'<img src="cid:{cid(identity)}">')
    assert pictures(built(draft)) == []
