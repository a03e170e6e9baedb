"""How fast the screens are in a real browser: ``make bench-ui``.

The site on the demo's mail, and a folder of 100,000 messages, in Debian's Chromium on loopback: what a cold inbox
weighs, how long after the click a message's text is painted (of one from anywhere in the list, the pointer elsewhere
until the click; the same with the button held as a hand holds it; of one on which the pointer rested before; and of the
one below, which may have been fetched ahead; each in a browser that has seen none),
how long after the key an archived row is gone, and how long a frame takes while the large folder is scrolled. Beside
it, where Debian's packages of it are installed, Roundcube over Dovecot with the same messages, in the same browser and
run; its browser is one for all, so that it may know a message from before.

Times are taken inside the page, from the event's own time stamp to the frame that shows the result.
"""

import argparse
import json
import math
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Locator, Page, Request, sync_playwright

from bench.roundcube import is_installed, roundcube
from bench.scratch import scratch_database
from mailsync.types import Address
from onebox.sample import messages
from tests.browser.chromium import CHROMIUM, QUIET
from tests.browser.weight import weight
from tests.pace import pace
from tests.servers.certificates import make_certificates
from tests.servers.dovecot import Dovecot

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

#: Resolves, in milliseconds since the event of that name, in the frame after ``isDone`` first holds.
_PROBE = """
window.heronProbe = (event, isDone) => {
  window.heronTook = new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error(`Nothing came of ${event}: ${isDone}`)), 10000);
    addEventListener(event, (happened) => {
      const look = () => requestAnimationFrame(() => {
        if (!isDone()) return look();
        const channel = new MessageChannel();  // its message comes after this frame is painted
        channel.port1.onmessage = () => resolve(performance.now() - happened.timeStamp);
        channel.port2.postMessage(null);
      });
      look();
    }, { capture: true, once: true });
  });
};
window.heronFrames = (milliseconds) => new Promise((resolve) => {
  const took = [];
  const began = performance.now();
  let last = began;
  const next = (now) => {
    took.push(now - last);
    last = now;
    if (now - began < milliseconds) requestAnimationFrame(next); else resolve(took.slice(1));
  };
  requestAnimationFrame(next);
});
"""
#: Whether a message is on the screen: the frame that was there is gone, the new one shows text.
_HERON_SHOWS = """(before) => {
  const frames = [...document.querySelectorAll("#main iframe[data-frame].fitted")];
  const frame = frames.at(-1);
  return Boolean(frame && frame.id !== before && frame.contentDocument?.body?.innerText.trim());
}"""
_ROUNDCUBE_SHOWS = """(before) => {
  const frame = document.getElementById("messagecontframe");
  const inside = frame?.contentDocument;
  return Boolean(inside && inside.location.href !== before
    && inside.querySelector("#messagebody")?.innerText.trim() && inside.readyState !== "loading");
}"""


#: Nobody opens a message before the last one is on the screen.
LOOKED_AT_MILLISECONDS = 300
#: Where the pointer waits while nobody may guess what it will press: the next row may be scrolled under its last place.
ELSEWHERE = (720, 20)
#: A hand that has reached a row takes about this long to press.
RESTED_MILLISECONDS = 200
#: And a quick one holds the button for this long: a click counts from its release.
HELD_MILLISECONDS = 60


@dataclass
class Figures:
    """What one program took: times in milliseconds."""

    requests: int = 0
    weight_bytes: int = 0
    opened: list[float] = field(default_factory=list)
    held: list[float] = field(default_factory=list)
    rested: list[float] = field(default_factory=list)
    followed: list[float] = field(default_factory=list)
    removed: list[float] = field(default_factory=list)
    frames: list[float] = field(default_factory=list)


def percentile(times: Sequence[float], share: float) -> float:
    """The shortest of the times that this share of them does not exceed (nearest rank)."""
    return sorted(times)[max(math.ceil(share * len(times)), 1) - 1] if times else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--rounds", type=int, default=40, help="messages opened each way, and archived; half as many in Roundcube"
    )
    parser.add_argument("--large", type=int, default=100_000, help="messages in the large folder")
    options = parser.parse_args()
    with scratch_database():
        figures = {"Heron": measure_heron(options.rounds, options.large)}
        told(figures)  # they stand, whatever becomes of the other half
        if is_installed():
            figures["Roundcube"] = measure_roundcube(options.rounds)
            told(figures)
        else:
            print("Roundcube is not installed: apt-get install roundcube-core roundcube-sqlite3 php-cli php-sqlite3")


