"""From bodies to words: HTML as text, quotes told from own words, previews, subjects, languages."""

import time

import pytest

from mailsync.message.flowed import flow, unflow
from mailsync.message.html_text import html_to_text
from mailsync.message.language import guess_language
from mailsync.message.parse import parse_message
from mailsync.message.preview import make_preview
from mailsync.message.quotes import mark_lines, own_words, quote_level
from mailsync.message.subject import base_subject, forward_subject, is_reply_subject, reply_subject
from mailsync.message.words import _fold_any, fold


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("one<br>two<br/><br>three", "one\ntwo\n\nthree"),
        ("<div>one</div><div>two</div>", "one\ntwo"),
        ("<div>one</div><div><br></div><div>two</div>", "one\n\ntwo"),
        ("a\n   b\t c", "a b c"),
        ("<ul><li>one</li><li>two<ul><li>deep</li></ul></li></ul>", "- one\n- two\n  - deep"),
        ("<ol><li>one</li><li>two</li></ol>", "1. one\n2. two"),
        (
            "<ul><li><p>one</p><ul><li><p>deep</p></li></ul></li><li><p>two</p></li></ul><p>x</p>",
            "- one\n  - deep\n- two\n\nx",
        ),
        ("<ul><li><p>one</p><p>more</p></li><li><p>two</p></li></ul>", "- one\n\nmore\n- two"),
        (
            "<tr><td><p>one</p></td><td><p>two</p></td></tr><tr><td><p><br></p></td><td><p>a</p><p>b</p></td></tr>",
            "one two\na\n\nb",
        ),
        ("<td>one<p>two</p>three</td><p>four</p>", "one\n\ntwo\n\nthree\n\nfour"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("x<blockquote>old<blockquote>older</blockquote></blockquote>y", "x\n\n> old\n>\n>> older\n\ny"),
        ("<p>Tom &amp; J&#233;r&ocirc;me &lt;x&gt;</p>", "Tom & Jérôme <x>"),
        ("<style>p{color:red}</style><script>alert('<p>')</script><p>x</p>", "x"),
        ("<head><title>t</title></head><body>x</body>", "x"),
        ("<!-- <p>hidden</p> --><p>x</p><!--[if mso]><p>y</p><![endif]-->", "x"),
        ('<div style="display:none">pre<div>header</div></div><p>x</p>', "x"),
        ('<span style="font-size:0px">pad</span>x', "x"),
        ('<span style="font-size:0.9em">kept</span>', "kept"),
        ('<span style="max-height: 0; overflow:hidden">pad</span>x', "x"),
        ("<p hidden>pad</p>x", "x"),
        ("a\u200b\u200c\u00ad\ufeffb", "ab"),
        ('<img src="x" alt="A picture">', "A picture"),
        # Outlook's signs are letters of Wingdings.
        ("Thanks <span style='font-family:Wingdings'>J</span> Jo", "Thanks ☺ Jo"),
        ('a <font face="Wingdings" size=3>à</font> b', "a → b"),
        ("<p style='font-family:&quot;Wingdings&quot;'>\uf04c</p><p>L", "☹\n\nL"),
        ("<span style='font-family:Wingdings'>J<span style='font-family:Arial'>J</span></span>J", "☺JJ"),
        ("<span style='font-family:Wingdings 2'>J</span>", "J"),
        ("<span style='font-family:Wingdings'>Jolly</span>", "Jolly"),
        ('<a title="a > b">x</a>', "x"),
        ("<p>never closed", "never closed"),
        ("a < b and c > d", "a < b and c > d"),
        ("<style>never closed", "never closed"),
        ("", ""),
    ],
)
def test_html_as_text(html: str, text: str) -> None:
    assert html_to_text(html) == text


def test_html_that_is_all_hidden_is_shown_after_all() -> None:
    assert html_to_text('<div style="display:none">the only words</div>') == "the only words"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>if x:<br>&nbsp;&nbsp;&nbsp; y&nbsp; z</p>", "if x:\n    y  z"),
        ("<p>&nbsp;</p><p>x</p>", "x"),
        ("<p>👨&zwj;👩&zwj;👧 می\u200cخواهم</p>", "👨\u200d👩\u200d👧 می\u200cخواهم"),
        ("<p>x&zwnj;&nbsp;&zwnj;&nbsp;</p>", "x"),
    ],
)
def test_what_somebody_wrote_keeps_its_spaces_and_joiners(html: str, text: str) -> None:
    assert html_to_text(html, as_written=True) == text


def test_links_are_written_out_when_asked_for() -> None:
    html = '<a href="https://a.example/?x=1&amp;y=2">here</a> <a href="https://b.example">https://b.example</a>'
    assert html_to_text(html, links=True) == "here <https://a.example/?x=1&y=2> https://b.example"
    assert html_to_text('<a href="javascript:alert(1)">x</a>', links=True) == "x"


