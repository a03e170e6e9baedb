"""Archive mode at work: what is old and whole here is deleted on its server, and stays here. The meeting room.

In: an account whose person wished it. Out: messages that are only here, and a line in the journal. Deleted is what the
server still has under the UID that we know, with the header and size that came from there, and whose bytes here have
the digest that they had when they were stored; by UID EXPUNGE alone (RFC 4315), as a plain EXPUNGE would take along
what others have marked. It runs in the lane of the push, so that no change is on its way meanwhile.
"""

import logging
import time
from collections.abc import Callable
from uuid import uuid4

from django.db import OperationalError, transaction
from django.utils.translation import ngettext

from accounts.models import MailAccount, Protocol
from mailsync.announce import announce
from mailsync.engine import connect
from mailsync.engine.session import remote_of
from mailsync.errors import LeaseLost, MailError, Poison, Rejected, Unavailable
from mailsync.models import Folder
from mailsync.protocol.contract import MailSource
from mailsync.store import journal, keeping, leases, throttle
from mailsync.store.intake import header_hash

logger = logging.getLogger(__name__)

RUN_SECONDS = 120.0
LEASE_SECONDS = 180.0
#: How soon to try again when the server could not be reached, or its lane was taken.
AGAIN_SECONDS = 1800.0

OpenSource = Callable[[MailAccount], MailSource]


def release_mail(account_id: int, *, open_source: OpenSource | None = None, run_seconds: float = RUN_SECONDS) -> bool:
    """Go on for a while; True when there is more to do at once."""
    account = MailAccount.objects.select_related("user").filter(pk=account_id).first()
    if account is None or account.keep_days is None or account.protocol != Protocol.IMAP:
        return False
    if account.state == MailAccount.State.PAUSED or not account.user.is_active or throttle.halt_of(account) is not None:
        return False
    try:
        with throttle.held_connection(account, "push", seconds=LEASE_SECONDS) as lease:
            if lease is None:
                keeping.put_off(account_id, seconds=AGAIN_SECONDS)
                return False
            run = _Run(account, account.keep_days, lease, open_source or connect.open_source)
            try:
                more = run.go(time.monotonic() + run_seconds)
            finally:
                run.close()
    except (LeaseLost, MailError) as error:
        # The pull meets what is wrong with the account, and tells the user.
        logger.info("Archive mode of account %s: %s", account_id, error)
        keeping.put_off(account_id, seconds=AGAIN_SECONDS)
        return False
    except OperationalError as error:
        if not leases.is_passing(error):
            raise
        logger.info("Archive mode of account %s gave way to another writer: %s", account_id, error)
        return True
    if not more:
        keeping.put_off(account_id)
    return more


class _Run:
    def __init__(self, account: MailAccount, days: int, lease: leases.HeldLease, open_source: OpenSource) -> None:
        self._account, self._days, self._lease = account, days, lease
        self._open_source = open_source
        self._source: MailSource | None = None
        self._group = uuid4()

    def go(self, until: float) -> bool:
        """True: the time is over before the mail."""
        folders = keeping.folders_with_ripe(self._account, self._days)
        if not folders:
            return False
        self._source = self._open_source(self._account)
        if not keeping.has_uid_expunge(self._source.capabilities) or "X-GM-EXT-1" in self._source.capabilities:
            return False
        return any(self._folder(self._source, folder, until) for folder in folders)

    def close(self) -> None:
        if self._source is not None:
            self._source.close()

    def _folder(self, source: MailSource, folder: Folder, until: float) -> bool:
        try:
            selected = source.select(remote_of(folder), read_only=False)
        except (Rejected, Unavailable) as error:
            logger.info("Archive mode leaves folder %s alone: %s", folder.pk, error)
            return False
        # RFC 9051 §2.3.1.1: under another UIDVALIDITY the same UID is another message.
        if selected.read_only or not selected.has_uids_of(folder.uidvalidity, folder.mailbox_id):
            return False
        above = 0
        while batch := keeping.choose_ripe(self._account, folder, self._days, above=above):
            if time.monotonic() >= until:
                return True
            leases.heartbeat(self._lease, seconds=LEASE_SECONDS)
            above = batch[-1].uid
            try:
                self._release(source, folder, batch)
            except (Poison, Unavailable) as error:
                # One message that the server cannot give holds up no other folder.
                logger.info("Archive mode leaves folder %s for now: %s", folder.pk, error)
                break
        return False

    def _release(self, source: MailSource, folder: Folder, batch: list[keeping.Ripe]) -> None:
        headers = {one.uid: one for one in source.fetch_headers([one.uid for one in batch])}
        same = [
            one.placement_id
            for one in batch
            if one.uid in headers
            and headers[one.uid].size_bytes == one.size_bytes
            and header_hash(headers[one.uid]) == one.header_sha256
        ]
        uids = keeping.mark_kept(self._lease, self._account, folder, keeping.whole(same)) if same else []
        if not uids:
            return
        source.store_flags(uids, add=["\\Deleted"])
        source.expunge(uids)
        gone = set(uids).difference(source.search_uids(low=uids[0], high=uids[-1]))
        with transaction.atomic():
            count = keeping.record_released(self._lease, folder, gone)
            self._note(count)

    def _note(self, count: int) -> None:
        def words(n: int) -> str:
            said = ngettext(
                "%(n)d old message deleted on the server of %(account)s, kept here",
                "%(n)d old messages deleted on the server of %(account)s, kept here",
                n,
            )
            return said % {"n": n, "account": self._account}

        journal.note_run(self._account.user, self._group, "release", count, words)
        announce(self._account.user_id, "account", account=self._account.pk)
