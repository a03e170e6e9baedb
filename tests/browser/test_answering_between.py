"""Answers between the lines of the quoted message: opened, parted, cut down, closed again. Chromium on the site."""

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from mailsync import actions
from mailsync.models import Draft, Message
from tests.browser.conftest import Mailbox
from tests.browser.waiting import eventually
from tests.store.test_quoting import WITH_PICTURE
from tests.web.mail import html_message, store

_QUESTIONS = (
    "<p>Hi Anna,</p><p>When do we meet? And where is it?</p><ol><li>Who drives?</li><li>Who <b>cooks</b>?</li></ol>"
    '<p>All in <a href="https://x.test/plan">the plan</a>.<br>Two lines<br>of it.</p>'
)
_OUTLINE = """(one) => [...one.children].map((part) => part.matches('.orig') ? '[closed]'
    : part.matches('blockquote') ? '> ' + part.innerText.replace(/\\s+/g, ' ').trim() : part.innerText.trim())
    .filter(Boolean)"""
_PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
_CARET = """([root, words, offset]) => {
  const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walk.nextNode() && !walk.currentNode.data.includes(words));
  const at = walk.currentNode.data.indexOf(words) + (offset < 0 ? words.length : offset);
  root.focus();
  getSelection().collapse(walk.currentNode, at);
}"""


def _answer(mailbox: Mailbox, chromium: Browser, raw: bytes, mode: str = "reply", **options: Any) -> Locator:
    asked = store(mailbox.user, raw, mailbox.folders["INBOX"])
    page = mailbox.page(chromium, **{"viewport": {"width": 1280, "height": 900}, **options})
    page.goto(f"{mailbox.url}/compose/?mode={mode}&original={asked.pk}")
    editor = page.locator("section.compose .ProseMirror")
    editor.locator(".orig").wait_for()
    return editor


def _edit(editor: Locator) -> None:
    editor.get_by_role("button", name="Edit", exact=True).click()
    expect(editor.locator(".orig")).to_have_count(0)


def _caret(editor: Locator, words: str, offset: int = -1) -> None:
    """Behind these words, or so many signs into them."""
    editor.evaluate(f"(root, said) => ({_CARET})([root, ...said])", [words, offset])
    editor.page.wait_for_timeout(60)


def _saved(page: Page, words: str) -> Draft:
    eventually("saved", lambda: words in Draft.objects.latest("pk").body)
    return Draft.objects.latest("pk")


def _sent(draft: Draft) -> tuple[EmailMessage, str, str]:
    """What leaves, read by Python's own parser: the message, its text, its HTML."""
    draft.to = "bo@x.test"
    draft.save()
    raw = bytes(actions.send(draft.user_id, draft.pk).raw)
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    lines = (line.rstrip() for line in text.get_content().splitlines())
    return message, "\n".join(lines), html.get_content()


def test_enter_parts_the_quote_and_both_parts_of_the_message_say_who_wrote_what(
    chromium: Browser, mailbox: Mailbox
) -> None:
    editor = _answer(mailbox, chromium, html_message(_QUESTIONS))
    keyboard = editor.page.keyboard
    _edit(editor)
    _caret(editor, "When do we meet?")
    keyboard.press("Enter")
    keyboard.type("At ten.")
    _caret(editor, "Who drives?")
    keyboard.press("Enter")
    keyboard.type("I do.")
    _caret(editor, "Two lines")
    keyboard.press("Enter")
    keyboard.type("Three!")
    assert editor.evaluate(_OUTLINE)[1:] == [
        *("> Hi Anna, When do we meet?", "At ten.", "> And where is it? Who drives?", "I do."),
        *("> Who cooks? All in the plan. Two lines", "Three!", "> of it."),
    ]
    expect(editor.locator("blockquote ol").last).to_have_attribute("start", "2")
    _message, text, html = _sent(_saved(editor.page, "Three!"))
    assert text[text.index("> Hi") :].split("\n")[:9] == [
        *("> Hi Anna,", ">", "> When do we meet?", "", "At ten.", "", "> And where is it?", ">", "> 1. Who drives?"),
    ]
    assert "\nI do.\n\n> - " not in text
    assert "\nThree!\n\n> of it." in text
    assert "https://x.test/plan" not in text
    assert '<a href="https://x.test/plan">the plan</a>' in html
    assert html.count('<blockquote type="cite" style=') == 4
    assert "</blockquote><p>At ten.</p><blockquote" in html


