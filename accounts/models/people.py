"""Who may read which mail, and how we log in to it: people, mail accounts, identities, secrets.

Database room. Secrets are stored only as ciphertext in ``Credential`` (see ``vault.py``); nothing
here dials out, and nothing here knows folders or messages.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts import vault
from accounts.ready import ReadyQuery, prepared_cursor

_AT_LEAST_ONE = [MinValueValidator(1)]


class UserManager(BaseUserManager["User"]):
    """Makes users by email; an address differs from another only by more than letter case."""

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)

    def get(self, *args: Any, **fields: Any) -> "User":
        """By the key alone it is the query of every request, and ready."""
        # A manager of a relation is of a class of its own, and has to look among its own.
        if type(self) is not UserManager or args or set(fields) != {"pk"} or not isinstance(fields["pk"], int):
            return super().get(*args, **fields)
        loaded = _known.get()
        found = loaded if loaded is not None and loaded.pk == fields["pk"] else _BY_KEY.one(fields["pk"])
        if found is None:
            raise self.model.DoesNotExist(f"There is no user {fields['pk']}.")
        return found

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        if not email:
            raise ValueError("A user needs an email address.")
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, **{"is_staff": True, "is_superuser": True, **fields})


class User(AbstractUser):
    """A person who signs in by email. ``is_active`` off stops their sync and ends their sessions."""

    username = None  # type: ignore[assignment]
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    email = models.EmailField(_("email address"), max_length=254)
    name = models.CharField(_("name"), max_length=150, blank=True)
    timezone = models.CharField(_("time zone"), max_length=64, default="UTC")
    language = models.CharField(
        _("language"), max_length=12, default="", blank=True, help_text=_("Empty: as the browser asks.")
    )
    is_active = models.BooleanField(
        _("active"),
        default=True,
        help_text=_("Off: they are signed out and nothing is fetched or sent for them. All their mail here is kept."),
    )
    is_superuser = models.BooleanField(
        _("administrator"),
        default=False,
        help_text=_("May invite, change, shut out and delete people, and stop what Heron does. Sees nobody's mail."),
    )
    preferences = models.JSONField(default=dict, blank=True, help_text=_("Read through accounts/preferences.py."))

    # What an administrator allows; empty where only the provider's limits count.
    recipients_per_day = models.PositiveIntegerField(
        _("recipients a day"), null=True, blank=True, validators=_AT_LEAST_ONE
    )
    messages_per_minute = models.PositiveIntegerField(
        _("messages a minute"), null=True, blank=True, validators=_AT_LEAST_ONE
    )
    attachment_limit_mb = models.PositiveIntegerField(
        _("attachments of a message, MB"),
        null=True,
        blank=True,
        validators=_AT_LEAST_ONE,
        help_text=_("All files of one message together."),
    )
    storage_limit_mb = models.PositiveIntegerField(
        _("storage, MB"),
        null=True,
        blank=True,
        help_text=_("Mail and files together; 1,000 MB are 1 GB. Empty: as the operator has set. 0: no limit."),
    )

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()  # type: ignore[misc,assignment]

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_once")]

    def __str__(self) -> str:
        """Who leaves has but a placeholder for an address; where their departure is loaded, it says the real one."""
        departure = self._state.fields_cache.get("departure")
        return str(departure or self.email)

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return (self.name or self.email).split("@")[0].split(" ")[0]


_BY_KEY = ReadyQuery(lambda key: User.objects.filter(pk=key))
_known: ContextVar[User | None] = ContextVar("a user just loaded", default=None)


@contextmanager
def known(user: User | None) -> Iterator[None]:
    """Within the block whoever asks for this user by the key gets this very one, without a query."""
    token = _known.set(user)
    try:
        yield
    finally:
        _known.reset(token)


class Security(models.TextChoices):
    """How a connection is protected; the values are those of ``mailsync.types.Security``."""

    TLS = "tls", _("TLS")
    STARTTLS = "starttls", _("STARTTLS")
    NONE = "none", _("None (unsafe)")


class AuthMethod(models.TextChoices):
    PASSWORD = "password", _("Password")
    OAUTH2 = "oauth2", _("OAuth 2")


class Protocol(models.TextChoices):
    IMAP = "imap", "IMAP"
    POP3 = "pop3", "POP3"


class OutgoingServer(models.Model):
    """A submission server (RFC 6409): an account's own, or a subscription relay shared by identities.

    With ``uses_incoming_secret`` the login is the mail account's own and no second secret is kept.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="outgoing_servers", verbose_name=_("user")
    )
    label = models.CharField(max_length=120, blank=True, verbose_name=_("label"))
    host = models.CharField(max_length=255, verbose_name=_("host"))
    port = models.PositiveIntegerField(default=465, verbose_name=_("port"))
    security = models.CharField(max_length=8, choices=Security, default=Security.TLS, verbose_name=_("encryption"))
    auth_method = models.CharField(
        max_length=8, choices=AuthMethod, default=AuthMethod.PASSWORD, verbose_name=_("signs in by")
    )
    username = models.CharField(max_length=320, blank=True, verbose_name=_("user name"))
    is_relay = models.BooleanField(default=False, help_text=_("Relays save no Sent copy."), verbose_name=_("relay"))
    size_limit_bytes = models.PositiveBigIntegerField(
        null=True,
        blank=True,
        editable=False,
        help_text="What its EHLO said last (RFC 1870); NULL: nothing yet, or no limit.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("outgoing server")
        verbose_name_plural = _("outgoing servers")

    def __str__(self) -> str:
        return self.label or f"{self.host}:{self.port}"


class MailAccount(models.Model):
    """An external mailbox that its user has connected. No foreign key points from here to mail."""

    class State(models.TextChoices):
        ACTIVE = "active", _("Active")
        NEEDS_USER = "needs_user", _("Needs attention")
        PAUSED = "paused", _("Paused")

    class LeaveOnServer(models.TextChoices):
        KEEP = "keep", _("Keep on the server")
        AFTER_DAYS = "after_days", _("Delete from the server after some days")
        WITH_LOCAL = "with_local", _("Delete from the server when deleted here")
        ONCE_STORED = "once_stored", _("Delete from the server once stored here")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="mail_accounts", verbose_name=_("user")
    )
    label = models.CharField(max_length=120, blank=True, verbose_name=_("label"))
    address = models.EmailField(max_length=320, verbose_name=_("address"))
    provider = models.CharField(
        max_length=40, blank=True, help_text=_("Key into accounts/providers.py."), verbose_name=_("mail provider")
    )
    protocol = models.CharField(max_length=4, choices=Protocol, default=Protocol.IMAP, verbose_name=_("protocol"))
    host = models.CharField(max_length=255, verbose_name=_("host"))
    port = models.PositiveIntegerField(default=993, verbose_name=_("port"))
    security = models.CharField(max_length=8, choices=Security, default=Security.TLS, verbose_name=_("encryption"))
    auth_method = models.CharField(
        max_length=8, choices=AuthMethod, default=AuthMethod.PASSWORD, verbose_name=_("signs in by")
    )
    oauth_app = models.ForeignKey(
        "accounts.OAuthApp",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="mail_accounts",
        verbose_name=_("OAuth registration"),
    )
    username = models.CharField(max_length=320, verbose_name=_("user name"))
    outgoing_server = models.ForeignKey(
        OutgoingServer,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="mail_accounts",
        verbose_name=_("outgoing server"),
    )
    leave_on_server = models.CharField(
        max_length=12, choices=LeaveOnServer, default=LeaveOnServer.KEEP, verbose_name=_("mail on the server")
    )
    leave_days = models.PositiveIntegerField(default=14, verbose_name=_("days on the server"))
    keep_days = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text=_("Archive mode: older mail is deleted on the IMAP server and kept here."),
        verbose_name=_("archive mode, days"),
    )
    state = models.CharField(max_length=12, choices=State, default=State.ACTIVE, verbose_name=_("state"))
    state_reason = models.TextField(blank=True, help_text=_("In plain words, with the fix."), verbose_name=_("why"))
    state_since = models.DateTimeField(auto_now_add=True, verbose_name=_("since"))
    hue = models.PositiveSmallIntegerField(default=260)
    position = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True, verbose_name=_("connected"))

    class Meta:
        verbose_name = _("mail account")
        verbose_name_plural = _("mail accounts")
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint("user", Lower("username"), Lower("host"), "protocol", name="mail_account_once")
        ]

    def __str__(self) -> str:
        return self.label or self.address

    @property
    def own_server(self) -> OutgoingServer | None:
        """The outgoing server that changes with this account: neither a relay nor another account's."""
        server = self.outgoing_server
        if server is None or server.is_relay:
            return None
        shared = server.mail_accounts.exclude(pk=self.pk).exists()
        return None if shared and server.username != self.username else server


