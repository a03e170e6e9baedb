"""What the engine may not do just now: halts, connections, bytes of the day. Database room.

In: an account. Out: the halt that stops it, how many connections it may have, how much of the day's
allowance for filling it is left. Asked at each claim, so a halt set by an operator holds from the next
chunk of work on, and one that is lifted needs nobody to remember anything.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from accounts.models import MailAccount
from accounts.providers import Limits, provider_by_host, provider_by_key
from accounts.ready import ReadyQuery
from mailsync.models import ConnectionCap, Halt, Traffic
from mailsync.store import leases

#: Lanes whose worker holds a connection to the mail server.
LANES = ("pull", "bodies", "open", "push")
#: Lanes nobody waits for: they leave one connection free for somebody who does.
PATIENT_LANES = frozenset({"bodies"})
#: With fewer connections than this, none is spent on watching.
LEAST_TO_WATCH = 3
#: How long what a server has shown of its limit is believed.
LEARNED = timedelta(days=1)

#: For claims: no halt stops the account whose row is called ``a``.
NOT_HALTED = """NOT EXISTS (SELECT FROM mailsync_halt h WHERE h.account_id = a.id OR lower(h.host) = lower(a.host)
                            OR (h.account_id IS NULL AND h.host = ''))"""


_HALTS = ReadyQuery(lambda: Halt.objects.order_by(F("account").asc(nulls_first=True), "host", "id"))


def load_halts() -> list[Halt]:
    """All that stand, the widest first: of everything, of a host, of an account."""
    return _HALTS.all()


def halt_of(account: MailAccount, halts: Sequence[Halt] | None = None) -> Halt | None:
    """What an operator has stopped this account with, by either of its servers; the widest halt is the one to tell."""
    hosts = {account.host.lower()}
    if account.outgoing_server is not None:
        hosts.add(account.outgoing_server.host.lower())
    for halt in load_halts() if halts is None else halts:
        if halt.account_id == account.pk if halt.account_id else not halt.host or halt.host.lower() in hosts:
            return halt
    return None


def halted_accounts(halts: Sequence[Halt] | None = None) -> QuerySet[MailAccount]:
    """All accounts that some halt stops, or one of these, by either of their servers."""
    halts = load_halts() if halts is None else halts
    if any(halt.account_id is None and not halt.host for halt in halts):
        return MailAccount.objects.all()
    scope = Q(pk__in=[halt.account_id for halt in halts if halt.account_id])
    for halt in halts:
        if halt.host:
            scope |= Q(host__iexact=halt.host) | Q(outgoing_server__host__iexact=halt.host)
    return MailAccount.objects.filter(scope)


def halt_words(halt: Halt) -> str:
    """For the user whom it stops."""
    where = f" for all mailboxes at {halt.host}" if halt.host else "" if halt.account_id else " for everyone"
    return f"Paused by the operator{where}: {halt.reason.strip()} Nothing is lost; mail waits on the server."


# Connections. ---------------------------------------------------------------------------------


def limits_of(account: MailAccount) -> Limits:
    """What the provider of the incoming server is known to allow."""
    provider = provider_by_key(account.provider) or provider_by_host(account.host)
    return provider.limits if provider else Limits()


def most_connections(account: MailAccount) -> int:
    """Connections Heron may have to this mailbox at a time: the provider's limit, or the lower one it has shown."""
    learned = ConnectionCap.objects.filter(account=account, learned_at__gt=timezone.now() - LEARNED).first()
    most = limits_of(account).connections
    return max(1, min(most, learned.most) if learned else most)


def room_for(account: MailAccount, lane: str) -> int:
    """How many other connections to the same mailbox may exist for this lane to open its own."""
    most = most_connections(account)
    return most - 2 if lane in PATIENT_LANES and most > 1 else most - 1


def learn_fewer(account: MailAccount) -> int:
    """The server refused one more connection: be content with fewer than are open now. Returns how many."""
    in_use = connections_in_use(account)
    most = max(1, min(most_connections(account) - 1, in_use or 1))
    ConnectionCap.objects.update_or_create(account=account, defaults={"most": most, "learned_at": timezone.now()})
    return most


