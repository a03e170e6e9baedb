"""How fast the line is, and so how much to ask of it at once. Pure arithmetic of one session; no clock, no network.

What is asked for must come well within a task's 300 seconds, or it is fetched again and again and never
kept. Until the line is known little is asked for; then as much as comes in half a minute.
"""

from dataclasses import dataclass

_LEAST_BYTES, _MOST_BYTES = 1024 * 1024, 64 * 1024 * 1024
_WHOLE_BYTES = 10 * 1024 * 1024
_LEAST_PIECE_BYTES, _MOST_PIECE_BYTES = 256 * 1024, 1024 * 1024
_GROUP_SECONDS, _WHOLE_SECONDS, _PIECE_SECONDS = 30.0, 15.0, 10.0
#: Less than this tells of the round trip rather than of the line.
_TELLING_BYTES = 64 * 1024


@dataclass(slots=True)
class Pace:
    """``bytes_per_second`` as last measured; None while nothing has come yet.

    >>> pace = Pace(); pace.note(1_000_000, 50.0); (pace.group_bytes, pace.piece_bytes)
    (1048576, 262144)
    """

    bytes_per_second: float | None = None

    def note(self, size_bytes: int, seconds: float) -> None:
        """So much came in so long, waiting for our own work left out."""
        if size_bytes >= _TELLING_BYTES:
            self.bytes_per_second = size_bytes / max(seconds, 0.001)

    @property
    def group_bytes(self) -> int:
        """How much to have under way before looking at the clock again."""
        return self._within(_GROUP_SECONDS, _LEAST_BYTES, _MOST_BYTES)

    @property
    def whole_bytes(self) -> int:
        """A larger message is fetched piece by piece."""
        return self._within(_WHOLE_SECONDS, _LEAST_BYTES, _WHOLE_BYTES)

    @property
    def piece_bytes(self) -> int:
        return self._within(_PIECE_SECONDS, _LEAST_PIECE_BYTES, _MOST_PIECE_BYTES)

    def _within(self, seconds: float, least: int, most: int) -> int:
        return max(least, min(most, int((self.bytes_per_second or 0.0) * seconds)))
