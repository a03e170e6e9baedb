"""A conversation that is open while other things happen to it: answers, marks, departures, and nobody is disturbed."""

import re
from urllib.parse import urlsplit

from django.utils import timezone
from playwright.sync_api import Browser, expect

from accounts import preferences
from accounts.models import TrustedSender
from mailsync.actions import archive, flag, mark_read, merge, trash
from mailsync.models import Placement
from mailsync.store.conversation import MOST_MESSAGES
from tests.browser.conftest import Mailbox
from tests.browser.open_conversation import (
    HIDE,
    LONG,
    PHONE,
    add,
    answer,
    card,
    conversation,
    is_seen,
    opened,
    panes_asked,
    tell,
    top_of,
)
from tests.browser.waiting import eventually, until


def test_an_answer_comes_in_below_without_moving_anything_and_is_read_when_it_is_looked_at(
    chromium: Browser, mailbox: Mailbox
) -> None:
    first, second = conversation(mailbox, "<p>Old</p>", LONG)
    page = opened(mailbox, chromium, first)
    asked = panes_asked(page)
    page.locator("#readscroll").evaluate("(box) => { box.scrollTop = 300; }")
    page.locator(".msg .head summary").last.focus()
    frame = card(page, second).locator("iframe")
    frame.evaluate("(one) => { one.contentDocument.isTheSame = true; one.isTheSame = true; }")
    before = top_of(page, second)
    third = answer(mailbox, first)
    notice = page.locator("#newcards")
    expect(notice).to_be_visible()
    expect(notice).to_have_text(re.compile(r"1 new message\s*Bert Haller"))
    expect(page.locator("#live")).to_have_text("New in this conversation: Bert Haller")
    assert top_of(page, second) == before
    assert frame.evaluate("(one) => one.isTheSame && one.contentDocument.isTheSame")
    expect(page.locator(".msg .head summary").nth(0)).to_be_focused()
    assert page.locator(".msg").evaluate_all("(all) => all.map((one) => one.id)") == [
        f"m{one.message_id}" for one in (first, second, third)
    ]
    page.wait_for_timeout(1500)
    assert not is_seen(third), "nobody has looked"
    assert len(asked) == 1
    # What answers goes to what has been read.
    expect(page.locator("#main .reply .field")).to_have_attribute("href", re.compile(f"original={second.message_id}$"))
    notice.click()
    expect(card(page, third)).to_be_focused()
    expect(page.frame_locator(f"#frame-{third.message_id}").locator("body")).to_have_text("Here I am.")
    expect(notice).to_be_hidden()
    eventually("it is read", lambda: is_seen(third))
    expect(page.locator("#main .reply .field")).to_have_attribute("href", re.compile(f"original={third.message_id}$"))
    expect(page.locator("#readmeta")).to_contain_text("3 messages")
    page.wait_for_timeout(600)
    assert len(asked) == 1, "what a page has read itself is no news to it"


def test_what_comes_while_the_tab_is_hidden_waits_for_its_reader(chromium: Browser, mailbox: Mailbox) -> None:
    first, _second = conversation(mailbox, "<p>Old</p>", "<p>New</p>")
    page = opened(mailbox, chromium, first)
    asked = panes_asked(page)
    page.evaluate(HIDE, True)
    third, fourth = answer(mailbox, first), answer(mailbox, first)
    page.wait_for_timeout(1500)
    assert not is_seen(third)
    assert asked == []
    page.evaluate(HIDE, False)
    expect(card(page, fourth)).to_be_visible()
    assert len(asked) == 1
    eventually("both are read", lambda: is_seen(third) and is_seen(fourth))


def test_what_takes_a_place_further_up_moves_nothing_and_stays_closed(chromium: Browser, mailbox: Mailbox) -> None:
    ago = timezone.now() - timezone.timedelta(days=2)
    first, second = conversation(mailbox, "<p>Old</p>", LONG, received_at=ago)
    page = opened(mailbox, chromium, first)
    page.locator("#readscroll").evaluate("(box) => { box.scrollTop = 400; }")
    before = top_of(page, second)
    late = answer(mailbox, first, received_at=ago + timezone.timedelta(days=1))
    expect(page.locator("#newcards")).to_be_visible()
    expect(page.locator("#newcards")).to_have_class(re.compile("above"))
    assert abs(top_of(page, second) - before) < 1
    expect(card(page, late)).to_have_class(re.compile(r"closed.*unread"))
    page.locator("#newcards").click()
    expect(page.frame_locator(f"#frame-{late.message_id}").locator("body")).to_have_text("Here I am.")
    eventually("it is read", lambda: is_seen(late))


