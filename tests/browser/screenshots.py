"""Pictures of every main screen: ``make screenshots`` writes them to ``screenshots/``.

The site runs on a database of its own with the demo's invented mail; each screen is taken in light and
dark, wide, middling and narrow. ``python -m tests.browser.screenshots inbox search`` takes some of them;
``--pseudo`` has the site speak the language of tests/pseudo.py, from right to left.
"""

# ruff: noqa: E402 - Django is set up before anything of it is imported

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
django.setup()

from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings
from django.test import Client
from django.test.utils import setup_databases, teardown_databases
from django.utils import timezone
from playwright.sync_api import Error, Page, Response, sync_playwright

from accounts.leaving import begin_leaving
from accounts.models import User
from mailsync import actions
from mailsync.actions import RuleText
from mailsync.message.pkcs12 import OwnKey
from mailsync.message.vcard import Labelled, VCard
from mailsync.models import AccountSync, Folder
from mailsync.plan.rules import Deed, Fields
from mailsync.store.contacts import keep_card
from mailsync.store.own_certificates import record_key
from mailsync.store.peer_certificates import keep_peer_certificate
from tests.browser.chromium import CHROMIUM, QUIET
from tests.browser.webserver import PROJECT, served
from tests.factories import make_account, make_folder, make_message, make_user
from tests.logo import sign
from tests.message.smime import HEAD, NOW, html_entity, keys, person, sealed_letter
from tests.pseudo import LANGUAGE, write_catalogue
from tests.sample_mailbox import fill
from tests.web.mail import store

FOLDER = PROJECT / "screenshots"
SIZES = {"wide": (1440, 900), "middle": (1024, 768), "phone": (390, 844)}

RULES = (
    ("Boathouse", "boathouse", Deed("label", "Boathouse")),
    ("Newsletters", "news, letter", Deed("archive")),
    ("Receipts", "shop", Deed("pin")),
)

Step = Callable[[Page], object]


def open_first(words: str, shown: str = "iframe[data-frame].fitted") -> Step:
    """Search, then open what is found first, until this is shown of it."""

    def go(page: Page) -> None:
        page.goto(f"/search/?q={words}")
        page.locator(".row a.subj").first.click()
        page.locator(shown).first.wait_for()

    return go


def ask_to_empty(page: Page) -> None:
    page.goto("/settings/storage/")
    page.locator("#o-trash_days").select_option("30")
    page.locator("#emptying button").click()
    page.locator("button[name=sure]").wait_for()


def edit_account(page: Page) -> None:
    page.goto("/settings/accounts/")
    page.locator(".account .verbs a", has_text="Edit").first.click()
    page.locator("#archive-mode").scroll_into_view_if_needed()


def ask_to_keep(page: Page) -> None:
    edit_account(page)
    page.locator("#o-days").select_option("180")
    page.locator("#archive-mode button").click()
    page.locator("button[name=sure]").wait_for()


def ask_to_share(page: Page) -> None:
    """What another site has sent, and the worker kept."""
    page.goto("/offline/")
    page.evaluate(
        """async () => {
          const kept = await caches.open("heron-shared");
          await kept.put("/share/kept/1-a", Response.json({ title: "Tides of June", text: "", url: "", lost: [] }));
          for (const [number, name] of ["tide-table.pdf", "boathouse.jpg"].entries()) {
            await kept.put(`/share/kept/1-a/${number}`, new Response("x", { headers: { "X-Name": name } }));
          }
        }"""
    )
    page.goto("/share/?id=1-a&ask=1")
    page.locator("[data-do=drop]").wait_for()


def be_away(page: Page) -> None:
    """The strip in the mailbox."""
    page.goto("/settings/automatic-replies/1/")
    page.locator("[name=enabled]").check()
    page.locator("[name=last_day]").fill("2099-08-14")
    page.locator("button.primary").click()
    page.goto("/all/")
    page.locator(".note.info").first.wait_for()


def be_back(page: Page) -> None:
    """Turned off, for the pictures that follow."""
    page.goto("/settings/automatic-replies/1/")
    off = page.locator(".note.info button")
    if off.count():
        off.click()
    page.goto("/settings/automatic-replies/1/")
    page.locator(".ProseMirror").wait_for()


def visit(path: str) -> Step:
    return lambda page: page.goto(path)


def after_inbox(*steps: Step) -> Step:
    def go(page: Page) -> None:
        page.goto("/")
        # How the list was shown last, it is shown again: without this, all after the first "to-me" would be.
        page.goto(f"{page.url}?show=all")
        page.locator(".scripted").first.wait_for()
        for step in steps:
            step(page)

    return go


