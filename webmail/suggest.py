"""What the search box offers while something is typed: operators, people, folders, labels, and recent searches.

Screens room, reads only. In: a person, the text and the caret. Out: suggestions, each with the text it leads to.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from mailsync.message.words import fold
from mailsync.plan.search_completion import Typed, typed_at
from mailsync.plan.search_terms import FOLDER_ROLES, Account, In, Label, Words, format_query
from mailsync.store.labels import load_labels
from mailsync.store.listing import load_tree
from mailsync.store.recent_searches import load_recent_searches
from mailsync.types import Address
from webmail.people import offered_people
from webmail.present.labels import is_label, label_of
from webmail.scope import folder_title

#: More would be a list to read.
MOST = 8
_FEW = 4

#: What can be asked for, in the order in which it is offered, and what it means.
OPERATORS: tuple[tuple[str, Promise | str], ...] = (
    ("from:", gettext_lazy("Who sent it")),
    ("to:", gettext_lazy("Whom it was sent to")),
    ("subject:", gettext_lazy("Words of the subject")),
    ("has:attachment", gettext_lazy("With a file attached")),
    ("is:unread", gettext_lazy("Not read yet")),
    ("in:", gettext_lazy("In one folder; in:anywhere looks in junk and bin too")),
    ("is:flagged", gettext_lazy("With a flag")),
    ("label:", gettext_lazy("With a label")),
    ("after:", gettext_lazy("Received since a day: after:2026-03-01, after:monday")),
    ("before:", gettext_lazy("Received before a day")),
    ("received:", gettext_lazy("Received then: received:yesterday, received:last week")),
    ("filename:", gettext_lazy("The name of an attached file")),
    ("body:", gettext_lazy("Words of the text, not of the subject")),
    ("larger:", gettext_lazy("Larger than: larger:5M")),
    ("smaller:", gettext_lazy("Smaller than: smaller:100k")),
    ("cc:", gettext_lazy("Who got a copy")),
    ("account:", gettext_lazy("In one mail account")),
    ("has:invite", gettext_lazy("With an invitation")),
    ("is:read", gettext_lazy("Read already")),
    ("is:replied", gettext_lazy("Answered already")),
    ("is:unreplied", gettext_lazy("Not answered yet")),
    ("list:", gettext_lazy("From a mailing list")),
    ("importance:high", gettext_lazy("Marked as important by its sender")),
    ("deliveredto:", gettext_lazy("The mailbox to which it was delivered")),
    ("is:pinned", gettext_lazy("In a conversation that is pinned")),
    ("is:muted", gettext_lazy("In a conversation that is muted")),
)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """``query`` is the whole text once it is chosen, ``caret`` where the caret stands then; ``runs``: it is searched
    at once. ``person`` has a face; ``recent`` is the id of a search that can be forgotten.
    """

    icon: str
    label: str
    query: str
    caret: int
    help: str = ""
    runs: bool = False
    person: Address | None = None
    recent: int | None = None


@dataclass(frozen=True, slots=True)
class Offered:
    """Suggestions of one kind under their heading."""

    title: str
    suggestions: tuple[Suggestion, ...]


def suggestions(user: User, text: str, at: int) -> list[Offered]:
    """What fits the place of the caret; of an empty box the recent searches and the first operators."""
    typed = typed_at(text, at)
    match typed.kind:
        case "person":
            groups = [Offered(_("People"), tuple(_people(user, typed, typed.operator[:-1].lower(), MOST)))]
        case "folder":
            groups = [Offered(_("Folders"), tuple(islice(_folders(user, typed), MOST)))]
        case "label":
            groups = [Offered(_("Labels"), tuple(islice(_labels(user, typed), MOST)))]
        case "account":
            groups = [Offered(_("Mail accounts"), tuple(islice(_accounts(user, typed), MOST)))]
        case "word" | "is" | "has":
            wanted = typed.operator + typed.value
            groups = [
                Offered(_("Recent searches"), tuple(islice(_recent(user, text), _FEW))),
                Offered(_("Narrow the search"), tuple(islice(_operators(typed, wanted), _FEW))),
            ]
            if typed.kind == "word" and len(typed.value) > 1:
                groups.append(Offered(_("People"), tuple(_people(user, typed, "from", _FEW))))
        case _ if text.strip():
            # What is written is complete, and the list would only cover what was found.
            groups = []
        case _:
            groups = [
                Offered(_("Recent searches"), tuple(islice(_recent(user, text), MOST))),
                Offered(_("Narrow the search"), tuple(islice(_operators(typed, ""), MOST))),
            ]
    return [group for group in groups if group.suggestions]


def _completed(typed: Typed, words: str, icon: str, label: str, help_: str = "") -> Suggestion:
    return Suggestion(icon, label, *typed.completed(words), help=help_)


def _operators(typed: Typed, wanted: str) -> Iterator[Suggestion]:
    """By how they are written, or by a word of what they mean in the reader's language."""
    folded = fold(wanted)
    for words, meaning in OPERATORS:
        told = str(meaning)
        fits = words.startswith(folded) or (":" not in folded and _begins(wanted, told))
        if fits and words not in typed.text[: typed.start].split():
            yield _completed(typed, words, "funnel", words, told)