def test_mail_of_another_conversation_asks_nothing_of_this_one(chromium: Browser, mailbox: Mailbox) -> None:
    first, _second = conversation(mailbox, "<p>Old</p>", "<p>New</p>")
    other = add(mailbox, None, "<p>Else</p>", subject="Something else")
    page = opened(mailbox, chromium, first)
    asked = panes_asked(page)
    tell(other)
    expect(page.locator(".row a.subj", has_text="Something else")).to_be_visible()
    page.wait_for_timeout(600)
    assert asked == []


def test_opening_what_is_unread_asks_once(chromium: Browser, mailbox: Mailbox) -> None:
    first, _second = conversation(mailbox, "<p>Old</p>", "<p>New</p>")
    third = add(mailbox, first)
    page = mailbox.inbox(chromium)
    page.wait_for_timeout(500)
    paths: list[str] = []
    page.on("request", lambda one: paths.append(urlsplit(one.url).path))
    page.locator(f"#t{first.folder_id}-{first.thread_id}").click()
    expect(card(page, third)).to_be_visible()
    eventually("it is read", lambda: is_seen(third))
    page.wait_for_timeout(1000)
    assert paths.count(f"/f/{first.folder_id}/t/{first.thread_id}/") == 1


def test_who_marks_by_hand_only_and_whose_pictures_always_load(chromium: Browser, mailbox: Mailbox) -> None:
    preferences.save(mailbox.user, mark_read_seconds=None)
    mailbox.user.save()
    TrustedSender.objects.create(user=mailbox.user, address="bert@example.test")
    first, _second = conversation(mailbox, "<p>Old</p>", LONG)
    page = opened(mailbox, chromium, first)
    paths: list[str] = []
    page.on("request", lambda one: paths.append(urlsplit(one.url).path))
    third = answer(mailbox, first, '<p>Look</p><img src="https://shop.example/a.png" width="99" alt="A">')
    expect(page.locator("#newcards")).to_be_visible()
    page.wait_for_timeout(500)
    body = f"/m/{third.message_id}/body/pictures"
    assert body not in paths, "its sender would take it for read"
    page.locator("#newcards").click()
    expect(page.frame_locator(f"#frame-{third.message_id}").locator("body")).to_contain_text("Look")
    expect(card(page, third)).not_to_have_class(re.compile("arrived"))
    page.wait_for_timeout(500)
    assert paths.count(body) == 1
    assert not is_seen(third)


def test_marks_follow_and_what_is_open_stays_open(chromium: Browser, mailbox: Mailbox) -> None:
    first, second, third = conversation(mailbox, "<p>Old</p>", "<p>Middle</p>", "<p>New</p>")
    page = opened(mailbox, chromium, first)
    card(page, second).locator(".line").click()
    expect(card(page, second)).not_to_have_class(re.compile("closed"))
    mark_read(mailbox.user.pk, [first.pk], False)
    expect(card(page, first)).to_have_class(re.compile("unread"))
    flag(mailbox.user.pk, [first.pk, third.pk], True)
    expect(card(page, first).locator(".line .flag")).to_be_visible()
    expect(page.locator("#readform [name=do][value=unflag]")).to_be_visible()
    card(page, third).get_by_role("button", name="More for this message").click()
    expect(card(page, third).get_by_role("menuitem", name="Remove flag")).to_be_visible()
    expect(card(page, second)).not_to_have_class(re.compile("closed"))
    mark_read(mailbox.user.pk, [first.pk], True)
    expect(card(page, first)).not_to_have_class(re.compile("unread"))


