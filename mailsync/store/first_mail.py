"""Whether a message is the first that a person has from its sender. Database room; one query, by indexes.

Silent where it cannot know: while an account is still being filled, older mail may yet come.
"""

from collections.abc import Collection

from django.db.models import Exists
from django.db.models.functions import Lower

from accounts.models import MailAccount
from mailsync.message.addresses import comparable
from mailsync.models import ContactAddress, Folder, Message


def is_first_of_sender(user_id: int, message: Message, mine: Collection[str]) -> bool:
    """No other conversation of any of the person's accounts has mail from there, and they have not written in this one.

    ``mine`` are their own addresses in lower case; a sender in their address book is known to them.
    """
    address = message.from_address.lower()
    if not address or address in mine:
        return False
    messages = Message.objects.annotate(sender=Lower("from_address"))
    accounts = MailAccount.objects.filter(user=user_id)
    heard = messages.filter(account__in=accounts, sender=address).exclude(thread=message.thread_id)
    written = messages.filter(thread=message.thread_id, sender__in=list(mine))
    contact = ContactAddress.objects.filter(user=user_id, comparable=comparable(address))
    folders = Folder.objects.filter(account=message.account_id, is_local=False, selectable=True)
    filling = folders.filter(missing_since=None).exclude(header_cursor=1)
    unknown = ~Exists(heard) & ~Exists(written) & ~Exists(contact) & ~Exists(filling)
    return Message.objects.filter(unknown, pk=message.pk).exists()
