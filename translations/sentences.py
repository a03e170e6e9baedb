"""Sentences of ``mailsync``, which speaks English only: modules flow in, the sentences flow out as patterns. Pure.

Workers speak to nobody in particular, and what they say is stored, so it stays English and
``webmail/present/said.py`` recognises it on the screen. A sentence is a string that reads like one: it begins with a
capital, a quotation mark or a value, and ends with a full stop, or with a value that is a sentence itself. The parts
of an f-string become ``{named}`` places. Parts of sentences are found by the tables below. Log lines, ``detail`` and
programmers' errors are left out.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from translations.code import ASKS, name_of
from translations.said import Said

CONTEXT = "mail"

_SENTENCE = re.compile(r"(?:[A-Z“]|\{\w+\}|[a-z]+:).* .*[.!?](?: \{\w+\})?", re.DOTALL)
_NOT_FOR_USERS = frozenset({"TypeError", "RuntimeError", "AssertionError", "KeyError", "CommandError"})
_LOGS = frozenset({"debug", "info", "warning", "error", "exception", "log"})
_NOT_SAID = frozenset({"detail", "help", "help_text", "description"})
#: Constants whose strings are parts of sentences, by file.
_PARTS = {
    "mailsync/protocol/tls.py": {"_CERTIFICATE_PROBLEMS"},
    "mailsync/store/reported.py": {"REASONS", "_SAID"},
}
#: Parts that stand within the code, and their files.
_SPOKEN_PARTS = {
    "The provider's sending limit": "mailsync/engine/deliver.py",
    "Your administrator's sending limit": "mailsync/engine/deliver.py",
    " for everyone": "mailsync/store/throttle.py",
}
_SKIPPED = frozenset({"migrations", "management", "admin.py"})


def mail_sentences(root: Path, folder: Path) -> Iterator[Said]:
    for path in sorted(folder.rglob("*.py")):
        if not _SKIPPED & set(path.parts):
            where = path.relative_to(root).as_posix()
            source = path.read_text(encoding="utf-8")
            yield from read_sentences(source, where)
            yield from _parts(source, where)


def _parts(source: str, where: str) -> Iterator[Said]:
    for text, file in _SPOKEN_PARTS.items():
        if file == where and text in source:
            yield Said(text.strip(), where, context=CONTEXT)
    for node in ast.parse(source).body if where in _PARTS else ():
        names = {getattr(target, "id", "") for target in getattr(node, "targets", [getattr(node, "target", None)])}
        if names & _PARTS[where]:
            for one in ast.walk(node):
                if isinstance(one, ast.Constant) and isinstance(one.value, str) and " " in one.value:
                    yield Said(one.value, where, context=CONTEXT)


def provider_hints(root: Path, path: Path) -> Iterator[Said]:
    """What the table of providers says to know before signing in."""
    rows = tomllib.loads(path.read_text(encoding="utf-8"))
    for row in rows.values():
        if isinstance(row, dict) and row.get("help"):
            yield Said(row["help"], path.relative_to(root).as_posix(), context=CONTEXT)


def read_sentences(source: str, where: str) -> Iterator[Said]:
    tree = ast.parse(source)
    yield from _walk(tree, where)


def _walk(node: ast.AST, where: str) -> Iterator[Said]:
    if isinstance(node, ast.Call):
        name = name_of(node)
        if name in ASKS or name in _NOT_FOR_USERS or (name in _LOGS and isinstance(node.func, ast.Attribute)):
            return
    if isinstance(node, ast.keyword) and node.arg in _NOT_SAID:
        return
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return  # a docstring
    if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        text = _pattern(node)
        if _SENTENCE.fullmatch(text.strip()) and re.search(r"[a-z]{3} |^[A-Z][a-z]+ ", text):
            yield Said(text.strip(), where, context=CONTEXT)
        return
    for child in ast.iter_child_nodes(node):
        yield from _walk(child, where)


def _pattern(node: ast.JoinedStr | ast.Constant) -> str:
    """The text with a named place for each value: ``{settings.host} did not answer.`` has a ``{host}``."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    parts: list[str] = []
    names: set[str] = set()
    for part in node.values:
        if isinstance(part, ast.Constant):
            parts.append(str(part.value))
        elif isinstance(part, ast.FormattedValue):
            name = _place(part.value, names)
            names.add(name)
            parts.append(f"{{{name}}}")
    return "".join(parts)


def _place(value: ast.expr, taken: set[str]) -> str:
    words = [word for word in re.findall(r"[a-z]\w*", ast.unparse(value)) if word not in {"self", "str", "len"}]
    name = getattr(value, "attr", "") or getattr(value, "id", "") or (words[0] if words else "value")
    while name in taken:
        name += "_"
    return name
