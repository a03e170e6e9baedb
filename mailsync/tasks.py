"""Celery tasks, by name; their queues stand in ``webmail/celery.py``. No logic: each loads nothing, calls one
function of the engine or the store, and enqueues what that says comes next. All take ids; all may run twice.
"""

from celery import shared_task

from mailsync.engine import empty_bins, long_acts, pull, read_files, release, reminding, rules, waking
from mailsync.engine import maintain as maintenance
from mailsync.store import (
    addressed,
    arrivals,
    by_message,
    devices,
    emptying,
    file_texts,
    follow_ups,
    forgetting,
    forwards,
    journal_work,
    label_counts,
    leases,
    schedule,
    server_searches,
    snoozing,
    turns,
    unsubscriptions,
    webhooks,
)


@shared_task(name="mailsync.dispatch", ignore_result=True)
def dispatch() -> None:
    """The clock: note the tick, claim what Postgres says is due, enqueue it."""
    schedule.stamp_tick()
    leases.release_dead()
    # A hint that nobody took until Postgres gives it again is worth nothing: it expires.
    for task, ids, seconds in (
        (account_pull, schedule.claim_accounts("due_at"), schedule.RECLAIM_SECONDS),
        (folder_pull, schedule.claim_folders(), schedule.RECLAIM_SECONDS),
        (changes_push, schedule.claim_accounts("push_due_at"), schedule.RECLAIM_SECONDS),
        (outgoing_deliver, turns.due_outgoing(), 60),
        (snoozed_wake, snoozing.due_accounts(), 30),
        (unanswered_tell, follow_ups.due_users(), 60),
        (rules_run, arrivals.due_accounts(), 60),
        (act_work, journal_work.claim_acts(), journal_work.RECLAIM_SECONDS),
        (list_unsubscribe, unsubscriptions.due_unsubscriptions(), 60),
        (bodies_pull, schedule.claim_bodies(), schedule.BODIES_ASKED_SECONDS),
        (server_search, server_searches.due_searches(), 30),
        (device_tell, devices.due_devices(), 30),
        (webhook_call, webhooks.due_webhooks(), 30),
        (mail_forward, forwards.due_forwards(), 60),
        (labels_sum, label_counts.accounts_with_changes(), 30),
        (leaver_forget, forgetting.claim_departures(), forgetting.RECLAIM_SECONDS),
    ):
        for id_ in ids:
            task.apply_async((id_,), expires=seconds)


@shared_task(name="mailsync.maintain", ignore_result=True)
def maintain() -> None:
    """What may wait: remove what has been gone for a month, and old runs."""
    maintenance.maintain()
    for user_id in emptying.claim_emptyings():
        bins_empty.apply_async((user_id,), expires=300)
    for account_id in schedule.claim_accounts("release_due_at"):
        mail_release.apply_async((account_id,), expires=schedule.RECLAIM_SECONDS)
    for account_id in file_texts.accounts_with_unread_files(limit=1000):
        files_read.apply_async((account_id,), expires=300)
    for user_id in addressed.people_addressed_anew():
        addressed_find.apply_async((user_id,), expires=300)
    for user_id in by_message.people_to_tend():
        message_rows_tend.apply_async((user_id,), expires=300)
    for account_id in label_counts.accounts_with_changes(least=1):
        labels_sum.apply_async((account_id,), expires=300)


@shared_task(name="mailsync.bins_empty", ignore_result=True)
def bins_empty(user_id: int) -> None:
    """Delete for good what has lain in this person's Trash and Junk for as long as they wished."""
    if empty_bins.empty_bins(user_id):
        bins_empty.delay(user_id)


@shared_task(name="mailsync.mail_release", ignore_result=True)
def mail_release(account_id: int) -> None:
    """Archive mode: delete old mail on the server that is whole here."""
    if release.release_mail(account_id):
        mail_release.delay(account_id)


@shared_task(name="mailsync.addressed_find", ignore_result=True)
def addressed_find(user_id: int) -> None:
    """Tell anew which mail is to this person."""
    if addressed.find_addressed(user_id):
        addressed_find.delay(user_id)


@shared_task(name="mailsync.message_rows_tend", ignore_result=True)
def message_rows_tend(user_id: int) -> None:
    """Write or remove the lines of single messages, after this person has changed how mail is listed."""
    if by_message.tend_message_rows(user_id):
        message_rows_tend.delay(user_id)


@shared_task(name="mailsync.leaver_forget", ignore_result=True)
def leaver_forget(user_id: int) -> None:
    """Delete what is kept of somebody who leaves, or of a mailbox that was disconnected."""
    if forgetting.forget(user_id):
        leaver_forget.delay(user_id)


