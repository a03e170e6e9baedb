"""The main job, end to end, in a real browser: sign in, connect, read, answer, and stay in step.

Chromium drives the running site (web, worker, scheduler, watcher); the mailboxes lie on a real
Dovecot, answers leave through a real submission server, and what both hold is read by the standard
library's own IMAP client and parser.
"""

import email
import email.policy
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import NewPage
from tests.browser.leaks import find_leaks
from tests.browser.site import Site
from tests.browser.waiting import eventually
from tests.servers.dovecot import Dovecot, Mailbox
from tests.servers.smtp import SmtpServer

PASSWORD = "blue heron over the canal"
NEWS = """<html><body><script>document.title = "hacked"</script>
<h1>Harbour news</h1><p onclick="alert(1)">The <b>lock</b> closes on Monday.</p>
<img src="http://pictures.example/lock.png" width="200" height="100" alt="The lock">
<a href="https://harbour.example/lock">Read on</a></body></html>"""


def letter(sender: Mailbox | str, to: Mailbox, subject: str, text: str, html: str = "") -> bytes:
    message = EmailMessage()
    message["From"] = sender if isinstance(sender, str) else f"Noor El-Amin <{sender.address}>"
    message["To"] = to.address
    message["Subject"] = subject
    message["Date"] = email.utils.localtime()
    message["Message-ID"] = f"<{subject.replace(' ', '.').lower()}@letters.example>"
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    return message.as_bytes(policy=email.policy.SMTP)


def flags_of(mailbox: Mailbox, subject: str, folder: str = "INBOX") -> set[str]:
    for raw, flags in zip(mailbox.raws(folder), mailbox.flags(folder), strict=True):
        if email.message_from_bytes(raw)["Subject"] == subject:
            return flags
    raise AssertionError(f"{subject!r} is not in {folder}")


@pytest.fixture
def people(dovecot: Dovecot, smtp_server: SmtpServer) -> Iterator[tuple[Mailbox, Mailbox]]:
    """Anna, who uses Heron, and Noor, who uses something else; both on one Dovecot."""
    anna, noor = dovecot.add_user(), dovecot.add_user()
    smtp_server.username, smtp_server.password = anna.address, anna.password
    smtp_server.deliver_to(noor)
    smtp_server.deliver_to(anna)
    return anna, noor


def sign_in(page: Page, site: Site, address: str) -> None:
    page.goto(site.url)
    page.get_by_label("Email").fill(address)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def connect(page: Page, mailbox: Mailbox, smtp: SmtpServer) -> None:
    """Fill the form by hand, as for a provider nobody knows."""
    imap, submission = mailbox.imap, smtp.tls
    page.get_by_label("Email address").fill(mailbox.address)
    page.locator("input[name=password]").fill(mailbox.password)
    page.get_by_text("Servers by hand").click()
    for name, value in (
        ("host", imap.host),
        ("port", str(imap.port)),
        ("smtp_host", submission.host),
        ("smtp_port", str(submission.port)),
    ):
        page.locator(f"input[name={name}]").fill(value)
    for name in ("security", "smtp_security"):
        page.locator(f"select[name={name}]").select_option("tls")
    page.get_by_role("button", name="Connect").click()


