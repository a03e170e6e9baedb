"""The proof itself: what it accepts, and that it refuses whatever a broken cleaner could let through."""

import pytest

from webmail.render.verify import Unproven, verify, verify_sheet


@pytest.mark.parametrize(
    "text",
    [
        "",
        "text &amp; &lt;b&gt;",
        "<p>x</p>",
        '<p style="color:red">x</p>',
        '<a href="https://ok.test/" target="_blank" rel="noopener noreferrer nofollow">x</a>',
        '<a href="/compose/?to=a">x</a><a href="#m-x">y</a><a href="tel:1">z</a>',
        '<img src="/m/1/cid/2" alt="">',
        '<img src="data:image/png;base64,AA==">',
        '<p style="background:url(/m/1/cid/2)">x</p>',
        '<p style="background:url(&quot;data:image/png;base64,AA==&quot;)">x</p>',
    ],
)
def test_accepts(text: str) -> None:
    verify(text)


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<svg></svg>",
        "<P>x</P>",
        "<p >x</p>",
        "<p/>",
        "<p onclick=\"x\">x</p>",
        "<p class=x>x</p>",
        "<p class='x'>x</p>",
        '<p class="x"id="y">x</p>',
        '<p class="x" x</p>',
        '<p class="a<b">x</p>',
        "</p class=\"x\">",
        "a < b",
        "<!-- x -->",
        "<!doctype html>",
        "<?x?>",
        "<",
        '<a href="javascript:alert(1)">x</a>',
        '<a href="//evil.test/">x</a>',
        '<a href="/settings/">x</a>',
        '<a href="/compose/../settings/">x</a>',
        '<a href="mailto:a@b">x</a>',
        '<img src="x">',
        '<img src="//evil.test/x">',
        '<img src="/\\evil.test/x">',
        '<img src="data:image/svg+xml,x">',
        '<img src="data:text/html,x">',
        '<img srcset="/x">',
        '<td background="/x">x</td>',
        '<p style="background:url(//evil.test/x)">x</p>',
        '<p style="background:url(&quot;/x&quot;)">x</p>',
        '<p style="background:u\\72l(//evil.test/x)">x</p>',
        '<p style="background:&#117;rl(//evil.test/x)">x</p>',
        '<p style="background:image-set(/x 1x)">x</p>',
        '<p style="width:expression(x)">x</p>',
    ],
)  # fmt: skip
def test_refuses(text: str) -> None:
    with pytest.raises(Unproven):
        verify(text)


@pytest.mark.parametrize(
    "css",
    [
        "</style>",
        "p{color:&x}",
        "@import 'x';",
        "@\\69mport 'x';",
        "@font-face{}",
        "p{background:url(x)}",
        "p{background:u\\72 l(x)}",
        "p{background:image-set('x' 1x)}",
    ],
)
def test_refuses_sheets(css: str) -> None:
    with pytest.raises(Unproven):
        verify_sheet(css)


def test_is_linear() -> None:
    """A hostile run of almost-tags must not make the grammar backtrack."""
    verify("x" * 300_000)
    for almost in ('<p class="', '<p class="x" ', "<p" + ' a="x"' * 5_000 + ' b="'):
        with pytest.raises(Unproven):
            verify(almost * (300_000 // len(almost)))
