"""Servers that cannot be connected to, in Chromium: each failure in its own words with its fix; and a home server
whose certificate an administrator trusts, until it changes.

Real site, real Dovecot behind fronts of TLS with bad certificates.
"""

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from mailsync.protocol.certificate import parse_certificate
from tests.browser.chromium import NewPage
from tests.browser.site import Site
from tests.browser.test_river import PASSWORD, letter, sign_in
from tests.servers.certificates import Certificates
from tests.servers.dovecot import Dovecot, Mailbox
from tests.servers.self_signed import TlsFront, make_self_signed


def type_in(page: Page, box: Mailbox, host: str, port: int, password: str = "") -> None:
    """Fill the form by hand, to read only."""
    page.goto("/settings/accounts/add/")
    page.get_by_label("Email address").fill(box.address)
    page.locator("input[name=password]").fill(password or box.password)
    page.get_by_text("Servers by hand").click()
    page.locator("input[name=host]").fill(host)
    page.locator("input[name=port]").fill(str(port))
    page.locator("select[name=security]").select_option("tls")
    page.locator("select[name=sending]").select_option("none")
    page.get_by_role("button", name="Connect").click()


@pytest.fixture
def box(dovecot: Dovecot) -> Mailbox:
    return dovecot.add_user()


@pytest.fixture
def fronts(box: Mailbox, certificates: Certificates, tmp_path: Path) -> Iterator[dict[str, TlsFront]]:
    port = box.server.imap
    running = {
        "expired": TlsFront(port, certificates.expired_chain, certificates.expired_key).start(),
        "other name": TlsFront(port, certificates.other_name_chain, certificates.other_name_key).start(),
        "home": TlsFront(port, make_self_signed(tmp_path / "home.pem").file).start(),
    }
    yield running
    for front in running.values():
        front.stop()


@pytest.mark.browser
@pytest.mark.dovecot
@pytest.mark.timeout(180)
def test_each_failure_shows_its_own_words_and_fix(
    site: Site, new_page: NewPage, box: Mailbox, fronts: dict[str, TlsFront]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = listener.getsockname()[1]
    site.make_user(box.address, PASSWORD, "Jo")
    page = new_page(1440, 900, locale="en-GB")
    sign_in(page, site, box.address)
    for host, port, password, words in (
        ("localhost", fronts["expired"].port, "", "its certificate has expired. Its operator must renew it"),
        ("localhost", fronts["other name"].port, "", "for another name. Enter the server by the name"),
        ("localhost", fronts["home"].port, "", "self-signed, so nobody vouches for it"),
        ("localhost", closed, "", "refused the connection"),
        ("localhost", box.server.imap, "", "does not speak TLS in the way that was chosen. Try STARTTLS"),
        ("imap.nowhere.test", 993, "", "Check the spelling"),
        ("localhost", box.server.imaps, "wrong", "refused the user name or the password"),
    ):
        type_in(page, box, host, port, password)
        expect(page.get_by_role("alert")).to_contain_text(words, timeout=30_000)
        # What was typed is still there.
        assert page.locator("input[name=port]").input_value() == str(port)


@pytest.mark.browser
@pytest.mark.dovecot
@pytest.mark.timeout(240)
def test_a_home_server_is_trusted_by_its_certificate_until_that_changes(
    site: Site, new_page: NewPage, box: Mailbox, fronts: dict[str, TlsFront], tmp_path: Path
) -> None:
    box.append(letter("Noor <noor@letters.example>", box, "From the attic", "The server hums.\n"))
    site.make_user(box.address, PASSWORD, "Jo")
    as_root = f"from accounts.models import User; User.objects.filter(email={box.address!r}).update({{}})"
    site.manage("shell", "-c", as_root.format("is_staff=True, is_superuser=True"))
    page = new_page(1440, 900, locale="en-GB")
    sign_in(page, site, box.address)
    type_in(page, box, "localhost", fronts["home"].port)
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("itself", timeout=30_000)
    expect(alert.locator(".cert .print")).to_have_text(_fingerprint(tmp_path / "home.pem"))
    page.get_by_role("button", name="Trust exactly this certificate").click()
    rows = page.locator("[role=row]")
    expect(rows.filter(has_text="From the attic")).to_be_visible(timeout=30_000)

    # The server shows another one: the mail stops and says so; nothing was sent to it.
    new = make_self_signed(tmp_path / "new.pem")
    fronts["home"].show(new.file)
    page.goto("/settings/accounts/")
    page.get_by_role("button", name="Sync now").click()
    stopped = page.get_by_text("another certificate than the one that was trusted").first
    for _ in range(60):
        page.goto("/settings/accounts/")
        if stopped.count():
            break
        page.wait_for_timeout(500)
    expect(stopped).to_be_visible()
    assert fronts["home"].heard == b"", "nobody trusts the new one yet"

    # The test shows where it ends, and the new one; the administrator judges it, and fetching goes on.
    box.append(letter("Noor <noor@letters.example>", box, "A new certificate", "As announced.\n"))
    page.goto("/settings/accounts/")
    page.get_by_role("link", name="Test the connection").click()
    test = page.get_by_role("button", name="Test now")
    # Words for the time that it takes are put in its place; until then it has its icon.
    expect(test.locator("svg")).to_be_visible()
    test.click()
    step = page.locator(".step.bad")
    expect(step).to_contain_text("another certificate", timeout=60_000)
    expect(step.locator(".cert .print")).to_have_text(_fingerprint(tmp_path / "new.pem"))
    page.get_by_role("button", name="Trust exactly this certificate").click()
    expect(page.get_by_text("All of it works")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("the one that an administrator trusts")).to_be_visible()
    page.goto("/")
    expect(rows.filter(has_text="A new certificate")).to_be_visible(timeout=60_000)
    assert fronts["home"].heard, "what is said to the front is heard"


def _fingerprint(file: Path) -> str:
    pem = file.read_text().partition("-----BEGIN PRIVATE KEY")[0]
    return parse_certificate(ssl.PEM_cert_to_DER_cert(pem)).fingerprint
