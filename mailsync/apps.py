"""The mailsync app: mail, from wire to tables and back."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MailsyncConfig(AppConfig):
    name = "mailsync"
    verbose_name = _("Mail")

    def ready(self) -> None:
        """Give the only door to the outside its doorkeeper, without which it stays shut; hear of people who leave
        or sign out; have the keys of webhooks closed anew with the others."""
        from django.contrib.auth.signals import user_logged_out

        from accounts import rotation
        from accounts.leaving import leaving
        from accounts.sessions import key_changed
        from mailsync.actions.departures import let_leave
        from mailsync.protocol import egress
        from mailsync.store.devices import follow_session, forget_signed_out
        from mailsync.store.egress import switches
        from mailsync.store.webhooks import rotate_secrets

        egress.guard = switches.check
        leaving.connect(let_leave, dispatch_uid="mailsync")
        user_logged_out.connect(forget_signed_out, dispatch_uid="mailsync")
        rotation.ELSEWHERE.append(rotate_secrets)
        key_changed.connect(follow_session, dispatch_uid="mailsync")
