"""The arrows of ARCHITECTURE.md hold, and a wrong import is noticed."""

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
    )


@pytest.fixture
def copied_house(tmp_path: Path) -> Path:
    """The packages and the contracts alone, to plant a wrong import in."""
    import shutil

    for package in ("accounts", "mailsync", "webmail", "onebox"):
        shutil.copytree(PROJECT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_house_keeps_its_arrows() -> None:
    done = lint_imports(PROJECT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("file", "wrong"),
    [
        ("accounts/providers.py", "import mailsync.types"),
        ("mailsync/types.py", "import django"),
        ("mailsync/message/parse.py", "import django.conf"),
        ("mailsync/plan/pull.py", "import mailsync.models"),
        ("mailsync/protocol/imap.py", "import accounts.models"),
        ("mailsync/protocol/smtp.py", "import mailsync.store"),
        ("mailsync/store/intake.py", "import imaplib"),
        ("mailsync/store/listing.py", "import mailsync.protocol.imap"),
        ("mailsync/engine/pull.py", "import mailsync.tasks"),
        ("mailsync/store/raw.py", "import webmail.access"),
        ("webmail/render/css.py", "import django"),
        ("webmail/views/mailbox.py", "import mailsync.engine"),
        ("webmail/views/mailbox.py", "import bleach"),
        ("webmail/views/reading.py", "import mailsync.protocol.imap"),
    ],
)
def test_a_planted_wrong_import_is_refused(copied_house: Path, file: str, wrong: str) -> None:
    target = copied_house / file
    target.write_text(target.read_text(encoding="utf-8") + f"\n{wrong}  # planted\n", encoding="utf-8")
    done = lint_imports(copied_house)
    assert done.returncode == 1, f"{wrong!r} in {file} was not noticed:\n{done.stdout}"
    assert "BROKEN" in done.stdout
