"""Both ways against a Dovecot that lacks one capability after the other: at rest both sides are the same.

Dovecot would still take the commands that it does not announce, so what Heron says is looked at, too.
"""

import imaplib
import time
from collections.abc import Iterator

import pytest

from accounts.models import MailAccount
from mailsync import actions
from mailsync.models import Folder, Placement
from tests.engine.boxes import dovecot_account
from tests.engine.in_step import snapshot
from tests.engine.other_client import AnyMailbox, assert_same, folder_paths, ok, pull, quoted, settle, spoken
from tests.factories import make_account, raw_message
from tests.servers.certificates import Certificates
from tests.servers.courier import Courier
from tests.servers.dovecot import Dovecot, Mailbox, running_dovecot

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.dovecot]

#: What is switched off → what must then never be said.
WITHOUT: dict[tuple[str, ...], tuple[bytes, ...]] = {
    (): (),
    ("QRESYNC",): (b"QRESYNC",),
    ("CONDSTORE",): (),
    ("CONDSTORE", "QRESYNC"): (b"QRESYNC", b"CONDSTORE", b"MODSEQ", b"CHANGEDSINCE"),
    ("MOVE",): (b"UID MOVE",),
    ("UIDPLUS",): (b"UID EXPUNGE",),
    ("MOVE", "UIDPLUS"): (b"UID MOVE", b"UID EXPUNGE"),
    ("IDLE",): (b"IDLE",),
    ("LIST-STATUS",): (b"STATUS (MESSAGES UIDNEXT UIDVALIDITY UNSEEN HIGHESTMODSEQ))",),
    ("LIST-EXTENDED", "SPECIAL-USE", "ESEARCH", "NAMESPACE", "ENABLE", "LITERAL+"): (
        b"RETURN",
        b"NAMESPACE",
        b"ENABLE",
    ),
}


@pytest.fixture(scope="module", params=list(WITHOUT), ids=lambda names: "without " + " ".join(names or ("nothing",)))
def lacking(
    request: pytest.FixtureRequest, certificates: Certificates, dovecot: Dovecot
) -> Iterator[tuple[Dovecot, tuple[bytes, ...]]]:
    """A Dovecot that does not announce these, and the words that it must not hear."""
    names: tuple[str, ...] = request.param
    if not names:
        yield dovecot, ()
        return
    with dovecot.add_user().client() as client:
        offered = ok(client.capability())[0].decode().split()
    left = " ".join(word for word in offered if word not in names and not word.startswith("AUTH="))
    with running_dovecot(certificates, f"imap_capability = {left}") as server:
        yield server, WITHOUT[names]


def fill(client: imaplib.IMAP4, work: str) -> None:
    """What another program has put there before Heron comes."""
    ok(client.create(quoted(work)))
    for path, count in (("INBOX", 12), (work, 5)):
        for n in range(count):
            flags = "(\\Seen)" if n % 3 == 0 else "($Label1)" if n % 3 == 1 else ""
            when = imaplib.Time2Internaldate(time.time())
            ok(client.append(quoted(path), flags, when, raw_message(f"{path} {n}", Message_ID=f"<{path}.{n}@x>")))


