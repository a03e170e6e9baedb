"""The administrator's list of people, with what each keeps here: figures flow out, never what they are made of."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.admin_users import UserAdmin
from accounts.models import MailAccount, User
from mailsync.models import Message, Outgoing
from mailsync.store import quota


@admin.register(User)
class PeopleAdmin(UserAdmin):
    """The pages of accounts, which knows no mail and cannot count it, with what is counted."""

    fields_of_leaving = (*UserAdmin.fields_of_leaving, "still_here")

    def get_list_display(self, request: HttpRequest) -> Any:
        columns = list(super().get_list_display(request))
        columns.insert(columns.index("account_count") + 1, "storage")
        return columns

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The people of this page are counted together."""
        changes: Any = super().get_changelist_instance(request)
        people = list(changes.result_list)
        kept = quota.load_storage(people)
        for person in people:
            person.kept = kept[person.pk]
        changes.result_list = people
        return changes

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """In numbers: to name what goes would show an administrator every message."""
        people = [user for user in objs if user.pk != request.user.pk and not hasattr(user, "departure")]
        accounts = MailAccount.objects.filter(user__in=people)
        used = sum(kept.used_bytes for kept in quota.load_storage(people).values())
        told = [
            *map(str, people),
            _("All their mail, drafts, files, contacts, rules and settings kept here: %(size)s") % {"size": _mb(used)},
        ]
        waiting = Outgoing.objects.filter(user__in=people, finished_at=None).count()
        if waiting:
            words = ngettext(
                "%d message that waits to be sent, and will not be",
                "%d messages that wait to be sent, and will not be",
                waiting,
            )
            told.append(words % waiting)
        if request.user in objs:
            told.append(_("You yourself stay."))
        told.append(_("Nothing is deleted on their mail servers, and this cannot be undone."))
        counted = {
            str(User._meta.verbose_name_plural): len(people),
            str(MailAccount._meta.verbose_name_plural): accounts.count(),
            _("Messages"): Message.objects.filter(account__in=accounts).count(),
        }
        missing = set() if self.has_delete_permission(request) else {str(User._meta.verbose_name)}
        return told, counted, missing, []

    @admin.display(description=gettext_lazy("still here"))
    def still_here(self, person: Any) -> str:
        count = Message.objects.filter(account__user=person).count()
        return ngettext("%(n)s message", "%(n)s messages", count) % {"n": number_format(count, force_grouping=True)}

    @admin.display(description=gettext_lazy("storage"))
    def storage(self, person: Any) -> str:
        kept: quota.Storage = person.kept
        used = number_format(round(kept.used_bytes / 1e6, 1), 1, force_grouping=True)
        if kept.limit_bytes is None:
            return _mb(kept.used_bytes)
        told = {"used": used, "limit": number_format(round(kept.limit_bytes / 1e6), 0, force_grouping=True)}
        if kept.is_full:
            return _one_line(_("%(used)s of %(limit)s MB, full") % told)
        return _one_line(_("%(used)s of %(limit)s MB") % told)


def _mb(size_bytes: int) -> str:
    return _one_line(_("%(used)s MB") % {"used": number_format(round(size_bytes / 1e6, 1), 1, force_grouping=True)})


def _one_line(words: str) -> str:
    """Figures stay side by side in a column that is narrower than they are."""
    return words.replace(" ", "\N{NO-BREAK SPACE}")
