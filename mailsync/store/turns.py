"""Whose turn it is to send: messages due, in rounds over the outgoing servers. Database room; reads only.

In: what is due. Out: a few ids for each server, so that one with a thousand waiting messages takes no more workers than
one with a single message; oldest first, and what people wrote before what is automatic. Whoever gets an id goes on with
the next of the same server over the same connection for a short run, and gives its place back.
"""

from django.db import connection

from mailsync.models import Outgoing
from mailsync.store.transit import SENDABLE

#: Workers that send through one server at the same time, connections at most.
PER_SERVER = 2

_State = Outgoing.State
_SENDING = (_State.CLAIMED, _State.DATA_STARTED, _State.DOT_SENT)

_DUE = """
    WITH busy AS (
        SELECT coalesce(i.outgoing_server_id, a.outgoing_server_id) AS server, count(*) AS workers
          FROM mailsync_outgoing o JOIN accounts_mailaccount a ON a.id = o.account_id
          LEFT JOIN accounts_identity i ON i.id = o.identity_id
         WHERE o.state = ANY(%(sending)s) AND o.claimed_until > clock_timestamp() AND o.finished_at IS NULL
         GROUP BY 1
    ), fair AS (
        SELECT o.id, o.due_at, o.automatic, o.state = ANY(%(sendable)s) AS sends,
               row_number() OVER (PARTITION BY coalesce(i.outgoing_server_id, a.outgoing_server_id),
                                               o.state = ANY(%(sendable)s)
                                  ORDER BY o.automatic, o.due_at, o.id)
               + coalesce(busy.workers, 0) AS place
          FROM mailsync_outgoing o JOIN accounts_mailaccount a ON a.id = o.account_id
          JOIN accounts_user u ON u.id = o.user_id AND u.is_active
          LEFT JOIN accounts_identity i ON i.id = o.identity_id
          LEFT JOIN busy ON busy.server = coalesce(i.outgoing_server_id, a.outgoing_server_id)
         WHERE o.due_at <= clock_timestamp() AND o.finished_at IS NULL
    )
    SELECT id FROM fair WHERE NOT sends OR place <= %(per_server)s ORDER BY place, automatic, due_at, id LIMIT %(limit)s
"""

_OTHERS = """
    SELECT o.id FROM mailsync_outgoing o
      JOIN mailsync_outgoing this ON this.id = %(this)s AND this.user_id = o.user_id
      JOIN accounts_mailaccount a ON a.id = o.account_id
      JOIN accounts_mailaccount ta ON ta.id = this.account_id
      LEFT JOIN accounts_identity i ON i.id = o.identity_id
      LEFT JOIN accounts_identity ti ON ti.id = this.identity_id
     WHERE o.due_at <= clock_timestamp() AND o.finished_at IS NULL AND o.state = ANY(%(sendable)s) AND o.id <> this.id
       AND coalesce(i.outgoing_server_id, a.outgoing_server_id) = coalesce(ti.outgoing_server_id, ta.outgoing_server_id)
     ORDER BY o.automatic, o.due_at, o.id LIMIT %(limit)s
"""


def due_outgoing(*, limit: int = 200) -> list[int]:
    """Messages whose time to be sent, or looked for, has come. Delivery claims each for itself.

    Only what is to be sent waits for its turn; what is to be looked for or filed needs no place at the server.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _DUE,
            {
                "sending": [*map(str, _SENDING)],
                "sendable": [*map(str, (*SENDABLE, _State.CLAIMED, _State.DATA_STARTED))],
                "per_server": PER_SERVER,
                "limit": limit,
            },
        )
        return [row[0] for row in cursor.fetchall()]


def others_of_same_server(outgoing_id: int, *, limit: int) -> list[int]:
    """The other messages that are due, in the same order, and go through the same outgoing server as this one."""
    with connection.cursor() as cursor:
        cursor.execute(_OTHERS, {"this": outgoing_id, "sendable": [*map(str, SENDABLE)], "limit": limit})
        return [row[0] for row in cursor.fetchall()]
