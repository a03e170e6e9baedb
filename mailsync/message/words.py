r"""The words of a text, as search knows them: text in, words in their order out. Pure.

The index and the query are taken apart by this one rule, so what was written is what is found:

- letters are folded: no case, no accents, no wide forms ("Ångström" and "ANGSTROM" are one word);
- a word is a run of letters and digits; all else parts words ("ada.l@example.org" is four of them);
- emoji and other pictures (🎉, ✓, ─) are no words, and part none: they are told apart (``signs``);
- Chinese, Japanese, Korean, Thai, Lao, Khmer and Burmese put no spaces between words (or hang
  endings on them), so each letter of theirs is a word of its own, ``joined`` to the next: a search
  finds any part of such a run.

A word longer than ``LONGEST_WORD`` letters is known by its first ones.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

LONGEST_WORD = 64
#: Of longer words no other forms are known.
LONGEST_INFLECTED = 30

#: Scripts found by any part of a run: Thai, Lao, Burmese, Hangul, Khmer, kana, Han.
_RUNS = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uaa60-\uaa7f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"
)
#: Vowel signs and the like stand inside words, and ``\w`` leaves them out. Those that choose between the forms of one
#: character (Unicode §23.4) say nothing to a search.
_MARKS = "".join(
    chr(code)
    for code in range(0x300, 0x10000)
    if unicodedata.category(chr(code)) in ("Mn", "Mc") and not 0xFE00 <= code <= 0xFE0F
)
_WORD = re.compile(f"[^\\W_{_RUNS}][^\\W_{_RUNS}{_MARKS}]*(?:[{_MARKS}]+[^\\W_{_RUNS}]*)*|[^\\W_]|[{_MARKS}]")
#: What goes on with a word on either side of it.
_LETTER = re.compile(f"[^\\W_{_RUNS}]")
_ASCII_WORD = re.compile("[a-z0-9]+")
_IN_RUN = re.compile(f"[{_RUNS}]")
#: Accents of Latin, Greek and Cyrillic; points of Hebrew and Arabic, written or left out at will; chosen forms.
_ACCENTS = re.compile(
    "[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u0610-\u061a\u0640\u064b-\u065f\u0670\ufe00-\ufe0f]"
)
#: Letters that do not come apart into a letter and an accent.
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ŧ": "t", "ħ": "h", "ŀ": "l"}
)
#: Where signs stand: arrows, frames, dingbats, music, emoji. A flag is two letters of its own.
_MAYBE_SIGN = re.compile("[\U0001f1e6-\U0001f1ff]{2}|[\u2100-\u2bff\U0001d000-\U0001d37f\U0001f000-\U0001fbff]")
_JOINER = "\u200d"
#: Those of skin, and whether a sign is a picture or a letter.
_COLOURS = frozenset("\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff\ufe0e\ufe0f")
_HAS_LETTERS = re.compile(f"[{''.join(map(chr, _LETTERS))}]")


class Word(NamedTuple):
    """``joined``: the next word follows without anything between them, in a script without spaces."""

    text: str
    joined: bool = False


def fold(text: str) -> str:
    """Without case, accents and wide forms.

    >>> fold("Ångström STRASSE straße Łódź Ｗｉｄｅ")
    'angstrom strasse strasse lodz wide'
    """
    if text.isascii():
        return text.lower()
    for charset in _WESTERN:
        if (folded := charset.fold(text)) is not None:
            return folded
    return _fold_any(text)


def _fold_any(text: str) -> str:
    apart = _ACCENTS.sub("", unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold()))
    if apart.isascii():
        return apart
    whole = unicodedata.normalize("NFC", apart)
    # To look for them is a tenth of the work of a translation.
    return whole.translate(_LETTERS) if _HAS_LETTERS.search(whole) else whole


class _Folding(NamedTuple):
    """``fold`` for a text whose letters a charset of single bytes has, none of which is combined with its neighbours:
    bytes are looked up in a tenth of the time in which Unicode's rules are followed."""

    charset: str
    table: bytes
    #: Letters that become several.
    longer: tuple[tuple[bytes, bytes], ...]
    #: Those that become something the charset has not.
    others: tuple[bytes, ...]

    def fold(self, text: str) -> str | None:
        """None where the charset does not do."""
        try:
            data = text.encode(self.charset)
        except UnicodeEncodeError:
            return None
        for byte in self.others:
            if byte in data:
                return None
        data = data.translate(self.table)
        for byte, letters in self.longer:
            if byte in data:
                data = data.replace(byte, letters)
        return data.decode(self.charset)


def _folding(charset: str) -> _Folding:
    table, longer, others = bytearray(range(256)), [], []
    for code in range(256):
        byte = bytes((code,))
        try:
            folded = _fold_any(byte.decode(charset)).encode(charset)
        except UnicodeError:
            others.append(byte)
            continue
        if len(folded) == 1:
            table[code] = folded[0]
        else:
            longer.append((byte, folded))
    return _Folding(charset, bytes(table), tuple(longer), tuple(others))


#: Most mail of Western languages; the second has quotation marks and dashes as word processors set them, too.
_WESTERN = (_folding("latin-1"), _folding("cp1252"))


def words(text: str) -> list[Word]:
    """
    >>> [word.text for word in words("Re: ada.l@example.org, naïve")]
    ['re', 'ada', 'l', 'example', 'org', 'naive']
    >>> words("東京 x")
    [Word(text='東', joined=True), Word(text='京', joined=False), Word(text='x', joined=False)]
    """
    plain = plain_words(text)
    return [Word(found) for found in plain] if plain is not None else list(_words(fold(text)))


