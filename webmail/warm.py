"""What a web process does before its first request, so that nobody waits for it: addresses, templates and words are
loaded, and what will live as long as the process is put out of the garbage collector's sight."""

import gc

from django.conf import settings
from django.template import engines
from django.urls import get_resolver
from django.utils.translation import gettext, override

from webmail.parts import ENGINE

#: Of the templates, those that an opened mailbox shows.
_FOLDERS = ("", "mail", "shell", "compose")


def warm_up() -> None:
    """Load all that, then collect once. A full collection stops every request of the process for a tenth of a second;
    afterwards there is little left for one to look through."""
    get_resolver().reverse_dict  # noqa: B018  imports every view
    for language, _name in settings.LANGUAGES:
        with override(language):
            gettext("Archive")
    root = settings.BASE_DIR / "templates"
    for path in (path for folder in _FOLDERS for path in sorted((root / folder).glob("*.*"))):
        engines[ENGINE if path.suffix == ".jinja" else "django"].get_template(path.relative_to(root).as_posix())
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
