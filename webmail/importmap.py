"""Names under which scripts are loaded later than their page: modules flow in, one import map flows out.

What a page needs at once is joined into one file (``webmail/assets.py``); a joined module must not be
reachable by its name too, or it would run twice. Left are modules behind an ``import()``, and the
editor's package. The map is the only inline script of a page, so the content security policy names its hash.
"""

import base64
import hashlib
from functools import lru_cache

from django.conf import settings
from django.utils.safestring import SafeString
from django_prose_editor.widgets import importmap as editor_map
from js_asset import ImportMap

#: Modules that are loaded when they are wanted. They import nothing of ours but each other.
LATE = (
    *("compose/adopting", "compose/answered", "compose/editor", "compose/emoji", "compose/listening", "compose/marked"),
    *("compose/markup", "compose/original", "compose/pasted", "compose/picture_size", "compose/picture_text"),
    *("compose/pictures", "compose/quotes", "compose/shared", "compose/toolbar", "compose/upload"),
    *("keyboard", "mail/meanwhile", "mail/pull", "mail/suggest", "mail/swipe", "mail/unseen"),
)


def _modules() -> dict[str, str]:
    return {f"heron/{name}": f"js/{name}.js" for name in LATE}


@lru_cache(maxsize=1)
def _built() -> tuple[SafeString, str]:
    text = SafeString(str(ImportMap(_modules()) | editor_map))
    inner = text[text.index(">") + 1 : text.rindex("</script>")]
    digest = hashlib.sha256(inner.encode()).digest()
    return text, f"sha256-{base64.b64encode(digest).decode()}"


def _current() -> tuple[SafeString, str]:
    if settings.DEBUG:  # a new module is found without a restart
        _built.cache_clear()
    return _built()


def import_map() -> SafeString:
    """The map as a ``<script type="importmap">`` element."""
    return _current()[0]


def import_map_hash() -> str:
    """The map's hash as a CSP source, without its quotes."""
    return _current()[1]