def test_what_was_only_opened_leaves_as_it_came(chromium: Browser, mailbox: Mailbox) -> None:
    newsletter = (
        '<table width="600" bgcolor="#ffeeee"><tr><td style="font-size: 30px">Sale &amp; more</td></tr></table>'
    )
    editor = _answer(mailbox, chromium, html_message(newsletter))
    _edit(editor)
    expect(editor.locator("blockquote")).to_contain_text("Sale & more")
    expect(editor.locator("table")).to_have_count(0)
    # Nothing was written yet, so nothing is kept.
    editor.page.wait_for_timeout(2500)
    assert Draft.objects.latest("pk").version == 1
    editor.locator("p").first.click()
    editor.page.keyboard.press("Control+Home")
    editor.page.keyboard.type("Thanks.")
    draft = _saved(editor.page, "Thanks.")
    assert "<div data-original=" in draft.body
    _message, _text, html = _sent(draft)
    assert '<td style="font-size: 30px">Sale' in html


def test_undo_closes_it_again_and_what_is_deleted_stays_out(chromium: Browser, mailbox: Mailbox) -> None:
    editor = _answer(mailbox, chromium, html_message(_QUESTIONS))
    keyboard = editor.page.keyboard
    _edit(editor)
    keyboard.press("Control+z")
    expect(editor.locator(".orig")).to_have_count(1)
    _edit(editor)
    for words in ("When do we", "All in"):
        editor.get_by_text(words).first.click(click_count=3)
        keyboard.press("Backspace")
    draft = _saved(editor.page, "Who drives?")
    eventually("cut down", lambda: "Two lines" not in Draft.objects.latest("pk").body)
    page = editor.page
    page.goto(f"{mailbox.url}/d/{draft.pk}/")
    expect(editor.locator("blockquote")).to_contain_text("Who drives?")
    expect(editor).not_to_contain_text("When do we")
    _message, text, html = _sent(Draft.objects.latest("pk"))
    assert "When do we" not in text + html


def test_its_pictures_go_along_and_those_of_elsewhere_are_not_fetched(chromium: Browser, mailbox: Mailbox) -> None:
    far = b'<p>Look: <img src="cid:cat@x"> and <img src="https://far.test/dog.png" alt="Dog"></p>'
    editor = _answer(mailbox, chromium, WITH_PICTURE.replace(b'<p>Look: <img src="cid:cat@x"></p>', far))
    asked: list[str] = []
    editor.page.on("request", lambda request: asked.append(request.url))
    _edit(editor)
    expect(editor.locator("img[data-cid]")).to_have_count(1)
    expect(editor.get_by_role("img", name="Dog")).to_be_visible()
    _caret(editor, "Look:")
    editor.page.keyboard.press("Enter")
    editor.page.keyboard.type("Nice.")
    message, _text, html = _sent(_saved(editor.page, "Nice."))
    assert not any("far.test" in url for url in asked)
    assert '<img src="https://far.test/dog.png" alt="Dog">' in html
    (picture,) = [part for part in message.walk() if part.get_content_type() == "image/png"]
    assert picture.get_content() == b"\x89PNG cat"
    assert f'src="cid:{picture["Content-ID"][1:-1]}"' in html


def test_a_touch_of_the_words_opens_them_there(chromium: Browser, mailbox: Mailbox) -> None:
    editor = _answer(mailbox, chromium, html_message(_QUESTIONS), **_PHONE)
    page = editor.page
    editor.locator(".orig summary .grow").click()
    page.frame_locator(".orig iframe").get_by_text("Two lines").tap()
    expect(editor.locator(".orig")).to_have_count(0)
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    page.keyboard.type("Here.")
    told = editor.evaluate(_OUTLINE)
    assert told[told.index("Here.") - 1].endswith("the plan.") or told[told.index("Here.") - 1].endswith("Two lines")