def _people(user: User, typed: Typed, operator: str, most: int) -> Iterator[Suggestion]:
    field = operator if operator in ("to", "cc", "bcc") else "to" if operator == "recipient" else "from"
    for one in offered_people(user.pk, typed.value, limit=most):
        words = format_query(Words(one.address, field, prefix=True))  # type: ignore[arg-type]
        whole, caret = typed.completed(words)
        shown = one.address if one.name else ""
        yield Suggestion("", one.name or one.address, whole, caret, shown, person=Address(one.name, one.address))


def _folders(user: User, typed: Typed) -> Iterator[Suggestion]:
    """Folders by what they are called here; those of a role by that role, as one word means them in every account."""
    told: set[str] = set()
    for account in load_tree(user.pk):
        for line in account.folders:
            folder = line.folder
            title = folder_title(folder)
            has_role = folder.role in FOLDER_ROLES
            words = format_query(In(folder.role if has_role else folder.path))
            if folder.selectable and words not in told and _begins(typed.value, title, folder.path):
                told.add(words)
                where = folder.path if folder.path != title and not has_role else ""
                yield _completed(typed, words, "folder", title, where)
    if _begins(typed.value, "anywhere"):
        yield _completed(typed, "in:anywhere", "folder-tree", _("Everywhere"), _("Junk and bin too"))


def _labels(user: User, typed: Typed) -> Iterator[Suggestion]:
    for one in load_labels(user.pk):
        name = label_of(one.keyword).text
        if is_label(one.keyword) and _begins(typed.value, name, one.keyword.lstrip("$")):
            yield _completed(typed, format_query(Label(one.keyword)), "tag", name)


def _accounts(user: User, typed: Typed) -> Iterator[Suggestion]:
    for one in load_tree(user.pk):
        account = one.account
        if _begins(typed.value, account.label, account.address):
            label = account.label or account.address
            yield _completed(typed, format_query(Account(account.address)), "at-sign", label, account.address)


def _recent(user: User, text: str) -> Iterator[Suggestion]:
    """Those that begin as the text does, but for the one that is typed out already."""
    wanted = fold(text.strip())
    for one in load_recent_searches(user.pk):
        if fold(one.query).startswith(wanted) and fold(one.query) != wanted:
            yield Suggestion("history", one.query, one.query, len(one.query), runs=True, recent=one.id)


def _begins(typed: str, *names: str) -> bool:
    """Whether a name, or a word of it, begins so."""
    wanted = fold(typed)
    return any(
        fold(name).startswith(wanted) or any(word.startswith(wanted) for word in fold(name).replace("/", " ").split())
        for name in names
    )
