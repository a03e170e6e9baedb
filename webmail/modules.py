"""Script modules joined into one file a page: our own ES modules flow in, one module flows out. Pure.

A mailbox is made of some twenty small modules; asked for one by one they are twenty requests, each
known only once the one before has arrived. Here each becomes a function that runs in the order of
the imports and returns what it exports, so that it keeps its names to itself as a module does. What
this cannot say is refused: imports in a circle, exports that change, and default exports. An import
of something that is not ours, and ``import()``, stay as they are for the browser's import map.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

#: Our modules import each other by this prefix and their path without ending.
PREFIX = "heron/"

_IMPORT = re.compile(r'^import (?:\{([^}]*)\} from )?"([^"]+)";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (async function\*?|function\*?|class|const) ([\w$]+)", re.MULTILINE)
#: Lines of comment; no string of ours spans lines, so none of them is part of one.
_COMMENT = re.compile(r"^[ \t]*(?:/\*(?:(?!\*/).)*\*/|//[^\n]*)[ \t]*\n", re.MULTILINE | re.DOTALL)
#: Nor does the beginning of a line say anything.
_INDENT = re.compile(r"^[ \t]+", re.MULTILINE)
_LEFT = re.compile(r"^\s*(?:export|import)\b(?!\s*\().*", re.MULTILINE)


class CannotJoin(ValueError):
    """A module says something that a joined file cannot; the text names the module and what to change."""


@dataclass(frozen=True, slots=True)
class _Module:
    name: str
    body: str
    imports: tuple[tuple[str, str], ...]
    exports: tuple[str, ...]


def join_modules(entries: Sequence[str], read: Callable[[str], str]) -> str:
    """One module that does what these do, each once and in the order in which a browser would run them.

    ``read`` gives a module's text by its name without ``PREFIX``. Raises ``CannotJoin``.
    """
    order: list[_Module] = []
    for name in entries:
        _visit(name, read, order, path=())
    outside = sorted({line for module in order for line in _outside(module)})
    return "\n".join([*outside, "const modules = {};", *map(_wrap, order)]) + "\n"


def joined_names(entries: Sequence[str], read: Callable[[str], str]) -> list[str]:
    """The modules that these entries bring along, themselves included. Raises ``CannotJoin``."""
    order: list[_Module] = []
    for name in entries:
        _visit(name, read, order, path=())
    return [module.name for module in order]


def _visit(name: str, read: Callable[[str], str], order: list[_Module], path: tuple[str, ...]) -> None:
    if name in path:
        raise CannotJoin(f"{' → '.join([*path[path.index(name) :], name])} import each other in a circle.")
    if any(module.name == name for module in order):
        return
    module = _parse(name, read(name))
    for named, source in module.imports:
        if source.startswith(PREFIX):
            _visit(source.removeprefix(PREFIX), read, order, (*path, name))
            _check_names(name, named, next(one for one in order if PREFIX + one.name == source))
    order.append(module)


def _check_names(name: str, named: str, source: _Module) -> None:
    """A name that is not there would be undefined, and found out only when it is used."""
    for one in filter(None, (part.split(" as ")[0].strip() for part in named.split(","))):
        if one not in source.exports:
            raise CannotJoin(f"{name}: {source.name} exports no {one}.")


def _parse(name: str, text: str) -> _Module:
    imports = tuple((named or "", source) for named, source in _IMPORT.findall(text))
    exports = tuple(found for _, found in _EXPORT.findall(text))
    body = _INDENT.sub("", _COMMENT.sub("", _EXPORT.sub(r"\1 \2", _IMPORT.sub("", text))))
    left = _LEFT.search(body)
    if left:
        raise CannotJoin(f"{name}: cannot join {left[0].strip()!r}. Import and export by name, one statement a line.")
    return _Module(name, body.strip(), imports, exports)


def _wrap(module: _Module) -> str:
    given = [
        f'const {{ {_names(named)} }} = modules["{source.removeprefix(PREFIX)}"];'
        for named, source in module.imports
        if source.startswith(PREFIX) and named
    ]
    body = "\n".join([*given, module.body, f"return {{ {', '.join(module.exports)} }};"])
    return f'/* {module.name} */\nmodules["{module.name}"] = (() => {{\n{body}\n}})();'


def _outside(module: _Module) -> list[str]:
    """Imports of other people's modules stand at the top of the file, where all functions see them."""
    return [
        f'import {{ {" ".join(named.split())} }} from "{source}";' if named else f'import "{source}";'
        for named, source in module.imports
        if not source.startswith(PREFIX)
    ]


def _names(named: str) -> str:
    """The names of an import as those of a destructuring: ``start as begin`` becomes ``start: begin``."""
    return " ".join(named.split()).replace(" as ", ": ")
