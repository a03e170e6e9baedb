"""Emoji to put into a message: a reader's language and words flow in, characters with their names flow out. Pure.

The names are those of Unicode's CLDR as the ``emoji`` package brings them, in English where it lacks the language.
Which are offered before anything is looked for, and in what order, is Heron's own choice.
"""

from dataclasses import dataclass
from functools import lru_cache

import emoji
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy

from mailsync.message.words import fold

#: More would be a wall to look through; another word finds fewer.
MOST_FOUND = 96

_OFFERED: tuple[tuple[Promise, str], ...] = (
    (
        gettext_lazy("Faces"),
        "😀 😃 😄 😁 😅 😂 🤣 🙂 🙃 😉 😊 😇 🥰 😍 😘 😋 😜 🤪 🤗 🤭 🤔 🤨 😐 😑 "
        "😏 🙄 😬 😌 😴 🤒 🤕 🥵 🥶 🤯 🥳 😎 🤓 😕 🙁 😮 😳 🥺 😢 😭 😱 😞 😤 😡 "
        "🤐 😈",
    ),
    (
        gettext_lazy("Hands and people"),
        "👍 👎 👌 🤌 🤞 ✌️ 🤟 👈 👉 👆 👇 ☝️ 👋 🤚 ✋ 👏 🙌 👐 🤝 🙏 💪 ✍️ 👀 🧠 "
        "🤷 🤦 🙋 🙇 💁 🚶 🏃 💃 🕺 👶 👧 👦 👩 👨 👵 👴 👪",
    ),
    (
        gettext_lazy("Hearts and parties"),
        "❤️ 🧡 💛 💚 💙 💜 🖤 🤍 💔 💕 💖 💌 🎉 🎊 🎈 🎁 🎂 🍾 🥂 🎄 🎃 🎆 ✨ ⭐ 🌟 🔥 💯 🏆 🥇 🥈 🥉 🏅",
    ),
    (
        gettext_lazy("Animals and nature"),
        "🐶 🐱 🐭 🐰 🦊 🐻 🐼 🐨 🦁 🐮 🐷 🐸 🐔 🐧 🐦 🦉 🦆 🐴 🦄 🐝 🦋 🐌 🐞 🐢 "
        "🐙 🐬 🐳 🐟 🌱 🌲 🌳 🌵 🍀 🍁 🍂 🌷 🌹 🌻 🌸 💐 🌍 🌙 ☀️ ⛅ ☁️ 🌧️ ⛈️ ❄️ "
        "☃️ 🌈 🌊 💧",
    ),
    (
        gettext_lazy("Food and drink"),
        "☕ 🍵 🥛 🍺 🍻 🍷 🍹 🧃 🍎 🍐 🍊 🍋 🍌 🍉 🍇 🍓 🍒 🍑 🥑 🍅 🥕 🌽 🍄 🍞 "
        "🥐 🥨 🧀 🍳 🥗 🍲 🍝 🍕 🍔 🍟 🌮 🍣 🍚 🍦 🍰 🧁 🍫 🍪",
    ),
    (
        gettext_lazy("Travel and sport"),
        "🚗 🚕 🚌 🚑 🚒 🚲 🛵 🚂 🚆 ✈️ 🚀 ⛵ ⚓ 🗺️ 🏠 🏢 🏥 🏫 🏖️ 🏔️ ⛺ 🗽 ⚽ 🏀 🎾 🏐 🏓 🏊 🚴 ⛷️ 🎯 🎲 🎮 🎸 🎹 🎨 🎭 🎬",
    ),
    (
        gettext_lazy("Things and signs"),
        "📧 📎 📅 📌 📍 📝 ✏️ 📖 📚 💼 📁 📊 📈 📉 🔍 🔒 🔑 💡 🔔 ⏰ ⌛ 📞 📱 💻 "
        "🖨️ 📷 💰 💳 🛒 🔧 🔨 🧰 ✅ ☑️ ❌ ❓ ❗ ⚠️ ⛔ ♻️ ➡️ ⬅️ ⬆️ ⬇️ 🔗 💬 💤 🆗",
    ),
)
_SKIN_TONES = frozenset(map(chr, range(0x1F3FB, 0x1F400)))


@dataclass(frozen=True, slots=True)
class Emoji:
    """One character, or a sequence that is drawn as one, and what a reader's language calls it."""

    text: str
    name: str


@dataclass(frozen=True, slots=True)
class Group:
    title: Promise
    emoji: tuple[Emoji, ...]


def emoji_groups() -> tuple[Group, ...]:
    """What is offered at first, in groups."""
    names = dict(_named(_language()))
    return tuple(
        Group(title, tuple(Emoji(text, names[text][0]) for text in offered.split())) for title, offered in _OFFERED
    )


def find_emoji(words: str) -> tuple[Emoji, ...]:
    """Those whose names have a word that begins with each of the given ones; what is offered at first comes first."""
    wanted = _folded(words)
    if not wanted:
        return ()
    found = [
        Emoji(text, name)
        for text, (name, known_as) in _named(_language())
        if all(any(word.startswith(one) for word in known_as) for one in wanted)
    ]
    return tuple(found[:MOST_FOUND])


def _language() -> str:
    language = (get_language() or "en").partition("-")[0]
    return language if language in emoji.LANGUAGES else "en"


@lru_cache(maxsize=4)
def _named(language: str) -> tuple[tuple[str, tuple[str, frozenset[str]]], ...]:
    """Each emoji, its name, and the folded words it is found by: its own name's, and the English ones people know from
    chats. Skin tones and spellings without a variation selector are left out: they are drawn as others are."""
    emoji.config.load_language(language)
    offered = {text: place for place, text in enumerate(" ".join(one for _title, one in _OFFERED).split())}
    named = []
    for text, facts in emoji.EMOJI_DATA.items():
        if facts["status"] != emoji.STATUS["fully_qualified"] or _SKIN_TONES & set(text):
            continue
        name = _plain(facts.get(language) or facts["en"])
        aliases = " ".join(map(_plain, (facts["en"], *facts.get("alias", ()))))
        named.append((text, (name, frozenset(_folded(f"{name} {aliases}")))))
    named.sort(key=lambda one: offered.get(one[0], len(offered)))
    return tuple(named)


def _folded(words: str) -> list[str]:
    return fold(words).replace("-", " ").split()


def _plain(short_code: str) -> str:
    return short_code.strip(":").replace("_", " ")
