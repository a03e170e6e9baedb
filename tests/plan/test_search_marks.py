"""A quoted match is the same whether a stretch of the text is looked at or all of it."""

import pytest

from mailsync.plan.search_marks import Piece, Sought, cut_pieces, find_marks, quote_match
from mailsync.plan.search_terms import Forms, Symbols, Words

_FILL = "Zwölf größere Boote liegen im Hafen, heißt es. " * 20
_PLAIN = "Twelve larger boats lie in the harbour, they say. " * 20


@pytest.mark.parametrize("fill", [_FILL, _PLAIN])
@pytest.mark.parametrize(
    "asked",
    [
        [Words("wurfel")],
        [Words("wurf", prefix=True)],
        [Words("der wurfel")],
        [Words("wurfel"), Words("fell")],
        [Words("hafen wurfel"), Words("wurfel")],  # its beginning stands everywhere
        [Words("nirgends")],
        [],
    ],
)
@pytest.mark.parametrize("hit", ["der Würfel fell", "der Würfel", "Würfelbecher, der Würfel fell"])
def test_a_stretch_says_what_the_whole_says(fill: str, asked: list[Words], hit: str) -> None:
    for text in (hit, fill + hit, hit + fill, f"{fill}{hit} and {fill}{hit}", fill + hit + " x" * 300 + " der fell"):
        marks = find_marks(text, Sought.of(asked))
        assert quote_match(text, Sought.of(asked)) == (tuple(cut_pieces(text, marks)) if marks else ())


def test_letters_that_move_are_looked_for_in_the_whole() -> None:
    text = "ß" * 3 + " œuvre " * 100 + "Würfel"
    assert quote_match(text, Sought.of([Words("wurfel")]))[-1] == Piece("Würfel", hit=True)


@pytest.mark.parametrize(
    "text",
    [
        "Würfel, Würfelbecher und VORWÜRFE; wurfel",
        "Wu\u0308rfel und Würfel",
        "a_würfel-würfel's ª²würfel ´würfel",
        "würfel" * 12 + " würfel",
        "STRASSE straße",
        "",
    ],
)
@pytest.mark.parametrize(
    "asked",
    [
        [Words("wurfel")],
        [Words("wurf", prefix=True)],
        [Words("a"), Words("wurfel", "from")],
        [Words("strasse"), Words("wurfel", forms=(Forms("de", ("wurfelbecher", "vorwurfe")),))],
        [Words("wurfel" * 11)],
    ],
)
def test_single_words_are_marked_as_if_all_had_been_taken_apart(text: str, asked: list[Words]) -> None:
    # A letter of another script has the text taken apart into its words.
    assert find_marks(text, Sought.of(asked)) == find_marks(f"{text} 東", Sought.of(asked))


@pytest.mark.parametrize(
    ("text", "asked", "marked"),
    [
        ("Well done 👍🏽, thanks ❤️!", [Symbols("👍")], ["👍🏽"]),
        ("Well done 👍🏽, thanks ❤️!", [Symbols("👍❤"), Words("thanks")], ["👍🏽", "thanks", "❤️"]),
        ("👩🏽‍🚀🚀 lift-off", [Symbols("🚀")], ["👩🏽‍🚀🚀"]),
        ("🇩🇪 and 🇩🇰", [Symbols("🇩🇰")], ["🇩🇰"]),
        ("no sign", [Symbols("🚀")], []),
    ],
)
def test_a_sign_is_marked_with_what_it_is_part_of(text: str, asked: list[Words | Symbols], marked: list[str]) -> None:
    sought = Sought.of(asked)
    assert [text[start:end] for start, end in find_marks(text, sought)] == marked
    long = "Twelve larger boats lie in the harbour. " * 100
    found = quote_match(long + text + " " + long, sought)
    assert [piece.text for piece in found if piece.hit] == marked
