"""Terms that the text index answers, as a query of that index. Pure.

In: terms. Out: the text of a PostgreSQL ``tsquery`` over the lexemes of ``message.lexemes``. Words of
one term stand next to each other; a message in which places had to be left out is found by its words.
"""

from mailsync.message.lexemes import FIELD_MARKS, INVITE, LANGUAGE_MARK, LONG
from mailsync.message.words import in_run, signs, words
from mailsync.plan.search_terms import (
    And,
    Field,
    Forms,
    Has,
    Not,
    Or,
    Symbols,
    Term,
    Words,
    either,
    every,
    negated,
    walk,
)

_WEIGHTS = {"subject": "A", "body": "CD"}


def without_empty(term: Term | None) -> Term | None:
    """The term without words that have no letter or digit to look for; None where nothing is left."""
    match term:
        case None:
            return None
        case Words(text):
            return term if words(text) else None
        case Not(below):
            found = without_empty(below)
            return negated(found) if found else None
        case And(terms):
            return every([found for below in terms if (found := without_empty(below))])
        case Or(terms):
            return either([found for below in terms if (found := without_empty(below))])
        case _:
            return term


def is_indexed(term: Term) -> bool:
    """Whether the text index alone can answer this."""
    match term:
        case Words() | Symbols() | Has("invite"):
            return True
        case Not(below):
            return is_indexed(below)
        case And(terms) | Or(terms):
            return all(map(is_indexed, terms))
        case _:
            return False


def names_a_word(term: Term) -> bool:
    """Whether every message that matches has a word the index can begin from."""
    match term:
        case Words() | Symbols() | Has("invite"):
            return True
        case And(terms):
            return any(map(names_a_word, terms))
        case Or(terms):
            return all(map(names_a_word, terms))
        case _:
            return False


def tsquery(term: Term, *, by_language: bool = True, by_weight: bool = True) -> str:
    """For a term that ``is_indexed``, without empty words. Another form of a word counts in messages of its language
    only; for what weighs messages that were found by it, ``by_language`` may be off. Without ``by_weight`` it does not
    matter whether a word stands in the subject or in the body.

    >>> tsquery(And((Words("two words"), Not(Words("ada", "from", prefix=True)))))
    "((('two' <-> 'words') | ('.xlong' & 'two' & 'words')) & !('.fada':*))"
    >>> tsquery(Words("ran", "subject", inflected=True, forms=(Forms("en", ("run", "runs")),)))
    "('ran':A | ('.yen' & ('run':A | 'runs':A)))"
    """

    def asked(term: Term) -> str:
        return tsquery(term, by_language=by_language, by_weight=by_weight)

    match term:
        case Words():
            return _phrase(term, by_language, by_weight)
        case Symbols(text, field):
            mark, weight = FIELD_MARKS.get(field, ""), _weight(field, by_weight)
            return f"({' & '.join(_lexeme(mark + sign, weight=weight) for sign in signs(text))})"
        case Has():
            return f"'{INVITE}'"
        case Not(below):
            return f"!({asked(below)})"
        case And(terms):
            return f"({' & '.join(map(asked, terms))})"
        case Or(terms):
            return f"({' | '.join(map(asked, terms))})"
        case _:
            raise TypeError(f"{type(term).__name__} is not answered by the text index")


def loosened(term: Term) -> str | None:
    """A query that names all that match, and hardly more, where the index answers it for much less: what it names is
    then asked the whole query, but only as much of it as a page is made of. None where there is nothing to gain.

    Without weights: the index has none, and so reads the text of each message that it names. An address without the end
    of its domain, which may be the beginning of a word: for that, the index gathers whatever begins so, and half of all
    mail of everybody here is from somebody whose address ends in "com". And without the places of its words, for which
    all texts would be read.

    >>> loosened(Words("tea", "body")), loosened(Words("ann@shop.com", "from", prefix=True))
    ("'tea'", "('.fann' & '.fshop')")

    For the places of other phrases all texts are read anyway, and what is not to match must not become more:

    >>> loosened(Words("tea")), loosened(Words("green tea", "body")), loosened(Not(Words("tea", "body")))
    (None, None, None)
    """
    parts = list(walk(term))
    if any(isinstance(part, Not) or (_is_phrase(part) and not _is_address(part)) for part in parts):
        return None
    found = _loose(term)
    return None if found == tsquery(term) else found


def _loose(term: Term) -> str:
    match term:
        case And(terms):
            return f"({' & '.join(map(_loose, terms))})"
        case Or(terms):
            return f"({' | '.join(map(_loose, terms))})"
        case Words() if _is_address(term):
            return f"({' & '.join(list(_lexemes(term, ''))[:-1])})"
        case _:
            return tsquery(term, by_weight=False)


def _is_phrase(term: Term) -> bool:
    return isinstance(term, Words) and len(words(term.text)) > 1


def _is_address(term: Term) -> bool:
    """Whole but for, perhaps, the end of its domain: the other words say well enough whose it is."""
    if not isinstance(term, Words) or not term.prefix or len(words(term.text)) < 3:
        return False
    _, at, domain = term.text.rpartition("@")
    return bool(at) and "." in domain


def _phrase(term: Words, by_language: bool, by_weight: bool) -> str:
    weight = _weight(term.field, by_weight)
    lexemes = list(_lexemes(term, weight))
    if len(lexemes) == 1:
        forms = [_in_language(one, weight, by_language) for one in term.forms]
        return f"({' | '.join([*lexemes, *forms])})" if forms else lexemes[0]
    return f"(({' <-> '.join(lexemes)}) | ('{LONG}' & {' & '.join(lexemes)}))"


def _in_language(forms: Forms, weight: str, by_language: bool) -> str:
    asked = " | ".join(_lexeme(word, weight=weight) for word in forms.words)
    return f"('{LANGUAGE_MARK}{forms.language}' & ({asked}))" if by_language else f"({asked})"


def _lexemes(term: Words, weight: str) -> list[str]:
    found = words(term.text)
    mark = FIELD_MARKS.get(term.field, "")
    asked: list[str] = []
    for number, word in enumerate(found):
        is_last = number == len(found) - 1
        if word.joined:
            text, star = word.text + found[number + 1].text, ""
        elif in_run(word.text):
            if is_last and number and found[number - 1].joined:
                # The pair before has this letter already.
                continue
            # A letter of a run begins the pair that stands in its place.
            text, star = word.text, "*"
        else:
            text, star = word.text, "*" if term.prefix and is_last else ""
        asked.append(_lexeme(mark + text, star, weight))
    return asked


def _weight(field: Field, by_weight: bool) -> str:
    return _WEIGHTS.get(field, "") if by_weight else ""


def _lexeme(text: str, star: str = "", weight: str = "") -> str:
    return f"'{text}'" + (f":{star}{weight}" if star or weight else "")
