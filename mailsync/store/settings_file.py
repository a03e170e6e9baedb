"""What a person has arranged in Heron, as one JSON document: rows flow in, plain values flow out. Database room.

Nothing in it is an id: accounts go by their address, folders by their path, so that another Heron reads it. No password
is in it, nor anything that opens a mailbox. Mail and contacts are exported beside it (``store/export.py``).
"""

import base64
from typing import Any

from accounts import preferences
from accounts.models import Identity, MailAccount, TrustedSender, User
from mailsync.models import AutoReply, BlockedSender, Emptying, Folder, Label, MailTemplate, Rule, SavedSearch, Webhook
from mailsync.plan.rules import CALL

VERSION = 1
#: Files of templates beyond so much are named and not brought along: the document is read whole.
MOST_FILE_BYTES = 12 * 1024 * 1024


def load_settings(user: User) -> dict[str, Any]:
    names = _Names(user.pk)
    return {
        "heron_settings": VERSION,
        "profile": {"name": user.name, "language": user.language, "timezone": user.timezone},
        "preferences": {name: getattr(preferences.load(user), name) for name in preferences.NAMES},
        "accounts": [_account(one) for one in names.accounts.values()],
        "identities": [_identity(one) for one in Identity.objects.filter(user=user).select_related("account")],
        "labels": list(Label.objects.filter(user=user, kept=True).order_by("keyword").values("keyword", "hue")),
        "rules": [_rule(one, names) for one in Rule.objects.filter(user=user).order_by("position", "id")],
        "automatic_replies": [_auto_reply(one, names) for one in AutoReply.objects.filter(account__user=user)],
        "blocked": list(BlockedSender.objects.filter(user=user).order_by("pattern").values("pattern", "to_bin")),
        "trusted": list(TrustedSender.objects.filter(user=user).order_by("address").values_list("address", flat=True)),
        "searches": [_search(one, names) for one in SavedSearch.objects.filter(user=user).order_by("name")],
        "templates": _templates(user.pk),
        "emptying": Emptying.objects.filter(user=user).values("trash_days", "junk_days").first(),
    }


class _Names:
    """Accounts, folders and webhooks by what they are called instead of their ids."""

    def __init__(self, user_id: int) -> None:
        mine = MailAccount.objects.filter(user_id=user_id).select_related("outgoing_server")
        self.accounts = {one.pk: one for one in mine.order_by("position", "id")}
        rows = Folder.objects.filter(account__user_id=user_id).values_list("id", "account_id", "path")
        self.places = {pk: {"account": self.accounts[account].address, "folder": path} for pk, account, path in rows}
        self.webhooks = dict(Webhook.objects.filter(user_id=user_id).values_list("pk", "name"))


def _account(one: MailAccount) -> dict[str, Any]:
    incoming = {name: getattr(one, name) for name in ("protocol", "host", "port", "security", "username")}
    server = one.outgoing_server
    sending = server and {name: getattr(server, name) for name in ("host", "port", "security", "username")}
    looks = {"label": one.label, "hue": one.hue}
    keeping = {"leave_on_server": one.leave_on_server, "leave_days": one.leave_days, "keep_days": one.keep_days}
    return {"address": one.address, **looks, "incoming": incoming, "sending": sending or None, **keeping}


def _identity(one: Identity) -> dict[str, Any]:
    said = {name: getattr(one, name) for name in ("address", "name", "reply_to", "default_bcc")}
    return {"account": one.account.address, **said, "signature": one.signature_text, "is_default": one.is_default}


def _rule(one: Rule, names: _Names) -> dict[str, Any]:
    deeds = [[verb, _argument(verb, argument, names)] for verb, argument in one.deeds]
    addresses = [names.accounts[pk].address for pk in one.accounts if pk in names.accounts]
    said = {"name": one.name, "fields": one.fields, "enabled": one.enabled, "stops": one.stops}
    return {**said, "deeds": deeds, "accounts": addresses}


def _argument(verb: str, argument: str, names: _Names) -> Any:
    if verb == "move":
        return names.places.get(int(argument))
    return {"webhook": names.webhooks.get(int(argument), "")} if verb == CALL else argument


def _auto_reply(one: AutoReply, names: _Names) -> dict[str, Any]:
    days = {name: day and day.isoformat() for name, day in (("first_day", one.first_day), ("last_day", one.last_day))}
    said = {"subject": one.subject, "text": one.text, "html": one.html, "contacts_only": one.contacts_only}
    return {"account": names.accounts[one.account_id].address, **said, **days}


def _search(one: SavedSearch, names: _Names) -> dict[str, Any]:
    return {"name": one.name, "query": one.query, "in": names.places.get(one.folder_id or 0)}


def _templates(user_id: int) -> list[dict[str, Any]]:
    room = MOST_FILE_BYTES
    found: list[dict[str, Any]] = []
    for template in MailTemplate.objects.filter(user_id=user_id).order_by("name"):
        files: list[dict[str, Any]] = []
        for file in template.files.select_related("blob").defer("blob__data").order_by("position", "id"):
            is_taken = file.blob.size_bytes <= room
            room -= file.blob.size_bytes if is_taken else 0
            data = base64.b64encode(file.blob.data).decode() if is_taken else None
            said = {"name": file.name, "type": file.content_type, "picture": file.content_id}
            files.append({**said, "size_bytes": file.blob.size_bytes, "data": data})
        found.append({"name": template.name, "subject": template.subject, "body": template.body, "files": files})
    return found
