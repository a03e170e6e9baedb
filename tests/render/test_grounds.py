"""Light text over a picture that is not shown: it gets a ground, where there is none to read it on."""

import pytest

from webmail.render.cleaner import sanitize
from webmail.render.document import html_document

#: White on it has a contrast of 9.
GROUND = "linear-gradient(#48525e,#48525e)"
PHOTO = "http://shop.test/a.jpg"


@pytest.mark.parametrize(
    ("source", "has_ground"),
    [
        (f"<table><td background={PHOTO} style='color:#fff'>Hi", True),
        (f"<table><td background={PHOTO}><font color=white>Hi", True),
        (f"<table><td background={PHOTO}><p><a href=http://a.test style='color:#FFF'>Hi", True),
        (f"<div style='background:url({PHOTO}) center/cover;color:rgb(250 250 250)'>Hi", True),
        (f"<body background={PHOTO} text=white>Hi", True),
        (f"<style>.a{{background-image:url({PHOTO})}} .a h1{{color:#fff}}</style><div class='b a'><h1>Hi", True),
        (f"<style>#a{{background-image:url({PHOTO});color:white}}</style><div id=a>Hi", True),
        (f"<style>body{{background:url({PHOTO});color:white}}</style>Hi", True),
        # Most of the words count.
        (f"<div style='background:url({PHOTO})'><p style='color:#fff'>Many words</p>few", True),
        (f"<div style='background:url({PHOTO})'><p style='color:#fff'>few</p>Many words", False),
        # It can be read as it is.
        (f"<table><td background={PHOTO}>Hi", False),
        (f"<table><td background={PHOTO} bgcolor=#333333 style='color:#fff'>Hi", False),
        (f"<table bgcolor=black><td background={PHOTO} style='color:#fff'>Hi", False),
        (f"<div style='background:#036 url({PHOTO});color:#fff'>Hi", False),
        (f"<div style='background:linear-gradient(#036,#000),url({PHOTO});color:#fff'>Hi", False),
        (f"<div style='background:url({PHOTO});color:#fff'><p style='background:#036'>Hi", False),
        (
            f"<style>.a{{background:#036}}</style><div class=a style='background-image:url({PHOTO});color:#fff'>Hi",
            False,
        ),
        (f"<div style='background:url({PHOTO});color:#fff'><a href=http://a.test>Hi", False),
        (f"<style>@media print{{p{{color:#fff}}}}</style><div style='background:url({PHOTO})'><p>Hi", False),
    ],
)
def test_light_text_over_a_picture(source: str, has_ground: bool) -> None:
    body = sanitize(source)
    assert (GROUND in html_document(body)) is has_ground
    shown = html_document(body, picture_url=lambda slot: "/picture")
    assert GROUND not in shown
    assert "url(/picture)" in shown
