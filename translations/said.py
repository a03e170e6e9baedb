"""What is said somewhere in the source: one ``Said`` a phrase and place. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Said:
    """A phrase as gettext asks for it; ``where`` is its file: a moved line is no news to a translator."""

    text: str
    where: str
    plural: str = ""
    context: str = ""
