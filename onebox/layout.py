"""The data folder of one installation: where its database, secrets, logs and static files lie."""

import base64
import fcntl
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import IO

PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Layout:
    """All paths under one folder, which only its owner may read."""

    root: Path

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def static(self) -> Path:
        return self.root / "static"

    @property
    def mail_state(self) -> Path:
        return self.root / "mail"

    @property
    def outbox_of_heron(self) -> Path:
        """Where Heron's own letters (password resets) land when no mail server is set for them."""
        return self.root / "letters"

    @property
    def secrets(self) -> Path:
        return self.root / "secrets"

    def secret(self, name: str) -> Path:
        return self.secrets / name

    def prepare(self) -> None:
        """Make the folders and, once, the secrets. Secrets are never printed."""
        for folder in (self.root, self.logs, self.secrets, self.outbox_of_heron):
            folder.mkdir(parents=True, exist_ok=True)
        self.root.chmod(0o711)  # The database may run as a user of its own and must pass through.
        self.secrets.chmod(0o700)
        self._make_secret("secret-key", secrets.token_urlsafe(50))
        self._make_secret("vault-key", base64.urlsafe_b64encode(os.urandom(32)).decode())

    def _make_secret(self, name: str, value: str) -> None:
        path = self.secret(name)
        if path.exists():
            return
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(value)

    def lock(self) -> IO[str]:
        """Hold the folder for this process. Raises ``RuntimeError`` when another one has it."""
        file = (self.root / "lock").open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            address = file.read().strip()
            file.close()
            raise RuntimeError(f"Heron already runs from this folder: {address}") from None
        return file
