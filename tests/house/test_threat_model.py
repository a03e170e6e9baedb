"""The threat model and the tests it names belong together: each threat has one, and it is there."""

import ast
import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| (?P<threat>[^|]+) \| (?P<defence>[^|]+) \| (?P<test>tests/[^| ]+) \|$", re.MULTILINE)


def test_each_threat_names_a_test_that_exists() -> None:
    text = (PROJECT / "docs/threat-model.md").read_text(encoding="utf-8")
    rows = ROW.findall(text)
    assert len(rows) >= 30
    # Every line of the table is read: none is left out for a slip in its form.
    assert len(rows) == sum(line.startswith("| ") for line in text.splitlines()) - 2
    for _, _, test in rows:
        path, _, name = test.partition("::")
        tree = ast.parse((PROJECT / path).read_text(encoding="utf-8"))
        names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        assert (name in names) if name else any(known.startswith("test_") for known in names), test
