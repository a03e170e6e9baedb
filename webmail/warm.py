"""What a web process does before its first request, so that nobody waits for it: addresses, templates and words are
loaded, and what will live as long as the process is put out of the garbage collector's sight."""

import gc
from importlib import import_module

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib.auth import get_backends
from django.core.cache import caches
from django.template import Engine, engines
from django.urls import get_resolver
from django.utils.formats import get_format
from django.utils.module_loading import import_string
from django.utils.translation import gettext, override

from webmail.parts import spoken
from webmail.render import isolated

#: Of the templates, those that an opened mailbox shows.
_FOLDERS = ("", "mail", "shell", "compose")


def warm_up() -> None:
    """Load all that, then collect once. A full collection stops every request of the process for a tenth of a second;
    afterwards there is little left for one to look through."""
    isolated.start()  # and loads its modules while this process loads its own
    get_resolver().reverse_dict  # noqa: B018  imports every view
    for language, _name in settings.LANGUAGES:
        with override(language):
            gettext("Archive")
            get_format("DATE_FORMAT")
    _load_named()
    root = settings.BASE_DIR / "templates"
    parts = [spoken(language) for language, _name in settings.LANGUAGES]
    for path in (path for folder in _FOLDERS for path in sorted((root / folder).glob("*.*"))):
        for engine in parts if path.suffix == ".jinja" else [engines["django"]]:
            engine.get_template(path.relative_to(root).as_posix())
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _load_named() -> None:
    """What the settings name is else loaded by whoever asks first."""
    get_backends()
    get_adapter()
    caches["default"].get_backend_timeout()
    for name in ("psycopg_pool", settings.SESSION_ENGINE, "django.contrib.messages.storage.fallback"):
        import_module(name)
    for path in (*Engine.get_default().context_processors, settings.SESSION_SERIALIZER):
        import_string(path)