def test_a_message_that_goes_is_not_taken_from_under_the_eyes(chromium: Browser, mailbox: Mailbox) -> None:
    first, second, third = conversation(mailbox, "<p>Old</p>", "<p>Middle</p>", LONG)
    page = opened(mailbox, chromium, first)
    before = top_of(page, third)
    trash(mailbox.user.pk, [first.pk])
    expect(card(page, first)).to_have_count(0)
    expect(page.locator("#readmeta")).to_contain_text("2 messages")
    trash(mailbox.user.pk, [third.pk])
    expect(card(page, third).get_by_role("note")).to_contain_text("This is no longer here.")
    expect(page.frame_locator(f"#frame-{third.message_id}").locator("body")).to_contain_text("Line 3 of a long letter")
    expect(card(page, third).locator(".head > .ib")).to_have_count(0)
    expect(page.locator("#main .reply .field")).to_have_attribute("href", re.compile(f"original={second.message_id}$"))
    assert before > 0


def test_a_conversation_that_goes_elsewhere_says_so_and_is_back_when_that_is_undone(
    chromium: Browser, mailbox: Mailbox
) -> None:
    first, second = conversation(mailbox, "<p>Old</p>", LONG)
    page = opened(mailbox, chromium, first)
    page.locator("#readscroll").evaluate("(box) => { box.scrollTop = 300; }")
    before = top_of(page, second)
    trash(mailbox.user.pk, [first.pk, second.pk])
    note = page.locator("#reading > .note")
    expect(note).to_have_text("This is no longer here. Another of your programs may have moved or deleted it.")
    assert abs(top_of(page, second) - before) < 1
    expect(page.locator("#readform [name=do]")).to_have_count(0)
    expect(page.locator("#main .reply")).to_have_count(0)
    Placement.objects.filter(thread=first.thread, folder=first.folder).update(shown=True)
    tell(first)
    expect(note).to_have_count(0)
    expect(page.locator("#readform [name=do][value=archive]")).to_be_visible()


def test_what_one_sends_stands_once_at_the_end_and_drafts_come_and_go_quietly(
    chromium: Browser, mailbox: Mailbox
) -> None:
    first, _second = conversation(mailbox, "<p>Old</p>", "<p>New</p>")
    page = opened(mailbox, chromium, first)
    mine = {"from_name": "Anna", "from_address": "anna.berg@nordlicht.example", "seen": True}
    draft = add(mailbox, first, "<p>Yes, bec</p>", "Drafts", draft=True, **mine)
    tell(draft)
    expect(card(page, draft)).to_have_class(re.compile("closed"))
    Placement.objects.filter(pk=draft.pk).update(shown=False)
    tell(draft)
    expect(card(page, draft)).to_have_count(0)
    sent = add(mailbox, first, "<p>Yes, because.</p>", "Sent", **mine)
    tell(sent)
    expect(page.frame_locator(f"#frame-{sent.message_id}").locator("body")).to_have_text("Yes, because.")
    tell(sent)
    page.wait_for_timeout(700)
    expect(page.locator(".msg")).to_have_count(3)
    expect(page.locator("#newcards")).to_be_hidden()
    expect(card(page, sent)).not_to_have_class(re.compile("arrived"))


def test_of_two_tabs_one_reads_and_the_other_knows(chromium: Browser, mailbox: Mailbox) -> None:
    first, _second = conversation(mailbox, "<p>Old</p>", LONG)
    page = opened(mailbox, chromium, first)
    other = page.context.new_page()
    other.goto(page.url)
    other.locator(".scripted").first.wait_for()
    third = answer(mailbox, first)
    expect(page.locator("#newcards")).to_be_visible()
    expect(other.locator("#newcards")).to_be_visible()
    other.locator("#newcards").click()
    eventually("it is read", lambda: is_seen(third))
    expect(page.locator("#newcards")).to_be_hidden()
    expect(card(page, third)).not_to_have_class(re.compile("arrived"))
    expect(page.locator("#main .reply .field")).to_have_attribute("href", re.compile(f"original={third.message_id}$"))


def test_on_a_phone_nothing_jumps_and_the_notice_stands_above_the_dock(chromium: Browser, mailbox: Mailbox) -> None:
    first, second = conversation(mailbox, "<p>Old</p>", LONG)
    page = opened(mailbox, chromium, first, **PHONE)
    page.locator("#readscroll").evaluate("(box) => { box.scrollTop = 200; }")
    before = top_of(page, second)
    third = answer(mailbox, first, from_name="A person with quite a long name of theirs indeed")
    notice = page.locator("#newcards")
    expect(notice).to_be_visible()
    assert top_of(page, second) == before
    pill, dock = notice.bounding_box(), page.locator("#main .dock").bounding_box()
    assert pill
    assert dock
    assert pill["x"] >= 0
    assert pill["x"] + pill["width"] <= 390
    assert pill["y"] + pill["height"] < dock["y"]
    notice.tap()
    eventually("it is read", lambda: is_seen(third))
    until(page, lambda: not notice.is_visible())


