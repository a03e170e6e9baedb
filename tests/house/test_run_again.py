"""Which failures may be a flake: those of a browser and of real servers, but none of what must never happen."""

from pathlib import Path

from tests.conftest import NEVER_AGAIN, may_run_again

PROJECT = Path(__file__).resolve().parents[2]


def test_what_must_never_happen_is_run_once() -> None:
    for name in NEVER_AGAIN:
        assert (PROJECT / name).exists(), name
        assert not may_run_again(f"{name}::test_x"), name
    # Files of these kinds that come later belong on the list.
    for word in ("killed", "fault", "interrupted", "scenario", "leak", "deliver", "privacy"):
        for file in (PROJECT / "tests").rglob(f"test_*{word}*.py"):
            assert not may_run_again(f"{file.relative_to(PROJECT)}::test_x"), file.name


def test_only_a_browser_and_real_servers_are_run_again() -> None:
    assert may_run_again("tests/browser/test_shell.py::test_x")
    assert may_run_again("tests/engine/test_push.py::test_x")
    assert not may_run_again("tests/plan/test_push.py::test_x")