@pytest.mark.browser
@pytest.mark.dovecot
@pytest.mark.timeout(240)
def test_from_signing_in_to_an_answer_in_the_other_mailbox(
    site: Site, new_page: NewPage, people: tuple[Mailbox, Mailbox], smtp_server: SmtpServer, tmp_path: Path
) -> None:
    anna, noor = people
    page = new_page(1440, 900, locale="en-GB", timezone_id="Europe/Berlin")
    anna.append(letter(noor, anna, "Keys for the boathouse", "Who has the second key?\n"), flags="\\Seen")
    anna.append(letter(noor, anna, "Rota for November", "Two gaps are left.\n"))
    anna.append(letter("Harbour <news@harbour.example>", anna, "Harbour news", "The lock closes.\n", NEWS))
    site.make_user(anna.address, PASSWORD, "Anna Berg")

    # Sign in and connect; the mail appears.
    sign_in(page, site, anna.address)
    expect(page.get_by_role("heading", level=1)).to_contain_text("mail")
    connect(page, anna, smtp_server)
    rows = page.locator("[role=row]")
    expect(rows.filter(has_text="Harbour news")).to_be_visible(timeout=30_000)
    expect(rows.filter(has_text="Keys for the boathouse")).to_be_visible(timeout=30_000)
    expect(rows).to_have_count(3)

    # Read an HTML mail: shown, harmless, and its picture not loaded.
    rows.filter(has_text="Harbour news").click()
    body = page.frame_locator("iframe[data-frame]")
    expect(body.get_by_role("heading", name="Harbour news")).to_be_visible()
    assert page.title() != "hacked"
    assert body.locator("script, [onclick]").count() == 0
    expect(page.locator("[data-pictures]")).to_contain_text("1 picture from outside was not loaded")
    eventually("opening marks as read on the server", lambda: "\\Seen" in flags_of(anna, "Harbour news"))

    # Flags set in the browser reach the server …
    row = rows.filter(has_text="Rota for November")
    row.hover()
    row.get_by_role("button", name="Flag", exact=True).click()
    eventually("the flag on the server", lambda: "\\Flagged" in flags_of(anna, "Rota for November"))
    # … and those set elsewhere appear here, without reloading.
    page.mouse.move(700, 20)
    with anna.client("INBOX") as other:
        _, found = other.uid("SEARCH", "SUBJECT", '"Rota for November"')
        other.uid("STORE", found[0].decode(), "+FLAGS.SILENT", "(\\Seen)")
    expect(row).not_to_have_class("unread", timeout=30_000)
    expect(row.get_by_text("Unread.")).to_have_count(0, timeout=30_000)

    # New mail appears without reloading, and not under the pointer.
    page.mouse.move(700, 20)
    anna.append(letter(noor, anna, "Lunch on Friday", "At the canal?\n"))
    expect(rows.filter(has_text="Lunch on Friday")).to_be_visible(timeout=30_000)

    # Answer with a file.
    rows.filter(has_text="Keys for the boathouse").click()
    expect(page.get_by_role("heading", name="Keys for the boathouse")).to_be_visible()
    page.keyboard.press("r")
    compose = page.locator("section.compose")
    expect(compose).to_be_visible()
    editor = compose.locator("[contenteditable=true]")
    expect(editor).to_be_visible(timeout=15_000)
    editor.click()
    page.keyboard.press("Control+Home")
    page.keyboard.type("I have it. Schöne Grüße, Anna")
    attached = tmp_path / "Schlüssel – keys.txt"
    attached.write_bytes(b"second key: Anna\r\n")
    compose.locator("input[data-picker]").set_input_files(str(attached))
    expect(compose.get_by_text("Schlüssel – keys.txt")).to_be_visible()
    compose.get_by_role("button", name="Send", exact=True).last.click()
    expect(compose).to_have_count(0)

    # It lies in the other person's mailbox, once and well-formed.
    eventually("the answer in Noor's mailbox", noor.raws, seconds=60)
    assert len(noor.raws()) == 1
    raw = noor.raws()[0].partition(b"\r\n")[2]
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    answer = email.message_from_bytes(raw, policy=email.policy.default)
    assert not answer.defects
    assert answer["Subject"] == "Re: Keys for the boathouse"
    assert answer["From"].addresses[0].addr_spec == anna.address
    assert answer["To"].addresses[0].addr_spec == noor.address
    assert answer["In-Reply-To"] == "<keys.for.the.boathouse@letters.example>"
    assert "<keys.for.the.boathouse@letters.example>" in answer["References"]
    plain, html = answer.get_body(("plain",)), answer.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert "I have it. Schöne Grüße, Anna" in plain.get_content()
    assert "Schöne Grüße" in html.get_content()
    assert "Who has the second key?" in plain.get_content()
    (file,) = answer.iter_attachments()
    assert file.get_filename() == "Schlüssel – keys.txt"
    assert file.get_content() == "second key: Anna\n" or file.get_payload(decode=True) == b"second key: Anna\r\n"

    # Sent holds it once, the original is marked as answered, and the conversation shows both.
    eventually("one Sent copy on the server", lambda: len(anna.raws("Sent")) == 1)
    assert email.message_from_bytes(anna.raws("Sent")[0])["Message-ID"] == answer["Message-ID"]
    eventually("answered", lambda: "\\Answered" in flags_of(anna, "Keys for the boathouse"))
    # The conversation that stood open all the while has it at its end, and takes in what comes in reply.
    cards = page.locator("#main .msg")
    expect(cards).to_have_count(2)
    expect(page.frame_locator("#main .msg:last-of-type iframe").locator("body")).to_contain_text("Schöne Grüße, Anna")
    references = f"In-Reply-To: {answer['Message-ID']}\r\nReferences: {answer['References']} {answer['Message-ID']}\r\n"
    anna.append(references.encode() + letter(noor, anna, "Re: Keys for the boathouse", "Good, keep it.\n"))
    expect(cards).to_have_count(3, timeout=30_000)
    expect(page.frame_locator("#main .msg:last-of-type iframe").locator("body")).to_contain_text("Good, keep it.")
    cards.last.scroll_into_view_if_needed()
    eventually("what was looked at is read", lambda: "\\Seen" in flags_of(anna, "Re: Keys for the boathouse"))
    page.goto(site.url)
    thread = page.locator("[role=row]").filter(has_text="Keys for the boathouse")
    expect(thread.locator(".thr")).to_contain_text("3", timeout=20_000)
    time.sleep(3)
    assert len(anna.raws("Sent")) == 1
    assert len(noor.raws()) == 1

    # After all of this, no password lies anywhere in the clear: neither hers here nor that of her mailbox.
    assert find_leaks(site, [PASSWORD, anna.password]) == []
