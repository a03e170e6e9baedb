"""A document of settings is taken over: what somebody had arranged in another Heron, or here once, is arranged again.

In: the user and the document as ``store.settings_file`` writes it. Out: how much was taken, and what was left out and
why. The document may come from anywhere, so nothing of it is believed: each thing goes through the verb by which its
screen makes it. What deletes mail by itself (bins that empty themselves, archive mode) or writes by itself (automatic
replies) is shown in the document, but switched on by hand only; no account is connected, as no password is in it.
"""

import base64
import binascii
import zoneinfo
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from functools import partial
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import preferences
from accounts.identities import leading_elsewhere
from accounts.models import Identity, MailAccount, TrustedSender, User
from mailsync.actions.auto_replies import AutoReplyText, write_auto_reply
from mailsync.actions.labels import make_label
from mailsync.actions.owned import NotYours
from mailsync.actions.rules import RuleText, switch_rule, write_rule
from mailsync.actions.saved_searches import save_search
from mailsync.actions.senders import block_sender
from mailsync.actions.signatures import attach_to_signature, write_signature
from mailsync.actions.templates import attach_to_template, write_template
from mailsync.actions.verb import verb
from mailsync.errors import CannotDo
from mailsync.message.outgoing_html import cids_in, clean_draft, rename_pictures, text_as_html
from mailsync.message.signatures import clean_signature
from mailsync.models import AutoReply, BlockedSender, Folder, ForwardAddress, MailTemplate, Rule, Webhook
from mailsync.plan.rules import CALL, FORWARD, Deed, Fields
from mailsync.store import attached
from mailsync.store.settings_file import SIGNATURE_SWITCHES, VERSION

#: Of one kind; nobody has more of any by hand.
_MOST = 5000


@dataclass(slots=True)
class Taken:
    """How many of each kind, by the name it has in the document; what was left out: what it is called, and why."""

    counts: dict[str, int] = field(default_factory=dict)
    left_out: list[tuple[str, str]] = field(default_factory=list)


@verb
def take_settings(user_id: int, document: object) -> Taken:
    """Add what is not here yet, and change what is here under the same name. Raises ``CannotDo`` for another file."""
    document = _fit(document)
    if not isinstance(document, dict) or document.get("heron_settings") != VERSION:
        raise CannotDo(_("This is no file of settings that this Heron reads."), field="file")
    taken = Taken()
    user = User.objects.select_for_update().get(pk=user_id)
    kinds: dict[str, Callable[[User, Mapping[str, Any]], bool]] = {
        "labels": _label,
        "templates": partial(_template, taken=taken),
        "rules": _rule,
        "blocked": _blocked,
        "automatic_replies": _auto_reply,
        "searches": _search,
        "accounts": _account,
        "identities": partial(_identity, taken=taken),
    }
    _person(user, document, taken)
    for kind, take in kinds.items():
        for row in _rows(document, kind):
            try:
                with transaction.atomic():
                    taken.counts[kind] = taken.counts.get(kind, 0) + take(user, row)
            except (CannotDo, NotYours) as error:
                taken.left_out.append((_text(row, "name", "pattern", "keyword", "address"), str(error)))
    taken.counts["trusted"] = _trust(user, document)
    return taken


