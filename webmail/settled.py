"""What a template of Jinja2 says alike in each answer is worked out when it is compiled. Screens room: a tree flows in
and out.

A reading pane has a hundred phrases and icons, and Jinja2 takes longer to call a function than most of them take to
answer. Here templates are compiled for one language each, so that its phrases are words of the template like all
others, and what is made of constants alone joins what stands around it. What else is called of ours is called as
filters are: for them Jinja2 finds out once, not at each call, what they want to be given beside their arguments.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils import translation
from jinja2 import Environment, nodes
from jinja2.visitor import NodeTransformer
from markupsafe import Markup


class SettledEnvironment(Environment):
    """Its templates are those of ``language``, or of any while that is empty: then nothing is settled.

    ``constant`` are functions that answer the same arguments alike in that language, as long as the process lives: with
    text, which is escaped, or safe HTML. ``direct`` are filters that templates call by the same name. A template must
    set none of these names.
    """

    language: str = ""
    constant: Mapping[str, Callable[..., str]] = {}
    direct: frozenset[str] = frozenset()

    def spoken_in(self, language: str) -> "SettledEnvironment":
        """The same for templates of one language, with a cache of its own."""
        made = self.overlay()
        made.language = language
        return made

    def _generate(self, source: nodes.Template, *args: Any, **options: Any) -> str:
        if not self.language:
            return super()._generate(source, *args, **options)
        with translation.override(self.language):
            return super()._generate(_Settling(self).visit(source), *args, **options)


class _Settling(NodeTransformer):
    def __init__(self, environment: SettledEnvironment) -> None:
        self._environment = environment

    def visit_Call(self, node: nodes.Call) -> nodes.Node:
        """Innermost first, so that an icon with a phrase beside it is a constant too."""
        self.generic_visit(node)
        name = node.node.name if isinstance(node.node, nodes.Name) else ""
        if not node.args or node.kwargs or node.dyn_args or node.dyn_kwargs:
            return node
        constants = [one.value for one in node.args if isinstance(one, nodes.Const)]
        if name in self._environment.constant and len(constants) == len(node.args):
            said = self._environment.constant[name](*constants)
            safe = Markup(said) if hasattr(said, "__html__") else str(said)  # noqa: S704  it says so itself
            return nodes.Const(safe, lineno=node.lineno)
        if name in self._environment.direct:
            first, *others = node.args
            return nodes.Filter(first, name, others, [], None, None, lineno=node.lineno, environment=node.environment)
        return node
