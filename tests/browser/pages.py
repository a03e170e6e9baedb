"""Every page of the site that a person can be on, by its name; for tests that look at all of them."""

from accounts.models import Identity
from mailsync.models import Message
from tests.browser.conftest import Mailbox

#: Pages of somebody who is not signed in.
OUTSIDE = {
    "sign-in": "/accounts/login/",
    "sign-in by code": "/accounts/login/code/",
    "forgotten password": "/accounts/password/reset/",
    "forgotten password, sent": "/accounts/password/reset/done/",
    "first run": "/setup/",
}


def inside(mailbox: Mailbox) -> dict[str, str]:
    """Pages of Anna, who also runs the site."""
    type(mailbox.user).objects.filter(pk=mailbox.user.pk).update(is_superuser=True, is_staff=True)
    inbox, account = mailbox.folders["INBOX"], mailbox.folders["INBOX"].account_id
    newest = inbox.placements.filter(shown=True).order_by("-id")[0]
    with_file = Message.objects.filter(account_id=account, attachment_count__gt=0).earliest("id")
    identity = Identity.objects.filter(account_id=account).earliest("id")
    settings = f"/settings/accounts/{account}"
    return {
        "inbox": f"/f/{inbox.pk}/",
        "unread": f"/f/{inbox.pk}/?show=unread",
        "to me": f"/f/{inbox.pk}/?show=to-me",
        "sorted": f"/f/{inbox.pk}/?sort=largest",
        "conversation": f"/f/{inbox.pk}/t/{newest.thread_id}/",
        "message with files": f"/m/{with_file.pk}/",
        "source": f"/m/{newest.message_id}/source",
        "print": f"/m/{newest.message_id}/print",
        "all inboxes": "/all/",
        "flagged": "/flagged/",
        "label": "/label/Travel/",
        "search": "/search/?q=boathouse",
        "search with mistakes": "/search/?q=after:yesterdayish+(",
        "nothing found": "/search/?q=narwhal",
        "activity": "/activity/",
        "outbox": "/outbox/",
        "compose": "/compose/",
        "new folder": "/folders/new/",
        "edit folder": f"/f/{mailbox.folders['Boathouse'].pk}/edit/",
        "new label": "/labels/new/",
        "edit label": "/edit-label/Travel/",
        "settings": "/settings/",
        "profile": "/settings/profile/",
        "appearance": "/settings/appearance/",
        "reading": "/settings/reading/",
        "writing": "/settings/writing/",
        "find a setting": "/settings/search/?q=mark",
        "storage": "/settings/storage/",
        "contacts": "/settings/contacts/",
        "new contact": "/settings/contacts/add/",
        "security": "/settings/security/",
        "security log": "/settings/security/log/",
        "sessions": "/accounts/sessions/",
        "password": "/accounts/password/change/",
        "sign-in addresses": "/accounts/email/",
        "two steps": "/accounts/2fa/",
        "accounts": "/settings/accounts/",
        "connect": "/settings/accounts/add/",
        "account": f"{settings}/",
        "account's status": f"{settings}/sync/",
        "account started": f"{settings}/started/",
        "disconnect": f"{settings}/remove/",
        "new identity": f"{settings}/identities/add/",
        "identity": f"/settings/identities/{identity.pk}/",
        "operator": "/operator/",
        "calls outside": "/operator/outbound/",
        "not there": "/f/999999/",
    }
