"""Static files that are made, not written: the sprite of icons, all style sheets as one, one script for a page.

Names of parts flow in, files flow out when static files are found or collected; none of them is part
of the repository. One style sheet is one request in place of a dozen, and the cascade layers keep
each part as separate as its own file is; ``webmail/modules.py`` does the same for scripts.
"""

import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial
from pathlib import Path
from threading import get_ident
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.checks import CheckMessage
from django.core.files.storage import FileSystemStorage, Storage

from webmail.icons import ICONS, SPRITE, build_sprite
from webmail.modules import join_modules

STYLES = "css/heron.css"

#: The parts in their order. Within one layer the later one wins.
SHEETS = (
    *("tokens", "base", "layout", "components", "overlays", "states"),
    *("mailbox", "reading", "mail", "search", "compose", "editor", "ink", "settings", "status", "auth", "viewer"),
    *("touch", "print"),
)

#: The script of each kind of page and the modules it begins with, in their order; templates name the files.
SCRIPTS = {
    "js/page/mailbox.js": ("shell", "signout", "compose", "mail/start"),
    "js/page/offline.js": ("offline",),
    "js/page/plain.js": ("shell", "signout"),
    "js/page/print.js": ("shell", "mail/print"),
    "js/page/share.js": ("share",),
    "js/page/settings.js": ("shell", "signout", "settings"),
    "js/page/source.js": ("shell", "signout", "copy"),
    "js/page/writing.js": ("shell", "signout", "compose"),
    "js/page/outbox.js": ("shell", "signout", "compose", "compose/outbox"),
}


#: Strings are met first, as one of them may hold what begins a comment (CSS Syntax Module Level 3, §4.3).
#: Room around brackets, commas and semicolons, and after the colon of a property, says nothing; before a colon it does,
#: as ``a :hover`` is something in ``a``.
_UNREAD = re.compile(
    r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|/\*.*?\*/|\s*([{};,])\s*|(:)\s+|^[ \t]+""", re.DOTALL | re.MULTILINE
)


def join_sheets(folder: Path, names: Iterable[str] = SHEETS) -> str:
    """The sheets one after the other, without what only people read. Raises ``FileNotFoundError`` for one that is not
    there."""
    whole = "\n".join((folder / f"{name}.css").read_text(encoding="utf-8") for name in names)
    return re.sub(r"\n{2,}", "\n", _UNREAD.sub(r"\1\2\3", whole))


@lru_cache(maxsize=1)
def _sprite() -> str:
    return build_sprite(ICONS)


def _styles() -> str:
    return join_sheets(Path(settings.BASE_DIR, "static", "css"))


def read_module(name: str) -> str:
    """The text of one of our script modules. Raises ``FileNotFoundError``."""
    return Path(settings.BASE_DIR, "static", "js", f"{name}.js").read_text(encoding="utf-8")


MADE: dict[str, Callable[[], str]] = {
    SPRITE: _sprite,
    STYLES: _styles,
    **{path: partial(join_modules, entries, read_module) for path, entries in SCRIPTS.items()},
}


@lru_cache(maxsize=1)
def _folder() -> "tempfile.TemporaryDirectory[str]":
    """A private folder that holds what was made for as long as this process lives."""
    return tempfile.TemporaryDirectory(prefix="heron-static-")


def _make(name: str) -> Path:
    """The made file, made again when its parts changed (while debugging, at each request)."""
    path = Path(_folder().name, name)
    text = MADE[name]()
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Put in place whole: another thread may be serving the old one.
        fresh = path.with_name(f"{path.name}.{get_ident()}")
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
    return path


class MadeFilesFinder(BaseFinder):
    """Offers the made files to ``collectstatic`` and, while debugging, to the static server."""

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        """The absolute path of a made file, else nothing ([] in Django's terms)."""
        if path not in MADE:
            return []
        made = str(_make(path))
        return [made] if find_all else made

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Storage]]:
        storage = FileSystemStorage(location=_folder().name)
        storage.prefix = ""  # type: ignore[attr-defined]  # collectstatic reads it
        for name in MADE:
            _make(name)
            yield name, storage
