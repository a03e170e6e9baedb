"""A submission server in memory that speaks the ``MailSender`` contract, keeps what it took, and fails when told to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from mailsync.errors import TryLater
from mailsync.protocol.contract import UncertainDelivery
from mailsync.types import RecipientReply, SubmissionReply


@dataclass
class Taken:
    mail_from: str
    recipients: tuple[str, ...]
    raw: bytes


@dataclass
class FakeSubmission:
    """``faults`` are used up one a transaction: ``connect``, ``rcpt`` (drop before DATA), ``data`` (drop while the
    bytes go), ``lost`` (taken, reply lost), ``lost_untaken`` (not taken, reply lost), an exception to raise, or
    a final reply such as ``(451, "4.3.0", "try later")``. ``refusals`` answer single recipients."""

    taken: list[Taken] = field(default_factory=list)
    faults: list[object] = field(default_factory=list)
    refusals: dict[str, tuple[int, str, str]] = field(default_factory=dict)
    connections: int = 0
    #: Called with each message that is taken: a provider's own Sent copy.
    on_taken: Callable[[bytes], None] | None = None

    def open(self, _server: object, _account: object) -> "FakeSender":
        self.connections += 1
        if self.faults and self.faults[0] == "connect":
            self.faults.pop(0)
            raise TryLater("No connection.")
        return FakeSender(self)

    def delivered_to(self) -> list[str]:
        """Every copy that was taken, one entry for each recipient."""
        return sorted(address for one in self.taken for address in one.recipients)


class FakeSender:
    size_limit_bytes: int | None = None
    supports_smtputf8 = True
    supports_8bitmime = True
    supports_dsn = True

    def __init__(self, server: FakeSubmission) -> None:
        self.server = server

    def submit(
        self,
        *,
        mail_from: str,
        recipients: Sequence[str],
        raw: bytes,
        before_data: Callable[[], None],
        before_dot: Callable[[Sequence[str]], None],
        envelope_id: str = "",
    ) -> SubmissionReply:
        fault = self.server.faults.pop(0) if self.server.faults else None
        if isinstance(fault, BaseException):
            raise fault
        if fault == "rcpt":
            raise TryLater("The connection broke.")
        replies = [self._rcpt(address) for address in recipients]
        accepted = tuple(reply.address for reply in replies if reply.accepted)
        if not accepted:
            return SubmissionReply(tuple(replies), None, "", "")
        before_data()
        if fault == "data":
            raise TryLater("The connection broke.")
        before_dot(accepted)
        if isinstance(fault, tuple):
            return SubmissionReply(tuple(replies), *fault)
        if fault != "lost_untaken":
            self.server.taken.append(Taken(mail_from, accepted, raw))
            if self.server.on_taken:
                self.server.on_taken(raw)
        if fault in {"lost", "lost_untaken"}:
            raise UncertainDelivery("No answer came.")
        return SubmissionReply(tuple(replies), 250, "2.0.0", "Taken.")

    def _rcpt(self, address: str) -> RecipientReply:
        code, enhanced, text = self.server.refusals.get(address, (250, "2.1.5", "Fine."))
        return RecipientReply(address, code == 250, code, enhanced, text)

    def close(self) -> None: ...