def test_text_with_quotes_of_quotes_and_a_table(chromium: Browser, mailbox: Mailbox) -> None:
    raw = b"From: Ann <ann@shop.test>\r\nSubject: T\r\n\r\nNew line\r\n> old one\r\n> old two\r\n"
    editor = _answer(mailbox, chromium, raw)
    _edit(editor)
    _caret(editor, "old one")
    editor.page.keyboard.press("Enter")
    editor.page.keyboard.type("So it was.")
    _message, text, _html = _sent(_saved(editor.page, "So it was."))
    assert "> New line\n>\n>> old one\n\nSo it was.\n\n>> old two" in text


def test_in_a_table_enter_stays_in_its_cell(chromium: Browser, mailbox: Mailbox) -> None:
    table = "<table><tr><td>Oars</td><td>4</td></tr><tr><td>Sails</td><td>2</td></tr></table><p>Enough?</p>"
    editor = _answer(mailbox, chromium, html_message(table))
    _edit(editor)
    _caret(editor, "Oars")
    editor.page.keyboard.press("Enter")
    editor.page.keyboard.type("long ones")
    _caret(editor, "Enough?", 0)
    editor.page.keyboard.press("Enter")
    editor.page.keyboard.type("Sails: 3, please.")
    assert editor.evaluate(_OUTLINE)[1:] == ["> Oars long ones 4 Sails 2", "Sails: 3, please.", "> Enough?"]
    expect(editor.locator("td")).to_have_count(4)


def test_a_forward_can_be_cut_down(chromium: Browser, mailbox: Mailbox) -> None:
    editor = _answer(mailbox, chromium, html_message(_QUESTIONS), "forward")
    _edit(editor)
    expect(editor).to_contain_text("Forwarded message")
    editor.get_by_text("Hi Anna").click(click_count=3)
    editor.page.keyboard.press("Backspace")
    draft = _saved(editor.page, "Who drives?")
    eventually("cut", lambda: "Hi Anna" not in Draft.objects.latest("pk").body)
    _message, text, html = _sent(Draft.objects.get(pk=draft.pk))
    assert "the plan <https://x.test/plan>" in text
    assert "Hi Anna" not in text + html
    assert "<blockquote" not in html


def test_the_signature_still_goes_with_the_address_above_an_open_quote(chromium: Browser, mailbox: Mailbox) -> None:
    account = mailbox.user.mail_accounts.get()
    account.identities.update(signature_text="Anna at sea")
    other = account.identities.get()
    other.pk, other.address, other.signature_text, other.is_default = None, "anna@else.test", "Anna at home", False
    other.save()
    editor = _answer(mailbox, chromium, html_message(_QUESTIONS))
    _edit(editor)
    editor.page.get_by_label("From").select_option(index=1)
    expect(editor).to_contain_text("Anna at home")
    expect(editor).not_to_contain_text("Anna at sea")
    told = editor.evaluate(_OUTLINE)
    assert told[0].startswith("--")
    assert told[2].startswith("> Hi Anna")


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_it_is_reached_with_keys(chromium: Browser, mailbox: Mailbox, key: str) -> None:
    editor = _answer(mailbox, chromium, html_message(_QUESTIONS))
    editor.locator(".orig summary").focus()
    editor.page.keyboard.press("Tab")
    expect(editor.get_by_role("button", name="Edit", exact=True)).to_be_focused()
    editor.page.keyboard.press(key)
    expect(editor.locator(".orig")).to_have_count(0)
    expect(editor).to_be_focused()
    editor.page.keyboard.type("First: ")
    expect(editor.locator("blockquote p").first).to_have_text("First: Hi Anna,")


