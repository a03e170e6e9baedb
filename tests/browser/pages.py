"""Every page of the site that a person can be on, by its name; for tests that look at all of them."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.serialization import Encoding
from django.utils import timezone
from playwright.sync_api import Page

from accounts.leaving import begin_leaving
from accounts.models import Identity
from mailsync import actions
from mailsync.actions import RuleText
from mailsync.message.pkcs12 import OwnKey
from mailsync.message.vcard import Labelled, VCard
from mailsync.models import FollowUp, Message
from mailsync.plan.rules import Deed, Fields
from mailsync.store.forgetting import forget
from mailsync.store.own_certificates import record_key
from tests.browser.conftest import Mailbox
from tests.browser.webserver import SETUP_TOKEN
from tests.factories import make_account
from tests.logo import sign
from tests.message.smime import keys, person

#: Pages of somebody who is not signed in.
OUTSIDE = {
    "sign-in": "/accounts/login/",
    "sign-in by code": "/accounts/login/code/",
    "forgotten password": "/accounts/password/reset/",
    "forgotten password, sent": "/accounts/password/reset/done/",
}
#: Pages of a Heron that has nobody yet.
FIRST_RUN = {"first run": "/setup/", "first administrator": f"/setup/{SETUP_TOKEN}/"}


def inside(mailbox: Mailbox) -> dict[str, str]:
    """Pages of Anna, who also runs the site."""
    type(mailbox.user).objects.filter(pk=mailbox.user.pk).update(is_superuser=True, is_staff=True)
    inbox, account = mailbox.folders["INBOX"], mailbox.folders["INBOX"].account_id
    newest = inbox.placements.filter(shown=True).order_by("-id")[0]
    with_file = Message.objects.filter(account_id=account, attachment_count__gt=0).earliest("id")
    identity = Identity.objects.filter(account_id=account).earliest("id")
    sign(identity)
    settings = f"/settings/accounts/{account}"
    # Its folders are not known yet.
    filling = make_account(mailbox.user, address="anna@club.example")
    template = actions.write_template(mailbox.user.pk, None, name="Thanks", subject="Order", body="<p>Many thanks</p>")
    rule = actions.write_rule(
        mailbox.user.pk, None, RuleText("Rotas", Fields(subject="rota"), (Deed("flag"), Deed("label", "Rota")))
    )
    actions.block_sender(mailbox.user.pk, "pest.example")
    singer = VCard(name="Bo Ek", addresses=(Labelled("bo@choir.example"),), groups=("Choir",))
    actions.keep_contacts(mailbox.user.pk, [singer])
    hook = actions.write_webhook(
        mailbox.user.pk, None, name="Team chat", url="https://chat.example.org/hooks/1", says="header"
    )
    away = actions.AutoReplyText(enabled=True, html="<p>I am back on <b>Monday</b>.</p>")
    actions.write_auto_reply(mailbox.user.pk, [account], away)
    certificate = record_key(mailbox.user.pk, OwnKey(person("rsa"), keys()["rsa"]))
    (peer,) = actions.keep_peer_certificate(mailbox.user.pk, person("rsa").public_bytes(Encoding.DER))
    waiting, _code = actions.add_forward_address(mailbox.user.pk, "friend@else.example")
    sent_on, code = actions.add_forward_address(mailbox.user.pk, "office@else.example")
    actions.confirm_forward_address(mailbox.user.pk, sent_on.pk, code)
    for subject, told in (("The hall on Friday", True), ("The piano", False)):
        draft = actions.start_draft(mailbox.user.pk, to="bo@choir.example", subject=subject, body="<p>Is it free?</p>")
        outgoing = actions.send(mailbox.user.pk, draft.pk)
        actions.remind_of(mailbox.user.pk, outgoing.pk, 3)
        FollowUp.objects.filter(outgoing=outgoing).update(told_at=timezone.now() if told else None)
    return {
        "rules": "/settings/rules/",
        "forwarding, not confirmed": f"/settings/rules/forward/{waiting.pk}/",
        "forwarding": f"/settings/rules/forward/{sent_on.pk}/",
        "new forwarding": "/settings/rules/forward/add/",
        "certificates": "/settings/certificates/",
        "new certificate": "/settings/certificates/add/",
        "remove a certificate": f"/settings/certificates/{certificate.pk}/remove/",
        "for whom one can encrypt": "/settings/certificates/people/",
        "new certificate of somebody": "/settings/certificates/people/add/",
        "remove a certificate of somebody": f"/settings/certificates/people/{peer.pk}/remove/",
        "automatic replies": "/settings/automatic-replies/",
        "automatic reply": f"/settings/automatic-replies/{account}/",
        "rule": f"/settings/rules/{rule.pk}/",
        "webhook": f"/settings/rules/webhooks/{hook.pk}/",
        "new webhook": "/settings/rules/webhooks/add/",
        "new rule": f"/settings/rules/add/?message={newest.message_id}",
        "block sender": f"/m/{newest.message_id}/block/",
        "sweep": f"/m/{newest.message_id}/sweep/",
        "why": f"/m/{newest.message_id}/why/",
        "inbox": f"/f/{inbox.pk}/",
        "unread": f"/f/{inbox.pk}/?show=unread",
        "to me": f"/f/{inbox.pk}/?show=to-me",
        "sorted": f"/f/{inbox.pk}/?sort=largest",
        "conversation": f"/f/{inbox.pk}/t/{newest.thread_id}/",
        "merge": f"/f/{inbox.pk}/t/{newest.thread_id}/merge/",
        "message with files": f"/m/{with_file.pk}/",
        "source": f"/m/{newest.message_id}/source",
        "print": f"/m/{newest.message_id}/print",
        "all inboxes": "/all/",
        "flagged": "/flagged/",
        "label": "/label/Travel/",
        "search": "/search/?q=boathouse",
        "search with mistakes": "/search/?q=after:yesterdayish+(",
        "nothing found": "/search/?q=narwhal",
        "activity": "/activity/",
        "outbox": "/outbox/",
        "scheduled": "/scheduled/",
        "waiting for answers": "/waiting/",
        "compose": "/compose/",
        "shared, and gone": "/share/?id=1-none",
        "shared by another site": "/share/?id=1-none&ask=1",
        "new folder": "/folders/new/",
        "edit folder": f"/f/{mailbox.folders['Boathouse'].pk}/edit/",
        "new label": "/labels/new/",
        "edit label": "/edit-label/Travel/",
        "settings": "/settings/",
        "profile": "/settings/profile/",
        "appearance": "/settings/appearance/",
        "reading": "/settings/reading/",
        "writing": "/settings/writing/",
        "template": f"/settings/templates/{template.pk}/",
        "new template": "/settings/templates/add/",
        "find a setting": "/settings/search/?q=mark",
        "storage": "/settings/storage/",
        "import": "/settings/storage/import/",
        "settings as a file": "/settings/storage/settings/",
        "contacts": "/settings/contacts/",
        "contact group": "/settings/contacts/?group=Choir",
        "mailing lists": "/settings/lists/",
        "new contact": "/settings/contacts/add/",
        "notifications": "/settings/notifications/",
        "security": "/settings/security/",
        "security log": "/settings/security/log/",
        "leave": "/settings/security/leave/",
        "sessions": "/accounts/sessions/",
        "password": "/accounts/password/change/",
        "sign-in addresses": "/accounts/email/",
        "two steps": "/accounts/2fa/",
        "accounts": "/settings/accounts/",
        "connect": "/settings/accounts/add/",
        "account": f"{settings}/",
        "account's status": f"{settings}/sync/",
        "account started": f"/settings/accounts/{filling.pk}/started/",
        "all to another account": f"{settings}/transfer/?to={filling.pk}",
        "disconnect": f"{settings}/remove/",
        "new identity": f"{settings}/identities/add/",
        "identity": f"/settings/identities/{identity.pk}/",
        "operator": "/operator/",
        "calls outside": "/operator/outbound/",
        "not there": "/f/999999/",
    }


def tour(page: Page, mailbox: Mailbox, part: slice = slice(None)) -> Iterator[str]:
    """The page on each of them in turn, by name: Anna's, then what is there without signing in and without anybody."""
    yield from _visit(page, mailbox.url, inside(mailbox), part)
    page.context.clear_cookies()
    yield from _visit(page, mailbox.url, OUTSIDE, part)
    begin_leaving(mailbox.user)
    forget(mailbox.user.pk, run_seconds=60)
    yield from _visit(page, mailbox.url, FIRST_RUN, part)


def _visit(page: Page, site: str, pages: dict[str, str], part: slice) -> Iterator[str]:
    for name, path in sorted(pages.items())[part]:
        answer = page.goto(site + path)
        assert answer
        assert answer.status == (404 if name == "not there" else 200), name
        # Writing begins a draft, which has a page of its own.
        lands = urlsplit(page.url).path
        assert lands.startswith("/d/") if name == "compose" else lands == urlsplit(path).path, f"{name} is at {lands}"
        yield name
