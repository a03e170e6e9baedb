"""A composition as its form sends it, and a message to answer."""

from typing import Any

from accounts.models import User
from mailsync.models import Draft, Message
from tests.web.mail import html_message, store

JSON = {"Accept": "application/json"}


def form(draft: Draft, **fields: Any) -> dict[str, Any]:
    return {
        "version": draft.version,
        "identity": draft.identity_id,
        "to": "Bob <bob@friends.test>",
        "subject": "Hello",
        "body": "<p>Hi Bob</p>",
        **fields,
    }


def original(user: User, html: str = "<p>How are <b>you</b>?</p>", **headers: str) -> Message:
    return store(user, html_message(html, **headers))