def press(keys: str) -> Step:
    return lambda page: page.keyboard.press(keys)


def click(selector: str) -> Step:
    return lambda page: page.locator(selector).first.click()


def conflict(page: Page) -> None:
    """The same draft written in two windows, the other one of which was faster."""
    window = page.locator("section.compose")
    window.get_by_label("Subject").fill("Boathouse on Saturday")
    window.locator("[data-saved]:not(:empty)").wait_for(state="attached")  # out of sight on a phone
    page.wait_for_timeout(2500)
    other = page.context.new_page()
    other.goto(f"/d/{window.get_attribute('data-draft')}/")
    for tab, words in ((other, "I bring the keys and the rope."), (page, "I bring the keys, you bring the cake?")):
        tab.locator("section.compose [contenteditable=true]").click()
        tab.keyboard.type(words)
        tab.wait_for_timeout(3500)
    other.close()
    page.locator(".conflict").wait_for()


def follow(selector: str) -> Step:
    """Go where that link of the column leads; the column itself is out of sight on narrow screens."""
    return lambda page: page.goto(str(page.locator(selector).first.get_attribute("href")))


TEMPLATES = (
    (
        "Thanks for your order",
        "Your order",
        "<p>Dear …,</p><p>many <b>thanks</b> for your order. It leaves tomorrow.</p>",
    ),
    ("Out of office", "", "<p>I am back on Monday.</p>"),
    ("Weekly report", "Week …", "<ul><li><p>Done</p></li><li><p>Next</p></li></ul>"),
)

#: Name of the picture, and how to get there. A name that begins with a size is taken in that size only.
SCREENS: dict[str, Step] = {
    "inbox": after_inbox(),
    "selection": after_inbox(press("j"), press("x"), press("Shift+ArrowDown"), press("Shift+ArrowDown")),
    "sort-menu": after_inbox(click("[popovertarget=sort]")),
    "sorted": after_inbox(click("[popovertarget=sort]"), click("#sort [href$='sort=largest']")),
    "to-me": after_inbox(click(".tabs [href$='show=to-me']")),
    "palette": after_inbox(press("Control+k")),
    "help": after_inbox(press("?")),
    "keys": visit("/settings/reading/#o-keys"),
    "labels": after_inbox(press("j"), press("l")),
    "compose": after_inbox(press("c"), lambda page: page.locator("section.compose [contenteditable=true]").wait_for()),
    "conflict": after_inbox(click("[data-compose]:visible"), conflict),
    "templates": after_inbox(
        press("c"),
        lambda page: page.locator("section.compose [contenteditable=true]").wait_for(),
        lambda page: page.locator("[popovertarget^=more-]:visible").first.click(),
        lambda page: page.evaluate("document.querySelector('.menu.templates').showPopover()"),
    ),
    "wide-emoji": after_inbox(
        press("c"),
        lambda page: page.locator(".ProseMirror").wait_for(),
        click("button[popovertarget^=emoji]"),
        lambda page: page.locator("[data-emoji]").first.wait_for(),
    ),
    "template": visit("/settings/templates/1/"),
    "signature": visit("/settings/identities/1/"),
    "new-template": visit("/settings/templates/add/"),
    "phone-drawer": after_inbox(click(".search [data-drawer-open]")),
    "middle-drawer": after_inbox(click(".only-rail")),
    "search": visit("/search/?q=boathouse"),
    "nothing-found": visit("/search/?q=narwhal"),
    "conversation": open_first("subject:fundraiser"),
    "merge": after_inbox(
        click(".row a.subj"), follow("#more-read [href$='/merge/']"), lambda page: page.locator(".merging").wait_for()
    ),
    "newsletter": open_first("subject:lock"),
    "phishing": open_first("unknown+device"),
    "invitation": open_first("subject:invitation"),
    "bounce": open_first("subject:undelivered"),
    "japanese": open_first("from:minato"),
    "arabic": open_first("from:layla"),
    "files": open_first("subject:tickets"),
    "settings": visit("/settings/"),
    "appearance": visit("/settings/appearance/"),
    "reading": visit("/settings/reading/"),
    "accounts": visit("/settings/accounts/"),
    "connect": visit("/settings/accounts/add/"),
    "notifications": visit("/settings/notifications/"),
    "security": visit("/settings/security/"),
    "contacts": visit("/settings/contacts/"),
    "contact-group": visit("/settings/contacts/?group=Choir"),
    "rules": visit("/settings/rules/"),
    "rule": visit("/settings/rules/1/"),
    "away": be_away,
    "automatic-reply": be_back,
    "block-sender": visit("/m/1/block/"),
    "sweep": visit("/m/1/sweep/"),
    "why": visit("/m/1/why/"),
    "source": visit("/m/1/source"),
    "message-menu": after_inbox(open_first("subject:fundraiser"), click(".msg:not(.closed) .head > button")),
    "new-contact": visit("/settings/contacts/add/?name=Ada&address=ada@example.org"),
    "storage": visit("/settings/storage/"),
    "import": visit("/settings/storage/import/"),
    "settings-file": visit("/settings/storage/settings/"),
    "sessions": visit("/accounts/sessions/"),
    "leave": visit("/settings/security/leave/"),
    "new-forwarding": visit("/settings/rules/forward/add/"),
    "forwarding": visit("/settings/rules/forward/1/"),
    "certificates": visit("/settings/certificates/"),
    "new-certificate": visit("/settings/certificates/add/"),
    "remove-certificate": visit("/settings/certificates/1/remove/"),
    "peer-certificates": visit("/settings/certificates/people/"),
    "new-peer-certificate": visit("/settings/certificates/people/add/"),
    "remove-peer-certificate": visit("/settings/certificates/people/1/remove/"),
    "encrypted": after_inbox(open_first('subject:"old mill"')),
    "encrypted-closed": after_inbox(open_first('subject:"other mill"', ".msg .note")),
    "encrypted-answer": after_inbox(open_first('subject:"old mill"'), press("r")),
    "new-webhook": visit("/settings/rules/webhooks/add/"),
    "transfer": visit("/settings/accounts/1/transfer/"),
    "space": visit("/settings/storage/space/"),
    "emptying": ask_to_empty,
    "removing": after_inbox(visit("/settings/rules/1/"), click("button[value=remove]")),
    "archive-mode": edit_account,
    "keeping": ask_to_keep,
    "find-setting": visit("/settings/search/?q=mark"),
    "empty": after_inbox(follow("#tree [title=Ideas]"), lambda page: page.locator("#list .empty").wait_for()),
    "snoozed": after_inbox(press("j"), press("b")),
    "label": after_inbox(follow("#tree [data-keyword]")),
    "edit-label": after_inbox(lambda page: page.goto(str(page.locator("#tree a.edit").last.get_attribute("href")))),
    "new-label": visit("/labels/new/"),
    "new-folder": visit("/folders/new/"),
    "activity": visit("/activity/"),
    "outbox": visit("/outbox/"),
    "waiting": visit("/waiting/"),
    "profile": visit("/settings/profile/"),
    "writing": visit("/settings/writing/"),
    "operator": visit("/operator/"),
    "admin": visit("/admin/"),
    "people": visit("/admin/accounts/user/"),
    "person": visit("/admin/accounts/user/1/change/"),
    "leaver": visit("/admin/accounts/user/2/change/"),
    "not-there": visit("/f/999999/"),
    "shared": ask_to_share,
}


