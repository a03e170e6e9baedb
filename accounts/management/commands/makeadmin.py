"""``manage.py makeadmin me@example.org``: the first administrator, and a link to set their password."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email

from accounts import invitations, sessions
from accounts.models import User


class Command(BaseCommand):
    help = "Make an administrator, or make an existing user one, and print a one-time link to set the password."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", default="", help="The name to show.")

    def handle(self, *args: Any, **options: Any) -> None:
        email: str = options["email"].strip().lower()
        try:
            validate_email(email)
        except ValidationError as error:
            raise CommandError(f"{email!r} is not an email address.") from error
        user = User.objects.filter(email__iexact=email).first()
        if user is None:
            user = invitations.make_user(email, name=options["name"], is_superuser=True)
        else:
            sessions.activate(user)
            user.is_staff = user.is_superuser = True
            user.save(update_fields=["is_staff", "is_superuser"])
            invitations.trust_address(user)
        self.stdout.write(f"{user.email} is an administrator. Set the password here (the link holds once):")
        self.stdout.write(invitations.password_link(user))
