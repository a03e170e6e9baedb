"""The two people of the demo. Their mailboxes share one password on a server that listens on loopback only."""

from dataclasses import dataclass

DEMO_PASSWORD = "heron-demo"  # noqa: S105 - opens invented mail on loopback only


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    address: str
    timezone: str


ANNA = Person("Anna Berg", "anna.berg@nordlicht.example", "Europe/Berlin")
NOOR = Person("Noor El-Amin", "noor@nordlicht.example", "Europe/Berlin")
PEOPLE = (ANNA, NOOR)
