"""A mailbox connected by its provider's sign-in page, in Chromium, and mended there after the permission was withdrawn.

Real site, real Dovecot, which asks the provider for every token; the submission server does so too.
"""

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import NewPage
from tests.browser.leaks import find_leaks
from tests.browser.site import Site
from tests.browser.test_river import PASSWORD, letter, sign_in
from tests.browser.waiting import eventually
from tests.servers.oauth_mail import OAuthDovecot, OAuthSmtp
from tests.servers.oauth_provider import CLIENT_ID, CLIENT_SECRET, OAuthProvider

SETUP = """
from accounts.models import OAuthApp, ProviderRow
app = OAuthApp(key="club", name="Club", client_id={client!r}, issuer={issuer!r},
    authorize_url={issuer!r} + "/authorize", token_url={issuer!r} + "/token", revoke_url={issuer!r} + "/revoke")
app.set_secret({secret!r})
app.save()
ProviderRow.objects.create(key="club", settings={row!r})
"""
ROW = """
name = "Club"
domains = ["nowhere.club.test"]
imap = ["localhost", {imap}]
smtp = ["localhost", {smtp}]
sign_in = ["oauth2"]
oauth = "club"
"""
#: Every port but 465, 585, 993 and 995 means STARTTLS in the provider table.
END = "from accounts.models import Credential; Credential.objects.filter(kind='access_token').update(expires_at=None)"


@pytest.mark.browser
@pytest.mark.dovecot
@pytest.mark.timeout(240)
def test_from_the_providers_page_to_the_inbox_and_back_after_a_withdrawal(
    site: Site,
    new_page: NewPage,
    oauth_dovecot: OAuthDovecot,
    oauth_smtp: OAuthSmtp,
    shared_oauth_provider: OAuthProvider,
) -> None:
    anna = oauth_dovecot.add_user()
    shared_oauth_provider.address = anna.address
    anna.append(letter("Noor <noor@letters.example>", anna, "Rota for November", "Two gaps are left.\n"))
    row = ROW.format(imap=oauth_dovecot.imap, smtp=oauth_smtp._starttls.port)
    issuer = shared_oauth_provider.issuer
    site.manage("shell", "-c", SETUP.format(client=CLIENT_ID, secret=CLIENT_SECRET, issuer=issuer, row=row))
    site.make_user(anna.address, PASSWORD, "Anna Berg")
    page = new_page(1440, 900, locale="en-GB", timezone_id="Europe/Berlin")
    sign_in(page, site, anna.address)

    # One click, the provider's page, and the mail is here.
    page.get_by_role("link", name="Continue with Club").click()
    page.get_by_role("button", name="Allow").click()
    rows = page.locator("[role=row]")
    expect(rows.filter(has_text="Rota for November")).to_be_visible(timeout=30_000)

    # An answer leaves by the same permission.
    rows.filter(has_text="Rota for November").click()
    page.get_by_role("button", name="Reply", exact=True).or_(
        page.get_by_role("link", name="Reply", exact=True)
    ).first.click()
    page.locator("section.compose [contenteditable=true]").fill("I take one.")
    page.get_by_role("button", name="Send", exact=True).click()
    eventually("the answer was taken", lambda: oauth_smtp.received, seconds=60)
    assert b"I take one." in oauth_smtp.received[0].raw

    # The permission is withdrawn at the provider: the account says so, and one click mends it.
    shared_oauth_provider.withdraw(anna.address)
    site.manage("shell", "-c", END)
    page.goto("/settings/accounts/")
    page.get_by_role("button", name="Sync now").click()
    again = page.get_by_role("link", name="Sign in again")
    for _ in range(40):
        page.goto("/settings/accounts/")
        if again.count():
            break
        page.wait_for_timeout(500)
    expect(page.get_by_role("alert")).to_contain_text("Club no longer accepts the permission")
    # What came meanwhile is fetched as soon as it may be.
    anna.append(letter("Noor <noor@letters.example>", anna, "One gap is left", "Who?\n"))
    again.click()
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_text("is signed in again")).to_be_visible()
    page.goto("/")
    expect(rows.filter(has_text="One gap is left")).to_be_visible(timeout=60_000)

    # Nothing of it lies in a table, in Redis, in a session or in a log.
    assert find_leaks(site, [*shared_oauth_provider.given, CLIENT_SECRET, PASSWORD]) == []
