"""What the admin's pages of all rooms have in common: what may be asked of a list, and what an administrator may do
with what is a person's own. Requests flow in, permissions and lines of the log flow out."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts import security_log
from accounts.models import SecurityEvent

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Any]
else:
    # Generic for the type checker alone: Django's own class takes no parameter at run time.
    _Admin = admin.ModelAdmin


class ShownAdmin(_Admin):
    """Asks of a row no more than its list shows: any other question in an address is refused.

    Django lets an address ask any column, ``?session_key__startswith=a`` too: letter by letter whoever may look at a
    list would read keys, hashes and subjects that no page shows.
    """

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        name = lookup.partition("__")[0]
        try:
            self.model._meta.get_field(name)
        except FieldDoesNotExist:
            pass  # a filter's own word
        else:
            filters = (one[0] if isinstance(one, tuple) else one for one in self.get_list_filter(request))
            asked = {str(one).partition("__")[0] for one in filters}
            if name not in {"id", *map(str, self.get_list_display(request)), *asked}:
                return False
        return bool(super().lookup_allowed(lookup, value, request))


class ReadOnlyAdmin(ShownAdmin):
    """Rows that nobody makes or changes here."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class OwnedAdmin(ReadOnlyAdmin):
    """What belongs to its user: an administrator looks; the owner adds, changes and deletes."""

    list_select_related: ClassVar[tuple[str, ...]] = ("user",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without what is being deleted: it is nobody's any more."""
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.filter(user__departure=None)


class RevocableAdmin(OwnedAdmin):
    """What lets a person in: an administrator may take it away, and its person reads of it."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Model]) -> Any:
        name = str(self.opts.verbose_name)
        for row in queryset:
            owner = getattr(row, "user", None)
            if owner is not None and owner.pk != request.user.pk:
                detail = _("Deleted: %(what)s") % {"what": f"{name} {row}"}
                security_log.record(SecurityEvent.Kind.ADMIN_ACT, owner, detail=detail, actor=request.user)
        return super().log_deletions(request, queryset)
