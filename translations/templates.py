"""Phrases of templates: files flow in, what they will ask gettext for flows out.

Each language's own parser reads its templates, Django's and Jinja2's, so that the phrases are to the letter those that
are looked up later.
"""

from collections.abc import Iterator
from pathlib import Path

from django.template import Engine, Template
from django.template.base import FilterExpression, Node, Variable
from django.templatetags.i18n import BlockTranslateNode, TranslateNode

from translations.code import ASKS
from translations.said import Said
from webmail.parts import environment


def template_phrases(root: Path, folder: Path) -> Iterator[Said]:
    """All phrases of the templates in ``folder``; places are named from ``root``."""
    engine = Engine.get_default()
    for path in sorted(folder.rglob("*")):
        where = path.relative_to(root).as_posix()
        if path.suffix in {".html", ".txt"}:
            template = Template(path.read_text(encoding="utf-8"), engine=engine)
            for kind in (TranslateNode, BlockTranslateNode):
                for node in template.nodelist.get_nodes_by_type(kind):
                    yield _phrase(node, where)
        elif path.suffix == ".jinja":
            yield from part_phrases(path.read_text(encoding="utf-8"), where)


def part_phrases(source: str, where: str) -> Iterator[Said]:
    """The phrases of a template in Jinja2."""
    for _line, function, found in environment().extract_translations(source):  # type: ignore[attr-defined]
        arguments = found if isinstance(found, tuple) else (found,)
        text, plural, context = ("" if at is None else arguments[at] for at in ASKS[function])
        yield Said(text, where, plural, context)


def _phrase(node: Node, where: str) -> Said:
    if isinstance(node, BlockTranslateNode):
        text, _ = node.render_token_list(node.singular)
        plural = node.render_token_list(node.plural)[0] if node.plural else ""
        if node.trimmed:
            text, plural = _trimmed(text), _trimmed(plural)
        return Said(text, where, plural, _constant(node.message_context))
    assert isinstance(node, TranslateNode)
    # As Variable.resolve asks for it.
    text = str(node.filter_expression.var.literal).replace("%", "%%")
    return Said(text, where, "", _constant(node.message_context))


def _trimmed(text: str) -> str:
    return " ".join(line.strip() for line in text.strip().splitlines() if line.strip())


def _constant(expression: FilterExpression | None) -> str:
    if expression is None:
        return ""
    return str(expression.var.literal if isinstance(expression.var, Variable) else expression.var)
