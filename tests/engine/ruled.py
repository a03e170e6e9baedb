"""A rule of a person, with only what a test says set apart."""

from typing import Any

from accounts.models import User
from mailsync.models import Rule


def make_rule(user: User, query: str, *deeds: tuple[str, str] | str, name: str = "", **fields: Any) -> Rule:
    """Deeds are verbs, or verbs with what they need: ``("move", str(folder.pk))``. Each rule comes after the others."""
    return Rule.objects.create(
        user=user,
        name=name or query,
        query=query,
        position=Rule.objects.filter(user=user).count() + 1,
        deeds=[[deed, ""] if isinstance(deed, str) else list(deed) for deed in deeds],
        **fields,
    )
