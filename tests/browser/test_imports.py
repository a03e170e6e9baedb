"""Mail from a file, under a person's hands: chosen, sent in pieces, told how far it is, opened."""

from playwright.sync_api import Browser, Route, expect

from mailsync.engine import long_acts
from mailsync.models import Act, Upload
from mailsync.store import uploads
from tests.actions.test_mail_imports import boxed, mails
from tests.browser.conftest import Mailbox


def test_a_file_goes_in_pieces_past_a_lost_connection_and_its_mail_is_there(
    chromium: Browser, mailbox: Mailbox
) -> None:
    page = mailbox.page(chromium)
    page.goto(f"{mailbox.url}/settings/storage/")
    page.get_by_role("link", name="Import mail").click()
    lost: list[str] = []

    def lose(route: Route) -> None:
        if "at=0" not in route.request.url and not lost:
            lost.append(route.request.url)
            route.abort("connectionreset")
        else:
            route.fallback()

    page.route("**/settings/storage/import/*?at=*", lose)
    page.get_by_label("Files").set_input_files(
        [
            {"name": "old.mbox", "mimeType": "", "buffer": boxed(mails(2)) + b"\n" * uploads.PIECE_BYTES},
            {"name": "x.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7"},
        ]
    )
    page.get_by_role("button", name="Import", exact=True).click()
    imports = page.locator("#imports")
    expect(imports).to_contain_text("“old.mbox” imported into Imported", timeout=15_000)
    assert lost, "a piece was lost on its way, and sent again"
    expect(page.locator("[role=alert], .toast")).to_contain_text("“x.pdf” holds no mail.")
    expect(page.locator("[data-travels] li")).to_have_count(0)
    expect(imports.get_by_role("progressbar")).to_be_visible()
    long_acts.work(Act.objects.get().pk)
    expect(imports).to_contain_text("2 messages imported", timeout=10_000)
    assert not Upload.objects.exists()
    imports.get_by_role("link", name="Open the folder").click()
    expect(page.locator(".row")).to_have_count(2)
    mailbox.complaints = [one for one in mailbox.complaints if "ERR_CONNECTION_RESET" not in one and "422" not in one]


def test_what_is_on_its_way_can_be_given_up(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.page(chromium)
    page.goto(f"{mailbox.url}/settings/storage/import/")
    page.route("**/settings/storage/import/*?at=*", lambda route: None)  # it hangs
    page.get_by_label("Files").set_input_files({"name": "old.mbox", "mimeType": "", "buffer": boxed(mails(1))})
    page.get_by_role("button", name="Import", exact=True).click()
    with page.expect_response("**/cancel"):
        page.get_by_role("button", name="Cancel upload of old.mbox").click()
    expect(page.locator("[data-travels] li")).to_have_count(0)
    assert not Upload.objects.exists()