def go_both_ways(
    account: MailAccount, mailbox: AnyMailbox, *, prefix: str = "", delimiter: str = "/", renames: bool = True
) -> None:
    """First pull, changes on both sides at once, expunges, folders renamed from both sides: equal at each rest."""
    work, user = f"{prefix}Work", account.user_id
    with mailbox.client() as client:
        fill(client, work)
    pull(account)
    assert_same(account, mailbox)

    def at(subject: str) -> int:
        return Placement.objects.get(account=account, message__subject=subject, shown=True).pk

    with mailbox.client("INBOX") as client:
        client.uid("STORE", "1:2", "+FLAGS", "(\\Flagged)")
        client.uid("STORE", "3", "-FLAGS", "(\\Seen $Label1)")
        client.uid("STORE", "5", "+FLAGS", "(\\Deleted)")
        client.expunge()
        client.append(quoted("INBOX"), "", imaplib.Time2Internaldate(time.time()), raw_message("Late"))
        client.uid("COPY", "6", quoted(work))
    actions.mark_read(user, [at("INBOX 1"), at("INBOX 2")], True)
    actions.flag(user, [at("INBOX 7")], True)
    actions.set_keyword(user, [at("INBOX 8")], "$Work", True)
    target = Folder.objects.get(account=account, path=work)
    actions.move(user, [at("INBOX 9"), at("INBOX 10")], target.pk)
    actions.trash(user, [at(f"{work} 0"), at("INBOX 11")])
    actions.copy(user, [at("INBOX 4")], target.pk)
    made = actions.create_folder(user, account.pk, "Grüße 日本", target.pk)
    settle(account)
    assert_same(account, mailbox)

    assert made.folder_id is not None
    actions.move(user, [at("INBOX 7")], made.folder_id)
    if renames:
        actions.rename_folder(user, target.pk, "Arbeit")
    actions.empty_folder(user, Folder.objects.get(account=account, role="trash").pk)
    settle(account)
    assert_same(account, mailbox)
    arbeit, buero = (f"{prefix}Arbeit", f"{prefix}Büro") if renames else (work, work)
    assert Folder.objects.get(pk=made.folder_id).path == f"{arbeit}{delimiter}Grüße 日本"

    messages = set(Placement.objects.values_list("message_id", flat=True))
    with mailbox.client() as client:
        if renames:
            ok(client.rename(quoted(arbeit), quoted(buero)))
        ok(client.select(quoted(buero)))
        client.uid("STORE", "1:2", "+FLAGS", "(\\Deleted)")
        client.expunge()
    actions.delete_folder(user, made.folder_id, mail_to_trash=True)
    settle(account)
    assert_same(account, mailbox)
    assert set(Placement.objects.values_list("message_id", flat=True)) <= messages, "renamed, and yet fetched anew"

    before = snapshot()
    pull(account)
    assert snapshot() == before


def test_both_ways_without_this_or_that(
    lacking: tuple[Dovecot, tuple[bytes, ...]], dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, forbidden = lacking
    mailbox = server.add_user()
    with spoken(monkeypatch) as said:
        go_both_ways(dovecot_account(mailbox), mailbox)
    assert any(b"UID STORE" in line for line in said)
    if not forbidden and server is dovecot:
        # With everything on, everything is used.
        for words in WITHOUT.values():
            for word in set(words) - {b"IDLE", b"CHANGEDSINCE"}:
                assert any(word in line for line in said), word
    for word in forbidden:
        assert not [line for line in said if word in line]


NAMES = (
    *(
        "Rechnungen für Ämter",
        "Été à la plage",
        "Входящие дела",
        "Αρχείο",
        "日本語 フォルダ",
        "한국어",
        "العربية",
        "עברית",
    ),
    *("ไทย", "हिन्दी", "🎉 Fest", "a & b", 'She said "so"', "back\\slash"),
)


def test_folders_in_many_languages_and_their_subscriptions(mailbox: Mailbox) -> None:
    account = dovecot_account(mailbox)
    pull(account)
    made = {name: actions.create_folder(account.user_id, account.pk, name).folder_id for name in NAMES}
    settle(account)
    assert_same(account, mailbox)
    with mailbox.client() as client:
        assert set(NAMES) <= set(folder_paths(client))
    # Each is found again by its name, renamed, subscribed to or not, and deleted.
    assert {name: Folder.objects.get(account=account, path=name).pk for name in NAMES} == made
    for name, folder_id in made.items():
        assert folder_id is not None
        actions.rename_folder(account.user_id, folder_id, f"{name} 2")
        actions.subscribe_folder(account.user_id, folder_id, NAMES.index(name) % 2 == 0)
    settle(account)
    assert_same(account, mailbox)
    with mailbox.client() as client:
        subscribed = b" ".join(line for line in ok(client.lsub()) if line)
    for number, name in enumerate(NAMES):
        assert (quoted(f"{name} 2").strip('"').encode() in subscribed) is (number % 2 == 0), name
    for folder_id in made.values():
        actions.delete_folder(account.user_id, folder_id or 0)
    settle(account)
    assert_same(account, mailbox)
    assert not Folder.objects.filter(pk__in=made.values()).exists()


def test_both_ways_on_courier(courier: Courier, monkeypatch: pytest.MonkeyPatch) -> None:
    """INBOX. before every name, no MOVE, no MODSEQ, no special use: the roads of a server of 2004.

    Without its daemons this Courier dies of a RENAME ("Fatal error: Not a directory"), so nothing is renamed.
    """
    mailbox = courier.add_user()
    account = make_account(
        password=mailbox.password, address=mailbox.address, username=mailbox.address, port=courier.port
    )
    with spoken(monkeypatch) as said:
        go_both_ways(account, mailbox, prefix="INBOX.", delimiter=".", renames=False)
    assert any(b"UID COPY" in line for line in said)
    assert not [line for line in said if b"MODSEQ" in line or b"UID MOVE" in line or b"CONDSTORE" in line]
