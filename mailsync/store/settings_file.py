"""What a person has arranged in Heron, as one JSON document: rows flow in, plain values flow out. Database room.

Nothing in it is an id: accounts go by their address, folders by their path, so that another Heron reads it. No password
is in it, nor anything that opens a mailbox. Mail and contacts are exported beside it (``store/export.py``).
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Manager, QuerySet, Sum

from accounts import preferences
from accounts.models import Identity, MailAccount, TrustedSender, User
from mailsync.models import (
    AutoReply,
    BlockedSender,
    Emptying,
    Folder,
    ForwardAddress,
    Label,
    MailTemplate,
    Rule,
    SavedSearch,
    SignaturePicture,
    TemplateFile,
    Webhook,
)
from mailsync.plan.rules import CALL, FORWARD

VERSION = 1
#: Files of templates and signatures beyond so much are named and not brought along, as the document is read whole:
#: ``load_left_out`` says which.
MOST_FILE_BYTES = 12 * 1024 * 1024


#: When a message begins with the signature, and where.
SIGNATURE_SWITCHES = ("signature_on_new", "signature_on_answers", "signature_below")


def load_settings(user: User) -> dict[str, Any]:
    names, budget = _Names(user.pk), _Budget()
    return {
        "heron_settings": VERSION,
        "profile": {"name": user.name, "language": user.language, "timezone": user.timezone},
        "preferences": {name: getattr(preferences.load(user), name) for name in preferences.NAMES},
        "accounts": [_account(one) for one in names.accounts.values()],
        "identities": _identities(user.pk, budget),
        "labels": list(Label.objects.filter(user=user, kept=True).order_by("keyword").values("keyword", "hue")),
        "rules": [_rule(one, names) for one in Rule.objects.filter(user=user).order_by("position", "id")],
        "automatic_replies": [_auto_reply(one, names) for one in AutoReply.objects.filter(account__user=user)],
        "blocked": list(BlockedSender.objects.filter(user=user).order_by("pattern").values("pattern", "to_bin")),
        "trusted": list(TrustedSender.objects.filter(user=user).order_by("address").values_list("address", flat=True)),
        "searches": [_search(one, names) for one in SavedSearch.objects.filter(user=user).order_by("name")],
        "templates": _templates(user.pk, budget),
        "emptying": Emptying.objects.filter(user=user).values("trash_days", "junk_days").first(),
    }


class _Names:
    """Accounts, folders, webhooks and addresses to forward to by what they are called instead of their ids."""

    def __init__(self, user_id: int) -> None:
        mine = MailAccount.objects.filter(user_id=user_id).select_related("outgoing_server")
        self.accounts = {one.pk: one for one in mine.order_by("position", "id")}
        rows = Folder.objects.filter(account__user_id=user_id).values_list("id", "account_id", "path")
        self.places = {pk: {"account": self.accounts[account].address, "folder": path} for pk, account, path in rows}
        self.webhooks = dict(Webhook.objects.filter(user_id=user_id).values_list("pk", "name"))
        self.forwards = dict(ForwardAddress.objects.filter(user_id=user_id).values_list("pk", "address"))


def _account(one: MailAccount) -> dict[str, Any]:
    incoming = {name: getattr(one, name) for name in ("protocol", "host", "port", "security", "username")}
    server = one.outgoing_server
    sending = server and {name: getattr(server, name) for name in ("host", "port", "security", "username")}
    looks = {"label": one.label, "hue": one.hue}
    keeping = {"leave_on_server": one.leave_on_server, "leave_days": one.leave_days, "keep_days": one.keep_days}
    return {"address": one.address, **looks, "incoming": incoming, "sending": sending or None, **keeping}


def _identities(user_id: int, budget: "_Budget") -> list[dict[str, Any]]:
    found = []
    switches = (*SIGNATURE_SWITCHES, "signs_mail", "is_default")
    names = ("address", "name", "reply_to", "default_bcc", "signature_html", *switches)
    for one in _identities_of(user_id).select_related("account"):
        said = {name: getattr(one, name) for name in names}
        pictures = _files(one.signature_pictures, budget)
        # The text is for a Heron that knows no other signatures.
        signature = {"signature": one.signature_text, "signature_pictures": pictures}
        found.append({"account": one.account.address, **said, **signature})
    return found


def _rule(one: Rule, names: _Names) -> dict[str, Any]:
    deeds = [[verb, _argument(verb, argument, names)] for verb, argument in one.deeds]
    addresses = [names.accounts[pk].address for pk in one.accounts if pk in names.accounts]
    said = {"name": one.name, "fields": one.fields, "enabled": one.enabled, "stops": one.stops}
    return {**said, "deeds": deeds, "accounts": addresses}


def _argument(verb: str, argument: str, names: _Names) -> Any:
    if verb == "move":
        return names.places.get(int(argument))
    if verb == FORWARD:
        return {"forward": names.forwards.get(int(argument), "")}
    return {"webhook": names.webhooks.get(int(argument), "")} if verb == CALL else argument


def _auto_reply(one: AutoReply, names: _Names) -> dict[str, Any]:
    days = {name: day and day.isoformat() for name, day in (("first_day", one.first_day), ("last_day", one.last_day))}
    said = {"subject": one.subject, "html": one.html, "contacts_only": one.contacts_only}
    return {"account": names.accounts[one.account_id].address, **said, **days}


def _search(one: SavedSearch, names: _Names) -> dict[str, Any]:
    return {"name": one.name, "query": one.query, "in": names.places.get(one.folder_id or 0)}


def _templates(user_id: int, budget: "_Budget") -> list[dict[str, Any]]:
    return [
        {"name": one.name, "subject": one.subject, "body": one.body, "files": _files(one.files, budget)}
        for one in _templates_of(user_id)
    ]


def _identities_of(user_id: int) -> QuerySet[Identity]:
    return Identity.objects.filter(user=user_id).order_by("-is_default", "id")


def _templates_of(user_id: int) -> QuerySet[MailTemplate]:
    return MailTemplate.objects.filter(user_id=user_id).order_by("name", "id")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that is too large for the document, and the template or address that it belongs to."""

    owner: str
    name: str
    size_bytes: int
    blob_id: int


