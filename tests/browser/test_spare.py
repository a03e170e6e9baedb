"""A body that came with its conversation stands in a frame that waited ready: no request of its own, as confined as one
that was loaded, and all that works in those works in it."""

import html
import re
from urllib.parse import urlsplit

import pytest
from django.utils.timezone import now
from playwright.sync_api import Browser, Locator, Page, Route, expect

from accounts import preferences
from mailsync.models import Message, Placement
from mailsync.store.summary import refresh
from tests.browser.conftest import Mailbox
from tests.render.vectors import VECTORS
from tests.web.mail import html_message, store
from webmail.render.cleaner import sanitize
from webmail.render.doctype import MODES

SPARE = "body > iframe[hidden]:not([name])"
SHOWN = "#main iframe.fitted"
_LETTER = """<!doctype html><p>Dear Anna, see <a href="https://boats.example/">the boats</a> or write to
<a href="mailto:bo@boats.example">Bo</a>.</p><blockquote type="cite"><p>When does it leave?<br><br><br><br>Soon?</p>
</blockquote>"""
_REMOTE = '<!doctype html><p>Offer</p><img src="https://pictures.test/a.png" width="40" height="40" alt="A boat">'
#: What could run, load or lead elsewhere, had the server let it through.
_HOSTILE = """<!doctype html><p>Hello</p><script>parent.hurt = 1</script><img src="data:," onerror="parent.hurt = 1">
<img src="/act/?hurt"><link rel="stylesheet" href="/static/hurt.css"><iframe src="/settings/hurt"></iframe>
<object data="/hurt"></object><svg onload="parent.hurt = 1"><script>parent.hurt = 1</script></svg>
<style>body{background:url(/hurt.png)}@import '/hurt.css';</style><a id="x" href="javascript:parent.hurt = 1">x</a>
<video src="/hurt.mp4"></video><form action="/act/?hurt"><button id="send">Send</button></form>"""


def delivered(mailbox: Mailbox, *bodies: str) -> list[Message]:
    """The newest of the inbox, the last one on top."""
    inbox = mailbox.folders["INBOX"]
    stored = [store(mailbox.user, html_message(body, Subject=f"N{at}"), inbox) for at, body in enumerate(bodies)]
    for message in stored:
        for model in (Message.objects.filter(pk=message.pk), Placement.objects.filter(message=message)):
            model.update(received_at=now())
    refresh((inbox.pk, message.thread_id) for message in stored)
    return stored


def ready(page: Page) -> None:
    """A frame of each mode waits."""
    page.wait_for_function(
        """([spare, modes]) => {
          const all = [...document.querySelectorAll(spare)];
          const isThere = ({ contentDocument }) => contentDocument?.readyState === "complete"
            && contentDocument.URL !== "about:blank";
          return all.length === modes && all.every(isThere);
        }""",
        arg=[SPARE, len(MODES)],
    )


def asked_by(page: Page) -> list[str]:
    """The paths that the page asks for from now on."""
    paths: list[str] = []
    page.on("request", lambda request: paths.append(urlsplit(request.url).path))
    return paths


def click_row(page: Page, message: Message) -> Locator:
    page.locator(f".row[data-message='{message.pk}'] a.subj").click()
    frame = page.locator(f"{SHOWN}[id='frame-{message.pk}']")
    expect(frame).to_be_visible()
    return frame


def inside(page: Page, message: Message) -> str:
    return str(page.evaluate("(id) => document.getElementById(id).contentDocument.URL", f"frame-{message.pk}"))


def test_it_is_one_request_and_the_next_one_too(chromium: Browser, mailbox: Mailbox) -> None:
    one, two = delivered(mailbox, _LETTER, _LETTER)
    page = mailbox.inbox(chromium)
    ready(page)
    asked = asked_by(page)
    for message in (two, one, two):
        click_row(page, message)
        expect(page.frame_locator(SHOWN).get_by_text("Dear Anna")).to_be_visible()
        ready(page)
    assert not [path for path in asked if path.endswith("/body")]
    page.go_back()
    expect(page.locator(SHOWN)).to_have_count(0)
    page.go_forward()
    expect(page.frame_locator(SHOWN).get_by_text("Dear Anna")).to_be_visible()
    assert not [path for path in asked if path.endswith("/body")]


