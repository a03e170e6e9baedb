"""One language's catalogue: ``django.po``, which translators edit, and ``django.mo``, which Django reads.

Both are in the repository, so that a checkout runs without gettext's tools; a test holds them in step.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings

from translations.code import code_phrases
from translations.said import Said
from translations.sentences import mail_sentences, provider_hints
from translations.templates import template_phrases

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "webmail" / "locale"
_NO_NEWS = tuple(
    f'"{name}'
    for name in ("POT-Creation", "PO-Revision", "Generated-By", "Report-Msgid", "Last-Translator", "Language-Team")
)
#: Dates of today and names of tools would make every renewal a change.
_DAY = datetime(2026, 1, 1, tzinfo=UTC)


def source_phrases() -> Iterator[Said]:
    """Everything that the site says, in the order of the source. Django must be set up."""
    for folder in ("accounts", "webmail", "mailsync"):
        yield from code_phrases(ROOT, ROOT / folder)
    yield from template_phrases(ROOT, ROOT / "templates")
    yield from mail_sentences(ROOT, ROOT / "mailsync")
    yield from provider_hints(ROOT, ROOT / "accounts" / "providers.toml")


def template_of(phrases: Iterable[Said]) -> Catalog:
    """The phrases as a catalogue without translations."""
    catalogue = Catalog(domain="django", fuzzy=False)
    for said in phrases:
        ids = (said.text, said.plural) if said.plural else said.text
        catalogue.add(ids, locations=[(said.where, 0)], context=said.context or None)
    return catalogue


def po_path(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / "django.po"


def load(language: str) -> Catalog:
    with po_path(language).open("rb") as file:
        found = read_po(file, locale=language, domain="django")
    found.creation_date = found.revision_date = _DAY
    return found


def renew(language: str, source: Catalog) -> Catalog:
    """The catalogue in step with the source: new phrases are empty, gone ones are dropped, nothing is guessed."""
    old = load(language) if po_path(language).exists() else Catalog(locale=language, domain="django", fuzzy=False)
    fresh = Catalog(
        locale=language,
        domain="django",
        fuzzy=False,
        header_comment=f"# {language}: made by `make words`, translated by hand.",
        project="Heron",
        creation_date=_DAY,
        revision_date=_DAY,
    )
    for message in source:
        if message.id:
            known = old.get(message.id, message.context)
            fresh.add(
                message.id,
                known.string if known else None,
                locations=message.locations,
                flags=message.flags,
                context=message.context,
            )
    return fresh


def po_bytes(catalogue: Catalog) -> bytes:
    file = BytesIO()
    write_po(file, catalogue, width=110, omit_header=False, sort_output=True, include_lineno=False)
    lines = file.getvalue().decode().splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(_NO_NEWS)]
    return "".join(kept).encode()


def mo_bytes(catalogue: Catalog) -> bytes:
    file = BytesIO()
    write_mo(file, catalogue)
    return file.getvalue()


def untranslated(catalogue: Catalog) -> list[str]:
    """Phrases without a translation in every form."""
    lacking = []
    for message in catalogue:
        forms = message.string if isinstance(message.string, (list, tuple)) else (message.string,)
        if message.id and (message.fuzzy or not all(forms)):
            lacking.append(str(message.id))
    return lacking


def languages() -> list[str]:
    return [code for code, _ in settings.LANGUAGES if code != "en"]
