"""All vectors: our own, and the suites of other sanitisers where they lie beside the repository."""

import json
from collections.abc import Sequence
from typing import TypeVar

from tests.corpus import corpus_files
from tests.render.vectors import VECTORS, Vector

Item = TypeVar("Item")


def own_vectors() -> list[Vector]:
    return list(VECTORS)


def suite_vectors() -> list[Vector]:
    """Of the corpus; skips the test where it is absent."""
    found = []
    for path in corpus_files("xss", ".jsonl"):
        for line in path.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            found.append(Vector(f"{path.stem}/{entry['name']}", entry["html"]))
    return found


def batches(items: Sequence[Item], size: int) -> list[Sequence[Item]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
