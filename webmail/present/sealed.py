"""What a reader is told of a signature, of encryption and of a key that came along. Pure, but for the language.

A claim in a certificate is worth what its authority is worth: a name is said plainly only where one is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from django.utils.translation import gettext as _

from mailsync.message.cms import Signer
from mailsync.message.facts import Inside, Problem
from mailsync.message.protection import Protection


@dataclass(frozen=True, slots=True)
class Sealed:
    """``badge`` stands beside the sender, ``text`` says all of it. ``tone``: "ok" is worth trusting, "plain" says
    nothing either way, "warn" and "danger" stand above the message too. ``asks_for_key``: a certificate that is added
    would open it."""

    tone: Literal["ok", "plain", "warn", "danger"]
    icon: str
    badge: str
    text: str
    asks_for_key: bool = False


def present_sealed(
    protection: Protection, signers: Sequence[Signer], from_address: str, *, inside: Inside | None = None
) -> Sealed | None:
    """None for a message that is neither signed nor encrypted. Of one that was opened, ``protection`` and ``signers``
    are those of what is ``inside``."""
    if inside is not None and inside.problem:
        return _closed(inside.problem)
    told = _told(protection, signers, from_address)
    return told if inside is None else _opened(told)


def _told(protection: Protection, signers: Sequence[Signer], from_address: str) -> Sealed | None:
    if protection.kind == "encrypted":
        return _encrypted(protection)
    if protection.kind != "signed":
        return None
    if protection.way == "pgp":
        text = _("Signed with OpenPGP. Heron cannot check it; a program that holds the sender’s key can.")
        return Sealed("plain", "signature", _("Signed"), text)
    signer = signers[0] if signers else Signer("unsupported")
    return _signed(signer, from_address.lower(), is_whole=protection.is_whole)


def _encrypted(protection: Protection) -> Sealed:
    if protection.way == "pgp":
        text = _(
            "This message is encrypted with OpenPGP. Heron cannot open it, as it does not have your key: save it as a"
            " file and open it with the program that does, such as Thunderbird."
        )
    else:
        text = _(
            "Only a part of this message is encrypted with S/MIME. Heron opens what is encrypted as a whole, as anybody"
            " could have added the rest: save it as a file and open it with the program that it was made with."
        )
    return Sealed("plain", "lock", _("Encrypted"), text)


def _closed(problem: Problem) -> Sealed:
    if problem == "no_key":
        text = _("This message is encrypted with S/MIME for a certificate that you have not added here.")
        return Sealed("plain", "lock", _("Encrypted"), text, asks_for_key=True)
    if problem == "damaged":
        text = _(
            "This message is encrypted with S/MIME, but it was damaged or changed on its way, and cannot be opened."
            " Ask for it to be sent again."
        )
        return Sealed("warn", "shield-alert", _("Damaged"), text)
    if problem == "too_large":
        text = _("This encrypted message is too large to be opened here. Save it as a file and open it elsewhere.")
    else:
        text = _(
            "This message is encrypted with S/MIME in a way that Heron does not know, or that is no longer safe. Save"
            " it as a file and open it with another program, such as Thunderbird, Outlook or Apple Mail."
        )
    return Sealed("plain", "lock", _("Encrypted"), text)


def _opened(told: Sealed | None) -> Sealed:
    """Both facts: that it was encrypted, and what is to be said of its signature."""
    words = _("Encrypted: only you and whoever else it was sent to could read it.")
    if told is None:
        text = _("It is not signed, so it may be from anyone who has your certificate.")
        return Sealed("plain", "lock", _("Encrypted"), f"{words} {text}")
    if told.tone == "ok":
        return Sealed("ok", "lock", _("Encrypted and signed"), f"{words} {told.text}")
    if told.tone == "plain":
        return Sealed("plain", "lock", _("Encrypted"), f"{words} {told.text}")
    return Sealed(told.tone, told.icon, told.badge, f"{words} {told.text}")


def _signed(signer: Signer, from_address: str, *, is_whole: bool) -> Sealed:
    said = {"name": signer.name, "issuer": signer.issuer or _("an unnamed authority"), "sender": from_address}
    if signer.state == "changed":
        text = _("This message was changed after it was signed, or the signature is not its own. Do not rely on it.")
        return Sealed("danger", "shield-alert", _("Changed"), text)
    if signer.state == "unsupported":
        text = _("Signed in a way that Heron cannot check, or that is no longer safe. It says nothing of the sender.")
        return Sealed("plain", "signature", _("Signed"), text)
    if signer.state == "unknown":
        text = _(
            "Signed, and unchanged since; but Heron does not know who issued the certificate. It names %(name)s and"
            " %(issuer)s, and anyone can make one that does."
        )
        return Sealed("plain", "signature", _("Signed"), text % said)
    if not is_whole:
        text = _("Only a part of this message is signed, by %(name)s. The rest may be from anyone.")
        return Sealed("warn", "shield-alert", _("Partly signed"), text % said)
    if from_address not in signer.addresses:
        said["address"] = ", ".join(signer.addresses[:3]) or _("no address")
        text = _("Signed by %(name)s, whose certificate is for %(address)s and not for %(sender)s.")
        return Sealed("warn", "shield-alert", _("Other signer"), text % said)
    if signer.state == "expired":
        text = _(
            "Signed by %(name)s (certificate of %(issuer)s), unchanged since. The certificate was not valid when the"
            " message came."
        )
        return Sealed("plain", "signature", _("Signed"), text % said)
    text = _("Signed by %(name)s (certificate of %(issuer)s), unchanged since.")
    return Sealed("ok", "signature", _("Signed"), text % said)
