"""Pages of folders: order, filters, keyset pages, conversations listed once."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from accounts.models import Identity
from mailsync.models import Folder, Halt, Label, Placement, Snooze, Thread
from mailsync.store import conversation as conversation_module
from mailsync.store.list_choices import Chosen, record_list_choice
from mailsync.store.listing import Cursor, list_rows, load_conversation, load_tree
from mailsync.store.opened_list import load_opened
from mailsync.store.ownership import load_owned
from mailsync.store.raw import raw_reader
from mailsync.store.snoozing import put_off
from mailsync.store.summary import refresh
from mailsync.store.threads import refresh_threads
from mailsync.types import Address
from tests.factories import START, make_account, make_folder, make_message, make_user, place

pytestmark = pytest.mark.django_db


def test_pages_meet_without_gap_or_overlap_when_times_are_equal() -> None:
    folder = make_folder()
    made = [make_message(folder, received_at=START + timedelta(minutes=n // 3)) for n in range(10)]
    seen: list[int] = []
    before: str | None = None
    while True:
        page = list_rows([folder.id], by_conversation=False, before=before, limit=4)
        seen += [row.placement_id for row in page.rows]
        if page.next is None:
            break
        before = str(page.next)
    assert seen == [placement.id for placement in reversed(made)]


def test_a_conversation_is_one_line_for_its_newest_message() -> None:
    folder = make_folder()
    first = make_message(folder, subject="Lunch", seen=True)
    make_message(folder, subject="Other")
    last = make_message(folder, subject="Re: Lunch", thread=first.thread, attachment_count=1, preview="At noon")
    page = list_rows([folder.id], by_conversation=True)
    assert [row.subject for row in page.rows] == ["Re: Lunch", "Other"]
    row = page.rows[0]
    assert (row.message_id, row.message_count, row.unread_count, row.unread) == (last.message_id, 2, 1, True)
    assert (row.has_attachment, row.preview, row.account_id) == (True, "At noon", folder.account_id)


def test_unread_and_flagged_filters() -> None:
    folder = make_folder()
    read = make_message(folder, seen=True)
    unread = make_message(folder)
    flagged = make_message(folder, seen=True, flagged=True)
    hidden = make_message(folder, flagged=True, shown=False)
    for by_conversation in (True, False):
        rows = list_rows([folder.id], by_conversation=by_conversation, unread_only=True).rows
        assert [row.placement_id for row in rows] == [unread.id]
        rows = list_rows([folder.id], by_conversation=by_conversation, flagged_only=True).rows
        assert [row.placement_id for row in rows] == [flagged.id]
        rows = list_rows([folder.id], by_conversation=by_conversation).rows
        assert [row.placement_id for row in rows] == [flagged.id, unread.id, read.id]
    assert hidden.shown is False


def test_folders_are_merged_and_a_conversation_in_two_of_them_is_listed_once() -> None:
    account = make_account()
    inbox, archive = make_folder(account), make_folder(account, "Archive", role="archive")
    first = make_message(archive)
    other = make_message(make_folder(make_account(account.user)))
    last = make_message(inbox, thread=first.thread)
    rows = list_rows([inbox.id, archive.id, other.folder_id], by_conversation=True).rows
    assert [row.placement_id for row in rows] == [last.id, other.id]
    rows = list_rows([inbox.id, archive.id, other.folder_id], by_conversation=False).rows
    assert [row.placement_id for row in rows] == [last.id, other.id, first.id]


def test_sent_lists_show_whom_one_wrote_to() -> None:
    sent = make_folder(make_account(), "Sent", role="sent")
    make_message(sent, recipients={"to": [["Bob", "bob@example.test"], ["", "eve@example.test"]]})
    for by_conversation in (True, False):
        row = list_rows([sent.id], by_conversation=by_conversation).rows[0]
        assert row.participants == (Address("Bob", "bob@example.test"), Address("", "eve@example.test"))


@pytest.mark.parametrize("role", ["sent", "drafts"])
@pytest.mark.parametrize(
    ("recipients", "names"),
    [
        ({"to": [], "cc": [["Bob", "bob@example.test"]]}, ["Bob"]),
        ({"cc": [], "bcc": [["Eve", "eve@example.test"]]}, ["Eve"]),
        ({"to": []}, []),
        ({}, []),
    ],
)
def test_what_names_nobody_in_to_is_not_from_oneself_to_oneself(
    role: str, recipients: dict[str, list[list[str]]], names: list[str]
) -> None:
    folder = make_folder(make_account(), role, role=role)
    make_message(folder, recipients=recipients, from_name="Me", from_address="me@example.test")
    for by_conversation in (True, False):
        (row,) = list_rows([folder.id], by_conversation=by_conversation).rows
        assert [person.name for person in row.participants] == names


def test_a_begun_answer_is_a_draft_and_not_somebody_who_wrote() -> None:
    inbox = make_folder()
    drafts = make_folder(inbox.account, "Drafts", role="drafts")
    asked = make_message(inbox, from_name="Ada", from_address="ada@example.test")
    mine = {"from_name": "Me", "from_address": "me@example.test"}
    draft = make_message(drafts, thread=asked.thread, draft=True, **mine)
    refresh_threads([asked.thread_id])
    (row,) = list_rows([inbox.pk], by_conversation=True).rows
    assert (row.participants, row.has_draft, row.message_count) == ((Address("Ada", "ada@example.test"),), True, 2)
    (row,) = list_rows([drafts.pk], by_conversation=True).rows
    assert not row.has_draft  # all of them are
    Placement.objects.filter(pk=draft.pk).update(shown=False)
    sent = make_message(make_folder(inbox.account, "Sent", role="sent"), thread=asked.thread, **mine)
    refresh_threads([asked.thread_id])
    (row,) = list_rows([inbox.pk], by_conversation=True).rows
    assert ([person.name for person in row.participants], row.has_draft) == (["Ada", "Me"], False)
    Placement.objects.filter(pk=sent.pk).update(shown=False)
    refresh_threads([asked.thread_id])
    (row,) = list_rows([inbox.pk], by_conversation=True).rows
    assert [person.name for person in row.participants] == ["Ada"]


@pytest.mark.parametrize("role", ["trash", "junk"])
def test_what_was_thrown_away_is_counted_where_it_lies_alone(role: str) -> None:
    inbox = make_folder()
    gone = make_folder(inbox.account, "Gone", role=role)
    people = {name: {"from_name": name, "from_address": f"{name.lower()}@example.test"} for name in ("Ada", "Bo", "Cy")}
    first = make_message(inbox, **people["Ada"])
    second = make_message(inbox, thread=first.thread, **people["Bo"])
    make_message(gone, thread=first.thread, **people["Cy"])

    def said(folder: Folder) -> tuple[int, list[str]]:
        refresh_threads([first.thread_id])
        (row,) = list_rows([folder.pk], by_conversation=True).rows
        return row.message_count, [person.name for person in row.participants]

    # As many as are shown when it is opened from there.
    for folder, count in ((inbox, 2), (gone, 3)):
        assert said(folder) == (count, ["Ada", "Bo"])
        assert load_conversation(inbox.account.user_id, first.thread_id).left_out == 0
    # A copy elsewhere is still there.
    copy = make_message(inbox, thread=first.thread)
    Placement.objects.filter(pk=copy.pk).update(message=Placement.objects.get(folder=gone).message)
    assert said(inbox) == (3, ["Ada", "Bo", "Cy"])
    Placement.objects.filter(pk=copy.pk).delete()
    # Where nothing else is left, those are its people.
    Placement.objects.filter(pk__in=[first.pk, second.pk]).update(folder=gone)
    refresh([(inbox.pk, first.thread_id), (gone.pk, first.thread_id)])
    assert said(gone) == (3, ["Ada", "Bo", "Cy"])


def test_a_mangled_cursor_shows_the_first_page() -> None:
    folder = make_folder()
    make_message(folder)
    for text in ("", "~", "AAAA", "999999999999999999999999", "é", str(Cursor(START, 1))[:-3]):
        assert Cursor.parse(text) is None or len(text) > 9
        list_rows([folder.id], by_conversation=True, before=text)
    cursor = Cursor(START, 7)
    assert Cursor.parse(str(cursor)) == cursor


def test_a_conversation_is_read_oldest_first_with_where_each_message_lies() -> None:
    account = make_account()
    inbox, archive = make_folder(account), make_folder(account, "Archive", role="archive")
    first = make_message(archive, seen=True)
    second = make_message(inbox, thread=first.thread, flagged=True)
    place(archive, second.message, seen=False)
    make_message(inbox, thread=first.thread, shown=False)
    conversation = load_conversation(account.user_id, first.thread_id)
    assert [entry.message.id for entry in conversation.messages] == [first.message_id, second.message_id]
    assert [len(entry.placements) for entry in conversation.messages] == [1, 2]
    assert conversation.messages[1].roles == {"inbox", "archive"}
    assert (conversation.messages[0].unread, conversation.messages[1].unread) == (False, True)
    assert (conversation.unread_count, conversation.left_out) == (1, 0)


def test_a_conversation_tells_all_that_the_screen_asks_of_it(django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    account = make_account()
    inbox, gone = make_folder(account), make_folder(account, "Gone", missing_since=START)
    first = make_message(inbox, subject="Rota", seen=True, keywords=["work"])
    place(gone, first.message)
    make_message(gone, thread=first.thread)
    with django_assert_num_queries(1):
        conversation = load_conversation(account.user_id, first.thread_id)
    (entry,) = conversation.messages
    with django_assert_num_queries(0):
        assert (entry.message.account.host, entry.message.subject) == (account.host, "Rota")
        assert (entry.placements[0].folder.account.pk, entry.keywords) == (account.pk, ("work",))
        assert conversation.folder(inbox.pk) == inbox
        assert conversation.folder(gone.pk) is None
    told = (conversation.thread, entry.message.account, entry.placements[0], entry.placements[0].folder, entry.message)
    for one in told:
        stored = type(one).objects.get(pk=one.pk)
        for field in type(one)._meta.concrete_fields:
            assert getattr(one, field.attname) == getattr(stored, field.attname), field


def test_the_beginning_of_the_newest_message_comes_along(django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    account = make_account()
    inbox = make_folder(account)
    raw = bytes(range(256)) * 100
    first = make_message(inbox, raw[1:])
    place(make_folder(account, "Archive"), make_message(inbox, raw, thread=first.thread).message)
    conversation = load_conversation(account.user_id, first.thread_id)
    older, newest = (entry.message for entry in conversation.messages)
    held = len(newest.beginning)
    assert (older.beginning, 0 < held < len(raw)) == (b"", True)
    for message, start, end, queries in (
        (newest, 0, held, 0),
        (newest, 300, 310, 0),
        (newest, held - 1, held + 1, 1),
        (newest, held, held + 9, 1),
        (older, 299, 309, 1),
    ):
        with django_assert_num_queries(queries):
            assert raw_reader(message)(start, end) == (raw if message is newest else raw[1:])[start:end]


def test_what_is_its_readers_own_comes_along() -> None:
    account = make_account()
    Identity.objects.create(user=account.user, account=account, name="", address="Ada@home.test", verified_at=START)
    Label.objects.create(user=account.user, keyword="Work", hue=3)
    Label.objects.create(user=make_account().user, keyword="Play", hue=4)
    placement = make_message(make_folder(account))
    owned = load_conversation(account.user_id, placement.thread_id).owned
    assert owned == load_owned(account.user_id)
    assert owned is not None
    assert (owned.addresses, owned.hues) == ({account.address, "ada@home.test"}, {"work": 3})


def test_ones_own_address_is_known_as_mail_carries_it() -> None:
    account = make_account(address="ada@münchen.test")
    assert load_owned(account.user_id).addresses == {"ada@münchen.test", "ada@xn--mnchen-3ya.test"}


def test_what_no_folder_shows_is_a_conversation_without_messages() -> None:
    placement = make_message(make_folder(), shown=False)
    conversation = load_conversation(placement.account.user_id, placement.thread_id)
    assert (conversation.thread, conversation.messages) == (placement.thread, ())


@pytest.mark.parametrize("shown", [3, 4, 5])
def test_a_long_conversation_shows_its_newest(shown: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages in two folders each, so that some have more placements than messages are shown."""
    account = make_account()
    folders = [make_folder(account), make_folder(account, "Archive")]
    made = [make_message(folders[0], received_at=START)]
    made += [make_message(folders[0], thread=made[0].thread, received_at=START + timedelta(n)) for n in (1, 2, 3)]
    for one in made:
        place(folders[1], one.message)
    Thread.objects.filter(pk=made[0].thread_id).update(message_count=4)
    monkeypatch.setattr(conversation_module, "MOST_MESSAGES", shown)
    sql = conversation_module._WHOLE
    assert "<= 200" in sql
    monkeypatch.setattr(conversation_module, "_WHOLE", sql.replace("<= 200", f"<= {shown}"))
    conversation = load_conversation(account.user_id, made[0].thread_id)
    assert [entry.message.pk for entry in conversation.messages] == [one.message_id for one in made[-shown:]]
    assert all(len(entry.placements) == 2 for entry in conversation.messages)
    assert conversation.left_out == max(0, 4 - shown)


