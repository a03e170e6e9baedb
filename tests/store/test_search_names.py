"""Saved searches, rules and the latest searches after a folder, a label or an account got another name."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import MailAccount
from mailsync import actions
from mailsync.engine.push import push_changes
from mailsync.errors import Rejected
from mailsync.models import Change, Folder, RecentSearch, Rule, SavedSearch
from mailsync.plan.rules import Deed, Fields
from mailsync.store.folders import apply_list
from mailsync.store.rules import load_rules
from mailsync.store.search import search
from mailsync.types import FolderStatus, Role
from tests.engine.fake_server import FakeServer
from tests.factories import make_account, make_folder, make_message, make_user
from tests.store.test_folders import lease_of, remote

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> MailAccount:
    account = make_account(label="Home post")
    for path in ("INBOX", "Projects", "Projects/2026"):
        make_message(make_folder(account, path))
    return account


def keep(account: MailAccount, query: str) -> None:
    """The query as a saved search, a rule and one of the latest."""
    actions.save_search(account.user_id, query[:40], query)
    actions.remember_search(account.user_id, query)
    actions.write_rule(account.user_id, None, actions.RuleText("", Fields(sender="ada", search=query), (Deed("flag"),)))


def kept(account: MailAccount) -> list[str]:
    """Each query that is kept, in the order in which they were made: the same, of whichever kind."""
    mine = {"user_id": account.user_id}
    saved = list(SavedSearch.objects.filter(**mine).order_by("id").values_list("query", flat=True))
    recent = list(RecentSearch.objects.filter(**mine).order_by("id").values_list("query", flat=True))
    rules = list(Rule.objects.filter(**mine).order_by("id"))
    assert recent == [" ".join(query.split()) for query in saved]
    assert [rule.fields["search"] for rule in rules] == saved
    assert [rule.query for rule in rules] == [f"from:ada {query}" for query in saved]
    return saved


def push(account: MailAccount, server: FakeServer | None = None) -> FakeServer:
    server = server or FakeServer(*Folder.objects.filter(account=account).values_list("path", flat=True))
    Change.objects.update(hold_until=timezone.now() - timedelta(seconds=1), due_at=None)
    push_changes(account.pk, open_source=server.connect)
    return server


def folder(path: str) -> Folder:
    return Folder.objects.get(path=path)


def test_searches_follow_a_folder_and_what_is_below_it_and_come_back_with_undo(account: MailAccount) -> None:
    queries = ["lunch  in:projects", "-in:Projects/2026 tide", "in:2026", "in:inbox Projects"]
    for query in queries:
        keep(account, query)
    before = kept(account)
    done = actions.rename_folder(account.user_id, folder("Projects").pk, "Old work")
    assert len(search(account.user_id, before[2]).rows) == 1
    server = push(account)
    assert kept(account) == ['lunch  in:"Old work"', '-in:"Old work/2026" tide', "in:2026", "in:inbox Projects"]
    assert [rule.problem for rule in load_rules(account.user_id)] == ["", "", "", ""]
    assert actions.undo(account.user_id, done.group)
    push(account, server)
    assert sorted(server.boxes) == ["INBOX", "Projects", "Projects/2026"]
    assert kept(account) == ["lunch  in:Projects", *before[1:]]


def test_what_is_called_as_it_is_written_gets_its_new_name_and_others_keep_theirs(account: MailAccount) -> None:
    actions.save_search(account.user_id, "", "in:Projects")
    actions.save_search(account.user_id, "My projects", "in:Projects lunch")
    actions.save_search(account.user_id, "in:Work tide", "tide")
    actions.save_search(account.user_id, "", "in:Projects tide")
    actions.write_rule(account.user_id, None, actions.RuleText("", Fields(search="in:Projects x"), (Deed("flag"),)))
    actions.rename_folder(account.user_id, folder("Projects").pk, "Work")
    push(account)
    saved = SavedSearch.objects.order_by("id").values_list("name", "query")
    assert list(saved) == [
        ("in:Work", "in:Work"),
        ("My projects", "in:Work lunch"),
        ("in:Work tide", "tide"),
        ("in:Projects tide", "in:Work tide"),
    ]
    assert Rule.objects.get().name == "in:Work x"


def test_a_search_finds_the_folder_at_every_moment_of_its_renaming(account: MailAccount) -> None:
    keep(account, "in:Projects")
    actions.rename_folder(account.user_id, folder("Projects").pk, "Work")
    assert len(search(account.user_id, kept(account)[0]).rows) == 1
    push(account)
    assert kept(account) == ["in:Work"]
    assert len(search(account.user_id, "in:Work").rows) == 1


def test_a_move_changes_paths_alone(account: MailAccount) -> None:
    make_folder(account, "Old")
    keep(account, "in:Projects/2026")
    keep(account, "in:Projects")
    actions.move_folder(account.user_id, folder("Projects").pk, folder("Old").pk)
    push(account)
    assert kept(account) == ["in:Old/Projects/2026", "in:Projects"]


def test_a_refused_renaming_leaves_searches_for_the_new_name_with_the_old(account: MailAccount) -> None:
    actions.rename_folder(account.user_id, folder("Projects").pk, "Work")
    keep(account, "in:Work")
    server = FakeServer("INBOX", "Projects", "Projects/2026")
    server.fail("rename_folder", Rejected("no", code="NOPERM", line="NO [NOPERM]"))
    push(account, server)
    assert kept(account) == ["in:Projects"]


def test_a_name_that_two_folders_had_asks_for_both(account: MailAccount) -> None:
    other = make_account(account.user)
    make_message(make_folder(other, "Projects"))
    keep(account, "x -in:Projects")
    renamed = folder_of(account, "Projects")
    actions.rename_folder(account.user_id, renamed.pk, "Work")
    server = push(account)
    assert kept(account) == ["x -(in:Projects OR in:Work)"]
    actions.rename_folder(account.user_id, renamed.pk, "Projects")
    push(account, server)
    assert kept(account) == ["x -in:Projects"]


def folder_of(account: MailAccount, path: str) -> Folder:
    return Folder.objects.get(account=account, path=path)


def test_searches_follow_what_another_program_renamed(account: MailAccount) -> None:
    keep(account, "in:Projects")
    Folder.objects.filter(path="Projects").update(uidvalidity=7, uidnext_seen=2, exists_seen=1)
    status = FolderStatus(messages=1, uidnext=2, uidvalidity=7)
    apply_list(lease_of(account), [remote("INBOX", Role.INBOX), remote("Projects/2026"), remote("Work", status=status)])
    assert kept(account) == ["in:Work"]


def test_others_keep_their_searches(account: MailAccount) -> None:
    stranger = make_account(make_user())
    make_folder(stranger, "Projects")
    keep(stranger, "in:Projects")
    actions.rename_folder(account.user_id, folder_of(account, "Projects").pk, "Work")
    push(account)
    assert kept(stranger) == ["in:Projects"]


def test_a_folder_that_is_gone_is_told(account: MailAccount) -> None:
    keep(account, "in:Projects/2026")
    Folder.objects.filter(path="Projects/2026").update(missing_since=timezone.now())
    assert kept(account) == ["in:Projects/2026"]
    assert load_rules(account.user_id)[0].problem == "No folder searched here is called “Projects/2026”."


def test_searches_follow_a_label_and_come_back_with_undo(account: MailAccount) -> None:
    inbox = folder("INBOX")
    make_message(inbox, keywords=["todo"])
    for query in ("label:TODO lunch", "tag:done label:todo"):
        keep(account, query)
    before = kept(account)
    giving = actions.RuleText("", Fields(sender="x"), (Deed("label", "todo"),))
    gives = actions.write_rule(account.user_id, None, giving)
    done = actions.rename_label(account.user_id, "todo", "done", [inbox.pk])
    gives.refresh_from_db()
    assert gives.deeds == [["label", "done"]]
    saved = list(SavedSearch.objects.order_by("id").values_list("query", flat=True))
    assert saved == ["label:done lunch", "tag:done label:done"]
    assert actions.undo(account.user_id, done.group)
    gives.refresh_from_db()
    assert gives.deeds == [["label", "todo"]]
    gives.delete()
    # What asked for the other label before still does.
    assert kept(account) == before


def test_a_label_that_was_deleted_is_told(account: MailAccount) -> None:
    keep(account, "label:todo")
    assert load_rules(account.user_id)[0].problem == ""
    actions.delete_label(account.user_id, "todo", [folder("INBOX").pk])
    assert load_rules(account.user_id)[0].problem == "The label “todo” has been deleted."
    actions.make_label(account.user_id, "todo")
    assert load_rules(account.user_id)[0].problem == ""


def test_searches_follow_an_account(account: MailAccount) -> None:
    for query in ('account:"home post"', "account:post", "account:example.test"):
        keep(account, query)
    actions.rename_account(account.user_id, account.pk, "House post")
    assert kept(account) == ['account:"House post"', "account:post", "account:example.test"]
