"""The language of a text by its script and its commonest words. Pure, and bounded to the first 3,000 characters."""

import re
from collections import Counter

_SAMPLE_CHARS = 3000
_WORD = re.compile(r"[^\W\d_]+")
_SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7af]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("ar", re.compile("[\u0600-\u06ff]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
    ("hi", re.compile("[\u0900-\u097f]")),
)
#: None of those scripts begins below.
_BEYOND_LATIN = re.compile("[\u0370-\U0010ffff]")
_COMMON = {
    "en": "the and to of you your for is this that with have are we will not from it be can our on",
    "de": "der die und das ist nicht sie wir mit für ein eine auf ich zu den von im dem auch bitte wenn",
    "fr": "le la les et des vous de une est pour pas nous que dans sur votre avec au du merci",
    "es": "el la los que de y en un por con para una es no su se las del más gracias como",
    "it": "il di che la per un è non con sono del una le si della alla grazie questo anche",
    "pt": "o de que não para uma com os é do da em por você mais as obrigado seu sua",
    "nl": "de het een en van is niet dat voor op je met zijn te wij aan ook u uw",
    "sv": "och att det som en på är av för med inte till den har vi jag ett om du",
    "da": "og at det er en til på af for med ikke den har vi jeg der et som du",
    "nb": "og at det er en til på av for med ikke den har vi jeg som et du å",
    "fi": "ja on ei se että en hän oli mutta kun niin myös tai ole ovat kiitos",
    "pl": "i w na nie do że się z jest to o jak za po co dla oraz przez proszę",
    "cs": "a se na je že v to s z do o jsem ale by jako pro za jsou prosím",
    "hu": "a az és hogy nem is egy van meg de ez ha csak köszönöm el már",
    "tr": "ve bir bu için de da ile çok ne gibi daha var olarak en ben siz",
    "ro": "și în de la nu cu un o pe că este mai din pentru sunt vă",
    "ru": "и в не на что я с как это по но к у вы за для от мы так",
    "uk": "і в не на що я з як це та до у ви за для від ми так є",
    "bg": "и на да за не се от в с е че по са как това към",
}
#: Of these languages PostgreSQL has a stemmer (§12.6.6); its dictionary.
STEMMERS = {
    "ar": "arabic_stem",
    "da": "danish_stem",
    "de": "german_stem",
    "el": "greek_stem",
    "en": "english_stem",
    "es": "spanish_stem",
    "fi": "finnish_stem",
    "fr": "french_stem",
    "hi": "hindi_stem",
    "hu": "hungarian_stem",
    "it": "italian_stem",
    "nb": "norwegian_stem",
    "nl": "dutch_stem",
    "pt": "portuguese_stem",
    "ro": "romanian_stem",
    "ru": "russian_stem",
    "sv": "swedish_stem",
    "tr": "turkish_stem",
}
_LANGUAGES_OF: dict[str, list[str]] = {}
for _language, _words in _COMMON.items():
    for _word in set(_words.split()):
        _LANGUAGES_OF.setdefault(_word, []).append(_language)


def guess_language(text: str) -> str:
    """An ISO 639-1 code, or "" where the text is too short or too mixed to say.

    >>> guess_language("Wir freuen uns auf Sie und senden Ihnen die Unterlagen mit der Post.")
    'de'
    """
    sample = text[:_SAMPLE_CHARS]
    if _BEYOND_LATIN.search(sample):
        for language, script in _SCRIPTS:
            if len(script.findall(sample)) * 5 > len(sample):
                return language
    words = Counter(_WORD.findall(sample.lower()))
    total = words.total()
    if total < 5:
        return ""
    counts = dict.fromkeys(_COMMON, 0)
    for word, count in words.items():
        for language in _LANGUAGES_OF.get(word, ()):
            counts[language] += count
    scores = sorted(((count, language) for language, count in counts.items()), reverse=True)
    best, language = scores[0]
    return language if best >= 2 and best * 10 >= total and best > scores[1][0] else ""
