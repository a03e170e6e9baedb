"""Why a message was found: bodies are read many at once, and give what each read by itself gives."""

import pytest
from pytest_django.fixtures import DjangoAssertNumQueries

from mailsync.plan.search_terms import Words
from mailsync.store.excerpts import Excerpt, load_excerpts
from tests.factories import make_user
from tests.web.mail import store

pytestmark = pytest.mark.django_db

_LEAD = "Nothing of it is in what the list shows. " * 12


def _said(excerpt: Excerpt) -> str:
    return "".join(f"[{piece.text}]" if piece.hit else piece.text for piece in excerpt.pieces)


def test_many_bodies_take_as_many_queries_as_one(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    user = make_user()
    head = b"Subject: Notes\r\nMIME-Version: 1.0\r\nContent-Type: %b; charset=utf-8\r\n\r\n"
    found = [store(user, head % b"text/plain" + f"{_LEAD}\r\nThe w\u00fcrfel {n} fell.".encode()) for n in range(6)]
    found.append(store(user, head % b"text/html" + f"<p>{_LEAD}<p>A <b>W\u00dcRFEL</b> &amp; more".encode()))
    found.append(store(user, head % b"text/plain" + b"Short and without it."))
    ids = [message.pk for message in found]
    with django_assert_num_queries(3):  # the messages, their bodies, their files
        excerpts = load_excerpts(ids, Words("wurfel"))
    assert [excerpts[pk].where for pk in ids] == ["body"] * 7 + [""]
    assert [f"The [w\u00fcrfel] {n} fell." in _said(excerpts[pk]) for n, pk in enumerate(ids[:6])] == [True] * 6
    assert "A [W\u00dcRFEL] & more" in _said(excerpts[ids[6]])


def test_a_line_that_flows_is_quoted_as_it_reads() -> None:
    user = make_user()
    head = b"Subject: Notes\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8; format=flowed\r\n\r\n"
    body = _LEAD.replace(". ", ". \r\n").encode() + "> Of the \r\n> wide \r\n> würfel fell \r\n> more.\r\n".encode()
    found = store(user, head + body)
    excerpt = load_excerpts([found.pk], Words("wurfel"))[found.pk]
    assert _said(excerpt).endswith("Of the wide [würfel] fell more.")
