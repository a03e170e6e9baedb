"""What stands in for mail servers where accounts are connected or led to other ones."""

from mailsync.types import LoginReport, ServerSettings, StepResult

HAND = {
    "host": "imap.club.test",
    "port": "993",
    "security": "tls",
    "username": "alice",
    "smtp_host": "smtp.club.test",
    "smtp_port": "587",
    "smtp_security": "starttls",
}
OK = StepResult(True)


class Probe:
    """Stands in for the servers: remembers what was tried, answers as told."""

    def __init__(self) -> None:
        self.report = LoginReport(OK, OK)
        self.tried: list[tuple[ServerSettings, ServerSettings | None]] = []

    def __call__(self, incoming: ServerSettings, outgoing: ServerSettings | None) -> LoginReport:
        self.tried.append((incoming, outgoing))
        return self.report if outgoing else LoginReport(self.report.incoming, StepResult(True, "skipped"))
