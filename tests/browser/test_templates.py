"""Templates under a person's hands: kept from a message, put where the caret is, changed in the settings."""

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from mailsync import actions
from mailsync.models import Draft, MailTemplate
from tests.browser.conftest import Mailbox
from tests.browser.test_compose import PNG
from tests.browser.test_mailbox import PHONE

_WORDS = "<p>Many <strong>thanks</strong></p>"


def begin(page: Page) -> Locator:
    page.keyboard.press("c")
    window = page.locator("section.compose")
    expect(window.locator(".ProseMirror")).to_be_visible()
    return window


def test_a_message_is_kept_and_put_into_another_at_the_caret(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.inbox(chromium)
    window = begin(page)
    window.get_by_label("Subject").fill("Order")
    window.locator(".ProseMirror").click()
    page.keyboard.type("Many ")
    page.keyboard.press("Control+b")
    page.keyboard.type("thanks")
    window.get_by_role("button", name="Templates").click()
    name = window.get_by_label("Keep this message as a template")
    name.fill("Thanks")
    name.press("Enter")
    expect(page.get_by_text("“Thanks” is kept as a template.")).to_be_visible()
    kept = MailTemplate.objects.get()
    assert (kept.subject, kept.body) == ("Order", _WORDS)
    page.keyboard.press("Escape")
    expect(window).to_have_count(0)

    window = begin(page)
    words = window.locator(".ProseMirror")
    words.click()
    page.keyboard.type("Hello Bo.")
    page.keyboard.press("Enter")
    page.keyboard.type("Bye.")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("End")
    window.get_by_role("button", name="Templates").click()
    window.get_by_role("button", name="Thanks").click()
    expect(words).to_contain_text("Many thanks")
    expect(words).to_be_focused()
    page.keyboard.type("!")
    expect(window.get_by_label("Subject")).to_have_value("Order")
    expect(window.locator("[data-saved]")).to_contain_text("Saved ", timeout=8000)
    body = Draft.objects.latest("pk").body
    assert body.index("Hello Bo.") < body.index("<strong>thanks!</strong>") < body.index("Bye.")


def test_plain_words_get_them_at_the_caret_too(chromium: Browser, mailbox: Mailbox) -> None:
    actions.write_template(mailbox.user.pk, None, name="Thanks", subject="", body=_WORDS)
    draft = actions.start_draft(mailbox.user.pk)
    draft = actions.save_draft(mailbox.user.pk, draft.pk, draft.version, is_html=False, body="One. Two.\n")
    page = mailbox.page(chromium)
    page.goto(f"{mailbox.url}/d/{draft.pk}/")
    # Before that the choice is sent as a form, which knows no caret.
    page.locator("section.compose.scripted").wait_for()
    area = page.locator("[data-plain]")
    area.evaluate("area => { area.focus(); area.setSelectionRange(5, 5); }")
    page.get_by_role("button", name="Templates").click()
    page.get_by_role("button", name="Thanks").click()
    expect(area).to_have_value("One. Many thanksTwo.\n")


def test_a_name_that_is_taken_asks_before_it_replaces(chromium: Browser, mailbox: Mailbox) -> None:
    actions.write_template(mailbox.user.pk, None, name="Thanks", subject="", body=_WORDS)
    page = mailbox.inbox(chromium)
    window = begin(page)
    window.locator(".ProseMirror").click()
    page.keyboard.type("Better words")
    window.get_by_role("button", name="Templates").click()
    window.get_by_label("Keep this message as a template").fill("thanks")
    window.get_by_role("button", name="Save as template").click()
    expect(window.get_by_text("called “Thanks” already")).to_be_visible()
    assert MailTemplate.objects.get().body == _WORDS
    window.get_by_role("button", name="Replace it").click()
    expect(page.get_by_text("“thanks” is kept as a template.")).to_be_visible()
    expect(window.get_by_text("called “Thanks” already")).to_have_count(0)
    assert MailTemplate.objects.get().body == "<p>Better words</p>"


def test_on_a_phone_the_menu_of_more_has_them(chromium: Browser, mailbox: Mailbox) -> None:
    actions.write_template(mailbox.user.pk, None, name="Thanks", subject="Order", body=_WORDS)
    draft = actions.start_draft(mailbox.user.pk)
    page = mailbox.page(chromium, **PHONE)
    page.goto(f"{mailbox.url}/d/{draft.pk}/")
    expect(page.locator(".ProseMirror")).to_be_visible()
    page.get_by_role("button", name="More options").click()
    page.get_by_role("button", name="Templates").click()
    page.get_by_role("button", name="Thanks").click()
    expect(page.locator(".ProseMirror")).to_contain_text("Many thanks")
    expect(page.locator(":popover-open")).to_have_count(0)


@pytest.mark.parametrize("scripts", [True, False])
def test_the_settings_change_one(chromium: Browser, mailbox: Mailbox, scripts: bool) -> None:
    kept = actions.write_template(mailbox.user.pk, None, name="Thanks", subject="", body=_WORDS)
    page = mailbox.page(chromium, java_script_enabled=scripts)
    page.goto(f"{mailbox.url}/settings/writing/")
    page.locator("#templates").get_by_role("link", name="Edit").click()
    page.get_by_label("Name").fill("Thank you")
    if scripts:
        words = page.locator(".ProseMirror")
        words.click()
        page.keyboard.press("Control+End")
        page.keyboard.type("!")
    else:
        page.get_by_label("Words").fill("So many thanks")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#templates")).to_contain_text("Thank you")
    kept.refresh_from_db()
    assert kept.name == "Thank you"
    assert kept.body == ("<p>Many <strong>thanks!</strong></p>" if scripts else "<p>So many thanks</p>")


def test_the_settings_take_pictures_and_files(chromium: Browser, mailbox: Mailbox) -> None:
    kept = actions.write_template(mailbox.user.pk, None, name="Thanks", subject="", body=_WORDS)
    page = mailbox.page(chromium)
    page.goto(f"{mailbox.url}/settings/templates/{kept.pk}/")
    words = page.locator(".ProseMirror")
    words.click()
    page.locator("[data-picture]").set_input_files({"name": "dot.png", "mimeType": "image/png", "buffer": PNG})
    shown = words.locator("img[src*='/file/']")
    expect(shown).to_have_count(1)
    page.get_by_label("Add files").set_input_files(
        {"name": "prices.pdf", "mimeType": "application/pdf", "buffer": b"%PDF"}
    )
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#templates")).to_contain_text("Thanks")
    assert sorted((row.name, bool(row.content_id)) for row in kept.files.all()) == [
        ("dot.png", True),
        ("prices.pdf", False),
    ]
    page.goto(f"{mailbox.url}/settings/templates/{kept.pk}/")
    expect(page.get_by_text("prices.pdf")).to_be_visible()
    assert shown.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") > 0


def test_a_new_template_takes_pictures_once_it_is_saved(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.page(chromium)
    page.goto(f"{mailbox.url}/settings/templates/add/")
    page.locator(".ProseMirror").click()
    page.locator("[data-picture]").set_input_files({"name": "dot.png", "mimeType": "image/png", "buffer": PNG})
    expect(page.locator(".toast")).to_contain_text("Save the template once")


def test_without_scripts_a_message_begins_with_one_or_gets_one(chromium: Browser, mailbox: Mailbox) -> None:
    actions.write_template(mailbox.user.pk, None, name="Thanks", subject="Order", body=_WORDS)
    page = mailbox.page(chromium, java_script_enabled=False)
    page.goto(f"{mailbox.url}/settings/writing/")
    page.locator("#templates").get_by_role("link", name="Write").click()
    expect(page.get_by_label("Subject")).to_have_value("Order")
    expect(page.get_by_label("Message", exact=True)).to_have_value("Many thanks\n")
    page.goto(f"{mailbox.url}/compose/")
    page.get_by_role("button", name="Templates").click()
    page.get_by_role("button", name="Thanks").click()
    expect(page.get_by_label("Subject")).to_have_value("Order")
    expect(page.get_by_label("Message", exact=True)).to_have_value("Many thanks\n")
