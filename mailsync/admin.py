"""What an operator may see of mail: folders, the outbox, runs and holes. Read-only, and never a message's content."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from mailsync.models import AccountSync, Change, Folder, Hole, Outgoing, SyncRun

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Any]
else:
    # Generic for the type checker alone: Django's own class takes no parameter at run time.
    _Admin = admin.ModelAdmin


class ReadOnlyAdmin(_Admin):
    """Rows that the engine writes and nobody else."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ParkedFilter(admin.SimpleListFilter):
    title = _("parked")
    parameter_name = "parked"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Parked")), ("no", _("Not parked"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Folder]) -> QuerySet[Folder]:
        if self.value() == "yes":
            return queryset.filter(parked_at__isnull=False)
        return queryset.filter(parked_at__isnull=True) if self.value() == "no" else queryset


@admin.register(Folder)
class FolderAdmin(ReadOnlyAdmin):
    list_display = (
        *("path", "account", "role", "total", "exists_seen", "bodies_pending"),
        *("last_success_at", "failures", "parked_at", "last_error"),
    )
    list_filter = (ParkedFilter, "role")
    list_select_related = ("account",)
    search_fields = ("path", "account__address")
    exclude = ("path_raw",)
    actions = ("try_again",)

    @admin.action(description=_("Try parked folders again now"))
    def try_again(self, request: HttpRequest, queryset: QuerySet[Folder]) -> None:
        count = queryset.filter(parked_at__isnull=False).update(parked_at=None, failures=0, due_at=Now())
        messages.info(request, f"{count} folders will be tried again now.")


@admin.register(AccountSync)
class AccountSyncAdmin(ReadOnlyAdmin):
    list_display = ("account", "due_at", "failures", "last_success_at", "watched_at", "last_error")
    list_select_related = ("account",)
    search_fields = ("account__address",)
    actions = ("sync_now",)

    @admin.action(description=_("Fetch now"))
    def sync_now(self, request: HttpRequest, queryset: QuerySet[AccountSync]) -> None:
        messages.info(request, f"{queryset.update(due_at=Now(), push_due_at=Now())} accounts are due now.")


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnlyAdmin):
    list_display = ("started_at", "account", "folder", "kind", "headers", "bodies", "flags", "removed", "error")
    list_select_related = ("account", "folder")
    list_filter = ("kind",)


@admin.register(Hole)
class HoleAdmin(ReadOnlyAdmin):
    list_display = ("folder", "uid", "reason", "attempts", "next_try_at")
    list_select_related = ("folder__account",)


@admin.register(Outgoing)
class OutgoingAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "account", "state", "attempts", "due_at", "finished_at", "error")
    list_filter = ("state",)
    list_select_related = ("account",)
    fields = ("account", "state", "mail_from", "attempts", "due_at", "error", "created_at", "finished_at")


@admin.register(Change)
class ChangeAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "account", "kind", "state", "attempts", "due_at", "error")
    list_filter = ("state", "kind")
    list_select_related = ("account",)
    fields = ("account", "kind", "state", "attempts", "due_at", "error", "created_at", "finished_at")
