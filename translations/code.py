"""Phrases of Python code: modules flow in, what they hand to gettext flows out. Pure."""

import ast
from collections.abc import Iterator
from pathlib import Path

from translations.said import Said

#: Which argument is what, by the name of the function: text, plural, context.
ASKS: dict[str, tuple[int, int | None, int | None]] = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop"), (0, None, None)),
    **dict.fromkeys(("ngettext", "ngettext_lazy", "_forms"), (0, 1, None)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), (1, None, 0)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), (1, 2, 0)),
}


def code_phrases(root: Path, folder: Path) -> Iterator[Said]:
    """What the modules in ``folder`` ask gettext for with constant words."""
    for path in sorted(folder.rglob("*.py")):
        if "migrations" not in path.parts:
            yield from read_code(path.read_text(encoding="utf-8"), path.relative_to(root).as_posix())


def read_code(source: str, where: str) -> Iterator[Said]:
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        asks = ASKS.get(name_of(node))
        if asks is None:
            continue
        text, plural, context = (_constant(node, at) for at in asks)
        if text:
            yield Said(text, where, plural, context)


def name_of(call: ast.Call) -> str:
    """The last part of the name that is called: ``pgettext`` of ``translation.pgettext(…)``."""
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def _constant(call: ast.Call, at: int | None) -> str:
    if at is None or at >= len(call.args):
        return ""
    argument = call.args[at]
    return argument.value if isinstance(argument, ast.Constant) and isinstance(argument.value, str) else ""
