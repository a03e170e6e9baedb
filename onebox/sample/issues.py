"""``newsletters.txt`` in, issues of newsletters out. Pure but for the file.

A block opens with ``== paper, days ago, clock[, unread]``; then the subject, the lead, and ``* Head: body`` lines.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Issue:
    paper: str
    days_ago: float
    clock: str
    unread: bool
    subject: str
    lead: str
    items: tuple[tuple[str, str], ...]


def parse_issues(text: str) -> tuple[Issue, ...]:
    issues = []
    for block in text.split("== ")[1:]:
        head, subject, lead, *rest = [line for line in block.splitlines() if line.strip()]
        paper, days, clock, *more = (piece.strip() for piece in head.split(","))
        items = tuple((line[2:].partition(": ")[0], line.partition(": ")[2]) for line in rest)
        issues.append(Issue(paper, float(days), clock, "unread" in more, subject, lead, items))
    return tuple(issues)


ISSUES = parse_issues((Path(__file__).parent / "newsletters.txt").read_text(encoding="utf-8"))
