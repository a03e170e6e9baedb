"""The tables of people and of how they reach their mail; one file a subject."""

from accounts.models.departure import Departure
from accounts.models.events import SecurityEvent
from accounts.models.oauth import OAuthApp, ProviderRow
from accounts.models.own_certificate import OwnCertificate
from accounts.models.peer_certificate import PeerCertificate
from accounts.models.people import (
    AuthMethod,
    Credential,
    Identity,
    MailAccount,
    OutgoingServer,
    Protocol,
    Security,
    TrustedSender,
    User,
    UserManager,
)
from accounts.models.push_key import PushKey

__all__ = [
    "AuthMethod",
    "Credential",
    "Departure",
    "Identity",
    "MailAccount",
    "OAuthApp",
    "OutgoingServer",
    "OwnCertificate",
    "PeerCertificate",
    "Protocol",
    "ProviderRow",
    "PushKey",
    "Security",
    "SecurityEvent",
    "TrustedSender",
    "User",
    "UserManager",
]