def _fit(value: Any) -> Any:
    """Without what no text of ours holds: NUL, and halves of characters."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode().replace("\0", "")
    if isinstance(value, list):
        return [_fit(one) for one in value]
    return {_fit(name): _fit(one) for name, one in value.items()} if isinstance(value, dict) else value


def _rows(document: Mapping[str, Any], kind: str) -> Iterator[Mapping[str, Any]]:
    yield from (row for row in _list(document, kind) if isinstance(row, dict))


def _list(row: Mapping[str, Any], name: str) -> list[Any]:
    found = row.get(name)
    return found[:_MOST] if isinstance(found, list) else []


def _text(row: Mapping[str, Any], *names: str) -> str:
    """The first of these that says something; what is no text says nothing."""
    found = (row.get(name) for name in names)
    return next((value for value in found if isinstance(value, str) and value), "")


def _person(user: User, document: Mapping[str, Any], taken: Taken) -> None:
    said = document.get("profile")
    if isinstance(said, dict):
        language, zone = _text(said, "language"), _text(said, "timezone")
        user.name = _text(said, "name")[:150] or user.name
        user.language = language if language in dict(settings.LANGUAGES) else ""
        user.timezone = zone if zone in zoneinfo.available_timezones() else user.timezone
        user.save(update_fields=["name", "language", "timezone"])
    wishes = document.get("preferences")
    for name, value in wishes.items() if isinstance(wishes, dict) else ():
        try:
            preferences.save(user, **{str(name): value})
        except ValueError as error:
            taken.left_out.append((str(name), str(error)))


def _label(user: User, row: Mapping[str, Any]) -> bool:
    hue = row.get("hue")
    make_label(user.pk, _text(row, "keyword"), hue % 360 if isinstance(hue, int) else None)
    return True


def _template(user: User, row: Mapping[str, Any], *, taken: Taken) -> bool:
    """What of its files was too large for the document is named, and all else of it comes."""
    name, body = _text(row, "name"), _text(row, "body")
    if MailTemplate.objects.filter(user=user, name__iexact=" ".join(name.split())).exists():
        return False
    made = write_template(user.pk, None, name=name, subject=_text(row, "subject"), body="")
    pictures: dict[str, str] = {}
    missing = [file for file in _rows(row, "files") if file.get("data", "") is None]
    for file in (file for file in _rows(row, "files") if file not in missing):
        data, cid = _data(file), _text(file, "picture")
        kept = attach_to_template(user.pk, made.pk, _text(file, "name"), _text(file, "type"), data, inline=bool(cid))
        pictures[cid] = kept.content_id
    write_template(
        user.pk, made.pk, name=name, subject=_text(row, "subject"), body=rename_pictures(clean_draft(body), pictures)
    )
    for file in missing:
        words = _("Its file “%(name)s” was too large to come along. Attach it to the template by hand.")
        taken.left_out.append((name, words % {"name": _text(file, "name")}))
    return True


def _data(file: Mapping[str, Any]) -> bytes:
    try:
        data = base64.b64decode(_text(file, "data"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise CannotDo(_("Its file “%(name)s” is damaged.") % {"name": _text(file, "name")}) from error
    if not data:
        raise CannotDo(_("Its file “%(name)s” was too large to be written.") % {"name": _text(file, "name")})
    return data


def _rule(user: User, row: Mapping[str, Any]) -> bool:
    known = {one.name: type(one.default) for one in fields(Fields)}
    said = row.get("fields")
    said = said if isinstance(said, dict) else {}
    wanted = Fields(**{name: said[name] for name, kind in known.items() if type(said.get(name)) is kind})
    pairs = [pair for pair in _list(row, "deeds") if isinstance(pair, list) and len(pair) == 2]
    deeds = tuple(Deed(str(verb), _argument(user, str(verb), argument)) for verb, argument in pairs)
    accounts = [address for address in _list(row, "accounts") if isinstance(address, str)]
    text = RuleText(
        _text(row, "name"),
        wanted,
        deeds,
        tuple(_account_called(user, address).pk for address in accounts),
        row.get("stops") is True,
    )
    same = {"user": user, "name": text.name, "fields": wanted.as_json()}
    if Rule.objects.filter(**same, deeds=[[deed.verb, deed.argument] for deed in deeds]).exists():
        return False
    made = write_rule(user.pk, None, text)
    if row.get("enabled") is not True:
        switch_rule(user.pk, made.pk, on=False)
    return True


def _argument(user: User, verb_name: str, said: Any) -> str:
    if verb_name == "move":
        return str(_folder(user, said).pk)
    if verb_name == CALL:
        name = _text(said, "webhook") if isinstance(said, dict) else ""
        hook = Webhook.objects.filter(user=user, name=name).order_by("pk").first()
        if hook is None:
            raise CannotDo(_("There is no webhook “%(name)s” here: add it first.") % {"name": name})
        return str(hook.pk)
    if verb_name == FORWARD:
        address = _text(said, "forward") if isinstance(said, dict) else ""
        proved = ForwardAddress.objects.filter(user=user, address__iexact=address, verified_at__isnull=False).first()
        if proved is None:
            raise CannotDo(
                _("%(address)s is no confirmed address to forward to here: add it first.") % {"address": address}
            )
        return str(proved.pk)
    return said if isinstance(said, str) else ""


def _folder(user: User, said: Any) -> Folder:
    place = said if isinstance(said, dict) else {}
    path = _text(place, "folder")
    account = _account_called(user, _text(place, "account"))
    found = Folder.objects.filter(account__user=user, account__address__iexact=account.address, path=path)
    folder = found.filter(missing_since=None).first()
    if folder is None:
        raise CannotDo(_("There is no folder “%(name)s” here.") % {"name": path})
    return folder


def _account_called(user: User, address: str) -> MailAccount:
    account = MailAccount.objects.filter(user=user, address__iexact=address).order_by("position", "id").first()
    if account is None:
        raise CannotDo(_("The mail account %(address)s is not connected here.") % {"address": address})
    return account


def _blocked(user: User, row: Mapping[str, Any]) -> bool:
    pattern = _text(row, "pattern")
    if BlockedSender.objects.filter(user=user, pattern=pattern).exists():
        return False
    block_sender(user.pk, pattern, to_bin=row.get("to_bin") is True)
    return True


def _auto_reply(user: User, row: Mapping[str, Any]) -> bool:
    """The words and days; where one is on just now, its own stand."""
    account = _account_called(user, _text(row, "account"))
    if AutoReply.objects.filter(account=account, enabled=True).exists():
        return False
    said = AutoReplyText(
        enabled=False,
        html=_text(row, "html"),
        subject=_text(row, "subject"),
        first_day=_day(row, "first_day"),
        last_day=_day(row, "last_day"),
        contacts_only=row.get("contacts_only") is True,
    )
    write_auto_reply(user.pk, [account.pk], said)
    return True


def _day(row: Mapping[str, Any], name: str) -> date | None:
    try:
        return date.fromisoformat(_text(row, name))
    except ValueError:
        return None


def _search(user: User, row: Mapping[str, Any]) -> bool:
    place = row.get("in")
    save_search(user.pk, _text(row, "name"), _text(row, "query"), _folder(user, place).pk if place else None)
    return True


def _account(user: User, row: Mapping[str, Any]) -> bool:
    account, hue = _account_called(user, _text(row, "address")), row.get("hue")
    account.label = _text(row, "label")[:120]
    account.hue = hue % 360 if isinstance(hue, int) else account.hue
    account.save(update_fields=["label", "hue"])
    return True


def _identity(user: User, row: Mapping[str, Any], *, taken: Taken) -> bool:
    """One that is here, as an address has to be proved; its name, its signature and where answers go.

    A file leads copies and answers to no address that is not its person's own: who it is is asked again for that.
    """
    account, address = _account_called(user, _text(row, "account")), _text(row, "address")
    found = Identity.objects.filter(user=user, account__address__iexact=account.address, address__iexact=address)
    identity = found.first()
    if identity is None:
        raise CannotDo(_("There is no identity %(address)s here: add it first.") % {"address": address})
    identity.name = _text(row, "name")[:150]
    wished = {name: _address(row, name) for name in ("reply_to", "default_bcc")}
    elsewhere = leading_elsewhere(identity, *wished.values())
    for name, value in wished.items():
        if value not in elsewhere:
            setattr(identity, name, value)
    for value in dict.fromkeys(elsewhere):
        words = _("Copies or answers to %(address)s are for you to set: add it to this address by hand.")
        taken.left_out.append((address, words % {"address": value}))
    for name in (*SIGNATURE_SWITCHES, "signs_mail"):
        setattr(identity, name, row[name] if isinstance(row.get(name), bool) else getattr(identity, name))
    identity.save()
    _signature(identity, row)
    return True


def _signature(identity: Identity, row: Mapping[str, Any]) -> None:
    """With its formatting and pictures; files of an older Heron have the text alone."""
    html = clean_signature(_text(row, "signature_html") or text_as_html(_text(row, "signature")))
    # What is here already is not written again, as messages that are being written show it.
    pictures = {one.content_id: bytes(one.blob.data) for one in identity.signature_pictures.select_related("blob")}
    attached.drop_lost_pictures(identity.signature_pictures, html)
    names: dict[str, str] = {}
    given = {_text(file, "picture"): file for file in _rows(row, "signature_pictures")}
    for cid in cids_in(html):
        if cid not in given:
            continue
        name, kind, data = _text(given[cid], "name"), _text(given[cid], "type"), _data(given[cid])
        if pictures.get(cid) != data:
            names[cid] = attach_to_signature(identity.user_id, identity.pk, name, kind, data).content_id
    write_signature(identity.user_id, identity.pk, rename_pictures(html, names))


def _address(row: Mapping[str, Any], name: str) -> str:
    try:
        validate_email(_text(row, name))
    except ValidationError:
        return ""
    return _text(row, name)[:320]


def _trust(user: User, document: Mapping[str, Any]) -> int:
    asked = {one.strip().lower() for one in _list(document, "trusted") if isinstance(one, str)}
    mine = {address.lower() for address in TrustedSender.objects.filter(user=user).values_list("address", flat=True)}
    new = [one for one in sorted(asked - mine) if "@" in one and len(one) <= 320]
    TrustedSender.objects.bulk_create([TrustedSender(user=user, address=one) for one in new], ignore_conflicts=True)
    return len(new)