_HOSTILE = {
    "open tags": "<div " * 100_000,
    "quotes": "<a b='\"" * 80_000,
    "styles": "<style>" * 80_000,
    "hidden": '<div style="display:none">' * 40_000,
    "comments": "<!--" * 100_000,
    "nested quotes": "<blockquote>" * 50_000 + "x",
    "less than": "<" * 500_000,
    "entities": "&#x41;" * 100_000,
}


@pytest.mark.parametrize("name", _HOSTILE)
def test_hostile_html_is_read_in_linear_time(name: str) -> None:
    began = time.process_time()
    html_to_text(_HOSTILE[name])
    assert time.process_time() - began < 1.5


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("Yes.", "Yes."),
        ("Yes.\n\nOn Mon, 1 Jan 2024 at 10:00, Ann <ann@example.org> wrote:\n> Really?\n", "Yes."),
        ("Ja.\n\nAm 01.01.2024 um 10:00 schrieb Ann:\n> Wirklich?", "Ja."),
        ("Oui.\n\nLe lun. 1 janv. 2024 à 10:00, Ann <a@b.example> a écrit :\n> Vraiment ?", "Oui."),
        ("Sí.\n\nEl lun, 1 ene 2024 a las 10:00, Ann (<a@b.example>) escribió:\n> ¿De verdad?", "Sí."),
        ("Да.\n\nпн, 1 янв. 2024 г. в 10:00, Ann <a@b.example>:\n> Правда?", "Да."),
        ("はい。\n\n2024年1月1日(月) 10:00 Ann <a@b.example>:\n> 本当?", "はい。"),
        # Folded over two lines.
        ("Yes.\n\nOn Mon, 1 Jan 2024 at 10:00, Ann Lee of the Company\n<ann@example.org> wrote:\n> Really?", "Yes."),
        # Answers between the quotes.
        ("> one?\nYes.\n> two?\nNo.", "Yes.\nNo."),
        ("Hello\n-- \nAnn\nExample Ltd", "Hello"),
        ("Hello\n\nSent from my iPhone", "Hello"),
        ("Hallo\n\nVon meinem iPhone gesendet", "Hallo"),
        ("Yes.\n\n-----Original Message-----\nFrom: Ann\nSent: Monday\nReally?", "Yes."),
        ("Ja.\n\nVon: Ann\nGesendet: Montag\nAn: Bob\nBetreff: Frage\n\nWirklich?", "Ja."),
        ("Yes.\n________________________________\nFrom: Ann\nSent: Monday\nTo: Bob\n\nReally?", "Yes."),
        ("See below.\n\n---------- Forwarded message ---------\nFrom: Ann\n\nhello", "See below."),
        # Not quotes.
        ("From: here to there is a long way.\nAnd so on.", "From: here to there is a long way.\nAnd so on."),
        (">From the beginning", "From the beginning"),
        ("He wrote:\nnothing was quoted", "He wrote:\nnothing was quoted"),
    ],
)  # fmt: skip
def test_own_words(text: str, own: str) -> None:
    assert own_words(text).replace("\n\n", "\n") == own.replace("\n\n", "\n")


@pytest.mark.parametrize(
    ("line", "level", "text"),
    [("> a", 1, "a"), (">> a", 2, "a"), ("> > > a", 3, "a"), (">a", 1, "a"), ("a > b", 0, "a > b"), (">", 1, "")],
)
def test_quote_levels(line: str, level: int, text: str) -> None:
    assert quote_level(line) == (level, text)


def test_every_line_is_marked() -> None:
    marked = mark_lines("Hi\nOn Monday Ann wrote:\n> a\n>> b\n-- \nBob")
    assert [(line.kind, line.level, line.text) for line in marked] == [
        ("own", 0, "Hi"),
        ("attribution", 0, "On Monday Ann wrote:"),
        ("quote", 1, "a"),
        ("quote", 2, "b"),
        ("signature", 0, "-- "),
        ("signature", 0, "Bob"),
    ]


@pytest.mark.parametrize(
    ("own", "text", "preview"),
    [
        ("Hi Ann,\n\nsee you", "", "Hi Ann, see you"),
        ("See <https://example.org/a?b=c> now", "", "See now"),
        ("[image: logo]\n=======\nHello", "", "Hello"),
        ("\u200b\u00ad\u034f Hello", "", "Hello"),
        ("", "> quoted only", "> quoted only"),
        ("a" * 300, "", "a" * 199 + "…"),
    ],
)
def test_previews(own: str, text: str, preview: str) -> None:
    assert make_preview(own, text) == preview


