"""Messages and vectors that are too many, or not ours, to lie in the repository: found beside it, or skipped."""

from pathlib import Path

import pytest

_SHARED = Path(__file__).resolve().parents[2] / "shared"


def corpus_dir(name: str) -> Path:
    """The folder ``shared/corpus/<name>`` beside the repository; the test is skipped where it is absent."""
    folder = _SHARED / "corpus" / name
    if not folder.is_dir():
        pytest.skip(f"no {folder.name} corpus beside the repository")
    return folder


def corpus_files(name: str, *suffixes: str) -> list[Path]:
    """Every file of a corpus, in a stable order; with ``suffixes`` only those that end so."""
    found = sorted(path for path in corpus_dir(name).rglob("*") if path.is_file())
    return [path for path in found if not suffixes or path.suffix in suffixes]
