"""What is due, and when it is due again. Database room; due times are the database's.

In: the clock tick, and how each piece of work ended. Out: ids to enqueue. Claiming moves the due time
on, FOR UPDATE SKIP LOCKED, so two dispatchers share the work and a worker that dies is replaced when
the moved time comes. Redis holds none of this.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from accounts.models import MailAccount
from mailsync.errors import InUse, MailError, NeedsUser, Rejected, TryLater, Unavailable
from mailsync.message.plain import plain
from mailsync.models import AccountSync, Folder, SchedulerTick
from mailsync.plan.pop import LEAST_SECONDS_FREEMAIL, login_delay
from mailsync.store import leases, quota, throttle

#: Claimed work that has not reported back by then is claimed anew.
RECLAIM_SECONDS = 360
#: Accounts of one server that are worked on at the same time.
PER_HOST = 20
#: Between polls: while its user looks on; the same day; later. A watched account is polled seldom.
ACTIVE, TODAY, DORMANT, WATCHED = 60, 300, 1800, 900
_NETWORK_WAITS = (15, 30, 60, 120, 300, 600)
#: A POP3 mailbox that another program holds: seven of these make an hour, and only then is its user told.
_IN_USE_WAITS = (60, 120, 300, 900, 900, 900, 900)
_LOGIN_WAITS = (900, 3600, 6 * 3600, 24 * 3600)
#: After so long without a login that works, only the user can mend it.
_GIVE_UP = timedelta(days=3)
_LOGIN_CODES = frozenset({"password", "app_password", "token", "imap_disabled"})
#: A folder that was given up is asked for again after this long: what kept it closed may have passed unseen.
_PARKED_FOR = timedelta(hours=1)
#: What is kept of what was said with a server, of a folder or a change that failed.
TRANSCRIPT_LENGTH = 4000
PARK_AFTER = 5
BODIES_ASKED_SECONDS = 60.0


def stamp_tick() -> None:
    """Note that the scheduler lives."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO mailsync_schedulertick (id, at) VALUES (1, clock_timestamp())"
            " ON CONFLICT (id) DO UPDATE SET at = EXCLUDED.at"
        )


def claim_accounts(column: str = "due_at", *, limit: int = 200) -> list[int]:
    """Accounts whose ``due_at``, or another due time, has come; fair among hosts, nothing of inactive users."""
    if column not in ("due_at", "push_due_at", "release_due_at"):
        raise ValueError(column)
    with connection.cursor() as cursor:
        cursor.execute(
            _CLAIM_ACCOUNTS.format(column=column, not_halted=throttle.NOT_HALTED),
            {"reclaim": RECLAIM_SECONDS, "limit": limit, "per_host": PER_HOST},
        )
        return [row[0] for row in cursor.fetchall()]


_CLAIM_ACCOUNTS = """
    WITH due AS (
        SELECT s.account_id, a.host, s.{column} AS due
          FROM mailsync_accountsync s
          JOIN accounts_mailaccount a ON a.id = s.account_id
          JOIN accounts_user u ON u.id = a.user_id
         WHERE s.{column} <= clock_timestamp() AND a.state <> 'paused' AND u.is_active AND {not_halted}
         ORDER BY s.{column} LIMIT %(limit)s * 4
           FOR UPDATE OF s SKIP LOCKED
    ), busy AS (
        SELECT a.host, count(*) AS workers FROM mailsync_lease l JOIN accounts_mailaccount a ON a.id = l.account_id
         WHERE l.until > clock_timestamp() GROUP BY a.host
    ), fair AS (
        SELECT due.account_id, due.due,
               row_number() OVER (PARTITION BY due.host ORDER BY due.due) + coalesce(busy.workers, 0) AS place
          FROM due LEFT JOIN busy USING (host)
    )
    UPDATE mailsync_accountsync s SET {column} = clock_timestamp() + make_interval(secs => %(reclaim)s)
      FROM (SELECT account_id FROM fair WHERE place <= %(per_host)s ORDER BY due LIMIT %(limit)s) AS taken
     WHERE s.account_id = taken.account_id
    RETURNING s.account_id
"""