def test_unfolding_an_older_message_reads_no_other(chromium: Browser, mailbox: Mailbox) -> None:
    first, _second = conversation(mailbox, "<p>Old</p>", LONG)
    page = opened(mailbox, chromium, first)
    third = answer(mailbox, first)
    expect(page.locator("#newcards")).to_be_visible()
    card(page, first).locator(".line").click()
    expect(page.frame_locator(f"#frame-{first.message_id}").locator("body")).to_have_text("Old")
    page.wait_for_timeout(300)
    assert not is_seen(third)


def test_what_is_moved_elsewhere_is_acted_on_where_it_lies(chromium: Browser, mailbox: Mailbox) -> None:
    first, second = conversation(mailbox, "<p>Old</p>", "<p>New</p>")
    page = opened(mailbox, chromium, first)
    archive(mailbox.user.pk, [first.pk, second.pk])
    expect(page.locator("#readmeta")).to_have_text("2 messages in Archive")
    expect(page.locator("#live")).to_have_text("2 messages in Archive")
    expect(page.locator("#readform [name=do][value=archive]")).to_have_count(0)
    page.locator("#readform [name=do][value=trash]").click()
    expect(page.locator("#main .empty")).to_be_visible()
    lying = Placement.objects.filter(message__in=[first.message_id, second.message_id], shown=True)
    eventually("it is in the bin", lambda: {one.folder.role for one in lying.select_related("folder")} == {"trash"})


def test_conversations_that_become_one_elsewhere_are_one_here(chromium: Browser, mailbox: Mailbox) -> None:
    one, other = conversation(mailbox, "<p>One</p>", "<p>1</p>"), conversation(mailbox, "<p>Other</p>", "<p>2</p>")
    page = opened(mailbox, chromium, one[0])
    beside = page.context.new_page()
    beside.goto(f"{mailbox.url}/f/{other[0].folder_id}/t/{other[0].thread_id}/")
    beside.locator(".scripted").first.wait_for()
    merge(mailbox.user.pk, [one[0].pk, other[0].pk])
    for tab in (page, beside):
        expect(tab.locator("#main .msg")).to_have_count(4)
        expect(tab.locator("#reading > .note")).to_have_count(0)
        expect(tab.locator("#readmeta")).to_contain_text("4 messages")
    assert page.url == beside.url


def test_of_a_long_conversation_the_oldest_makes_room(chromium: Browser, mailbox: Mailbox) -> None:
    first, *_rest, last = conversation(mailbox, *["<p>One of many</p>"] * MOST_MESSAGES)
    page = opened(mailbox, chromium, first)
    page.locator("#readscroll").evaluate("(box) => { box.scrollTop = 3000; }")
    before = top_of(page, last)
    newest = answer(mailbox, first)
    expect(card(page, newest)).to_be_attached()
    expect(card(page, first)).to_have_count(0)
    expect(page.locator("#main .msg")).to_have_count(MOST_MESSAGES)
    assert abs(top_of(page, last) - before) < 1


def test_what_was_seen_is_read_when_it_is_folded(chromium: Browser, mailbox: Mailbox) -> None:
    first, second = conversation(mailbox, "<p>Old</p>", LONG)
    page = opened(mailbox, chromium, first)
    third = answer(mailbox, first)
    expect(page.locator("#newcards")).to_be_visible()
    flag(mailbox.user.pk, [second.pk], True)  # drawn anew while it waits
    expect(card(page, second).locator(".line .flag")).to_be_attached()
    page.locator("#newcards").click()
    eventually("it is read", lambda: is_seen(third))
    card(page, third).locator(".head time").click()
    expect(card(page, third)).to_have_class(re.compile("closed"))
    expect(card(page, third)).not_to_have_class(re.compile("unread"))
    expect(card(page, third).locator(".line")).not_to_contain_text("Unread")
