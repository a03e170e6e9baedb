"""Trust in a certificate that no authority vouches for: asked for by anybody, given by an administrator only."""

from accounts.models import MailAccount, User
from mailsync.actions.accounts import resume_account
from mailsync.actions.verb import verb
from mailsync.models import TrustedCertificate
from mailsync.store.certificates import record_asked, record_trust
from mailsync.types import Certificate


@verb
def ask_trust(user: User, host: str, port: int, shown: Certificate) -> bool:
    """Ask the administrators to trust exactly this certificate for this server. Who is one has decided by asking.

    Returns whether it is trusted now."""
    row = record_asked(host, port, shown, user)
    if user.is_superuser and user.is_active:
        give_trust(row.pk, user)
        return True
    return row.approved_at is not None


@verb
def give_trust(certificate_id: int, administrator: User) -> None:
    """Trust it, in the place of any other of that server; accounts that stopped over it go on."""
    row = TrustedCertificate.objects.select_for_update().get(pk=certificate_id)
    record_trust(row, administrator)
    stopped = MailAccount.objects.filter(
        host__iexact=row.host, port=row.port, state=MailAccount.State.NEEDS_USER, user__is_active=True
    )
    for account in stopped:
        resume_account(account.user_id, account.pk)


@verb
def take_trust(certificate_id: int) -> None:
    """Authorities are asked again about this server; an account whose server they do not know stops with the reason."""
    TrustedCertificate.objects.filter(pk=certificate_id).update(approved_by=None, approved_at=None)