def told(figures: dict[str, Figures]) -> None:
    limits = (100_000, 20, 100.0, 50.0, 35.0)
    print(f"\nthis machine takes {pace():.1f} times as long as a quick one that is idle (tests/pace.py)")
    print(f"{'':<40}{'limit':>10}" + "".join(f"{name:>12}" for name in figures))
    rows = (
        ("cold inbox, bytes compressed", limits[0], [one.weight_bytes for one in figures.values()]),
        ("cold inbox, requests", limits[1], [one.requests for one in figures.values()]),
        ("message painted, p95 ms", limits[2], [percentile(one.opened, 0.95) for one in figures.values()]),
        ("message painted, median ms", "", [percentile(one.opened, 0.5) for one in figures.values()]),
        ("button held 60 ms, painted, p95 ms", limits[2], [percentile(one.held, 0.95) for one in figures.values()]),
        ("button held 60 ms, painted, median ms", "", [percentile(one.held, 0.5) for one in figures.values()]),
        (
            "pointer rested 200 ms, painted, p95 ms",
            limits[2],
            [percentile(one.rested, 0.95) for one in figures.values()],
        ),
        ("pointer rested 200 ms, painted, median", "", [percentile(one.rested, 0.5) for one in figures.values()]),
        ("the one below painted, p95 ms", limits[2], [percentile(one.followed, 0.95) for one in figures.values()]),
        ("the one below painted, median ms", "", [percentile(one.followed, 0.5) for one in figures.values()]),
        ("archived row gone, p95 ms", limits[3], [percentile(one.removed, 0.95) for one in figures.values()]),
        ("archived row gone, median ms", "", [percentile(one.removed, 0.5) for one in figures.values()]),
        ("scrolled frame, p95 ms", limits[4], [percentile(one.frames, 0.95) for one in figures.values()]),
    )
    for name, limit, values in rows:
        cells = "".join(f"{value:>12,}" if isinstance(value, int) else f"{value:>12.1f}" for value in values)
        print(f"{name:<40}{limit:>10}{cells}")


@contextmanager
def browser_context(url: str) -> Iterator[tuple[Page, list[Request]]]:
    """A page in a fresh Chromium, and all that it asks for."""
    with sync_playwright() as playwright:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *sandbox])
        context = browser.new_context(base_url=url, viewport={"width": 1440, "height": 900})
        context.add_init_script(_PROBE)
        page = context.new_page()
        asked: list[Request] = []
        page.on("request", lambda request: asked.append(request))  # noqa: PLW0108 - Playwright marks what it is given
        yield page, asked
        browser.close()


def anywhere(rounds: int) -> list[int]:
    """Each row once, none after the one above it: nobody can have guessed which is next."""
    return sorted(range(rounds), key=lambda number: (number * 17 % rounds, number))


def took(page: Page, event: str, is_done: str, act: Callable[[], object]) -> float:
    """Milliseconds from ``event``, which ``act`` causes, to the frame in which ``is_done`` holds."""
    page.evaluate(f"() => window.heronProbe({json.dumps(event)}, {is_done})")
    act()
    return float(page.evaluate("() => window.heronTook"))


def measure_heron(rounds: int, large: int) -> Figures:
    from django.conf import settings
    from django.test import Client

    from tests.browser.webserver import served
    from tests.factories import make_account, make_user
    from tests.sample_mailbox import fill as fill_sample
    from tests.store.big_folder import fill as fill_large

    figures = Figures()
    user = make_user("anna", timezone="Europe/Berlin")
    account = make_account(user, address="anna.berg@nordlicht.example")
    inbox = fill_sample(account)["INBOX"]
    big = fill_large(account, "Large", large)
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    with served(DJANGO_SETTINGS_MODULE="tests.site_settings") as url:  # as in production: connections are kept

        @contextmanager
        def visited(folder_id: int) -> Iterator[tuple[Page, list[Request]]]:
            with browser_context(url) as (page, asked):
                page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": url}])
                page.goto(f"/f/{folder_id}/")
                page.locator(".scripted").first.wait_for()
                page.wait_for_timeout(1000)
                yield page, asked

        with visited(inbox.pk):  # Python compiles templates as they are first asked for
            pass
        with visited(inbox.pk) as (page, asked):
            figures.requests = len(asked)
            figures.weight_bytes = sum(weight(request) for request in asked)
            figures.opened = [_open_heron(page, number) for number in anywhere(rounds)]
        with visited(inbox.pk) as (page, _):
            figures.held = [_open_heron(page, row, held_milliseconds=HELD_MILLISECONDS) for row in anywhere(rounds)]
        with visited(inbox.pk) as (page, _):
            figures.rested = [
                _open_heron(page, row, rested_milliseconds=RESTED_MILLISECONDS) for row in anywhere(rounds)
            ]
        with visited(inbox.pk) as (page, _):
            figures.followed = [_open_heron(page, number) for number in range(rounds)]
            figures.removed = [_archive_heron(page) for _ in range(rounds)]
        with visited(big.pk) as (page, _):
            figures.frames = _scrolled(page, "#rows")
    return figures


