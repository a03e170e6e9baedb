"""What a template of Jinja2 says alike in each answer is worked out when it is compiled. Screens room: a tree flows in
and out.

A reading pane has a hundred phrases and icons, and Jinja2 takes longer to call a function than most of them take to
answer. Here templates are compiled for one language each, so that its phrases are words of the template like all
others, and what is made of constants alone joins what stands around it. What is included is made part of who includes
it. What else is called of ours is called as filters are: for them Jinja2 finds out once, not at each call, what they
want to be given beside their arguments.
"""

from collections.abc import Callable, Mapping, MutableMapping
from html import escape
from typing import Any, cast

from django.utils import translation
from jinja2 import Environment, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.visitor import NodeTransformer
from markupsafe import Markup
from markupsafe import escape as escape_any


def written(value: object) -> str:
    """A value as safe text. Jinja2's own way makes an object of each, and a reading pane writes a hundred."""
    kind = type(value)
    if kind is str:
        return escape(cast(str, value))
    if kind is Markup:
        return cast(Markup, value)
    return str(value) if kind is int else escape_any(value)


class _Writing(CodeGenerator):
    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if frame.eval_ctx.volatile or not frame.eval_ctx.autoescape or finalize.src is not None:
            super()._output_child_pre(node, frame, finalize)
        else:
            self.write("environment.written(")


class SettledEnvironment(Environment):
    """Its templates are those of ``language``, or of any while that is empty: then nothing is settled.

    ``constant`` are functions that answer the same arguments alike in that language, as long as the process lives: with
    text, which is escaped, or safe HTML. ``direct`` are filters that templates call by the same name. A template must
    set none of these names.
    """

    code_generator_class = _Writing
    written = staticmethod(written)
    language: str = ""
    constant: Mapping[str, Callable[..., str]] = {}
    direct: frozenset[str] = frozenset()

    def spoken_in(self, language: str) -> "SettledEnvironment":
        """The same for templates of one language, with a cache of its own."""
        made = self.overlay()
        made.language = language
        return made

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Copied once for a template: Jinja2 would look through two tables for each name each time one is rendered."""
        return {**self.globals, **(d or {})}

    def _generate(self, source: nodes.Template, *args: Any, **options: Any) -> str:
        if not self.language:
            return super()._generate(source, *args, **options)
        with translation.override(self.language):
            return super()._generate(_Settling(self).visit(source), *args, **options)


class _Settling(NodeTransformer):
    def __init__(self, environment: SettledEnvironment) -> None:
        self._environment = environment

    def visit_Include(self, node: nodes.Include) -> nodes.Node:
        """A template that is looked for again as it may have changed stays one of its own."""
        environment, name = self._environment, node.template
        if environment.auto_reload or not isinstance(name, nodes.Const) or not node.with_context:
            return node
        assert environment.loader is not None
        source, filename, _is_current = environment.loader.get_source(environment, name.value)
        tree = self.visit(environment.parse(source, name.value, filename))
        return nodes.Scope(tree.body, lineno=node.lineno, environment=environment)

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