@contextmanager
def filled_site(language: str = "", **environment: str) -> Iterator[tuple[str, str]]:
    """The URL of a site whose only person has the sample mail, and that person's session."""
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        user = make_user("anna", timezone="Europe/Berlin")
        User.objects.filter(pk=user.pk).update(name="Anna Berg", language=language, is_superuser=True, is_staff=True)
        user.refresh_from_db()
        account = make_account(user, address="anna.berg@nordlicht.example")
        fill(account)
        make_folder(account, "Ideas", header_cursor=1)  # with nothing in it
        for name in ("Priya Raman", "Jonas Weber", "Noor El-Amin"):
            address = f"{name.split()[0].lower()}@nordlicht.example"
            groups = ("Board", "Choir") if name < "P" else ("Choir",)
            card = VCard(name=name, organisation="Nordlicht", addresses=(Labelled(address),), groups=groups)
            keep_card(user.pk, card)
        sign(account.identities.get())
        for name, subject, body in TEMPLATES:
            actions.write_template(user.pk, None, name=name, subject=subject, body=body)
        for name, sender, deed in RULES:
            actions.write_rule(user.pk, None, RuleText(name, Fields(sender=sender), (Deed("read"), deed)))
        actions.block_sender(user.pk, "prizes.example")
        actions.add_forward_address(user.pk, "jonas.weber@nordlicht.example")
        for days, kind in ((-40, "rsa"), (20, "rsa"), (300, "ec")):
            end = (timezone.now() - NOW).days + days
            certified = person(kind, address=account.address, days=(end - 365, end))
            record_key(user.pk, OwnKey(certified, keys()[kind]))
        for name, days in (("ada", 300), ("bo.lindqvist", -3)):
            end = (timezone.now() - NOW).days + days
            known = person("rsa", address=f"{name}@example.test", days=(end - 365, end))
            keep_peer_certificate(user.pk, known.public_bytes(Encoding.DER))
        words = "<p>Hello Anna,</p><p>we meet at the <b>old mill</b> at nine. Tell nobody.</p><p>Ada</p>"
        entity = html_entity(words, picture="https://pictures.example/mill.png")
        inbox = Folder.objects.get(account=account, role="inbox")
        head = HEAD + b"To: anna.berg@nordlicht.example\r\nSubject: The old mill\r\n"
        store(user, sealed_letter(entity, certified, head=head), inbox)
        store(user, sealed_letter(entity, person("rsa"), head=head.replace(b"old mill", b"other mill")), inbox)
        words = "<p>I am away until the 14th and read no mail.</p><p>Jonas has the keys of the <b>boathouse</b>.</p>"
        actions.write_auto_reply(user.pk, [account.pk], actions.AutoReplyText(enabled=False, html=words))
        leaver = make_user("bo")
        make_message(make_folder(make_account(leaver)))
        begin_leaving(leaver)
        AccountSync.objects.filter(account=account).update(
            last_success_at=timezone.now(), capabilities=["IMAP4REV1", "UIDPLUS"]
        )
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        # Some pages ask once more who it is.
        client.post("/accounts/reauthenticate/", {"password": "secret"}, headers={"host": "localhost"})
        with served(**environment) as url:
            yield url, client.cookies[settings.SESSION_COOKIE_NAME].value
    finally:
        teardown_databases(databases, verbosity=0)