def stamp_active(user_id: int) -> list[int]:
    """This user is looking: poll their accounts often. Returns those that nobody has polled for a while.

    Writes at most once a minute for each account.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE mailsync_accountsync s
               SET active_at = clock_timestamp(),
                   due_at = CASE WHEN was.stale THEN clock_timestamp() + make_interval(secs => %(head_start)s)
                                 ELSE s.due_at END
              FROM (SELECT o.account_id,
                           o.failures = 0 AND o.due_at > clock_timestamp() + often.pace
                           AND coalesce(o.last_success_at < clock_timestamp() - often.pace, true)
                           AND coalesce(o.watched_at < clock_timestamp() - interval '10 minutes', true) AS stale
                      FROM mailsync_accountsync o JOIN accounts_mailaccount a ON a.id = o.account_id
                     CROSS JOIN LATERAL (SELECT make_interval(
                           secs => CASE a.protocol WHEN 'pop3' THEN %(pop3)s ELSE %(active)s END) AS pace) AS often
                     WHERE a.user_id = %(user)s
                       AND coalesce(o.active_at < clock_timestamp() - interval '1 minute', true)) AS was
             WHERE s.account_id = was.account_id
            RETURNING s.account_id, was.stale
            """,
            {"user": user_id, "active": ACTIVE, "pop3": LEAST_SECONDS_FREEMAIL, "head_start": 20},
        )
        return sorted(account_id for account_id, stale in cursor.fetchall() if stale)


def claim_folders(*, limit: int = 200) -> list[int]:
    """Folders that a watcher, or a visit cut short, has made due; the visit itself clears the mark."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE mailsync_folder f SET due_at = clock_timestamp() + make_interval(secs => %(reclaim)s) FROM (
                SELECT f.id FROM mailsync_folder f
                  JOIN accounts_mailaccount a ON a.id = f.account_id JOIN accounts_user u ON u.id = a.user_id
                 WHERE f.due_at <= clock_timestamp() AND f.parked_at IS NULL AND a.state = 'active' AND u.is_active
                   AND {throttle.NOT_HALTED}
                 ORDER BY f.due_at LIMIT %(limit)s FOR UPDATE OF f SKIP LOCKED
            ) AS due WHERE f.id = due.id RETURNING f.id
            """,  # noqa: S608  a constant of ours
            {"limit": limit, "reclaim": RECLAIM_SECONDS},
        )
        return [row[0] for row in cursor.fetchall()]


def claim_bodies_of(account_id: int) -> bool:
    """True for the first who wants an account's bodies fetched, and for the next one only after a minute."""
    return leases.claim(account_id, "bodies asked", seconds=BODIES_ASKED_SECONDS) is not None


def claim_bodies(*, limit: int = 200) -> list[int]:
    """Accounts whose bodies are to be fetched, as nobody is at it, nobody has asked for it of late, and neither the
    day's allowance nor their owner's storage is used up."""
    wanting = quota.without_full(throttle.without_spent(_accounts_without_bodies(limit)))
    return [account_id for account_id in wanting if claim_bodies_of(account_id)]