class Identity(models.Model):
    """Who a message is from (RFC 8621 §6). Only a verified identity may be sent as."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="identities", verbose_name=_("user")
    )
    account = models.ForeignKey(MailAccount, models.CASCADE, related_name="identities", verbose_name=_("mail account"))
    outgoing_server = models.ForeignKey(
        OutgoingServer, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("outgoing server")
    )
    name = models.CharField(max_length=150, blank=True, verbose_name=_("name"))
    address = models.EmailField(max_length=320, verbose_name=_("address"))
    reply_to = models.EmailField(max_length=320, blank=True)
    default_bcc = models.EmailField(max_length=320, blank=True)
    signature_html = models.TextField(blank=True, help_text="Clean HTML; pictures are named by their Content-ID.")
    signature_text = models.TextField(blank=True, help_text="What it says, made from the HTML; alone in old rows.")
    signature_on_new = models.BooleanField(default=True, db_default=True)
    signature_on_answers = models.BooleanField(default=True, db_default=True)
    signature_below = models.BooleanField(default=False, db_default=False)
    signs_mail = models.BooleanField(
        default=False, db_default=False, help_text="Its messages are signed with its own S/MIME certificate."
    )
    is_default = models.BooleanField(default=False, verbose_name=_("default"))
    verified_at = models.DateTimeField(null=True, blank=True, verbose_name=_("verified"))

    class Meta:
        verbose_name = _("identity")
        verbose_name_plural = _("identities")
        ordering = ["-is_default", "id"]
        constraints = [
            models.UniqueConstraint("account", Lower("address"), name="identity_once"),
            models.UniqueConstraint("account", condition=models.Q(is_default=True), name="identity_one_default"),
        ]

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else self.address


class Credential(models.Model):
    """One secret of a mail account or an outgoing server, encrypted for this very row.

    The primary key is made before the row is saved, as it is part of the ciphertext's context: a
    ciphertext copied to another row, or given another kind, does not open.
    """

    class Kind(models.TextChoices):
        PASSWORD = "password", _("Password")
        REFRESH_TOKEN = "refresh_token", _("OAuth refresh token")
        ACCESS_TOKEN = "access_token", _("OAuth access token")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(MailAccount, models.CASCADE, null=True, blank=True, related_name="credentials")
    server = models.ForeignKey(OutgoingServer, models.CASCADE, null=True, blank=True, related_name="credentials")
    kind = models.CharField(max_length=16, choices=Kind, default=Kind.PASSWORD)
    ciphertext = models.BinaryField()
    expires_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="credential_one_owner",
                condition=models.Q(account__isnull=False, server__isnull=True)
                | models.Q(account__isnull=True, server__isnull=False),
            ),
            models.UniqueConstraint(
                "account", "kind", condition=models.Q(account__isnull=False), name="credential_account"
            ),
            models.UniqueConstraint("server", "kind", condition=models.Q(server__isnull=False), name="credential_srv"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.account or self.server}"

    @property
    def context(self) -> bytes:
        return f"credential:{self.pk}:{self.kind}".encode()

    def set_secret(self, secret: str) -> None:
        self.ciphertext = vault.encrypt(secret.encode(), self.context)

    def reveal(self) -> str:
        """The secret in clear. Raises ``vault.VaultError`` when no key opens it."""
        return vault.decrypt(bytes(self.ciphertext), self.context).decode()


class TrustedSender(models.Model):
    """A sender, or a whole domain, whose remote pictures this user always loads."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="trusted_senders")
    address = models.CharField(max_length=320, help_text=_("An address, or a domain as @example.org."))
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint("user", Lower("address"), name="trusted_sender_once")]

    def __str__(self) -> str:
        return self.address

    @staticmethod
    def has_any(user_id: int, addresses: list[str]) -> bool:
        """Whether the user trusts one of these, in lower case; asked with every newsletter that is opened."""
        with prepared_cursor() as cursor:
            cursor.execute(_TRUSTED, [user_id, addresses])
            return cursor.fetchone() is not None


_TRUSTED = "SELECT 1 FROM accounts_trustedsender WHERE user_id = %s AND lower(address) = ANY(%s) LIMIT 1"
