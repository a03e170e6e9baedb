"""Which mail account is meant on a command line: its id or its address flows in, the id flows out."""

from argparse import ArgumentTypeError

from accounts.models import MailAccount


def account_named(text: str) -> int:
    """Raises ``ArgumentTypeError``, which argparse tells with the name of the argument: that nothing was wrong with an
    account that is not there would be believed."""
    is_id = text.isascii() and text.isdigit() and len(text) < 19
    found = MailAccount.objects.filter(pk=int(text)) if is_id else MailAccount.objects.filter(address__iexact=text)
    ids = list(found.order_by("pk").values_list("pk", flat=True))
    if not ids:
        raise ArgumentTypeError(f"There is no mail account {text}.")
    if len(ids) > 1:
        raise ArgumentTypeError(f"Several accounts are called {text}: give one of the ids {', '.join(map(str, ids))}.")
    return ids[0]
