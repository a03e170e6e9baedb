"""Which of very many folders a walk can meet. Database room.

The newest two hundred placements of all folders together lie in two hundred folders at most: in those whose own newest
are the newest. So the walk need not name a thousand, each of which takes the planner as long as reading ten rows does.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection

#: So many folders are walked as they are.
FEW = 100

_NEAR = """
    SELECT f.id FROM unnest(%(near_folders)s::bigint[]) AS f (id)
     CROSS JOIN LATERAL (SELECT p.received_at FROM mailsync_placement p WHERE p.folder_id = f.id AND p.shown{where}
                          ORDER BY p.received_at DESC, p.id DESC LIMIT 1) AS newest
     ORDER BY newest.received_at DESC LIMIT {walk}
"""


def folders_near(folders: Sequence[int], narrowed: str, values: Mapping[str, Any], size: int) -> Sequence[int]:
    """Those of ``folders`` that a walk of the newest ``size`` placements can meet, at least one; ``narrowed`` is what
    holds for all that it meets, with these ``values``. One query where there are many folders, by the index of each."""
    if len(folders) <= FEW:
        return folders
    with connection.cursor() as cursor:
        cursor.execute(_NEAR.format(where=narrowed, walk=size), {**values, "near_folders": list(folders)})
        return [pk for (pk,) in cursor.fetchall()] or folders[:1]