def _open_heron(page: Page, number: int, *, rested_milliseconds: int = 0, held_milliseconds: int = 0) -> float:
    row = page.locator(".row a.subj").nth(number)
    row.evaluate("(row) => row.scrollIntoView({ block: 'nearest' })")
    _look(page, row, rested_milliseconds)
    before = page.evaluate("() => [...document.querySelectorAll('#main iframe[data-frame]')].at(-1)?.id")
    is_shown = f"() => ({_HERON_SHOWS})({json.dumps(before)})"
    return took(page, "click", is_shown, lambda: row.click(delay=held_milliseconds))


def _look(page: Page, row: Locator | None = None, rested_milliseconds: int = 0) -> None:
    """What somebody does before the next click: looks at what is there, and lets the pointer rest where it will be."""
    page.mouse.move(*ELSEWHERE)
    page.wait_for_timeout(LOOKED_AT_MILLISECONDS)
    if row and rested_milliseconds:
        row.hover()
        page.wait_for_timeout(rested_milliseconds)


def _archive_heron(page: Page) -> float:
    _look(page)
    name = page.locator(".row.current").first.get_attribute("id") or ""
    return took(
        page, "keydown", f"() => !document.getElementById({json.dumps(name)})", lambda: page.keyboard.press("e")
    )


def _scrolled(page: Page, selector: str) -> list[float]:
    """The times of the frames, in milliseconds, while a wheel turns over the list for eight seconds."""
    box = page.locator(selector).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.evaluate("() => { window.heronScrolled = window.heronFrames(8000); }")
    for _ in range(150):
        page.mouse.wheel(0, 400)
        page.wait_for_timeout(40)
    return [float(one) for one in page.evaluate("() => window.heronScrolled")]


def measure_roundcube(rounds: int) -> Figures:
    figures = Figures()
    with tempfile.TemporaryDirectory(prefix="heron-bench-ui-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "dovecot").mkdir(mode=0o755)
        (folder / "roundcube").mkdir()
        (folder / "certificates").mkdir()
        dovecot = Dovecot(folder / "dovecot", make_certificates(folder / "certificates"))
        dovecot.start()
        try:
            mailbox = dovecot.add_user("anna.berg@nordlicht.example")
            owner, friend = Address("Anna Berg", mailbox.address), Address("Noor El-Amin", "noor@nordlicht.example")
            told = [one for one in messages(datetime.now(UTC), owner, friend) if one.mailbox == "owner"]
            mailbox.append_many([one.raw for one in told if one.folder == "INBOX"])
            with roundcube(folder / "roundcube", dovecot) as (url, _), browser_context(url) as (page, asked):
                page.goto("/")
                page.fill("#rcmloginuser", mailbox.address)
                page.fill("#rcmloginpwd", mailbox.password)
                page.keyboard.press("Enter")
                page.locator("#messagelist tr.message").first.wait_for()
                asked.clear()
                page.reload()
                page.locator("#messagelist tr.message").first.wait_for()
                page.wait_for_timeout(1000)
                figures.requests = len(asked)
                figures.weight_bytes = sum(weight(request) for request in asked)
                figures.opened = [_open_roundcube(page, number) for number in anywhere(rounds)]
                figures.held = [
                    _open_roundcube(page, row, held_milliseconds=HELD_MILLISECONDS) for row in anywhere(rounds)
                ]
                figures.rested = [
                    _open_roundcube(page, row, rested_milliseconds=RESTED_MILLISECONDS) for row in anywhere(rounds)
                ]
                figures.followed = [_open_roundcube(page, number) for number in range(rounds)]
                # Its list is of 50 rows, and while it is filled up some deletions come to nothing.
                figures.removed = [_delete_roundcube(page) for _ in range(rounds // 2)]
        finally:
            dovecot.stop()
    return figures


def _open_roundcube(page: Page, number: int, *, rested_milliseconds: int = 0, held_milliseconds: int = 0) -> float:
    row = page.locator("#messagelist tr.message").nth(number)
    row.scroll_into_view_if_needed()
    _look(page, row, rested_milliseconds)
    before = page.evaluate("() => document.getElementById('messagecontframe')?.contentDocument?.location.href ?? null")
    is_shown = f"() => ({_ROUNDCUBE_SHOWS})({json.dumps(before)})"
    return took(page, "click", is_shown, lambda: row.locator("td.subject").click(delay=held_milliseconds))


def _delete_roundcube(page: Page) -> float:
    """Roundcube has no key to archive in Debian's package; deleting moves to the trash, which costs it the same.

    Its list hides a row that has gone, and leaves it in the document.
    """
    _look(page)
    page.wait_for_function("() => !window.rcmail.busy")  # it heeds no key while it loads
    name = page.locator("#messagelist tr.message.selected").first.get_attribute("id") or ""
    gone = f"() => !document.getElementById({json.dumps(name)})?.checkVisibility()"
    return took(page, "keydown", gone, lambda: page.keyboard.press("Delete"))


if __name__ == "__main__":
    main()