def test_a_stranger_has_no_conversation() -> None:
    placement = make_message(make_folder())
    with pytest.raises(Thread.DoesNotExist):
        load_conversation(make_user().id, placement.thread_id)


def test_the_tree_orders_by_role_and_nests_by_path() -> None:
    account = make_account()
    for path, role in (("Trash", "trash"), ("Work/Zeta", ""), ("Work", ""), ("Sent", "sent"), ("Work/Alpha", "")):
        make_folder(account, path, role=role)
    make_folder(account)
    make_folder(account, "Apples")
    make_folder(account, "Gone", missing_since=START)
    make_folder()  # another user's
    (tree,) = load_tree(account.user_id)
    lines = [(line.folder.path, line.depth) for line in tree.folders]
    assert lines == [
        *(("INBOX", 0), ("Sent", 0), ("Apples", 0), ("Work", 0), ("Work/Alpha", 1), ("Work/Zeta", 1), ("Trash", 0))
    ]
    assert [line.has_children for line in tree.folders].count(True) == 1
    assert tree.inbox is not None
    assert tree.health == "syncing"


def test_the_tree_costs_three_queries(django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    user = make_user()
    for _ in range(3):
        account = make_account(user)
        make_folder(account)
        make_folder(account, "Sent")
    with django_assert_num_queries(3):  # accounts, folders, halts
        assert [len(tree.folders) for tree in load_tree(user.id)] == [2, 2, 2]


def test_health_in_words() -> None:
    account = make_account()
    account.sync.last_success_at = START
    account.sync.save()
    folder = make_folder(account)
    assert load_tree(account.user_id)[0].health == "ok"
    make_folder(account, "Broken", parked_at=START, header_cursor=None)
    assert load_tree(account.user_id)[0].health == "ok"
    folder.bodies_pending = 7
    folder.save()
    assert load_tree(account.user_id)[0].health_text == "Fetching mail: 7 messages to go."
    account.sync.failures, account.sync.last_error = 3, "The server did not answer."
    account.sync.save()
    assert (load_tree(account.user_id)[0].health, load_tree(account.user_id)[0].health_text) == (
        "failing",
        "The server did not answer.",
    )
    account.state, account.state_reason = "needs_user", "The password was refused."
    account.save()
    assert load_tree(account.user_id)[0].health == "needs_user"


def test_an_account_is_quiet_only_where_its_health_says_ok() -> None:
    """Each of these alone gives an account something to say, but for the last three."""
    loud: list[tuple[dict[str, object], dict[str, object], dict[str, object]]] = [
        ({"state": "needs_user"}, {}, {}),
        ({"state": "paused"}, {}, {}),
        ({}, {"failures": 3, "last_error": "It did not answer."}, {}),
        ({}, {"last_success_at": None}, {}),
        ({}, {}, {"header_cursor": None}),
        ({}, {}, {"header_cursor": 500}),
        ({}, {}, {"bodies_pending": 1}),
    ]
    unfinished = {"header_cursor": None, "bodies_pending": 3}
    quiet = [
        ({}, {}, {}),
        ({}, {}, {**unfinished, "parked_at": START}),
        ({}, {}, {**unfinished, "missing_since": START}),
    ]
    for account_has, sync_has, folder_has in (*loud, *quiet):
        account = make_account()
        folder = make_folder(account, "Work", **folder_has)
        type(account).objects.filter(pk=account.pk).update(**account_has)
        type(account.sync).objects.filter(pk=account.pk).update(**{"last_success_at": START, **sync_has})
        assert is_quiet(folder) == ((account_has, sync_has, folder_has) in quiet)
        assert is_quiet(folder) == (load_tree(account.user_id)[0].health == "ok")
    Halt.objects.create(reason="Works on the line.")
    assert not is_quiet(folder)


def is_quiet(folder: Folder) -> bool:
    opened = load_opened(folder.account.user_id, folder.pk)
    assert opened
    return opened.is_quiet


def test_a_list_is_opened_as_its_folder_and_its_user_have_it() -> None:
    account, other = make_account(), make_account()
    inbox, archive = make_folder(account, "INBOX", role="inbox"), make_folder(account, "Archive")
    conversation = make_message(inbox).thread
    record_list_choice(account.user_id, archive.pk, Chosen("unread", "oldest"))
    record_list_choice(account.user_id, None, Chosen("flagged", "newest"))
    record_list_choice(other.user_id, inbox.pk, Chosen("files", "newest"))
    opened, sorted_ = load_opened(account.user_id, inbox.pk), load_opened(account.user_id, archive.pk)
    assert opened
    assert sorted_
    assert (opened.chosen, sorted_.chosen) == (None, Chosen("unread", "oldest"))
    inbox.refresh_from_db()
    assert (opened.folder, opened.folder.role, opened.folder.total) == (inbox, "inbox", inbox.total)
    assert opened.folder.path == "INBOX"
    assert load_opened(other.user_id, inbox.pk) is None
    Thread.objects.filter(pk=make_message(make_folder(other)).thread_id).update(pinned=True)
    assert not opened.has_pinned
    Thread.objects.filter(pk=conversation.pk).update(pinned=True)
    opened = load_opened(account.user_id, inbox.pk)
    assert opened
    assert opened.has_pinned


def test_a_line_that_has_not_changed_is_not_made_again() -> None:
    inbox = make_folder(make_account(), "INBOX", role="inbox")
    first, second = (make_message(inbox, subject=subject) for subject in ("one", "two"))
    for by_conversation in (True, False):
        before = list_rows([inbox.pk], by_conversation=by_conversation).rows
        again = list_rows([inbox.pk], by_conversation=by_conversation).rows
        assert [id(row) for row in again] == [id(row) for row in before]
        Placement.objects.filter(pk=first.pk).update(keywords=[str(by_conversation), 'a "quoted" {one}'])
        after = {row.placement_id: row for row in list_rows([inbox.pk], by_conversation=by_conversation).rows}
        assert after[first.pk].keywords == (str(by_conversation), 'a "quoted" {one}')
        assert any(after[second.pk] is row for row in before)


@pytest.mark.parametrize("by_conversation", [True, False])
def test_a_line_tells_what_waits_and_what_has_waited(by_conversation: bool) -> None:
    inbox = make_folder(make_account(), "INBOX", role="inbox")
    placements = {name: make_message(inbox, subject=name) for name in ("waits", "is back", "is new")}
    until = datetime(2026, 5, 4, 8, tzinfo=UTC)
    snoozed = {inbox.account_id: inbox}
    put_off([placements["waits"], placements["is back"]], until, snoozed, group=uuid4())
    Snooze.objects.filter(message=placements["is back"].message_id).update(woken_at=until)
    rows = list_rows([inbox.pk], by_conversation=by_conversation).rows
    told = {row.subject: (row.snoozed_until, row.is_back) for row in rows}
    assert told == {"waits": (until, False), "is back": (None, True), "is new": (None, False)}


def test_an_opened_list_knows_what_is_its_readers_own() -> None:
    inbox = make_folder(make_account(), role="inbox")
    user = inbox.account.user
    Label.objects.create(user=user, keyword="Family", hue=120)
    make_account(address="Second@Example.test", user=user)
    opened = load_opened(user.pk, inbox.pk)
    assert opened is not None
    assert opened.owned == load_owned(user.pk)
    assert opened.owned.hues == {"family": 120}
    assert opened.owned.accounts == 2
    assert "second@example.test" in opened.owned.addresses
