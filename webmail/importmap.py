"""Names of the site's script modules: files of ``static/js`` flow in, one import map flows out.

Scripts import each other as ``heron/<name>``, because collected files carry a hash in their names
and a relative import would load the same module twice. The map is the only inline script of a page,
so the content security policy names its hash.
"""

import base64
import hashlib
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.utils.safestring import SafeString
from django_prose_editor.widgets import importmap as editor_map
from js_asset import ImportMap


def _modules() -> dict[str, str]:
    root = Path(settings.BASE_DIR, "static", "js")
    found = sorted(path.relative_to(root) for path in root.rglob("*.js"))
    return {f"heron/{path.with_suffix('').as_posix()}": f"js/{path.as_posix()}" for path in found}


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
