"""Run at each start: collect static files (``static``), migrate (``database``), make the demo's people (``demo``)."""

import argparse
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import django

from mailsync.types import Secret, Security, ServerSettings
from onebox.people import DEMO_PASSWORD, PEOPLE, Person

if TYPE_CHECKING:
    from accounts.models import MailAccount


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["static", "database", "demo"])
    what = parser.parse_args().what
    django.setup()
    if what == "static":
        collect_static()
        return
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    if what == "demo":
        make_demo_people()
    from accounts.models import User

    if not User.objects.exists():
        print("no users yet")


def collect_static() -> None:
    """Collect when anything that goes in has changed: compressing it all takes seconds."""
    from django.conf import settings
    from django.core.management import call_command

    project = Path(settings.BASE_DIR)
    sources = [*project.glob("static/**/*"), project / "webmail" / "icons.py", *project.glob("requirements*.txt")]
    digest = hashlib.sha256()
    for path in sorted(path for path in sources if path.is_file()):
        digest.update(f"{path.relative_to(project)} {path.stat().st_size} {path.stat().st_mtime_ns}\n".encode())
    stamp = Path(settings.STATIC_ROOT) / ".collected"
    if stamp.exists() and stamp.read_text() == digest.hexdigest():
        return
    call_command("collectstatic", verbosity=0, interactive=False, clear=True)
    stamp.write_text(digest.hexdigest())


def make_demo_people() -> None:
    """Both people, each with their mailbox connected as a user connects it: proved first, then saved."""
    from allauth.account.models import EmailAddress

    from accounts.models import MailAccount, User
    from mailsync import actions

    imap_port, smtp_port = (int(os.environ[f"HERON_DEMO_{name}_PORT"]) for name in ("IMAP", "SMTP"))
    for position, person in enumerate(PEOPLE):
        user = User.objects.filter(email__iexact=person.address).first()
        if user is None:
            make = User.objects.create_superuser if position == 0 else User.objects.create_user
            user = make(person.address, DEMO_PASSWORD, name=person.name, timezone=person.timezone)
            EmailAddress.objects.create(user=user, email=person.address, verified=True, primary=True)
        account = MailAccount.objects.filter(user=user, address=person.address).first()
        if account is not None:
            _follow_ports(account, imap_port, smtp_port)
            actions.sync_now(user.pk, account.pk)
            continue
        incoming, outgoing = _demo_server("imap", imap_port, person), _demo_server("smtp", smtp_port, person)
        report = actions.check_login(incoming, outgoing)
        for step in (report.incoming, report.outgoing):
            if not step.ok:
                raise RuntimeError(f"The demo account of {person.address} cannot be connected: {step.message}")
        actions.connect_account(user, address=person.address, incoming=incoming, outgoing=outgoing, name=person.name)


def _demo_server(protocol: Literal["imap", "smtp"], port: int, person: Person) -> ServerSettings:
    """In clear, as nothing leaves this machine."""
    return ServerSettings(
        protocol=protocol,
        host="127.0.0.1",
        port=port,
        security=Security.NONE,
        username=person.address,
        secret=Secret("password", DEMO_PASSWORD),
        allow_private=True,
        allow_plaintext=True,
    )


def _follow_ports(account: "MailAccount", imap_port: int, smtp_port: int) -> None:
    """The demo server takes free ports at each start."""
    account.port = imap_port
    account.state = account.State.ACTIVE
    account.save(update_fields=["port", "state"])
    if account.outgoing_server is not None:
        account.outgoing_server.port = smtp_port
        account.outgoing_server.save(update_fields=["port"])


if __name__ == "__main__":
    main()