def test_a_long_preview_ends_with_a_word() -> None:
    preview = make_preview("word " * 100)
    assert len(preview) <= 201
    assert preview.endswith("word…")


def test_a_plain_part_that_says_nothing_gives_way_to_the_html() -> None:
    raw = (
        b"Content-Type: multipart/alternative; boundary=b\n\n--b\n\nYour reader cannot show HTML.\n"
        b"--b\nContent-Type: text/html\n\n<p>" + b"The whole story of the year. " * 10 + b"</p>\n--b--\n"
    )
    assert parse_message(raw).preview.startswith("The whole story")


@pytest.mark.parametrize(
    ("subject", "base"),
    [
        ("Hello", "hello"),
        ("Re: Hello", "hello"),
        ("RE[2]: Hello", "hello"),
        ("Re: Fwd: AW: Hello (fwd)", "hello"),
        ("[list] Re: [list] Hello", "hello"),
        ("[Fwd: Re: Hello]", "hello"),
        ("Antw: SV: Hello", "hello"),
        ("回复：你好", "你好"),
        ("Re : Hello", "hello"),
        ("[only a tag]", "[only a tag]"),
        ("Regarding: Hello", "regarding: hello"),
        ("Re:", ""),
        ("", ""),
    ],
)
def test_base_subjects(subject: str, base: str) -> None:
    assert base_subject(subject) == base


def test_endless_prefixes_end() -> None:
    assert base_subject("Re: " * 200_000 + "x") == base_subject("Re: " * 200_000)


@pytest.mark.parametrize(
    ("subject", "reply", "forward"),
    [
        ("Hello", "Re: Hello", "Fwd: Hello"),
        ("Re: Hello", "Re: Hello", "Fwd: Re: Hello"),
        ("AW: RE: Hello", "Re: Hello", "Fwd: AW: RE: Hello"),
        ("Fwd: Hello", "Re: Fwd: Hello", "Fwd: Hello"),
        ("WG: Hello", "Re: WG: Hello", "Fwd: Hello"),
        ("", "Re:", "Fwd:"),
    ],
)
def test_prefixes_stand_once(subject: str, reply: str, forward: str) -> None:
    assert reply_subject(subject) == reply
    assert forward_subject(subject) == forward


def test_what_is_a_reply() -> None:
    assert is_reply_subject("[list] Re: Hello")
    assert is_reply_subject("WG: Hello")
    assert not is_reply_subject("Hello")


@pytest.mark.parametrize(
    ("flowed", "text"),
    [
        ("a \nb", "a b"),
        ("a\nb", "a\nb"),
        ("> a \n> b\nc", "> a b\nc"),
        (" From me", "From me"),
        ("  indented", " indented"),
        ("a \n-- \nBob", "a \n-- \nBob"),
    ],
)
def test_unflow(flowed: str, text: str) -> None:
    assert unflow(flowed) == text


def test_flow_wraps_at_72_and_keeps_quote_marks() -> None:
    text = "word " * 40 + "\n> " + "quoted " * 30
    lines = flow(text).split("\n")
    assert max(map(len, lines)) <= 73
    assert sum(line.startswith("> ") for line in lines) > 1
    assert unflow(flow(text)) == "\n".join(line.rstrip() for line in text.split("\n"))


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Thank you for your message, we will come back to you as soon as we can.", "en"),
        ("Vielen Dank für Ihre Nachricht, wir melden uns bei Ihnen, wenn es etwas Neues gibt.", "de"),
        ("Merci pour votre message, nous vous répondrons dans les plus brefs délais.", "fr"),
        ("Спасибо за ваше письмо, мы ответим на него в ближайшее время, как только сможем.", "ru"),
        ("お世話になっております。資料をお送りします。", "ja"),
        ("您好，附件是您要的文件，请查收。", "zh"),
        ("Ok", ""),
        ("", ""),
    ],
)
def test_languages(text: str, language: str) -> None:
    assert guess_language(text) == language


def test_letters_of_western_charsets_are_folded_by_unicodes_rules() -> None:
    """Looked up by single bytes, which must say of every letter, and of each pair, what the rules say."""
    letters = sorted({chr(code) for code in range(256)} | set(bytes(range(0x80, 0x100)).decode("cp1252", "ignore")))
    assert all(fold(one + other) == _fold_any(one + other) for one in letters for other in letters)
    for beside in ("e\u0301", "ﬁ", "東", "Ł", "½"):  # what no such charset has, or folds into something it has not
        assert fold(f"“Größe” Æon {beside}") == _fold_any(f"“Größe” Æon {beside}")
    assert fold("“Größe” Æon…™") == "“grosse” aeon...tm"
