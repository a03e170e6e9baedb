"""The quoted original made words of its draft: clean, with its pictures, as long as an editor can bear."""

import pytest

from mailsync import actions
from mailsync.errors import CannotDo
from mailsync.message.outgoing_html import cids_in
from mailsync.models import Draft
from mailsync.store.quoting import plain_body
from tests.factories import make_user
from tests.store.test_quoting import WITH_PICTURE, sent
from tests.web.mail import html_message, store

pytestmark = pytest.mark.django_db


def opened(draft: Draft, *, only: str = "") -> str:
    html = actions.open_quote(draft.user_id, draft.pk, only=only)
    assert html is not None
    return html


def test_what_is_quoted_stands_in_a_quote_below_who_wrote_it() -> None:
    user = make_user()
    asked = store(user, html_message('<p onclick="x()">Old <script>y()</script><i>words</i></p>'))
    draft = actions.start_draft(user.pk, "reply", asked.pk)
    html = opened(draft)
    assert html.startswith("<p>On ")
    assert html.endswith('Ann wrote:</p><blockquote type="cite"><p>Old <i>words</i></p></blockquote>')
    # The editor saves it; until then nothing of the draft has changed.
    assert Draft.objects.get() == draft
    assert Draft.objects.get().version == 1


def test_its_pictures_go_along_once_and_stay_behind_when_they_are_cut_out() -> None:
    user = make_user()
    asked = store(user, WITH_PICTURE)
    draft = actions.start_draft(user.pk, "reply", asked.pk)
    html = opened(draft)
    assert opened(draft) == html
    row = draft.attachments.get()
    assert cids_in(html) == (row.content_id,)
    draft.body = f"<p>Mine</p>{html}"
    assert sent(draft).count(b"Content-Type: image/png") == 1
    draft.body = "<p>Mine</p>"
    assert b"image/png" not in sent(draft)


def test_the_text_of_an_answer_between_follows_and_tells_no_links_of_the_quote() -> None:
    user = make_user()
    asked = store(user, html_message('<p>See <a href="https://x.test/">it</a></p>'))
    draft = actions.start_draft(user.pk, "reply", asked.pk)
    mine = '<p>Seen: <a href="https://y.test/">that</a></p>'
    draft.body = opened(draft).replace("</blockquote>", f'</blockquote>{mine}<blockquote type="cite">Bye</blockquote>')
    assert plain_body(draft).endswith("> See it\n\nSeen: that <https://y.test/>\n\n> Bye\n")
    assert b'<blockquote type="cite" style=' in sent(draft)


def test_a_forward_has_no_quote_around_it_and_tells_its_links() -> None:
    user = make_user()
    asked = store(user, html_message('<p>See <a href="https://x.test/">it</a></p>'))
    draft = actions.start_draft(user.pk, "forward", asked.pk)
    draft.body = opened(draft)
    assert "<blockquote" not in draft.body
    assert "See it <https://x.test/>" in plain_body(draft)


def test_a_part_that_was_selected_is_quoted_alone_and_as_clean() -> None:
    user = make_user()
    asked = store(user, html_message("<p>One</p><p>Two</p>"))
    draft = actions.start_draft(user.pk, "reply", asked.pk)
    html = opened(draft, only='<p>Two<img src="/m/1/cid/x"><script>x()</script></p>')
    assert html.endswith('<blockquote type="cite"><p>Two</p></blockquote>')
    assert "One" not in html


def test_too_long_a_message_is_said_so_and_one_that_is_gone_is_none() -> None:
    user = make_user()
    asked = store(user, html_message("<p>words words words</p>" * 50_000))
    draft = actions.start_draft(user.pk, "reply", asked.pk)
    with pytest.raises(CannotDo, match="too long"):
        actions.open_quote(user.pk, draft.pk)
    Draft.objects.update(original=None)
    assert actions.open_quote(user.pk, draft.pk) is None
    with pytest.raises(actions.NotYours):
        actions.open_quote(make_user("charlie").pk, draft.pk)
