"""How a person gets in without a password travelling by mail: a user flows in, a link to set one flows out.

Database room, and the site's own outgoing mail. The link is allauth's password reset: it holds once,
for ``PASSWORD_RESET_TIMEOUT`` seconds, and following it proves the address it was mailed to.
"""

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from accounts.models import User


@transaction.atomic
def make_user(email: str, *, name: str = "", is_superuser: bool = False) -> User:
    """A user without a password yet. Raises ``ValueError`` if the address is in use."""
    email = email.strip().lower()
    if User.objects.filter(email__iexact=email).exists():
        raise ValueError(f"{email} has a user already.")
    make = User.objects.create_superuser if is_superuser else User.objects.create_user
    user = make(email, None, name=name)
    trust_address(user)
    return user


@transaction.atomic
def trust_address(user: User) -> None:
    """Make ``user.email`` their one verified sign-in address, as an administrator vouches for it."""
    email = user.email.lower()
    EmailAddress.objects.filter(user=user).exclude(email=email).delete()
    EmailAddress.objects.update_or_create(user=user, email=email, defaults={"verified": True, "primary": True})


def password_link(user: User) -> str:
    """An absolute URL where this user sets a password. Whoever holds it is that user: mail it to nobody else."""
    path = reverse(
        "account_reset_password_from_key",
        kwargs={"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)},
    )
    return f"{settings.HERON_BASE_URL}{path}"


def opens_nothing_yet(user: User) -> bool:
    """Whether nobody has ever come in as this user, and no mail is here: their link may be handed over by hand."""
    return not (user.has_usable_password() or user.last_login or user.mail_accounts.exists())


def send_invitation(user: User, *, invited_by: str = "") -> None:
    """Mail the link, in their language where it is known.

    Raises what the mail backend raises (``OSError``, ``SMTPException``) when it cannot.
    """
    context = {
        "user": user,
        "invited_by": invited_by,
        "link": password_link(user),
        "site": settings.HERON_BASE_URL,
        "days": settings.PASSWORD_RESET_TIMEOUT // 86_400,
    }
    with translation.override(user.language or translation.get_language()):
        subject = render_to_string("account/email/invitation_subject.txt", context).strip()
        body = render_to_string("account/email/invitation_message.txt", context)
    send_mail(subject, body, None, [user.email])