def plain_words(text: str) -> list[str] | None:
    """The same without the wrapping, and quicker; None where scripts without spaces are in it.

    >>> plain_words("Grüße, Ada"), plain_words("東京")
    (['grusse', 'ada'], None)
    """
    if text.isascii():
        found = _ASCII_WORD.findall(text.lower())
    else:
        folded = fold(text)
        if _IN_RUN.search(folded) is not None:
            return None
        found = _WORD.findall(folded)
    return [word[:LONGEST_WORD] for word in found]


def signs(text: str) -> list[str]:
    """The emoji and other pictures of a text (Unicode's "other symbols" of these blocks), each once, in order: without
    colours of skin, as letters are without accents.

    >>> signs("Danke 👍🏽❤️ 🇩🇪 © 2026, 20 °C")
    ['👍', '❤', '🇩🇪']
    """
    if text.isascii() or not _may_have_signs(text):
        return []
    found = dict.fromkeys(_MAYBE_SIGN.findall(text))
    return [sign for sign in found if unicodedata.category(sign[0]) == "So"]


def whole_sign(text: str, start: int, end: int) -> tuple[int, int]:
    """The picture that a sign is part of: with its colours, and with the signs that are joined to it (UTS #51).

    >>> whole_sign("a 👩🏽‍🚀!", 5, 6)
    (2, 6)
    """
    while start >= 2 and text[start - 1] == _JOINER:
        start -= 2
        while start and text[start] in _COLOURS:
            start -= 1
    while end < len(text) and (text[end] in _COLOURS or text[end] == _JOINER):
        end += 2 if text[end] == _JOINER else 1
    return start, min(end, len(text))


def _may_have_signs(text: str) -> bool:
    """Whether a character begins as those of signs do in UTF-8, but for dashes, quotation marks and currencies: most
    mail has none, and bytes are looked for in a twentieth of the time."""
    data = text.encode("utf-8", "surrogatepass")
    return data.count(b"\xe2") > data.count(b"\xe2\x80") + data.count(b"\xe2\x82") or b"\xf0" in data


def _words(folded: str) -> Iterator[Word]:
    before: tuple[str, int] | None = None
    for match in _WORD.finditer(folded):
        if before is not None:
            yield Word(before[0], joined=before[1] == match.start() and in_run(match[0]))
            before = None
        if in_run(match[0]):
            before = (match[0], match.end())
        else:
            yield Word(match[0][:LONGEST_WORD])
    if before is not None:
        yield Word(before[0])


def has_forms(text: str) -> bool:
    """Whether this is one word that languages have several forms of: of letters alone, in a script with spaces.

    >>> has_forms("meetings"), has_forms("mp3"), has_forms("two words"), has_forms("東")
    (True, False, False, False)
    """
    found = words(text)
    if len(found) != 1 or list(spans(text)) != [(0, len(text))] or in_run(found[0].text):
        return False
    return 2 <= len(found[0].text) <= LONGEST_INFLECTED and not any(map(str.isdecimal, found[0].text))


def in_run(word: str) -> bool:
    """Whether this word is a letter of a script that is found by any part of a run."""
    return not word.isascii() and _IN_RUN.match(word) is not None


def find_word(folded: str, word: str, is_prefix: bool = False, start: int = 0) -> int:
    """Where a word, as search knows it, stands in a folded text for the first time from ``start`` on: -1 for nowhere.
    With ``is_prefix`` also where a longer one begins with it.

    >>> find_word("tealeaf, tea", "tea"), find_word("tealeaf", "tea", True), find_word("steam", "tea", True)
    (9, 0, -1)
    """
    place = folded.find(word, start)
    if in_run(word):
        return place
    is_cut = is_prefix or len(word) == LONGEST_WORD
    while place >= 0:
        end = place + len(word)
        if not (place and _LETTER.match(folded, place - 1)) and (is_cut or not _LETTER.match(folded, end)):
            return place
        place = folded.find(word, place + 1)
    return -1


def word_at(text: str, place: int) -> tuple[int, int]:
    """The word of a text as it was written that begins there.

    >>> word_at("Tea, Café", 5)
    (5, 9)
    """
    found = _WORD.match(text, place)
    return found.span() if found else (place, place)


def spans(text: str) -> Iterator[tuple[int, int]]:
    """Where the words stand in a text as it was written.

    >>> list(spans("Tea, Café"))
    [(0, 3), (5, 9)]
    """
    return (match.span() for match in _WORD.finditer(text))


def fold_spans(text: str, places: Iterable[tuple[int, int]]) -> list[str]:
    """The words at these places, as search knows them.

    >>> fold_spans("Tea, Café", [(0, 3), (5, 9)])
    ['tea', 'cafe']
    """
    if text.isascii():
        # Folding moves no letter here.
        whole = text.lower()
        return [whole[start:end][:LONGEST_WORD] for start, end in places]
    found = (text[start:end] for start, end in places)
    return [_folded_word(word) if len(word) <= LONGEST_WORD else fold(word)[:LONGEST_WORD] for word in found]


# A mailbox uses few words, again and again.
@lru_cache(maxsize=16_384)
def _folded_word(word: str) -> str:
    return fold(word)[:LONGEST_WORD]