@pytest.mark.parametrize("mode", ["BackCompat", "CSS1Compat"])
def test_the_rendering_mode_is_the_senders(mode: str, chromium: Browser, mailbox: Mailbox) -> None:
    body = "<p>Dear Anna" if mode == "BackCompat" else "<!doctype html><p>Dear Anna"
    one, two = delivered(mailbox, body, body)
    page = mailbox.inbox(chromium)
    ready(page)
    for message in (one, two):
        frame = click_row(page, message)
        ready(page)
        assert frame.evaluate("(frame) => frame.contentDocument.compatMode") == mode
        assert "/frame/" in inside(page, message)


def test_what_the_server_cleaned_is_shown_as_it_would_be_loaded(chromium: Browser, mailbox: Mailbox) -> None:
    letters = ["<p>Hi", *(vector.html for vector in VECTORS[::6])]
    stored = delivered(mailbox, *letters)
    page = mailbox.inbox(chromium)
    ready(page)
    filled = 0
    for message in stored:
        frame = click_row(page, message)
        filled += "/frame/" in inside(page, message)
        differs = frame.evaluate(
            """async (frame, path) => {
              const other = document.createElement("iframe");
              other.setAttribute("sandbox", frame.getAttribute("sandbox"));
              other.src = path;
              const loaded = new Promise((done) => { other.onload = done; });
              document.body.append(other);
              await loaded;
              const [one, two] = [frame, other].map((each) => each.contentDocument.documentElement.outerHTML);
              other.remove();
              return one === two ? null : [one, two];
            }""",
            f"/m/{message.pk}/body",
        )
        assert differs is None
        ready(page)
    # Where nothing is to be seen the frame is asked for, as it says so.
    assert filled > sum(not sanitize(letter).is_blank for letter in letters) // 2


def test_nothing_runs_loads_or_leads_away_whatever_comes(chromium: Browser, mailbox: Mailbox) -> None:
    """The second wall stands alone here: the answer is not the server's."""
    (message,) = delivered(mailbox, _LETTER)
    page = mailbox.inbox(chromium)
    ready(page)

    def put_in(route: Route) -> None:
        answer = route.fetch()
        text = re.sub(
            r'(<template data-body="\w+">).*?(</template>)',
            lambda found: found[1] + html.escape(_HOSTILE) + found[2],
            answer.text(),
            flags=re.DOTALL,
        )
        assert "hurt" in text
        route.fulfill(response=answer, body=text)

    page.route("**/t/**", put_in)
    answered: list[str] = []  # what was refused before it left the browser is asked for, too, in Playwright's words
    page.on("response", lambda told: answered.append(told.url))
    frame = click_row(page, message)
    assert "/frame/standards" in inside(page, message)
    expect(page.frame_locator(SHOWN).get_by_text("Hello")).to_be_visible()
    page.frame_locator(SHOWN).locator("#x").click()
    page.frame_locator(SHOWN).locator("#send").click()
    page.wait_for_timeout(300)
    assert page.evaluate("() => window.hurt") is None
    assert any("/t/" in url for url in answered)
    assert not [url for url in answered if "hurt" in url]
    assert "/frame/standards" in inside(page, message)
    left = frame.evaluate(
        """(frame) => [...frame.contentDocument.querySelectorAll("*")].flatMap((one) => [
          ...(/^(script|iframe|object|embed)$/.test(one.localName) ? [one.localName] : []),
          ...[...one.attributes].map((attribute) => attribute.name).filter((name) => name.startsWith("on"))])"""
    )
    assert left == []
    mailbox.complaints.clear()  # of what was refused


def test_links_open_outside_people_in_compose_and_folds_grow(chromium: Browser, mailbox: Mailbox) -> None:
    (message,) = delivered(mailbox, _LETTER)
    page = mailbox.inbox(chromium)
    ready(page)
    frame = click_row(page, message)
    link = page.frame_locator(SHOWN).get_by_text("the boats")
    assert link.get_attribute("target") == "_blank"
    assert "noopener" in (link.get_attribute("rel") or "")
    before = frame.bounding_box()
    assert before is not None
    page.frame_locator(SHOWN).locator("summary").click()
    expect(page.frame_locator(SHOWN).get_by_text("When does it leave?")).to_be_visible()
    page.wait_for_function(
        "([id, before]) => document.getElementById(id).clientHeight > before + 30",
        arg=[f"frame-{message.pk}", before["height"]],
    )
    page.frame_locator(SHOWN).get_by_text("Bo", exact=True).click()
    expect(page.locator("[name=to], [name=recipients], .compose").first).to_be_visible()
    assert "/frame/standards" in inside(page, message)


