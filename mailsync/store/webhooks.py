"""Which webhooks there are, what waits to be told to them, and what came of it. Database room.

A rule leaves a call for each message in the transaction that treats it, so each is made, whoever dies in between.
A webhook's calls go out one after another, in their order; while it does not answer, the others wait behind the first.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from accounts import vault
from mailsync.message.plain import plain
from mailsync.models import Placement, Webhook, WebhookCall
from mailsync.plan.rules import CALL, Deed

#: What waits for one webhook at the most; what comes beyond is given up and counted.
MOST_WAITING = 1000
#: Longer than one run of calls may take.
_CLAIM = timedelta(minutes=2)
_RETRY_SECONDS = (30, 120, 600, 3600, 6 * 3600)
_LOOK_AGAIN = timedelta(seconds=10)
_STOPS_AFTER = timedelta(days=3)


def load_webhooks(user_id: int) -> list[Webhook]:
    return list(Webhook.objects.filter(user_id=user_id).order_by("name", "id"))


def queue_calls(user_id: int, deeds: Iterable[Deed], rule: str, placements: Sequence[Placement]) -> None:
    """A rule's word of these messages to the webhooks it names. No row of a webhook is locked, as rules of several
    mailboxes run side by side."""
    named = [int(deed.argument) for deed in deeds if deed.verb == CALL]
    if not named:
        return
    for hook in Webhook.objects.filter(user_id=user_id, pk__in=named, stopped=False):
        room = max(MOST_WAITING - hook.calls.count(), 0)
        WebhookCall.objects.bulk_create(
            WebhookCall(webhook=hook, message_id=one.message_id, rule=rule[:80]) for one in placements[:room]
        )
        if placements[room:]:
            Webhook.objects.filter(pk=hook.pk).update(lost=F("lost") + len(placements[room:]))


def queue_trial(hook: Webhook) -> None:
    """A call that says nothing, before all others and at once. Of several clicks one is made."""
    hook.calls.filter(message=None).delete()
    WebhookCall.objects.create(webhook=hook)
    Webhook.objects.filter(pk=hook.pk).update(due_at=None)


def due_webhooks(*, limit: int = 100) -> list[int]:
    """One of each person, the one that was called longest ago, so that nobody's hold up everybody's."""
    waiting = Exists(WebhookCall.objects.filter(webhook=OuterRef("pk")))
    due = Webhook.objects.filter(_may_call(), waiting, user__is_active=True)
    first = due.order_by("user", F("called_at").asc(nulls_first=True), "id").distinct("user")
    return list(first.values_list("pk", flat=True)[:limit])


def claim(hook_id: int) -> Webhook | None:
    """Take a webhook for one run of calls; None when its time has not come or it is another worker's."""
    taken = Webhook.objects.filter(_may_call(), pk=hook_id).update(due_at=timezone.now() + _CLAIM)
    return Webhook.objects.select_related("user").filter(pk=hook_id).first() if taken else None


def _may_call() -> Q:
    return Q(due_at=None) | Q(due_at__lte=timezone.now())


def next_call(hook: Webhook) -> WebhookCall | None:
    """A trial first, then the oldest; none while its person is deactivated."""
    waiting = hook.calls.filter(webhook__user__is_active=True).select_related("message__account").order_by("id")
    return waiting.filter(message=None).first() or waiting.first()


def settle(hook: Webhook) -> None:
    """This run is over; whatever waits is next."""
    Webhook.objects.filter(pk=hook.pk).update(due_at=None)


def look_again(hook: Webhook) -> None:
    """The next call cannot be made yet."""
    Webhook.objects.filter(pk=hook.pk).update(due_at=timezone.now() + _LOOK_AGAIN)


def note_answered(hook: Webhook, call: WebhookCall, status: int) -> None:
    call.delete()
    Webhook.objects.filter(pk=hook.pk).update(
        called_at=timezone.now(), status=status, error="", failing_since=None, lost=0, stopped=False
    )


@transaction.atomic
def note_failed(hook: Webhook, call: WebhookCall, error: str, status: int | None, *, for_good: bool = False) -> None:
    """Later again. One call is given up after its last time, and all of them where the webhook has failed for days or
    says that it is gone (``for_good``)."""
    hook = Webhook.objects.select_for_update().get(pk=hook.pk)
    now = timezone.now()
    hook.called_at, hook.status, hook.error = now, status, plain(error)
    hook.failing_since = hook.failing_since or now
    call.attempts += 1
    if call.message_id is None or call.attempts > len(_RETRY_SECONDS):
        # Who tries it stands before the page: a trial is made once.
        call.delete()
        hook.lost += call.message_id is not None
    else:
        call.save(update_fields=["attempts"])
    if for_good or hook.stopped or now - hook.failing_since > _STOPS_AFTER:
        hook.lost += hook.calls.count()
        hook.calls.all().delete()
        hook.stopped = True
    seconds = _RETRY_SECONDS[min(call.attempts, len(_RETRY_SECONDS)) - 1]
    hook.due_at = now + timedelta(seconds=seconds)
    hook.save()


def rotate_secrets() -> Iterator[tuple[str, bool]]:
    """For ``accounts.rotation``: which keys were closed anew, and which could not be opened."""
    for pk in Webhook.objects.values_list("pk", flat=True):
        with transaction.atomic():
            hook = Webhook.objects.select_for_update().filter(pk=pk).first()
            if hook is None or not vault.needs_rotation(bytes(hook.ciphertext)):
                continue
            try:
                hook.set_secret(hook.reveal())
            except vault.VaultError:
                yield f"Webhook {pk}", False
                continue
            hook.save(update_fields=["ciphertext"])
        yield f"Webhook {pk}", True