def load_left_out(user_id: int) -> list[LeftOut]:
    """What ``load_settings`` names without its bytes."""
    kinds = (
        SignaturePicture.objects.filter(identity__user=user_id),
        TemplateFile.objects.filter(template__user=user_id),
    )
    if sum(rows.aggregate(sum=Sum("blob__size_bytes"))["sum"] or 0 for rows in kinds) <= MOST_FILE_BYTES:
        return []
    budget, found = _Budget(), []
    owners: list[tuple[str, Manager[Any]]] = [(one.address, one.signature_pictures) for one in _identities_of(user_id)]
    for owner, files in (*owners, *((one.name, one.files) for one in _templates_of(user_id))):
        for file, is_taken in _fitting(files, budget):
            if not is_taken:
                found.append(LeftOut(owner, file.name, file.blob.size_bytes, file.blob_id))
    return found


@dataclass(slots=True)
class _Budget:
    """How many bytes of files there is room for yet."""

    left: int = field(default_factory=lambda: MOST_FILE_BYTES)

    def takes(self, size_bytes: int) -> bool:
        is_taken = size_bytes <= self.left
        self.left -= size_bytes if is_taken else 0
        return is_taken


def _fitting(files: Manager[Any], budget: _Budget) -> Iterator[tuple[Any, bool]]:
    """Each file, and whether there is room for it."""
    for file in files.select_related("blob").defer("blob__data").order_by("position", "id"):
        yield file, budget.takes(file.blob.size_bytes)


def _files(files: Manager[Any], budget: _Budget) -> list[dict[str, Any]]:
    found = []
    for file, is_taken in _fitting(files, budget):
        data = base64.b64encode(file.blob.data).decode() if is_taken else None
        said = {"name": file.name, "type": file.content_type, "picture": file.content_id}
        found.append({**said, "size_bytes": file.blob.size_bytes, "data": data})
    return found
