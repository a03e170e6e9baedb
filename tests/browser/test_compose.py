"""Writing in a real browser: the docked window, conflicts, offline, files, undo, a phone, and no scripts at all."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.chromium import NewPage
from tests.browser.site import Site

pytestmark = pytest.mark.browser

PASSWORD = "a-long-enough-secret"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
_PREPARE = """
from allauth.account.models import EmailAddress
from django.utils import timezone
from accounts.models import User
from tests.factories import make_account, make_folder, make_message, raw_message
for email in {emails!r}:
    user = User.objects.create_user(email, {password!r}, name="Anna Berg", timezone="Europe/Berlin")
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    account = make_account(user, address=email, state="paused")
    inbox, sent = make_folder(account), make_folder(account, "Sent", role="sent")
    raw = raw_message("Tea?", "How are you?\\r\\n", From="Noor El-Amin <noor@friends.test>")
    make_message(inbox, raw, subject="Tea?", from_name="Noor El-Amin", from_address="noor@friends.test")
    make_message(sent, recipients={{"to": [["Priya Raman", "priya@friends.test"]]}}, received_at=timezone.now())
"""
_DRAFTS = """
import json
from mailsync.models import Draft, Outgoing
print(json.dumps({{
    "drafts": [[d.subject, d.to, d.body, d.attachments.count()] for d in Draft.objects.filter(user__email={email!r})],
    "outgoing": [o.subject for o in Outgoing.objects.filter(user__email={email!r}).exclude(state="cancelled")],
}}))
"""


@pytest.fixture(scope="module")
def writers(site: Site) -> Iterator[str]:
    """People with an account, a message from Noor and one sent to Priya."""
    emails = [f"writer{number}@people.test" for number in range(16)]
    site.manage("shell", "-v0", "-c", _PREPARE.format(emails=emails, password=PASSWORD))
    return iter(emails)


@pytest.fixture
def email(writers: Iterator[str]) -> str:
    return next(writers)


def kept(site: Site, email: str) -> dict[str, Any]:
    said = site.manage("shell", "-v0", "-c", _DRAFTS.format(email=email)).strip().splitlines()[-1]
    found: dict[str, Any] = json.loads(said)
    return found


def sign_in(page: Page, email: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Email", exact=True).fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda url: "/login/" not in url)


def begin(page: Page) -> Locator:
    """A new message, ready to be written."""
    page.get_by_role("link", name="New message").click()
    window = page.locator("section.compose:not([data-state=min])")
    expect(window.locator(".ProseMirror")).to_be_visible()
    return window


def write(window: Locator, words: str) -> None:
    window.locator(".ProseMirror").click()
    window.page.keyboard.press("Control+Home")
    window.page.keyboard.type(words)


def saved(window: Locator) -> None:
    expect(window.locator("[data-saved]")).to_contain_text("Saved ", timeout=8000)


def test_words_are_saved_by_themselves_in_one_draft(site: Site, new_page: NewPage, email: str) -> None:
    page = new_page()
    sign_in(page, email)
    window = begin(page)
    entry = window.get_by_role("combobox", name="To")
    entry.press_sequentially("pri", delay=30)
    expect(window.get_by_role("option", name="Priya Raman")).to_be_visible()
    entry.press("Enter")
    entry.press_sequentially("Bo Day <bo@friends.test>, nobody,")
    expect(window.locator(".rc")).to_have_count(3)
    expect(window.get_by_text("“nobody” is not an email address.")).to_be_visible()
    window.get_by_role("button", name="Remove nobody").click()
    window.get_by_label("Subject").fill("Boats")
    write(window, "Hello ")
    page.keyboard.press("Control+b")
    page.keyboard.type("there")
    saved(window)
    page.keyboard.press("Escape")
    expect(window).to_have_count(0)
    ((subject, to, body, _),) = kept(site, email)["drafts"]
    assert (subject, to) == ("Boats", "Priya Raman <priya@friends.test>, Bo Day <bo@friends.test>")
    assert body.startswith("<p>Hello <strong>there</strong></p>")


def test_an_untouched_window_leaves_nothing(site: Site, new_page: NewPage, email: str) -> None:
    page = new_page()
    sign_in(page, email)
    window = begin(page)
    page.keyboard.press("Escape")
    expect(window).to_have_count(0)
    page.wait_for_load_state("networkidle")
    assert kept(site, email)["drafts"] == []


def test_an_answer_that_was_only_looked_at_leaves_nothing(site: Site, new_page: NewPage, email: str) -> None:
    page = new_page()
    sign_in(page, email)
    page.get_by_role("row").filter(has_text="Tea?").click()
    page.get_by_role("link", name="Reply to Noor").click()
    window = page.locator("section.compose")
    window.locator(".ProseMirror").click()
    page.keyboard.press("Escape")
    expect(window).to_have_count(0)
    page.wait_for_load_state("networkidle")
    assert kept(site, email)["drafts"] == []


def test_several_windows_fold_to_tabs_and_keys_stay_inside(new_page: NewPage, email: str) -> None:
    page = new_page(1440, 900)
    sign_in(page, email)
    first = begin(page)
    first.get_by_label("Subject").fill("First")
    second = begin(page)
    expect(page.locator("section.compose")).to_have_count(2)
    expect(page.locator("section.compose[data-state=min]")).to_contain_text("First")
    second.get_by_role("button", name="Bold").focus()
    page.keyboard.press("e")
    expect(page.locator("section.compose")).to_have_count(2)
    expect(page.get_by_role("row").filter(has_text="Tea?")).to_be_visible()
    page.locator("section.compose[data-state=min] .head h2").click()
    expect(page.locator("section.compose[data-state=min]")).to_contain_text("New message")


def test_two_tabs_keep_both_words(site: Site, new_page: NewPage, email: str) -> None:
    page = new_page()
    sign_in(page, email)
    window = begin(page)
    window.get_by_label("Subject").fill("Shared")
    saved(window)
    other = page.context.new_page()
    other.goto(f"/d/{window.get_attribute('data-draft')}/")
    write(other.locator("section.compose"), "From the other tab. ")
    saved(other.locator("section.compose"))
    write(window, "From this tab. ")
    alert = window.get_by_role("alert")
    expect(alert).to_contain_text("Changed in another window", timeout=8000)
    expect(alert.get_by_role("region", name="Here", exact=True)).to_contain_text("From this tab.")
    expect(alert.get_by_role("region", name="There", exact=True)).to_contain_text("From the other tab.")
    window.get_by_role("button", name="Keep both").click()
    expect(page.get_by_text("Both are kept.")).to_be_visible()
    bodies = [body for _, _, body, _ in kept(site, email)["drafts"]]
    assert len(bodies) == 2
    assert sum("From this tab." in body for body in bodies) == 1
    assert sum("From the other tab." in body for body in bodies) == 1


def test_offline_words_wait_on_the_device(site: Site, new_page: NewPage, email: str) -> None:
    page = new_page()
    sign_in(page, email)
    window = begin(page)
    window.get_by_label("Subject").fill("At sea")
    saved(window)
    page.context.set_offline(True)
    write(window, "No signal here. ")
    expect(window.locator("[data-saved]")).to_contain_text("Offline", timeout=8000)
    page.context.set_offline(False)
    page.evaluate("dispatchEvent(new Event('online'))")
    saved(window)
    ((_, _, body, _),) = kept(site, email)["drafts"]
    assert "No signal here." in body


def test_files_and_pictures(site: Site, new_page: NewPage, email: str, tmp_path: Path) -> None:
    page = new_page()
    sign_in(page, email)
    window = begin(page)
    plan = tmp_path / "plan.txt"
    plan.write_text("a plan")
    window.locator("[data-picker]").set_input_files(plan)
    tile = window.locator("[data-file]").filter(has_text="plan.txt")
    expect(tile).to_be_visible()
    window.locator("[data-picture]").set_input_files([{"name": "dot.png", "mimeType": "image/png", "buffer": PNG}])
    picture = window.locator(".ProseMirror img[data-cid]")
    expect(picture).to_have_count(1)
    saved(window)
    assert picture.evaluate("image => image.complete && image.naturalWidth") == 1
    ((_, _, body, files),) = kept(site, email)["drafts"]
    assert files == 2
    assert 'src="cid:' in body
    tile.get_by_role("button", name="Remove plan.txt").click()
    expect(tile).to_have_count(0)


def test_a_letter_waits_for_its_files_and_then_leaves_by_itself(
    site: Site, new_page: NewPage, email: str, tmp_path: Path
) -> None:
    page = new_page()
    sign_in(page, email)
    window = begin(page)
    plan = tmp_path / "plan.txt"
    plan.write_text("a plan")

    def slowly(route: Route) -> None:
        page.wait_for_timeout(1500)
        route.continue_()

    page.route("**/attach*", slowly)
    window.locator("input[name=to]").press_sequentially("bo@example.test,")
    window.get_by_placeholder("Subject").fill("The plan")
    window.locator("[data-picker]").set_input_files(plan)
    window.get_by_role("button", name="Send", exact=True).last.click()
    expect(window.get_by_text("as soon as its files are uploaded")).to_be_visible()
    expect(window).to_have_count(0)
    assert [files for *_, files in kept(site, email)["drafts"]] == []


def test_a_big_file_is_paused_goes_on_and_survives_a_lost_connection(
    site: Site, new_page: NewPage, email: str, tmp_path: Path
) -> None:
    page = new_page()
    sign_in(page, email)
    window = begin(page)
    film = tmp_path / "film.mov"
    film.write_bytes(bytes(range(256)) * 18_000)  # 4.6 MB: five pieces
    starts: list[str] = []
    held: list[Route] = []

    def piece(route: Route) -> None:
        starts.append(route.request.url.partition("at=")[2])
        if len(starts) == 2:
            held.append(route)  # the person pauses while it travels
        elif len(starts) == 4:
            route.abort()  # the connection is lost
        else:
            route.continue_()

    page.route(re.compile(r"/upload/\d+\?at="), piece)
    window.locator("[data-picker]").set_input_files(film)
    tile = window.locator("[data-files] .file")
    expect(tile.locator("small")).to_have_text("1 MB of 4.6 MB")
    tile.get_by_role("button", name="Pause upload of film.mov").click()
    expect(tile.locator("small")).to_have_text("Paused at 1 MB of 4.6 MB")
    tile.get_by_role("button", name="Go on with upload of film.mov").click()
    expect(tile.locator("small")).to_have_text("Waiting for the connection")
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(window.locator("[data-file]").filter(has_text="film.mov")).to_be_visible()
    assert starts == [str(number * 1024 * 1024) for number in (0, 1, 1, 2, 2, 3, 4)]
    assert [files for *_, files in kept(site, email)["drafts"]] == [1]


def test_a_file_too_big_for_mail_is_offered_as_a_link(new_page: NewPage, email: str, tmp_path: Path) -> None:
    page = new_page()
    sign_in(page, email)
    window = begin(page)
    film = tmp_path / "film.mov"
    with film.open("wb") as file:
        file.truncate(26 * 1024 * 1024)
    window.locator("[data-picker]").set_input_files(film)
    window.get_by_role("button", name="Give it as a link").click()
    link = window.locator(".ProseMirror a")
    expect(link).to_have_text("film.mov", timeout=30_000)
    expect(window.locator("[data-files] .file")).to_have_count(0)
    address = link.get_attribute("href")
    assert address is not None
    page.context.clear_cookies()
    page.goto(address)
    expect(page.get_by_role("heading", name="A file for you")).to_be_visible()
    with page.expect_download() as told:
        page.get_by_role("link", name="Download").click()
    assert Path(told.value.path()).stat().st_size == 26 * 1024 * 1024


def test_an_answer_shows_what_it_quotes_in_a_frame_that_runs_nothing(new_page: NewPage, email: str) -> None:
    page = new_page(1440, 900)
    sign_in(page, email)
    page.get_by_role("row").filter(has_text="Tea?").click()
    expect(page.get_by_role("heading", name="Tea?")).to_be_visible()
    page.keyboard.press("r")
    window = page.locator("section.compose")
    expect(window.locator(".rc")).to_have_text("NANoor El-Amin")
    window.locator(".orig summary").click(position={"x": 30, "y": 6})
    frame = window.locator(".orig iframe")
    assert "allow-scripts" not in (frame.get_attribute("sandbox") or "")
    expect(window.frame_locator(".orig iframe").get_by_text("How are you?")).to_be_visible()
    window.get_by_role("button", name="Leave out").click()
    expect(window.locator(".orig")).to_have_count(0)


_TWO_ADDRESSES = """
from django.utils import timezone
from accounts.models import Identity, MailAccount
account = MailAccount.objects.get(user__email={email!r})
account.identities.update(signature_text="Anna\\nat home")
Identity.objects.create(
    user=account.user, account=account, address="anna@firm.test", name="Anna Berg", verified_at=timezone.now(),
    signature_html="<b>Dr. Berg</b><br>Firm", default_bcc="log@firm.test",
)
"""


def test_from_brings_its_signature_and_bcc_unless_one_was_changed(site: Site, new_page: NewPage, email: str) -> None:
    site.manage("shell", "-v0", "-c", _TWO_ADDRESSES.format(email=email))
    page = new_page()
    sign_in(page, email)
    page.get_by_role("row").filter(has_text="Tea?").click()
    page.get_by_role("link", name="Reply to Noor").click()
    window = page.locator("section.compose")
    text = window.locator(".ProseMirror")
    write(window, "Fine. ")
    expect(text).to_contain_text("at home")
    window.get_by_label("From").select_option(label="Anna Berg <anna@firm.test>")
    expect(text).to_contain_text("Dr. Berg")
    expect(text).not_to_contain_text("at home")
    expect(text).to_contain_text("Fine.")
    expect(window.locator(".orig")).to_have_count(1)
    expect(window.locator(".rc").filter(has_text="log@firm.test")).to_be_visible()
    text.get_by_text("Dr. Berg").click()
    page.keyboard.type("X")
    window.get_by_label("From").select_option(label=f"Anna Berg <{email}>")
    saved(window)
    expect(text).to_contain_text("Firm")
    expect(text).not_to_contain_text("at home")
    expect(window.locator(".rc").filter(has_text="log@firm.test")).to_have_count(0)


def test_a_second_look_then_send_then_undo(site: Site, new_page: NewPage, email: str) -> None:
    page = new_page()
    sign_in(page, email)
    window = begin(page)
    window.get_by_role("combobox", name="To").fill("bo@friends.test")
    window.get_by_label("Subject").fill("Plan")
    write(window, "The plan is attached. ")
    page.keyboard.press("Control+Enter")
    expect(window.get_by_text("You wrote “attached”, but no file is attached.")).to_be_visible()
    window.get_by_role("button", name="Send anyway").click()
    expect(window).to_have_count(0)
    assert kept(site, email)["outgoing"] == ["Plan"]
    page.get_by_role("button", name="Undo").click()
    again = page.locator("section.compose")
    expect(again.locator(".ProseMirror")).to_contain_text("The plan is attached.")
    found = kept(site, email)
    assert (len(found["drafts"]), found["outgoing"]) == (1, [])


@pytest.mark.parametrize("width", [320, 390])
def test_on_a_phone_it_fills_the_screen(new_page: NewPage, email: str, width: int) -> None:
    page = new_page(width, 800, has_touch=True)
    sign_in(page, email)
    page.get_by_role("link", name="Write").click()
    window = page.locator("section.compose")
    expect(window.locator(".ProseMirror")).to_be_visible()
    box = window.bounding_box()
    assert box is not None
    assert (box["x"], box["width"], box["height"]) == (0, width, 800)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    for name in ("Save and close", "More options", "Send"):
        button = window.locator(".head").get_by_role("button", name=name, exact=True).and_(page.locator(":visible"))
        size = button.bounding_box()
        assert size is not None
        assert size["x"] + size["width"] <= width
        assert size["height"] >= 40


def test_without_scripts_a_letter_is_written_and_sent(site: Site, new_page: NewPage, email: str) -> None:
    page = new_page(java_script_enabled=False)
    sign_in(page, email)
    page.goto("/compose/")
    page.get_by_label("To", exact=True).fill("bo@friends.test")
    page.get_by_label("Message", exact=True).fill("Plain words.")
    page.locator(".foot").get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_text("The message has no subject.")).to_be_visible()
    page.get_by_role("button", name="Send anyway").click()
    expect(page.get_by_role("heading", name="Outbox", exact=True)).to_be_visible()
    assert kept(site, email)["outgoing"] == [""]
    page.get_by_role("button", name="Stop and edit").click()
    expect(page.get_by_label("Message", exact=True)).to_have_value("Plain words.\n")
