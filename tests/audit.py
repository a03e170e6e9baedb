"""Known holes in what is pinned: requirement files flow in, a word on each flows out; run by ``make audit``.

pip-audit, in an environment of its own, asks the public advisories. It calls a package that its source does not know
"skipped" and all is well; so whatever was not checked is counted and said here, and a hole ends with 1.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(".venv-audit")
SETS = ("requirements", "requirements-onebox", "requirements-dev")
WANTED = "pip-audit>=2.9,<3"
_SHOWN = 5


@dataclass(frozen=True)
class Verdict:
    """What to say of one file; ``holes`` of them are open, ``checked`` packages were known to the advisories."""

    holes: int
    checked: int
    words: str


def judge(name: str, report: dict[str, Any] | None) -> Verdict:
    """``report`` is pip-audit's JSON; None where it gave none."""
    if report is None:
        return Verdict(0, 0, f"{name}: the advisories are out of reach. Nothing was checked.")
    packages = report["dependencies"]
    skipped = [one["name"] for one in packages if "skip_reason" in one]
    checked = len(packages) - len(skipped)
    lines = [
        f"{one['name']} {one['version']}: {hole['id']}, mended in {', '.join(hole['fix_versions']) or 'no version yet'}"
        for one in packages
        for hole in one.get("vulns", [])
    ]
    if not checked:
        return Verdict(0, 0, f"{name}: the advisories know none of these packages. Nothing was checked.")
    word = f"{name}: {checked} packages checked, {len(lines) or 'no'} known holes."
    if skipped:
        more = f" and {len(skipped) - _SHOWN} more" if len(skipped) > _SHOWN else ""
        word += f" Not checked: {', '.join(skipped[:_SHOWN])}{more}."
    return Verdict(len(lines), checked, "\n".join([word, *lines]))


def _tool() -> Path | None:
    """pip-audit, installed if it is not there; None where it cannot be."""
    tool = FOLDER / "bin" / "pip-audit"
    if not tool.exists():
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        python = str(FOLDER / "bin" / "python")
        for command in (
            [sys.executable, "-m", "venv", str(FOLDER)],
            [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", WANTED],
        ):
            if subprocess.run(command, check=False, **quiet).returncode:  # type: ignore[call-overload]
                return None
    return tool


def _report(tool: Path, name: str) -> dict[str, Any] | None:
    command = [str(tool), "-f", "json", "--progress-spinner", "off", "--no-deps", "--disable-pip", "-r", f"{name}.txt"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        report: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        print(done.stderr.strip().rpartition("\n")[2], file=sys.stderr)
        return None
    return report


def main() -> int:
    tool = _tool()
    if tool is None:
        print("pip-audit could not be installed: offline? Nothing was checked.")
        return 0
    verdicts = [judge(f"{name}.txt", _report(tool, name)) for name in SETS]
    print("\n".join(verdict.words for verdict in verdicts))
    return 1 if any(verdict.holes for verdict in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())
