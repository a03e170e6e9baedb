"""What ``make audit`` says: a hole is a failure, and what was not checked is never called sound."""

from tests.audit import judge

SOUND = {"name": "sound", "version": "1.0", "vulns": []}
HOLED = {"name": "holed", "version": "2.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"], "aliases": []}]}
UNKNOWN = {"name": "unknown", "skip_reason": "Dependency not found"}


def test_a_hole_is_named_with_its_mended_version() -> None:
    verdict = judge("r.txt", {"dependencies": [SOUND, HOLED]})
    assert (verdict.holes, verdict.checked) == (1, 2)
    assert "holed 2.0: PYSEC-1, mended in 2.1" in verdict.words


def test_all_sound() -> None:
    assert judge("r.txt", {"dependencies": [SOUND]}).words == "r.txt: 1 packages checked, no known holes."


def test_what_was_not_checked_is_said() -> None:
    assert "Not checked: unknown." in judge("r.txt", {"dependencies": [SOUND, UNKNOWN]}).words
    assert judge("r.txt", {"dependencies": [UNKNOWN] * 3}).words.endswith("Nothing was checked.")
    assert judge("r.txt", None).words.endswith("Nothing was checked.")