@shared_task(name="mailsync.labels_sum", ignore_result=True)
def labels_sum(account_id: int) -> None:
    """Sum up what has changed in how much mail carries which label."""
    if label_counts.sum_up(account_id):
        labels_sum.delay(account_id)


@shared_task(name="mailsync.account_pull", ignore_result=True)
def account_pull(account_id: int) -> None:
    """List an account's folders and bring them all into step."""
    if pull.pull_account(account_id, bodies_wanted=_bodies_wanted) is pull.Outcome.MORE:
        account_pull.delay(account_id)


@shared_task(name="mailsync.folder_pull", ignore_result=True)
def folder_pull(folder_id: int) -> None:
    """Bring one folder into step now: its watcher heard something, or its user looks at it."""
    if pull.pull_one(folder_id, bodies_wanted=_bodies_wanted) is pull.Outcome.MORE:
        folder_pull.delay(folder_id)


def _bodies_wanted(account_id: int) -> None:
    if schedule.claim_bodies_of(account_id):
        bodies_pull.delay(account_id)


@shared_task(name="mailsync.bodies_pull", ignore_result=True)
def bodies_pull(account_id: int) -> None:
    """Fetch the bodies that are still to come."""
    if pull.pull_bodies(account_id) is pull.Outcome.MORE:
        bodies_pull.delay(account_id)
    files_read.apply_async((account_id,), expires=300)


@shared_task(name="mailsync.files_read", ignore_result=True)
def files_read(account_id: int) -> None:
    """Read the text of attachments into the index."""
    if read_files.read_files(account_id):
        files_read.delay(account_id)


@shared_task(name="mailsync.message_fetch", ignore_result=True)
def message_fetch(message_id: int) -> None:
    """Fetch one body at once: somebody has opened the message."""
    pull.fetch_message(message_id)


@shared_task(name="mailsync.server_search", ignore_result=True)
def server_search(search_id: int) -> None:
    """Ask one account's server for what is not here yet."""
    from mailsync.engine.server_search import search_server

    search_server(search_id)


@shared_task(name="mailsync.changes_push", ignore_result=True)
def changes_push(account_id: int) -> None:
    """Carry what the user did to the server."""
    from mailsync.engine.push import push_changes

    push_changes(account_id)


@shared_task(name="mailsync.snoozed_wake", ignore_result=True)
def snoozed_wake(account_id: int) -> None:
    """Bring back what was put off until now."""
    waking.wake(account_id)


@shared_task(name="mailsync.unanswered_tell", ignore_result=True)
def unanswered_tell(user_id: int) -> None:
    """Remind somebody of what nobody has answered in time."""
    reminding.remind(user_id)


@shared_task(name="mailsync.rules_run", ignore_result=True)
def rules_run(account_id: int) -> None:
    """Show the rules what came in while a worker died, or what has waited for its text."""
    rules.run_due(account_id)


@shared_task(name="mailsync.act_work", ignore_result=True)
def act_work(act_id: int) -> None:
    """Go on with what a user does to a whole list, or takes back."""
    if long_acts.work(act_id):
        act_work.delay(act_id)


# RFC 5321 §4.5.3.2.6: a server may take ten minutes to answer the final dot.
@shared_task(name="mailsync.outgoing_deliver", ignore_result=True, soft_time_limit=840, time_limit=900)
def outgoing_deliver(outgoing_id: int) -> None:
    """Send one message, or find out what became of it, and others of its server."""
    from mailsync.engine.deliver import deliver

    next_id = deliver(outgoing_id)
    if next_id is not None:
        outgoing_deliver.delay(next_id)


@shared_task(name="mailsync.list_unsubscribe", ignore_result=True)
def list_unsubscribe(unsubscription_id: int) -> None:
    """Ask a mailing list's server to remove its reader, as the reader wished."""
    from mailsync.engine.unsubscribe import unsubscribe

    unsubscribe(unsubscription_id)


@shared_task(name="mailsync.webhook_call", ignore_result=True)
def webhook_call(webhook_id: int) -> None:
    """Make the calls that wait for one webhook."""
    from mailsync.engine.call_webhook import call_webhook

    call_webhook(webhook_id)


@shared_task(name="mailsync.mail_forward", ignore_result=True)
def mail_forward(forward_id: int) -> None:
    """Make a letter of a message that a rule sends on."""
    forwards.forward(forward_id)


@shared_task(name="mailsync.device_tell", ignore_result=True)
def device_tell(device_id: int) -> None:
    """Tell one browser of new mail while no page is open."""
    from mailsync.engine.tell_device import tell_device

    tell_device(device_id)
