"""The form of a new passkey: what a device made flows in, a way to sign in comes out."""

from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms
from django.utils.translation import gettext_lazy as _


class AddPasskeyForm(AddWebAuthnForm):  # type: ignore[misc]  # allauth carries no types
    """allauth's, which makes a mere second step unless a word that few know is ticked: a key that was made by
    "Add a passkey" and then did not sign in. Here it is a passkey unless its maker says otherwise."""

    passwordless = forms.BooleanField(
        label=_("Sign in with it alone, without a password"),
        required=False,
        initial=True,
        help_text=_(
            "Your device asks for your fingerprint, face or PIN instead. Untick it for a security key that has none of"
            " these: it is then a second step after the password."
        ),
    )
