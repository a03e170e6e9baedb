"""Sign-in and settings in a real browser: passkeys, switches that save at once, phones, and no scripts at all."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import NewPage
from tests.browser.site import Site

pytestmark = pytest.mark.browser

PASSWORD = "a-long-enough-secret"


@pytest.fixture(scope="module")
def email(site: Site) -> str:
    """Ada, who signs in; the tests share her, as making a person takes longer than most of them."""
    site.make_user("ada@people.test", PASSWORD, "Ada Lovelace")
    return "ada@people.test"


def sign_in(page: Page, email: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Email", exact=True).fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/login/" not in url)


def overflow(page: Page) -> int:
    """How many CSS pixels the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


LONG = ["/settings/accounts/add/", "/settings/appearance/", "/settings/rules/add/", "/settings/contacts/add/"]


@pytest.mark.parametrize("path", LONG)
def test_a_page_is_as_high_as_its_window_and_only_its_pane_scrolls(new_page: NewPage, email: str, path: str) -> None:
    page = new_page(1024, 500)
    sign_in(page, email)
    page.goto(path)
    for details in page.locator("main details").all():
        details.evaluate("each => { each.open = true; }")
    height = "[document.documentElement.scrollHeight, innerHeight]"
    assert page.evaluate(height) == [500, 500]
    # What is focused far below brings its pane along, not the page.
    page.locator("main .scroll").locator("input, select, textarea, button").locator("visible=true").last.focus()
    assert page.evaluate("scrollY") == 0


def test_a_first_sign_in_leads_to_connecting_a_mailbox(new_page: NewPage, email: str) -> None:
    page = new_page()
    sign_in(page, email)
    expect(page.get_by_role("heading", name="Connect your first mailbox")).to_be_visible()


def test_the_eye_shows_what_was_typed(new_page: NewPage, email: str) -> None:
    page = new_page()
    page.goto("/accounts/login/")
    field = page.get_by_label("Password", exact=True)
    field.fill("hidden words")
    expect(field).to_have_attribute("type", "password")
    page.get_by_role("button", name="Show password").click()
    expect(field).to_have_attribute("type", "text")


def test_a_choice_applies_and_is_saved_at_once(new_page: NewPage, email: str) -> None:
    page = new_page()
    sign_in(page, email)
    page.goto("/settings/appearance/")
    expect(page.get_by_role("button", name="Save")).to_be_hidden()
    page.get_by_label("Dark", exact=True).check(force=True)
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    page.get_by_label("Fir", exact=True).check(force=True)
    page.get_by_role("switch", name="Group messages by date").uncheck()
    expect(page.locator("html")).to_have_attribute("data-accent", "fir")
    page.wait_for_load_state("networkidle")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.get_by_role("switch", name="Group messages by date")).not_to_be_checked()


def test_a_change_that_did_not_arrive_says_so(new_page: NewPage, email: str) -> None:
    page = new_page()
    sign_in(page, email)
    page.goto("/settings/reading/")
    page.context.set_offline(True)
    page.get_by_role("switch", name="Prefer plain text").check()
    expect(page.get_by_role("alert").get_by_text("Not saved")).to_be_visible()
    page.context.set_offline(False)


def test_settings_work_without_scripts(new_page: NewPage, email: str) -> None:
    page = new_page(java_script_enabled=False)
    sign_in(page, email)
    page.goto("/settings/reading/")
    page.get_by_role("switch", name="Prefer plain text").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_role("switch", name="Prefer plain text")).to_be_checked()


def test_two_levels_on_a_phone(new_page: NewPage, email: str) -> None:
    page = new_page(390, 844)
    sign_in(page, email)
    page.goto("/settings/")
    expect(page.get_by_role("heading", name="Profile")).to_be_hidden()
    page.get_by_role("link", name="Appearance").click()
    expect(page.get_by_role("heading", name="Appearance")).to_be_visible()
    page.get_by_role("link", name="Settings", exact=True).click()
    expect(page.get_by_role("link", name="Mail accounts")).to_be_visible()


def test_nothing_overflows_at_320_pixels(new_page: NewPage, email: str) -> None:
    page = new_page(320, 640)
    sign_in(page, email)
    for path in ("profile", "appearance", "reading", "writing", "accounts", "accounts/add", "security"):
        page.goto(f"/settings/{path}/")
        assert overflow(page) <= 0, path


def test_what_a_provider_wants_is_shown_while_typing(new_page: NewPage, email: str) -> None:
    page = new_page()
    sign_in(page, email)
    page.goto("/settings/accounts/add/")
    page.get_by_label("Password", exact=True).first.fill("secret-never-in-a-url")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_label("Email address").fill("jo@icloud.com")
    page.get_by_label("Your name").click()
    expect(page.get_by_text("an app password does")).to_be_visible()
    page.get_by_text("Servers by hand").click()
    expect(page.get_by_label("Server", exact=True).first).to_have_attribute("placeholder", "imap.mail.me.com")
    page.get_by_label("POP3").check()
    expect(page.get_by_label("What stays on the server")).to_be_visible()
    assert asked
    assert not any("secret" in url for url in asked)


def test_a_failed_login_keeps_what_was_typed(new_page: NewPage, email: str) -> None:
    page = new_page()
    sign_in(page, email)
    page.goto("/settings/accounts/add/")
    page.get_by_label("Email address").fill("ada@no-such-host.invalid")
    page.get_by_label("Password", exact=True).first.fill("pass & word")
    page.get_by_text("Servers by hand").click()
    page.get_by_label("Server", exact=True).first.fill("imap.no-such-host.invalid")
    page.get_by_label("How mail is sent").select_option("none")
    page.get_by_role("button", name="Connect").click()
    expect(page.get_by_text("There is no server called imap.no-such-host.invalid")).to_be_visible()
    expect(page.get_by_label("Password", exact=True).first).to_have_value("pass & word")
    expect(page.get_by_label("Server", exact=True).first).to_have_value("imap.no-such-host.invalid")


def test_a_passkey_signs_in_under_the_policy(new_page: NewPage, email: str) -> None:
    page = new_page()
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    key = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": key})
    sign_in(page, email)
    page.goto("/accounts/2fa/webauthn/add/")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Passkey")
    # What "Add a passkey" makes signs in alone, without anything being ticked first.
    expect(page.get_by_label("Sign in with it alone, without a password")).to_be_checked()
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_text("Recovery codes").first).to_be_visible()
    page.goto("/accounts/logout/")
    page.get_by_role("button", name="Sign out").last.click()
    page.wait_for_url(lambda url: "/login/" in url)
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(lambda url: "/login/" not in url)
    page.goto("/settings/profile/")
    expect(page.get_by_text(f"You are signed in as {email}.")).to_be_visible()


def test_a_passkey_that_was_not_used_is_said(new_page: NewPage, email: str) -> None:
    page = new_page()
    page.goto("/accounts/login/")
    expect(page.get_by_text("The passkey was not used.")).to_be_hidden()
    # What allauth's script dispatches when the ceremony is cancelled; Chromium without a display waits for ever.
    page.evaluate("document.dispatchEvent(new CustomEvent('allauth.error', { cancelable: true, detail: {} }))")
    wrong = page.get_by_role("alert").get_by_text("The passkey was not used.")
    expect(wrong).to_be_visible()
    # In the colour of what went wrong, not in that of the words around it.
    red, green, blue = map(int, wrong.evaluate("one => getComputedStyle(one).color")[4:-1].split(", "))
    assert red > 2 * max(green, blue)
