"""One of everything that a person owns: what has an address in the site, and a row in each table that is theirs."""

import uuid
from typing import Any

from allauth.usersessions.models import UserSession
from cryptography.hazmat.primitives.serialization import Encoding
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.test import Client

from accounts.models import Departure, Identity, User
from mailsync import actions
from mailsync.message.pkcs12 import OwnKey
from mailsync.models import (
    BlockedSender,
    Contact,
    Device,
    Draft,
    Outgoing,
    RecentSearch,
    Rule,
    SavedSearch,
    TemplateFile,
    Upload,
)
from mailsync.store.own_certificates import record_key
from tests.factories import START, make_account, make_folder, make_message
from tests.message.smime import keys, person


def make_belongings(user: User) -> dict[str, Any]:
    """One of everything that has an address of its own, by the name it has in URLs."""
    account = make_account(user)
    placement = make_message(make_folder(account))
    identity = Identity.objects.get(account=account)
    draft = actions.start_draft(user.pk, Draft.Mode.NEW)
    attached = actions.attach(user.pk, draft.pk, "a.txt", "text/plain", b"words")
    outgoing = Outgoing.objects.create(
        user=user,
        account=account,
        identity=identity,
        mail_from=account.address,
        message_id=f"{user.pk}@x.test",
        raw=b"x",
    )
    upload = Upload.objects.create(user=user, draft_id=draft.pk, name="a.txt", size_bytes=5, fingerprint="a")
    contact = Contact.objects.create(user=user, uid="card")
    saved = SavedSearch.objects.create(user=user, name="Bills", query="invoice", folder=placement.folder)
    recent = RecentSearch.objects.create(user=user, query="invoice", used_at=START)
    rule = Rule.objects.create(user=user, name="Rotas", query="subject:rota", position=1, deeds=[["flag", ""]])
    blocked = BlockedSender.objects.create(user=user, pattern="pest.example")
    template = actions.write_template(user.pk, None, name="Thanks", subject="", body="<p>Thanks</p>")
    file = TemplateFile.objects.create(template=template, blob=attached.blob, name="a.txt", content_type="text/plain")
    picture = actions.attach_to_signature(user.pk, identity.pk, "a.png", "image/png", b"\x89PNG")
    device = Device.objects.create(
        user=user, endpoint=f"https://push.test/{user.pk}", public_key=b"k", secret=b"s", session_key="x", told_id=0
    )
    words = actions.AutoReplyText(enabled=True, html="<p>I am back on Monday.</p>")
    actions.write_auto_reply(user.pk, [account.pk], words)
    hook = actions.write_webhook(user.pk, None, name="Chat", url="https://chat.example.org/", says="event")
    sent_on, _code = actions.add_forward_address(user.pk, f"friend{user.pk}@else.example")
    certificate = record_key(user.pk, OwnKey(person("rsa"), keys()["rsa"]))
    (peer,) = actions.keep_peer_certificate(user.pk, person("rsa").public_bytes(Encoding.DER))
    session = UserSession.objects.create(user=user, ip="192.0.2.1", session_key=f"elsewhere{user.pk}", user_agent="x")
    return {
        "session_id": session.pk,
        "certificate_id": certificate.pk,
        "peer_id": peer.pk,
        "rule_id": rule.pk,
        "webhook_id": hook.pk,
        "forward_address_id": sent_on.pk,
        "blocked_id": blocked.pk,
        "device_id": device.pk,
        "template_id": template.pk,
        "file_id": file.pk,
        "picture_id": picture.pk,
        "recent_id": recent.pk,
        "saved_id": saved.pk,
        "contact_id": contact.pk,
        "upload_id": upload.pk,
        "account_id": account.pk,
        "identity_id": identity.pk,
        "folder_id": placement.folder_id,
        "thread_id": placement.thread_id,
        "message_id": placement.message_id,
        "draft_id": draft.pk,
        "attachment_id": attached.pk,
        "outgoing_id": outgoing.pk,
        "part": "1",
        "name": "a.txt",
        "number": 1,
        "cid": "x",
    }


def fill_every_table(user: User) -> list[type[models.Model]]:
    """A row of ``user``, the newest person, in each table of what belongs to people; returns those tables."""
    tables = _owned_tables()
    before = {model: model._default_manager.count() for model in tables}
    make_belongings(user)
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    client.get("/settings/")
    themselves = {"content_type": ContentType.objects.get_for_model(User), "object_id": str(user.pk)}
    LogEntry.objects.create(user=user, action_flag=CHANGE, **themselves)
    for model in tables:
        if model is not User and model._default_manager.count() == before[model]:
            _add_row(model, tables, user.pk)
    return tables


def _owned_tables() -> list[type[models.Model]]:
    """Owners first: a table is a person's if its rows go when a row of another table of theirs does."""
    owned: list[type[models.Model]] = [User]
    while more := [model for model in apps.get_models() if model not in owned and _goes_with(model, owned)]:
        owned += more
    owned.remove(Departure)  # Being there is leaving.
    return owned


def _goes_with(model: type[models.Model], owned: list[type[models.Model]]) -> bool:
    return any(one.remote_field.on_delete is models.CASCADE for one in _references(model, owned))


def _references(model: type[models.Model], owned: list[type[models.Model]]) -> list[Any]:
    return [one for one in model._meta.concrete_fields if one.related_model in owned and one.related_model is not model]


def _add_row(model: type[models.Model], owned: list[type[models.Model]], number: int) -> None:
    """Of the newest owners, with something of its ``number`` in each field that may not stay empty."""
    fitting: dict[type[models.Field[Any, Any]], object] = {
        models.BinaryField: str(number).encode(),
        models.CharField: str(number),
        models.DateField: START,
        models.IntegerField: 1,
        models.JSONField: {},
        models.TextField: str(number),
        models.UUIDField: uuid.UUID(int=number),
    }
    references = _references(model, owned)
    values: dict[str, Any] = {one.name: one.related_model._default_manager.latest("pk") for one in references}
    for one in model._meta.concrete_fields:
        if one not in references and not (
            one.has_default() or one.null or one.blank or isinstance(one, models.AutoField)
        ):
            fits = next((value for kind, value in fitting.items() if isinstance(one, kind)), None)
            fits = number if one.primary_key else fits
            values[one.name] = fits[: one.max_length] if isinstance(fits, str) else fits
    model._default_manager.create(**values)
