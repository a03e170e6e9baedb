"""COMPRESS=DEFLATE (RFC 4978): a socket flows in; one that deflates what is sent and inflates what comes flows out.

Network room. Mail shrinks to a third or less on the wire, most where headers and flags are read by the thousand.
"""

import socket
import zlib

_CHUNK = 64 * 1024
#: RFC 4978 §4: raw deflate, no zlib header.
_RAW = -zlib.MAX_WBITS


class DeflatedSocket:
    """What ``imap_wire`` needs of a socket. ``early`` is what was read before the change and is deflated already."""

    def __init__(self, sock: socket.socket, early: bytes = b"") -> None:
        self._sock = sock
        self._inflate = zlib.decompressobj(_RAW)
        self._deflate = zlib.compressobj(zlib.Z_DEFAULT_COMPRESSION, zlib.DEFLATED, _RAW)
        self._early = early
        self._has_more = False
        #: On the wire, and as the server meant it.
        self.received_bytes = self.inflated_bytes = 0

    def recv(self, size: int) -> bytes:
        """At most ``size`` bytes, inflated; nothing at the end of the stream. Raises ``OSError``."""
        while True:
            if not self._has_more and not self._inflate.unconsumed_tail:
                data = self._early or self._sock.recv(_CHUNK)
                self._early = b""
                if not data:
                    return b""
                self.received_bytes += len(data)
            else:
                data = self._inflate.unconsumed_tail
            try:
                # Never more than was asked for, however much a few bytes may swell to.
                text = self._inflate.decompress(data, size)
            except zlib.error as error:
                raise ConnectionError(f"the compressed stream cannot be read: {error}") from error
            self._has_more = len(text) == size
            if text:
                self.inflated_bytes += len(text)
                return text
            if self._inflate.eof:
                raise ConnectionError("the server ended the compressed stream")

    def sendall(self, data: bytes) -> None:
        self._sock.sendall(self._deflate.compress(data) + self._deflate.flush(zlib.Z_SYNC_FLUSH))

    def pending(self) -> int:
        """More than 0 where something can be had without waiting for the network."""
        inner = getattr(self._sock, "pending", None)
        return int(self._has_more or bool(self._inflate.unconsumed_tail) or bool(self._early)) + (
            inner() if inner else 0
        )

    def fileno(self) -> int:
        return self._sock.fileno()

    def settimeout(self, seconds: float | None) -> None:
        self._sock.settimeout(seconds)

    def shutdown(self, how: int) -> None:
        self._sock.shutdown(how)

    def close(self) -> None:
        self._sock.close()
