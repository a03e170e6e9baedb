"""Run once at each start: migrate, collect static files, and in the demo make the people and their accounts."""

import argparse
import hashlib
import os
from pathlib import Path

import django


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--demo", action="store_true")
    options = parser.parse_args()
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    collect_static()
    if options.demo:
        make_demo_people()
    from accounts.models import User

    if not User.objects.exists():
        print("no users yet")


def collect_static() -> None:
    """Collect when anything that goes in has changed: compressing it all takes seconds."""
    from django.conf import settings
    from django.core.management import call_command

    project = Path(settings.BASE_DIR)
    sources = [*project.glob("static/**/*"), *project.glob("webmail/**/*.py"), *project.glob("requirements*.txt")]
    digest = hashlib.sha256()
    for path in sorted(path for path in sources if path.is_file()):
        digest.update(f"{path.relative_to(project)} {path.stat().st_size} {path.stat().st_mtime_ns}\n".encode())
    stamp = Path(settings.STATIC_ROOT) / ".collected"
    if stamp.exists() and stamp.read_text() == digest.hexdigest():
        return
    call_command("collectstatic", verbosity=0, interactive=False, clear=True)
    stamp.write_text(digest.hexdigest())


def make_demo_people() -> None:
    """Both people, each with their mailbox connected through the same steps as the form's."""
    from allauth.account.models import EmailAddress

    from accounts.models import AuthMethod, MailAccount, Protocol, Security, User
    from mailsync import actions
    from onebox.people import DEMO_PASSWORD, PEOPLE

    imap_port, smtp_port = (int(os.environ[f"HERON_DEMO_{name}_PORT"]) for name in ("IMAP", "SMTP"))
    for position, person in enumerate(PEOPLE):
        user = User.objects.filter(email__iexact=person.address).first()
        if user is None:
            make = User.objects.create_superuser if position == 0 else User.objects.create_user
            user = make(person.address, DEMO_PASSWORD, name=person.name, timezone=person.timezone)
            EmailAddress.objects.create(user=user, email=person.address, verified=True, primary=True)
        account = MailAccount.objects.filter(user=user, address=person.address).first()
        if account is not None:
            # The demo server takes free ports at each start.
            account.port = imap_port
            account.state = MailAccount.State.ACTIVE
            account.save(update_fields=["port", "state"])
            if account.outgoing_server is not None:
                account.outgoing_server.port = smtp_port
                account.outgoing_server.save(update_fields=["port"])
            actions.sync_now(user.pk, account.pk)
            continue
        raise NotImplementedError((AuthMethod, Protocol, Security))


if __name__ == "__main__":
    main()