def test_what_aims_at_the_frame_by_its_name_reaches_it(chromium: Browser, mailbox: Mailbox) -> None:
    (message,) = delivered(mailbox, _REMOTE)
    page = mailbox.inbox(chromium)
    page.route("**/imgproxy/**", lambda route: route.fulfill(status=404))
    ready(page)
    asked = asked_by(page)
    click_row(page, message)
    assert "/frame/standards" in inside(page, message)
    assert "/imgproxy/" not in asked
    page.locator("[data-show-pictures]").click()
    page.wait_for_function(
        "(id) => document.getElementById(id).contentDocument?.URL.endsWith('/body/pictures')", arg=f"frame-{message.pk}"
    )
    page.locator(f"[popovertarget='more-{message.pk}']").click()
    page.get_by_role("menuitem", name="Show as plain text").click()
    page.wait_for_function(
        "(id) => document.getElementById(id).contentDocument?.URL.endsWith('as=text')", arg=f"frame-{message.pk}"
    )
    assert len(page.context.pages) == 1


def test_plain_text_of_a_body_that_was_put_in(chromium: Browser, mailbox: Mailbox) -> None:
    (message,) = delivered(mailbox, _LETTER)
    page = mailbox.inbox(chromium)
    ready(page)
    click_row(page, message)
    assert "/frame/standards" in inside(page, message)
    page.locator(f"[popovertarget='more-{message.pk}']").click()
    page.get_by_role("menuitem", name="Show as plain text").click()
    page.wait_for_function(
        "(id) => document.getElementById(id).contentDocument?.URL.endsWith('as=text')", arg=f"frame-{message.pk}"
    )
    assert len(page.context.pages) == 1


def test_it_is_dark_where_the_page_is(chromium: Browser, mailbox: Mailbox) -> None:
    preferences.save(mailbox.user, theme="dark")
    (message,) = delivered(mailbox, _LETTER)
    page = mailbox.inbox(chromium)
    ready(page)
    frame = click_row(page, message)
    assert "/frame/standards" in inside(page, message)
    colour = "(frame) => frame.contentWindow.getComputedStyle(frame.contentDocument.documentElement).backgroundColor"
    assert frame.evaluate(colour) == "rgb(19, 27, 38)"


def test_on_a_phone_it_is_whole(chromium: Browser, mailbox: Mailbox) -> None:
    (message,) = delivered(mailbox, f"{_LETTER}<table width=900><tr><td>Wide</table>")
    page = mailbox.inbox(chromium, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    ready(page)
    page.locator(f".row[data-message='{message.pk}'] a.subj").tap()
    frame = page.locator(SHOWN)
    expect(frame).to_be_visible()
    assert "/frame/standards" in inside(page, message)
    box = frame.bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= 391
    assert frame.evaluate("(frame) => frame.contentDocument.documentElement.scrollHeight <= frame.clientHeight + 1")


def test_without_a_frame_that_waits_the_body_is_loaded(chromium: Browser, mailbox: Mailbox) -> None:
    """As where the line broke just then: what came instead of an empty frame is not written into."""
    one, two = delivered(mailbox, _LETTER, _LETTER)
    page = mailbox.page(chromium, viewport={"width": 1440, "height": 900})
    page.route("**/frame/*", lambda route: route.fulfill(status=500, body="<p>Broken</p>", content_type="text/html"))
    with page.expect_response("**/frame/*"):
        page.goto(f"{mailbox.url}/f/{mailbox.folders['INBOX'].pk}/")
    for message in (one, two):
        click_row(page, message)
        assert urlsplit(inside(page, message)).path == f"/m/{message.pk}/body"
    page.unroute("**/frame/*")
    click_row(page, one)
    page.wait_for_timeout(300)
    click_row(page, two)
    assert "/frame/standards" in inside(page, two)
