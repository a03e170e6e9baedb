"""The examples in the docstrings are true."""

import doctest
import importlib
import pkgutil

import pytest

import mailsync.message

_MODULES = [found.name for found in pkgutil.iter_modules(mailsync.message.__path__)]


@pytest.mark.parametrize("name", _MODULES)
def test_examples(name: str) -> None:
    assert doctest.testmod(importlib.import_module(f"mailsync.message.{name}")).failed == 0


def test_there_are_examples() -> None:
    modules = [importlib.import_module(f"mailsync.message.{name}") for name in _MODULES]
    assert sum(doctest.testmod(module).attempted for module in modules) >= 15
