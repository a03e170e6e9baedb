"""Style sheets: which rules are kept, and that the quick cut finds the rules that tinycss2 finds."""

import contextlib
import re
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.corpus import corpus_files
from webmail.render import cleaner, policy, sheet
from webmail.render.css import Sheet, escape_css
from webmail.render.guard import TooHard
from webmail.render.sheet import Rule, filter_sheet, split_any, split_plain


@pytest.mark.parametrize(
    ("sheet", "kept"),
    [
        ("p{color:red}", "p{color:red}"),
        ("#top .x>a:hover{color:red}", "#m-top .x>a:hover{color:red}"),
        ("p::before{content:'x';color:red}", ""),
        ("p:before{color:red}", ""),
        ("a:has(b){color:red}", ""),
        ("p:not(#x){color:red}", "p:not(#m-x){color:red}"),
        ("@import url(http://evil.test/);p{color:red}", "p{color:red}"),
        ("@import 'http://evil.test/';", ""),
        ("@font-face{font-family:x;src:url(http://evil.test/)}", ""),
        ("@media (max-width:600px){p{color:red}}", "@media (max-width:600px){p{color:red}}"),
        ("@media (max-width:600px){@media screen{p{color:red}}}", ""),
        ("@media screen{@import url(x);p{color:red}}", "@media screen{p{color:red}}"),
        ("@supports (color:red){p{color:red}}", ""),
        ("@charset 'utf-7';p{color:red}", "p{color:red}"),
        ("@namespace x url(http://evil.test/);", ""),
        ("@page{margin:0}", ""),
        ("@keyframes x{from{color:red}}", ""),
        ("p{background:url(http://evil.test/)}", "p{background:none}"),
        (
            ".a{color:#fff;background:#036 url('http://evil.test/') no-repeat}",
            ".a{color:#fff;background:#036 none no-repeat}",
        ),
        ("p{cursor:url(http://evil.test/);border-image:url(x);color:url(x)}", ""),
        ("p{background:u\\rl(http://evil.test/);color:red}", "p{background:none;color:red}"),
        ("p{color:red;x:{}}", "p{color:red}"),
        ("<!-- p{color:red} -->", "p{color:red}"),
        ("p[title='</style>']{color:red}", 'p[title="\\3c /style>"]{color:red}'),
        ("p[data-heron]{color:red}", ""),
        ("a[href^='https://bank.test']{color:red}", 'a[href^="https://bank.test"]{color:red}'),
        ("p{color:red", "p{color:red}"),
        ("{}" * 5000, ""),
        ("(" * 100, ""),
    ],
)
def test_sheets(sheet: str, kept: str) -> None:
    assert filter_sheet(sheet).css == kept


def test_a_sheet_has_a_budget() -> None:
    kept = filter_sheet("p{color:red}" * 6_000).css
    assert kept.count("{") == 4_000
    assert filter_sheet("p{color:red}" * 60_000).css == ""


def _rules(rules: Iterable[Rule]) -> str:
    return escape_css(sheet._RuleFilter(policy.ID_PREFIX).filter(rules).css)


#: Pieces of sheets, hostile ones among them, that join to plain and to twisted sheets alike.
_PIECES = [
    *re.findall(
        r"\S+",
        r"""p .x #top a:hover *>td h1+h2 , :not(.a) [class~='x'] a[href^="b"] u+a ::before :link 5 | é < & -- -a
        @media @import @font-face @supports(a:b) @media-x screen (max-width:600px) only and { } {} ; :
        /*c*/ /*{*/ /* */ ( ) [ ] ' " 'x' "{" url( url(x) url('x)') url(a'b) url(/*) \ \7d <!-- --> !important
        color:red color: red; font-family:'A B',c; background:url(x); width:calc(1px+(2px)) position:fixed
        p{color:red} @media(width){p{color:blue}}""",
    ),
    *(" ", "\n", "\t", "\r\n", "\x0c", "\0"),
]
SHEETS = st.lists(st.one_of(st.sampled_from(_PIECES), st.just(" ")), max_size=30).map("".join)


@settings(max_examples=400)
@given(SHEETS)
def test_a_quick_cut_is_what_tinycss2_would_cut(source: str) -> None:
    rules = split_plain(source)
    if rules is not None:
        assert _rules(rules) == _rules(split_any(source))


@pytest.mark.parametrize(
    "source",
    [
        "p{color:red",
        "p{color:red}}",
        "p{a:url(x'y)}",
        "p{a:url(/*)}",
        "p{a:'x\n'}",
        "p\\{color:red}",
        "p;q{color:red}",
        "@media screen{p{color:red}",
        "p{q{color:red}}",
        "p{color:red}</",
        "p{a:(((1)))}",
        "p{/*}",
    ],
)
def test_what_is_not_plain_is_left_to_tinycss2(source: str) -> None:
    assert split_plain(source) is None


def test_real_sheets_are_plain_and_cut_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    sources: list[str] = []

    def noted(source: str) -> Sheet:
        sources.append(source)
        return filter_sheet(source)

    monkeypatch.setattr(cleaner, "filter_sheet", noted)
    for file in corpus_files("html", ".html"):
        with contextlib.suppress(TooHard):
            cleaner.sanitize(file.read_text(errors="replace"))
    plain = 0
    for source in sources:
        source = source.replace("<!--", " ").replace("-->", " ")
        if (rules := split_plain(source)) is not None:
            plain += 1
            assert _rules(rules) == _rules(split_any(source))
    assert plain >= 0.95 * len(sources) > 0
