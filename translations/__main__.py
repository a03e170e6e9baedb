"""``make words``: bring every catalogue in step with the source and name what is not translated yet."""

import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webmail.settings")
os.environ.setdefault("HERON_DEBUG", "1")

import django

from translations import catalogue


def main() -> int:
    django.setup()
    source = catalogue.template_of(catalogue.source_phrases())
    lacking = 0
    for language in catalogue.languages():
        fresh = catalogue.renew(language, source)
        path = catalogue.po_path(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(catalogue.po_bytes(fresh))
        path.with_suffix(".mo").write_bytes(catalogue.mo_bytes(fresh))
        for phrase in catalogue.untranslated(fresh):
            lacking += 1
            sys.stderr.write(f"{language}: {phrase!r} is not translated\n")
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