def test_a_letter_that_is_gone_is_said_so(chromium: Browser, mailbox: Mailbox) -> None:
    editor = _answer(mailbox, chromium, html_message(_QUESTIONS))
    Message.objects.filter(pk=Draft.objects.latest("pk").original_id).update(parts=None)
    editor.get_by_role("button", name="Edit", exact=True).click()
    expect(editor.page.get_by_role("alert")).to_contain_text("not here any more")
    expect(editor.locator(".orig")).to_have_count(1)


@pytest.mark.parametrize("is_text", [False, True])
def test_an_answer_to_what_was_marked_quotes_that_alone(chromium: Browser, mailbox: Mailbox, is_text: bool) -> None:
    text = b"From: Ann <ann@shop.test>\r\nSubject: T\r\n\r\nHi Anna,\r\n\r\nWhen?\r\nAnd where?\r\n\r\nAnn\r\n"
    html = html_message("<p>Hi Anna,</p><p>When?<br>And <b>where</b>?</p><p>Ann</p>")
    asked = store(mailbox.user, text if is_text else html, mailbox.folders["INBOX"])
    page = mailbox.page(chromium, viewport={"width": 1440, "height": 900})
    page.goto(f"{mailbox.url}/m/{asked.pk}/")
    page.frame_locator(f"#frame-{asked.pk}").get_by_text("When?").evaluate("""(one) => {
      const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      let [from, to] = [null, null];
      while (walk.nextNode()) {
        const { currentNode: text } = walk;
        if (text.data.includes("When?")) from = [text, text.data.indexOf("When?")];
        if (/where/.test(text.data)) to = [text, text.data.indexOf("where") + 5];
      }
      getSelection().setBaseAndExtent(...from, ...to);
    }""")
    page.keyboard.press("r")
    editor = page.locator("section.compose .ProseMirror")
    expect(editor.locator("blockquote")).to_have_text("When?And where", use_inner_text=False)
    expect(editor.locator("blockquote br")).to_have_count(1)
    assert Draft.objects.latest("pk").version == 1
    page.keyboard.press("Escape")
    expect(page.locator("section.compose")).to_have_count(0)
    eventually("nothing left", lambda: not Draft.objects.filter(original=asked).exists())
    page.keyboard.press("r")
    expect(editor.locator("blockquote")).to_have_text("When?And where", use_inner_text=False)
    editor.page.keyboard.type("At ten.")
    _message, told, _html = _sent(_saved(page, "At ten."))
    assert told.endswith("> When?\n> And where")
    assert "Hi Anna" not in told


def test_one_marked_word_quotes_all(chromium: Browser, mailbox: Mailbox) -> None:
    asked = store(mailbox.user, html_message("<p>Hi Anna,</p>"), mailbox.folders["INBOX"])
    page = mailbox.page(chromium, viewport={"width": 1440, "height": 900})
    page.goto(f"{mailbox.url}/m/{asked.pk}/")
    page.frame_locator(f"#frame-{asked.pk}").get_by_text("Hi Anna").dblclick()
    page.keyboard.press("r")
    expect(page.locator("section.compose .orig")).to_have_count(1)


@pytest.mark.parametrize("mode", ["reply", "forward"])
def test_empty_lines_around_a_letter_are_not_opened_with_it(chromium: Browser, mailbox: Mailbox, mode: str) -> None:
    words = (
        "<p><br></p><p> </p><p>Hi Anna,</p><p></p><p>See you.<br></p><ul><li><p></p></li></ul><p></p><p><br></p><br>"
    )
    editor = _answer(mailbox, chromium, html_message(words), mode)
    _edit(editor)
    quote = editor.locator("blockquote") if mode == "reply" else editor
    lines = quote.locator("> *").evaluate_all("(all) => all.map((one) => one.innerText.trim())")
    assert lines[-3:] == ["Hi Anna,", "", "See you."]
    if mode == "reply":
        assert len(lines) == 3
    saved = _saved(editor.page, "data-original")
    assert "See you" not in saved.body, "what was only opened is closed when it is saved"
