"""Phrases of templates: files flow in, what their ``translate`` and ``blocktranslate`` will ask for flows out.

Django's own parser reads them, so that the phrases are to the letter those that are looked up later.
"""

from collections.abc import Iterator
from pathlib import Path

from django.template import Engine, Template
from django.template.base import FilterExpression, Node, Variable
from django.templatetags.i18n import BlockTranslateNode, TranslateNode

from translations.said import Said


def template_phrases(root: Path, folder: Path) -> Iterator[Said]:
    """All phrases of the templates in ``folder``; places are named from ``root``."""
    engine = Engine.get_default()
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".html", ".txt"}:
            template = Template(path.read_text(encoding="utf-8"), engine=engine)
            where = path.relative_to(root).as_posix()
            for kind in (TranslateNode, BlockTranslateNode):
                for node in template.nodelist.get_nodes_by_type(kind):
                    yield _phrase(node, where)


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
