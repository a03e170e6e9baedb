"""Script modules joined into one file a page: order, names kept apart, and what cannot be joined said plainly."""

import re
from pathlib import Path

import pytest

from webmail.assets import SCRIPTS, join_sheets, read_module
from webmail.importmap import LATE, import_map
from webmail.modules import CannotJoin, join_modules, joined_names


def join(entries: list[str], **texts: str) -> str:
    return join_modules(entries, lambda name: texts[name])


def test_each_module_runs_once_after_those_it_imports() -> None:
    text = join(
        ["b", "c"],
        a="export const list = 1;\nexport function twice(n) { return n * 2; }\n",
        b='import { list, twice as double } from "heron/a";\nconst own = double(list);\n',
        c='import "heron/b";\nimport { list } from "heron/a";\n\nconst own = list;\n',
    )
    assert re.findall(r"^/\* (\w) \*/$", text, re.MULTILINE) == ["a", "b", "c"]
    assert 'const { list, twice: double } = modules["a"];' in text
    assert "return { list, twice };" in text
    assert "import" not in text
    assert "export" not in text


def test_what_is_not_ours_stays_an_import_at_the_top() -> None:
    text = join(["a"], a='import { Editor } from "their/editor";\nnew Editor(() => import("heron/late"));\n')
    assert text.startswith('import { Editor } from "their/editor";\n')
    assert 'import("heron/late")' in text


def test_comments_that_fill_a_line_stay_in_the_source() -> None:
    source = '/* What\n   it does. */\n\n/** One. */ const one = "/*";\n  // why\nconst two = "*/"; // two\n'
    text = join(["a"], a=source)
    assert 'modules["a"] = (() => {\n/** One. */ const one = "/*";\nconst two = "*/"; // two\nreturn' in text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("export default 1;\n", "export default"),
        ("export let n = 1;\n", "export let"),
        ("const n = 1;\nexport { n };\n", "export { n }"),
        ('import all from "heron/b";\n', "import all"),
        ('export * from "heron/b";\n', "export \\*"),
    ],
)
def test_what_cannot_be_joined_is_refused_by_name(text: str, said: str) -> None:
    with pytest.raises(CannotJoin, match=f"a: .*{said}"):
        join(["a"], a=text, b="")


def test_a_circle_is_named() -> None:
    with pytest.raises(CannotJoin, match="a → b → a"):
        join(["a"], a='import { b } from "heron/b";\n', b='import { a } from "heron/a";\n')


def test_a_name_that_is_not_exported_is_refused() -> None:
    with pytest.raises(CannotJoin, match="b: a exports no two"):
        join(["b"], a="export const one = 1;\n", b='import { one, two as second } from "heron/a";\n')


@pytest.mark.parametrize("path", SCRIPTS)
def test_every_page_script_joins_and_nothing_in_it_is_loaded_again_by_name(path: str) -> None:
    names = joined_names(SCRIPTS[path], read_module)
    assert len(names) == len(set(names))
    assert not set(names) & set(LATE)
    wanted = set(re.findall(r'import\("heron/([\w/]+)"\)', "".join(map(read_module, names))))
    assert wanted <= set(LATE)


@pytest.mark.parametrize("name", LATE)
def test_modules_loaded_later_bring_nothing_of_a_page_along(name: str) -> None:
    assert {*joined_names([name], read_module)} <= {*LATE}
    assert f'"heron/{name}": "/static/js/{name}.js"' in import_map()


def test_indentation_stays_in_the_source() -> None:
    assert "\nreturn 1;\n" in join(["a"], a="export function one() {\n  return 1;\n}\n")


def test_comments_of_style_sheets_stay_in_the_source_and_strings_are_whole(tmp_path: Path) -> None:
    (tmp_path / "one.css").write_text(
        "/* The layer's own. */\n.a {\n  content: \"/* no comment */ '\";\n}\n\n/* End. */\n"
    )
    (tmp_path / "two.css").write_text(".b { color: red; } /* It's red. */\n.c { color: blue; }\n")
    said = '\n.a{content:"/* no comment */ \'";}\n.b{color:red;}\n.c{color:blue;}'
    assert join_sheets(tmp_path, ["one", "two"]) == said


def test_room_that_says_nothing_stays_in_the_source(tmp_path: Path) -> None:
    (tmp_path / "one.css").write_text(
        "@media (hover: hover) and (width >= 48em) {\n"
        '  .a :is(.b, .c > i)::after { content: "; {  , : "; margin: 0 -1px; }\n}\n'
        '.d {\n  grid: "a b" 1rem\n    "c d" / auto;\n  width: calc(100% - 2px);\n}\n'
    )
    assert join_sheets(tmp_path, ["one"]) == (
        '@media (hover:hover) and (width >= 48em){.a :is(.b,.c > i)::after{content:"; {  , : ";margin:0 -1px;}}'
        '.d{grid:"a b" 1rem\n"c d" / auto;width:calc(100% - 2px);}'
    )
