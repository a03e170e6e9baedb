"""The mailbox under a person's hands: mouse, keyboard, undo, live mail. Chromium against the running site."""

import re
from typing import Any

from playwright.sync_api import Browser, Page, Route, expect

from mailsync.actions import archive, flag, mark_read
from mailsync.announce import announce
from mailsync.models import Placement
from tests.browser.conftest import Mailbox
from tests.browser.waiting import until
from tests.factories import make_message

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def subjects(page: Page) -> list[str]:
    return page.locator(".row a.subj").all_inner_texts()


def row(page: Page, subject: str) -> Any:
    return page.locator(".row", has=page.get_by_text(subject, exact=True)).first


def test_opening_a_row_shows_it_beside_the_list(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    line = row(page, "Draft of the members’ letter")
    expect(line).to_have_class(re.compile("unread"))
    line.click()
    expect(page.locator("#subject")).to_have_text("Draft of the members’ letter")
    body = page.frame_locator("iframe[data-frame]").locator("body")
    expect(body).to_contain_text("moved the bank details")
    expect(line).to_have_class(re.compile("current"))
    expect(line).not_to_have_class(re.compile("unread"))
    expect(page).to_have_url(re.compile(r"/f/\d+/t/\d+/$"))
    frame = page.locator("iframe[data-frame]").bounding_box()
    assert frame
    assert frame["height"] > 100
    page.go_back()
    expect(page.locator("#main .empty h2")).to_have_text("No message is open")


def test_what_was_read_is_read_on_the_server(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    row(page, "Draft of the members’ letter").click()
    expect(page.locator("#subject")).to_be_visible()
    page.reload()
    expect(row(page, "Draft of the members’ letter")).not_to_have_class(re.compile("unread"))


def test_archive_takes_the_row_opens_the_next_and_undo_brings_it_back(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    before = subjects(page)
    page.locator(".row").nth(1).click()
    expect(page.locator("#subject")).to_have_text(before[1])
    page.keyboard.press("e")
    expect(page.locator("#subject")).not_to_have_text(before[1])
    assert subjects(page)[:2] == [before[0], before[2]]
    toast = page.locator(".toast")
    expect(toast).to_contain_text("archived")
    page.keyboard.press("z")
    expect(page.locator(".row").nth(1).locator("a.subj")).to_have_text(before[1])
    expect(page.locator(".toast")).to_contain_text("Undone")
    inbox = mailbox.folders["INBOX"]
    assert Placement.objects.filter(folder=inbox, shown=True, message__subject=before[1]).exists()


def test_a_row_has_buttons_where_the_pointer_is_and_they_go_with_its_marks(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    line = page.locator(".row").nth(2)
    name = line.get_attribute("id")
    expect(page.locator(".row .acts")).to_have_count(0)
    line.hover()
    expect(line.get_by_role("button")).to_have_count(4)
    assert line.get_by_role("button", name="Archive").get_attribute("value") == f"archive {name}"
    before, after = "Flag", "Remove flag"
    if "flagged" in (line.get_attribute("class") or ""):
        before, after = after, before
    line.get_by_role("button", name=before, exact=True).click()
    page.mouse.move(5, 5)
    line.hover()
    expect(line.get_by_role("button", name=after, exact=True)).to_be_visible()
    expect(line.get_by_role("button", name=before, exact=True)).to_have_count(0)
    expect(line.get_by_role("button")).to_have_count(4)


def test_a_refused_act_brings_the_row_back_and_says_why(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    before = subjects(page)
    page.route(
        "**/act/", lambda route: route.fulfill(status=409, content_type="text/plain", body="The folder is full.")
    )
    page.locator(".row").nth(2).hover()
    page.locator(".row").nth(2).get_by_role("button", name="Archive").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("The folder is full.")
    assert subjects(page)[:4] == before[:4]
    # What was refused would be refused again; a server in trouble may be out of it.
    expect(alert.get_by_role("button")).to_have_count(0)
    page.unroute("**/act/")
    page.route("**/act/", lambda route: route.fulfill(status=503, content_type="text/plain", body="Not just now."))
    page.locator(".row").nth(2).hover()
    page.locator(".row").nth(2).get_by_role("button", name="Archive").click()
    alert = page.get_by_role("alert").filter(has_text="Not just now.")
    page.unroute("**/act/")
    alert.get_by_role("button", name="Try again").click()
    expect(page.locator(".row").nth(2).locator("a.subj")).to_have_text(before[3])


def test_the_keyboard_walks_selects_and_acts(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    names = subjects(page)
    page.keyboard.press("j")
    page.keyboard.press("ArrowDown")
    focused = page.locator(".row:focus a.subj")
    expect(focused).to_have_text(names[1])
    page.keyboard.press("x")
    page.keyboard.press("Shift+ArrowDown")
    expect(page.locator("#selcount")).to_have_text("2 selected")
    expect(page.locator("#summary h2")).to_have_text("2 conversations selected")
    page.keyboard.press("s")
    expect(page.locator(".row.flagged")).to_have_count(page.locator(".row.flagged").count())
    expect(page.locator("#list")).not_to_have_class(re.compile("picking"))
    page.keyboard.press("Enter")
    expect(page.locator("#subject")).to_be_visible()
    expect(page.locator(".row:focus")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#subject")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".row:focus")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator("#main .empty")).to_be_visible()


def test_single_keys_rest_while_typing_and_when_switched_off(chromium: Browser, mailbox: Mailbox) -> None:
    from accounts import preferences

    page = mailbox.inbox(chromium)
    before = subjects(page)
    page.locator("#q").fill("")
    page.locator("#q").press_sequentially("e#")
    assert subjects(page) == before
    preferences.save(mailbox.user, shortcuts=False)
    page.reload()
    page.locator(".scripted").first.wait_for()
    page.locator(".row").first.focus()
    page.keyboard.press("e")
    page.keyboard.press("ArrowDown")
    assert subjects(page) == before
    expect(page.locator(".row:focus a.subj")).to_have_text(before[1])


def test_folders_tabs_and_goto_change_the_list_in_place(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    page.evaluate("window.same = true")
    page.locator("#tree a", has_text="Archive").click()
    expect(page.locator("#list h1")).to_have_text("Archive")
    expect(page.locator('#tree a[aria-current="page"] .lbl')).to_have_text("Archive")
    page.keyboard.press("g")
    page.keyboard.press("i")
    expect(page.locator("#list h1")).to_have_text("Inbox")
    page.locator(".tab", has_text="Unread").click()
    expect(page).to_have_url(re.compile("show=unread"))
    expect(page.locator(".row:not(.unread)")).to_have_count(0)
    page.go_back()
    page.go_back()
    expect(page.locator("#list h1")).to_have_text("Archive")
    assert page.evaluate("window.same") is True


def test_the_move_menu_finds_a_folder_and_moves(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    first = subjects(page)[0]
    page.locator(".row").first.click()
    expect(page.locator("#subject")).to_be_visible()
    page.keyboard.press("v")
    expect(page.locator("#movefind")).to_be_focused()
    page.keyboard.type("recei")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("moved to Receipts")
    assert first not in subjects(page)
    page.locator("#tree a[data-folder]", has_text="Receipts").click()
    expect(page.locator(".row a.subj").first).to_have_text(first)


def test_the_palette_goes_to_folders_and_runs_commands(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    page.keyboard.press("Control+k")
    page.keyboard.type("sent")
    expect(page.locator("#palette [aria-selected=true]")).to_contain_text("Sent")
    page.keyboard.press("Enter")
    expect(page.locator("#list h1")).to_have_text("Sent")
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()


def test_a_list_is_read_to_its_end(chromium: Browser, mailbox: Mailbox) -> None:
    inbox = mailbox.folders["INBOX"]
    for number in range(180):
        make_message(inbox, subject=f"Bulk {number}", seen=True)
    page = mailbox.inbox(chromium)
    expect(page.locator(".row")).not_to_have_count(0)
    expect(page.locator("[data-more]")).to_have_count(0)
    expect(page.locator(".row").first).to_be_visible()
    seen = page.locator("#rows").evaluate("""async (box) => {
        const seen = new Set();
        const isFilled = () => [...box.querySelectorAll(".slab, .gap")].every((slab) => {
            const { top, bottom } = slab.getBoundingClientRect();
            return slab.childElementCount || bottom < 0 || top > innerHeight;
        });
        for (let top = 0; top < box.scrollHeight; top += 600) {
            box.scrollTop = top;
            do await new Promise((done) => setTimeout(done, 20)); while (!isFilled());
            for (const row of box.querySelectorAll(".row")) seen.add(row.id);
        }
        return seen.size;
    }""")
    assert seen == inbox.thread_rows.count()


def test_new_mail_appears_by_itself_and_waits_while_the_pointer_is_there(chromium: Browser, mailbox: Mailbox) -> None:
    inbox = mailbox.folders["INBOX"]
    page = mailbox.inbox(chromium)
    page.mouse.move(1200, 500)
    page.wait_for_timeout(500)  # the stream opens
    _arrive(mailbox, "Fresh from the quay")
    expect(page.locator(".row a.subj").first).to_have_text("Fresh from the quay")
    inbox.refresh_from_db()
    expect(page.locator(f'#tree a[data-folder="{inbox.pk}"] .cnt')).to_contain_text(str(inbox.unread))
    expect(page).to_have_title(re.compile(rf"^\({inbox.unread}\) Inbox"))
    page.locator(".row").nth(2).hover()
    _arrive(mailbox, "One more")
    expect(page.locator("#newpill")).to_have_text("1 new message")
    expect(page.locator(".row a.subj").first).to_have_text("Fresh from the quay")
    page.locator("#newpill").click()
    expect(page.locator(".row a.subj").first).to_have_text("One more")


def test_a_mark_set_elsewhere_changes_the_row_where_it_stands_even_under_the_pointer(
    chromium: Browser, mailbox: Mailbox
) -> None:
    page = mailbox.inbox(chromium)
    line = row(page, "Draft of the members’ letter")
    expect(line).to_have_class(re.compile("unread"))
    before = subjects(page)
    line.hover()
    line.evaluate("(row) => { row.isTheSame = true; }")
    page.wait_for_timeout(500)
    inbox = mailbox.folders["INBOX"]
    placement = Placement.objects.get(message__subject="Draft of the members’ letter", folder=inbox)
    mark_read(mailbox.user.pk, [placement.pk], True)
    expect(line).not_to_have_class(re.compile("unread"))
    expect(line.get_by_role("button", name="Mark as unread")).to_be_visible()
    flag(mailbox.user.pk, [placement.pk], True)
    expect(line).to_have_class(re.compile("flagged"))
    assert line.evaluate("(row) => row.isTheSame && row.matches(':hover')")

    # A row that leaves elsewhere waits until the pointer has left the list.
    other = Placement.objects.get(message__subject=before[0], folder=inbox)
    archive(mailbox.user.pk, [other.pk])
    page.wait_for_timeout(900)
    assert subjects(page) == before
    page.mouse.move(1200, 500)
    expect(page.locator(".row a.subj").first).to_have_text(before[1])


def test_what_came_between_the_page_and_its_stream_is_seen_in_it(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.page(chromium, viewport={"width": 1440, "height": 900})
    held: list[Route] = []
    page.route(re.compile("/events"), lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks what it is given
    page.goto(f"{mailbox.url}/f/{mailbox.folders['INBOX'].pk}/")
    page.locator(".scripted").first.wait_for()
    until(page, lambda: held)
    _arrive(mailbox, "In between")
    held[0].continue_()
    expect(page.locator(".row a.subj").first).to_have_text("In between")


def test_what_had_to_be_taken_back_is_said(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    page.wait_for_timeout(500)
    why = "“Rota” could not be moved: the folder is full. It is back where it was."
    announce(mailbox.user.pk, "notice", account=mailbox.folders["INBOX"].account_id, text=why)
    expect(page.get_by_role("alert")).to_have_text(why)


def test_two_tabs_share_one_stream(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    streams: list[str] = []
    page.context.on("request", lambda request: streams.append(request.url) if "/events?" in request.url else None)
    other = page.context.new_page()
    other.goto(page.url)
    other.wait_for_timeout(700)
    assert streams == []
    _arrive(mailbox, "For both")
    expect(page.locator(".row a.subj").first).to_have_text("For both")
    expect(other.locator(".row a.subj").first).to_have_text("For both")
    page.close()
    other.wait_for_timeout(700)
    assert len(streams) == 1
    _arrive(mailbox, "For the one left")
    expect(other.locator(".row a.subj").first).to_have_text("For the one left")


def test_labels_are_given_found_and_taken_away(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    line = page.locator(".row").nth(1)
    subject = line.locator("a.subj").inner_text()
    line.click()
    expect(page.locator("#subject")).to_have_text(subject)
    page.keyboard.press("l")
    expect(page.locator("#labelfind")).to_be_focused()
    page.keyboard.type("Grüße vom Kai")
    page.locator("#labelnew").click()
    expect(line.locator(".chip", has_text="Grüße vom Kai")).to_be_visible()
    expect(page.locator("#readmeta .chip", has_text="Grüße vom Kai")).to_be_visible()
    label = page.locator("#tree a", has_text="Grüße vom Kai")
    expect(label).to_be_visible()
    page.keyboard.press("l")
    choice = page.get_by_role("menuitemcheckbox", name="Grüße vom Kai")
    expect(choice).to_have_attribute("aria-checked", "true")
    page.keyboard.press("Escape")
    label.click()
    expect(page.locator("#list h1")).to_have_text("Grüße vom Kai")
    expect(page.locator(".row a.subj").first).to_have_text(subject)
    page.locator(".row").first.focus()
    page.keyboard.press("l")
    choice.click()
    expect(page.locator(".row")).to_have_count(0)
    page.keyboard.press("z")
    expect(page.locator(".row a.subj").first).to_have_text(subject)


def test_pictures_come_by_consent_only(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    row(page, "Hafenblatt: the lock closes for a week").click()
    bar = page.locator("[data-pictures]")
    expect(bar).to_contain_text("pictures from outside were not loaded")
    bar.get_by_role("link", name="Show").click()
    expect(bar).to_have_count(0)
    expect(page.locator("iframe[data-frame]")).to_have_attribute("src", re.compile("/body/pictures"))


def test_older_messages_unfold(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    row(page, "Re: Keys for the boathouse").click()
    closed = page.locator(".msg.closed").first
    expect(closed).to_be_visible()
    count = page.locator(".msg.closed").count()
    closed.locator(".line").click()
    expect(page.locator(".msg.closed")).to_have_count(count - 1)
    expect(page.locator("iframe[data-frame]").first).to_be_visible()


def test_without_scripts_pages_do_the_same(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.page(chromium, java_script_enabled=False, viewport={"width": 1440, "height": 900})
    page.goto(f"{mailbox.url}/f/{mailbox.folders['INBOX'].pk}/")
    subject = subjects(page)[1]
    page.locator(".row a.subj").nth(1).click()
    expect(page.locator("#subject")).to_have_text(subject)
    page.locator("#readform").get_by_role("button", name="Archive").click()
    expect(page.locator(".toast")).to_contain_text("archived")
    assert subject not in subjects(page)
    page.locator(".toast").get_by_role("button", name="Undo").click()
    assert subject in subjects(page)
    page.locator("#q").fill("boathouse")
    page.locator("#q").press("Enter")
    expect(page.locator("#list h1")).to_contain_text("boathouse")
    assert page.locator(".row").count() > 0


def _arrive(mailbox: Mailbox, subject: str, path: str = "INBOX", **fields: Any) -> None:
    """A message comes in as a pull brings it: stored, counted, announced."""
    from django.utils import timezone

    inbox = mailbox.folders[path]
    make_message(inbox, subject=subject, received_at=timezone.now(), **fields)
    inbox.refresh_from_db()
    counts = {"unread": inbox.unread, "total": inbox.total}
    announce(mailbox.user.pk, "folder", folder=inbox.pk, account=inbox.account_id, **counts)


def test_rows_are_dragged_to_a_folder(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    first, second = subjects(page)[:2]
    page.locator(".row").first.drag_to(page.locator("#tree a[data-folder]", has_text="Receipts"))
    expect(page.locator(".toast")).to_contain_text("moved to Receipts")
    expect(page.locator(".row a.subj").first).to_have_text(second)
    page.locator("#tree a[data-folder]", has_text="Receipts").click()
    expect(page.locator(".row a.subj").first).to_have_text(first)
