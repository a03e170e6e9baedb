"""Servers found from an address alone, in Chromium, by each of the ways there are, on stand-ins for the network.

A name server, a server of autoconfig files, a Dovecot and a submission server; what is found is shown before the
password goes anywhere, and the next click connects.
"""

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import NewPage
from tests.browser.site import Site
from tests.browser.test_river import PASSWORD, letter, sign_in
from tests.servers.dovecot import Dovecot
from tests.servers.pages import AUTODISCOVER, CONFIG
from tests.servers.smtp import SmtpServer

HOST = "mail.harbour.test"
FILE = "/mail/config-v1.1.xml"
RECORDS = {
    ("_imaps._tcp.by-srv.test", "SRV"): [f"0 1 993 {HOST}."],
    ("_submissions._tcp.by-srv.test", "SRV"): [f"0 1 465 {HOST}."],
}


def lead(site: Site) -> dict[str, str]:
    """Every way there is leads to the same servers. Returns domain → what the page says of it."""
    pages, config = site.pages.pages, CONFIG.format(host=HOST, domain="club")
    https = {443: site.pages.port}
    for name in ("autoconfig.by-file.test", "by-site.test", "autodiscover.by-outlook.test", "database.test"):
        site.names.lead(name, https)
    pages["autoconfig.by-file.test", FILE] = config
    pages["by-site.test", "/.well-known/autoconfig" + FILE] = config
    pages["database.test", "/v1.1/by-database.test"] = config
    pages["database.test", "/v1.1/hoster.test"] = config
    pages["autodiscover.by-outlook.test", "/autodiscover/autodiscover.xml"] = AUTODISCOVER.format(host=HOST)
    site.dns.records |= RECORDS
    site.dns.records["by-mx.test", "MX"] = ["10 mx1.hoster.test."]
    return dict.fromkeys(
        [f"by-{way}.test" for way in ("file", "site", "database", "srv", "mx", "outlook")], f"Reading from {HOST}"
    )


@pytest.mark.browser
@pytest.mark.dovecot
@pytest.mark.timeout(300)
def test_an_address_and_a_password_are_enough(
    site: Site, new_page: NewPage, dovecot: Dovecot, smtp_server: SmtpServer
) -> None:
    said = lead(site)
    ports = {993: dovecot.imaps, 465: smtp_server.tls.port}
    site.names.lead(HOST, ports)
    site.names.lead("mail.by-guess.test", ports)
    said["by-guess.test"] = "answers at a usual name: mail.by-guess.test"
    site.make_user("jo@by-file.test", PASSWORD, "Jo")
    page = new_page(1440, 900, locale="en-GB")
    sign_in(page, site, "jo@by-file.test")
    for domain, words in said.items():
        box = dovecot.add_user(f"jo@{domain}")
        box.append(letter("Noor <noor@letters.example>", box, f"Welcome to {domain}", "Hello.\n"))
        smtp_server.username, smtp_server.password = box.address, box.password
        page.goto("/settings/accounts/add/")
        page.get_by_label("Email address").fill(box.address)
        page.locator("input[name=password]").fill(box.password)
        page.get_by_role("button", name="Connect").click()
        expect(page.get_by_role("status").filter(has_text="has not been sent anywhere yet")).to_contain_text(
            words, timeout=30_000
        )
        page.get_by_role("button", name="Connect").click()
        expect(page.locator("[role=row]").filter(has_text=f"Welcome to {domain}")).to_be_visible(timeout=30_000)
    # The address was told to its own domain's autodiscover alone, and only where nothing else was known.
    told = {host for host, path, body in site.pages.asked if "jo@" in body + path}
    assert told == {"autodiscover.by-outlook.test"}
    assert "correct horse" not in str(site.pages.asked)


@pytest.mark.browser
@pytest.mark.timeout(300)
def test_where_nothing_is_found_the_form_opens_for_the_hand(site: Site, new_page: NewPage) -> None:
    site.make_user("jo@nowhere.test", PASSWORD, "Jo")
    page = new_page(1440, 900, locale="en-GB")
    sign_in(page, site, "jo@nowhere.test")
    page.get_by_label("Email address").fill("jo@nowhere.test")
    page.locator("input[name=password]").fill("secret")
    page.get_by_role("button", name="Connect").click()
    expect(page.get_by_text("We found no servers for this address")).to_be_visible(timeout=30_000)
    expect(page.locator("input[name=host]")).to_be_visible()
