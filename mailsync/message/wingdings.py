"""Letters that stand for signs because they are in the font Wingdings: Outlook writes a smiling face as a J. Pure.

Where the font is missing, and in an index, the letter is all there is. So what an element in Wingdings holds is read as
the signs meant, as far as mail programs write them: faces, hands, arrows, ticks and the bullets of Word's lists.
The font's own table: "Proposal to add Wingdings and Webdings symbols" (Unicode L2/11-052R).
"""

import re

#: A smiling face, an arrow, a bullet. What is longer are words, in a font that few have.
_MOST_SIGNS = 3
_SIGNS = {
    "!": "✏", '"': "✂", "(": "☎", ")": "✆", "*": "✉",
    "A": "✌", "B": "👌", "C": "👍", "D": "👎", "E": "☜", "F": "☞", "G": "☝", "H": "☟", "I": "✋",
    "J": "☺", "K": "😐", "L": "☹", "M": "💣", "N": "☠", "Q": "✈", "R": "☼", "S": "💧", "T": "❄",
    "l": "●", "m": "❍", "n": "■", "o": "□", "q": "❑", "r": "❒", "s": "⬧", "t": "⧫", "u": "◆", "v": "❖", "w": "⬥",
    "¡": "○", "¤": "◉", "§": "▪", "¨": "◻", "«": "★", "¬": "✶",
    "Ø": "➢", "ß": "←", "à": "→", "á": "↑", "â": "↓", "è": "➔", "ï": "⇦", "ð": "⇨", "ñ": "⇧", "ò": "⇩", "ó": "⬄",
    "û": "✗", "ü": "✓", "ý": "☒", "þ": "☑",
}  # fmt: skip
#: Word also names such a sign by its place in the private use area.
_TABLE = {ord(letter) + base: sign for letter, sign in _SIGNS.items() for base in (0, 0xF000)}
_FONT = re.compile(
    r"""(?<![\w-])(?:font(?:-family)?\s*:|face\s*=)(?:\s|["']|&quot;)*+(wingdings(?![\w-]|\s*[23]))?""", re.IGNORECASE
)


def names_wingdings(source: str) -> bool:
    """Whether the font may be named anywhere in an HTML source."""
    return "ingdings" in source or "ingdings" in source.lower()


def is_in_wingdings(attributes: str) -> bool | None:
    """What the style or the face among an element's attributes says of its font; None where it says nothing.

    >>> is_in_wingdings("style='font-family:Wingdings'"), is_in_wingdings("face=Arial"), is_in_wingdings("class=a")
    (True, False, None)
    """
    fonts = _FONT.findall(attributes)
    return bool(fonts[-1]) if fonts else None


def read_signs(text: str) -> str:
    """The signs that a text in Wingdings shows; the text as it is where it is something else.

    >>> read_signs("J"), read_signs("à "), read_signs("Jolly")
    ('☺', '→ ', 'Jolly')
    """
    letters = text.strip()
    if len(letters) <= _MOST_SIGNS and all(ord(letter) in _TABLE or letter.isspace() for letter in letters):
        return text.translate(_TABLE)
    return text