def _accounts_without_bodies(limit: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT DISTINCT f.account_id FROM mailsync_folder f
              JOIN accounts_mailaccount a ON a.id = f.account_id JOIN accounts_user u ON u.id = a.user_id
              JOIN mailsync_accountsync s ON s.account_id = a.id
             WHERE f.bodies_pending > 0 AND f.missing_since IS NULL AND a.state = 'active' AND u.is_active
               AND s.failures = 0 AND {throttle.NOT_HALTED}
               AND NOT EXISTS (SELECT FROM mailsync_lease l WHERE l.account_id = a.id AND l.lane = 'bodies'
                                  AND l.until > clock_timestamp())
             LIMIT %s
            """,  # noqa: S608  a constant of ours
            [limit],
        )
        return [row[0] for row in cursor.fetchall()]


# How it ended. ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a failure means for the account: ``due_seconds`` None: not again by itself."""

    due_seconds: float | None
    needs_user: bool


def record_success(
    account_id: int, *, capabilities: Iterable[str] = (), again_now: bool = False, least_seconds: float = 0
) -> None:
    """The account was brought into step (or a slice of it was): the backoff ends, the next poll is set.

    That is not before ``least_seconds`` from now, whoever looks on.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE mailsync_accountsync SET failures = 0, last_success_at = clock_timestamp(), last_error = '',
                   due_at = clock_timestamp() + make_interval(secs => greatest(%(least)s, CASE
                       WHEN %(again)s THEN 0
                       WHEN watched_at > clock_timestamp() - interval '10 minutes' THEN %(watched)s
                       WHEN active_at > clock_timestamp() - interval '10 minutes' THEN %(active)s
                       WHEN active_at > clock_timestamp() - interval '1 day' THEN %(today)s
                       ELSE %(dormant)s END * (0.9 + 0.2 * random())))
             WHERE account_id = %(account)s
            """,
            {
                "again": again_now,
                "least": least_seconds,
                "watched": WATCHED,
                "active": ACTIVE,
                "today": TODAY,
                "dormant": DORMANT,
                "account": account_id,
            },
        )
    if capabilities:
        AccountSync.objects.filter(pk=account_id).update(capabilities=sorted(capabilities))
    MailAccount.objects.filter(pk=account_id, state=MailAccount.State.NEEDS_USER).update(
        state=MailAccount.State.ACTIVE, state_reason="", state_since=Now()
    )


def record_failure(account_id: int, error: MailError, *, transcript: str = "") -> Verdict:
    """The account could not be worked on: say why in plain words, and set when to try again."""
    with transaction.atomic():
        sync = AccountSync.objects.select_for_update().get(pk=account_id)
        verdict = judge(error, sync.failures)
        sync.failures += 1
        words = "" if isinstance(error, InUse) and sync.failures <= len(_IN_USE_WAITS) else str(error)
        sync.last_error, sync.transcript = plain(words), plain(transcript)[-20_000:]
        sync.save(update_fields=["failures", "last_error", "transcript"])
        since = MailAccount.objects.filter(pk=account_id, state=MailAccount.State.NEEDS_USER)
        if verdict.needs_user and since.filter(state_since__lt=Now() - _GIVE_UP).exists():
            verdict = Verdict(None, needs_user=True)
        due = None if verdict.due_seconds is None else Now() + timedelta(seconds=verdict.due_seconds)
        AccountSync.objects.filter(pk=account_id).update(due_at=due, last_error_at=Now())
        if verdict.needs_user:
            MailAccount.objects.filter(pk=account_id, state=MailAccount.State.ACTIVE).update(
                state=MailAccount.State.NEEDS_USER, state_since=Now()
            )
            MailAccount.objects.filter(pk=account_id).update(state_reason=plain(str(error)))
    return verdict


def judge(error: MailError, failures: int) -> Verdict:
    """Pure: what this error means after so many failures before it.

    >>> judge(TryLater("busy", after_seconds=300), 0).due_seconds
    300
    """
    if isinstance(error, InUse):
        return Verdict(_IN_USE_WAITS[min(failures, len(_IN_USE_WAITS) - 1)], needs_user=False)
    if isinstance(error, TryLater) and error.after_seconds is not None:
        return Verdict(error.after_seconds, needs_user=False)
    if isinstance(error, NeedsUser):
        # A server may refuse a good password in a bad hour, so the user is asked at the second refusal.
        if error.code in _LOGIN_CODES:
            return Verdict(_LOGIN_WAITS[min(failures, len(_LOGIN_WAITS) - 1)], needs_user=failures >= 1)
        waits = _NETWORK_WAITS if error.may_pass else _LOGIN_WAITS
        return Verdict(waits[min(failures, len(waits) - 1)], needs_user=failures >= 5 or waits is _LOGIN_WAITS)
    return Verdict(_NETWORK_WAITS[min(failures, len(_NETWORK_WAITS) - 1)], needs_user=False)


