"""What tests of the outbox do to a message that is to leave."""

from typing import Any

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mailsync.models import Outgoing

JSON = {"Accept": "application/json"}
State = Outgoing.State


def put(row: Outgoing, state: str, **fields: Any) -> None:
    ended = timezone.now() if state in {State.DONE, State.FAILED, State.CANCELLED} else None
    Outgoing.objects.filter(pk=row.pk).update(state=state, finished_at=ended, **fields)


def do(client: Client, row: Outgoing, verb: str) -> Any:
    return client.post(reverse("outgoing_act", args=[row.pk]), {"do": verb}, headers=JSON)