def too_few_to_watch() -> QuerySet[ConnectionCap]:
    """Accounts (by id) whose server has shown that it allows too few connections to spend one on watching."""
    caps = ConnectionCap.objects.filter(most__lt=LEAST_TO_WATCH, learned_at__gt=timezone.now() - LEARNED)
    return caps.values("account_id")  # type: ignore[return-value]


def connections_in_use(account: MailAccount, *, besides: str = "") -> int:
    """Connections to this mailbox now, by whichever account of Heron; the lane ``besides`` of this one not counted."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH same AS (
                SELECT id FROM accounts_mailaccount
                 WHERE lower(host) = lower(%(host)s) AND lower(username) = lower(%(username)s)
            )
            SELECT (SELECT count(*) FROM mailsync_lease l JOIN same ON same.id = l.account_id
                     WHERE l.lane = ANY(%(lanes)s) AND l.until > clock_timestamp()
                       AND NOT (l.account_id = %(account)s AND l.lane = %(besides)s))
                 + (SELECT count(*) FROM mailsync_accountsync s JOIN same ON same.id = s.account_id
                     WHERE s.watched_at > clock_timestamp() - interval '3 minutes')
            """,
            {
                "host": account.host,
                "username": account.username,
                "lanes": list(LANES),
                "account": account.pk,
                "besides": besides,
            },
        )
        return int(cursor.fetchone()[0])


@contextmanager
def held_connection(
    account: MailAccount, lane: str, *, seconds: float = leases.LANE_SECONDS
) -> Iterator[leases.HeldLease | None]:
    """Claim a lane that needs a connection, and give it back at the end. None: another worker holds the lane, or
    the mailbox has as many connections as it may have."""
    with transaction.atomic():
        _lock_mailbox(account)
        is_full = connections_in_use(account, besides=lane) > room_for(account, lane)
        lease = None if is_full else leases.claim(account.pk, lane, seconds=seconds)
    try:
        yield lease
    finally:
        if lease is not None:
            leases.release(lease)


def _lock_mailbox(account: MailAccount) -> None:
    """Until the end of the transaction, nobody else counts this mailbox's connections."""
    with connection.cursor() as cursor:
        name = f"{account.host} {account.username}".lower()
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


# Bytes. -----------------------------------------------------------------------------------------


def daily_bytes(account: MailAccount) -> int | None:
    """What filling this account may fetch in a day; None: anything. Of a provider's limit, our share."""
    limits = limits_of(account)
    return limits.share(limits.download_bytes_per_day) or settings.HERON_BACKFILL_BYTES_PER_DAY or None


def spend(account_id: int, size_bytes: int) -> None:
    """Note what has been fetched."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO mailsync_traffic AS t (account_id, day, bytes_in) VALUES (%s, %s, %s)"
            " ON CONFLICT (account_id, day) DO UPDATE SET bytes_in = t.bytes_in + EXCLUDED.bytes_in",
            [account_id, _today(), size_bytes],
        )


def spent_today(account_id: int) -> int:
    """Bytes of mail fetched since midnight UTC."""
    found = Traffic.objects.filter(account_id=account_id, day=_today()).values_list("bytes_in", flat=True).first()
    return found or 0


def is_spent(account: MailAccount) -> bool:
    """Has filling this account to wait for the next day? Mail that arrives, or that somebody opens, never waits."""
    most = daily_bytes(account)
    return most is not None and spent_today(account.pk) >= most


def without_spent(account_ids: Sequence[int]) -> list[int]:
    """Those of these accounts that may go on today, in their order."""
    found = MailAccount.objects.in_bulk(account_ids)
    return [account_id for account_id in account_ids if account_id in found and not is_spent(found[account_id])]


def forget_old_traffic() -> int:
    """Days that nobody asks about any more."""
    return Traffic.objects.filter(day__lt=_today() - timedelta(days=30)).delete()[0]


def _today() -> date:
    return timezone.now().astimezone(UTC).date()
