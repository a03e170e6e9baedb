"""The administrator's list of people, with what each keeps here: figures flow out, never what they are made of."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin import UserAdmin
from accounts.models import User
from mailsync.store import quota

# The page is that of accounts, which knows no mail and cannot count it.
admin.site.unregister(User)


@admin.register(User)
class PeopleAdmin(UserAdmin):
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

    @admin.display(description=gettext_lazy("storage"))
    def storage(self, person: Any) -> str:
        kept: quota.Storage = person.kept
        used = number_format(round(kept.used_bytes / 1e6, 1), 1, force_grouping=True)
        if kept.limit_bytes is None:
            return _one_line(_("%(used)s MB") % {"used": used})
        told = {"used": used, "limit": number_format(round(kept.limit_bytes / 1e6), 0, force_grouping=True)}
        if kept.is_full:
            return _one_line(_("%(used)s of %(limit)s MB, full") % told)
        return _one_line(_("%(used)s of %(limit)s MB") % told)


def _one_line(words: str) -> str:
    """Figures stay side by side in a column that is narrower than they are."""
    return words.replace(" ", "\N{NO-BREAK SPACE}")
