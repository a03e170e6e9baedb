"""Recipients as chips: where they stand while the server is still asked about them. Chromium against the site."""

import re

import pytest
from playwright.sync_api import Browser, Route, expect

from mailsync.message.vcard import Labelled, VCard
from mailsync.models import Draft
from mailsync.store.contacts import keep_card
from tests.browser.conftest import Mailbox

pytestmark = pytest.mark.browser


def test_recipients_keep_the_order_in_which_they_were_typed(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.page(chromium)
    page.goto(mailbox.url)

    held: list[Route] = []
    is_first = re.compile("first")

    def hold(route: Route) -> None:
        held.append(route) if is_first.search(route.request.post_data or "") else route.continue_()

    page.route("**/compose/recipients", hold)
    page.get_by_role("link", name="New message").click()
    window = page.locator("section.compose")
    expect(window.locator(".ProseMirror")).to_be_visible()
    to = window.get_by_role("combobox", name="To")
    for typed in ("first@friends.test", "wrong@", "third@friends.test"):
        to.fill(typed)
        to.press("Enter")
    waiting = window.locator(".rc .av").filter(has_text="…")
    expect(waiting).to_have_count(1)
    held[0].continue_()
    expect(waiting).to_have_count(0)
    expect(window.locator(".rc .who")).to_have_text(["first@friends.test", "wrong@", "third@friends.test"])


def test_a_group_is_written_to_by_its_name(chromium: Browser, mailbox: Mailbox) -> None:
    for name in ("Bo", "Cy", "Dee"):
        card = VCard(name=name, addresses=(Labelled(f"{name.lower()}@choir.test"),), groups=("Choir of 1990",))
        keep_card(mailbox.user.pk, card)
    page = mailbox.page(chromium)
    page.goto(mailbox.url)
    page.get_by_role("link", name="New message").click()
    window = page.locator("section.compose")
    to = window.get_by_role("combobox", name="To")
    to.fill("cy@choir.test")
    to.press("Enter")
    to.press_sequentially("choir")
    option = window.get_by_role("option", name="Choir of 1990")
    expect(option).to_contain_text("3 people")
    with page.expect_response("**/save"):
        to.press("Enter")
    # Who stands there already is not put there twice.
    expect(window.locator(".rc .who")).to_have_text(["cy@choir.test", "Bo", "Dee"])
    assert Draft.objects.get().to == "cy@choir.test, Bo <bo@choir.test>, Dee <dee@choir.test>"