def record_folder_success(folder_id: int, *, finished: bool) -> None:
    """A visit went well; one that was cut short is due again at once. What has made it due meanwhile stands."""
    again = {} if finished else {"due_at": Now()}
    # It opens after all.
    Folder.objects.filter(pk=folder_id, failures__gt=0).update(missing_since=None)
    Folder.objects.filter(pk=folder_id).update(
        last_success_at=Now(), last_error="", transcript="", failures=0, parked_at=None, **again
    )


def record_unchanged(folder_ids: Collection[int]) -> None:
    """STATUS showed that nothing has happened in these: they are in step without a visit."""
    if folder_ids:
        Folder.objects.filter(pk__in=folder_ids).update(last_success_at=Now(), last_error="")


def record_folder_failure(folder_id: int, error: MailError, *, transcript: str = "") -> None:
    """This one folder cannot be read; after a few times it is parked for a while, and the account goes on without it.

    What the server cannot do "just now" parks none.
    """
    folders = Folder.objects.filter(pk=folder_id)
    said = plain(transcript)[-TRANSCRIPT_LENGTH:]
    folders.update(last_error=plain(str(error)), transcript=said, failures=F("failures") + 1, due_at=None)
    if isinstance(error, Rejected) and error.code in ("NONEXISTENT", "TRYCREATE"):
        # Seen in practice: Dovecot goes on listing a deleted folder that has others below it.
        folders.filter(missing_since__isnull=True).update(missing_since=Now())
    # One that may be made anew any day is asked for at each round.
    if not isinstance(error, Unavailable):
        folders.filter(failures__gte=PARK_AFTER, missing_since__isnull=True).update(parked_at=Now())


def note_folder_trouble(folder_id: int, error: MailError) -> None:
    """The connection ended while this folder was read, which may be no fault of its own: so it is never parked."""
    Folder.objects.filter(pk=folder_id).update(last_error=plain(str(error)), failures=F("failures") + 1)


def unpark(account_id: int) -> None:
    """Ask once more for what was given up a while ago; if it is refused again, it is parked again at once."""
    long_ago = Now() - _PARKED_FOR
    Folder.objects.filter(account_id=account_id, parked_at__lt=long_ago).update(parked_at=None, due_at=Now())


def make_folder_due(folder_id: int, *, seconds: float = 0) -> bool:
    """Make the folder due in ``seconds``, unless it is due by then already; True when that moved its time.

    Whoever also enqueues the visit gives it some seconds, so that the dispatcher steps in only
    when that hint is lost.
    """
    when = Now() + timedelta(seconds=seconds)
    folders = Folder.objects.filter(pk=folder_id, parked_at__isnull=True)
    return bool(folders.filter(Q(due_at__isnull=True) | Q(due_at__gt=when)).update(due_at=when))


def make_account_due(account_id: int) -> None:
    """List the account's folders at the next tick."""
    AccountSync.objects.filter(Q(due_at__isnull=True) | Q(due_at__gt=Now()), pk=account_id).update(due_at=Now())


def is_too_soon(account_id: int) -> bool:
    """Whether the server wants more time between logins (RFC 2449 §6.5); the next poll is then set to its time."""
    sync = AccountSync.objects.filter(pk=account_id).first()
    delay = timedelta(seconds=login_delay(sync.capabilities) if sync is not None else 0)
    soon = AccountSync.objects.filter(pk=account_id, last_success_at__gt=Now() - delay)
    return bool(delay) and bool(soon.update(due_at=F("last_success_at") + delay))


def last_tick_seconds() -> float | None:
    """Seconds since the scheduler's last tick, None if it never ticked."""
    tick = SchedulerTick.objects.annotate(now=Now()).first()
    return None if tick is None else (tick.now - tick.at).total_seconds()