def take(page: Page, name: str, step: Step, target: Path) -> bool:
    """Whether the picture was taken, of a page without an error of the server's."""
    broken: list[str] = []

    def look(response: Response) -> None:
        if response.status >= 500:
            broken.append(f"{response.status} of {response.url}")

    page.on("response", look)
    try:
        step(page)
        page.wait_for_timeout(600)  # frames and pictures settle
        page.screenshot(path=target)
    except Error as error:
        broken.append(error.message.splitlines()[0])
    finally:
        page.remove_listener("response", look)
    for words in broken:
        print(f"  {name}: {words}", file=sys.stderr)
    return not broken


@contextmanager
def speaking(pseudo: bool) -> Iterator[tuple[str, str]]:
    """The filled site in English, or in the language that nobody speaks."""
    if not pseudo:
        with filled_site() as told:
            yield told
        return
    with tempfile.TemporaryDirectory(prefix="heron-pseudo-") as folder:
        write_catalogue(Path(folder))
        environment = {"DJANGO_SETTINGS_MODULE": "tests.pseudo_settings", "HERON_PSEUDO_LOCALE": folder}
        with filled_site(LANGUAGE, **environment) as told:
            yield told


def main() -> int:
    asked = argparse.ArgumentParser(description="Pictures of every main screen.")
    asked.add_argument("names", nargs="*", help="which ones; all without a name")
    asked.add_argument("--pseudo", action="store_true", help="in a language from right to left")
    asked.add_argument("--sizes", nargs="*", choices=SIZES, default=[*SIZES])
    asked.add_argument("--schemes", nargs="*", choices=("light", "dark"), default=["light", "dark"])
    wanted = asked.parse_args()
    FOLDER.mkdir(exist_ok=True)
    failed = 0
    with speaking(wanted.pseudo) as (url, session), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, "--no-sandbox"])
        for size in wanted.sizes:
            width, height = SIZES[size]
            for scheme in wanted.schemes:
                options: dict[str, Any] = {"locale": LANGUAGE if wanted.pseudo else "en-GB"}
                if size == "phone":
                    options |= {"has_touch": True, "is_mobile": True}
                context = browser.new_context(
                    base_url=url, viewport={"width": width, "height": height}, color_scheme=scheme,
                    reduced_motion="reduce", timezone_id="Europe/Berlin", **options,
                )  # fmt: skip
                context.set_default_timeout(10_000)
                page = context.new_page()
                tail = f"{size}-{scheme}{'-pseudo' if wanted.pseudo else ''}.png"
                if not wanted.names or "sign-in" in wanted.names:
                    target = FOLDER / f"sign-in-{tail}"
                    failed += not take(page, f"sign-in, {size}, {scheme}", visit("/accounts/login/"), target)
                context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": url}])
                for name, step in SCREENS.items():
                    if (wanted.names and name not in wanted.names) or (
                        name.startswith(tuple(SIZES)) and not name.startswith(size)
                    ):
                        continue
                    failed += not take(page, f"{name}, {size}, {scheme}", step, FOLDER / f"{name}-{tail}")
                context.close()
        browser.close()
    print(f"{len(list(FOLDER.glob('*.png')))} pictures in {FOLDER.name}/")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
