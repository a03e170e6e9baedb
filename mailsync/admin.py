"""What an operator may see of mail: folders, the outbox, runs and holes, never a message's content. Read-only but
for halts, which stop an account, a host or everything, and for asking that something be tried again."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import security_log
from accounts.admin_rows import ReadOnlyAdmin, ShownAdmin
from accounts.models import MailAccount, SecurityEvent
from mailsync import actions, admin_certificates, admin_oauth, admin_people  # noqa: F401  each registers its page
from mailsync.models import (
    AccountSync,
    BlockedHost,
    Change,
    ConnectionCap,
    Folder,
    Halt,
    Hole,
    Outgoing,
    SyncRun,
    Traffic,
)
from mailsync.store import throttle, verification


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
    fields = (
        *("account", "path", "role", "missing_since", "total", "unread", "exists_seen", "bodies_pending"),
        *("due_at", "last_success_at", "failures", "parked_at", "last_error", "transcript"),
    )
    actions = ("try_again",)

    @admin.action(description=_("Try parked folders again now"))
    def try_again(self, request: HttpRequest, queryset: QuerySet[Folder]) -> None:
        count = queryset.filter(parked_at__isnull=False).update(parked_at=None, failures=0, due_at=Now())
        told = ngettext("%d folder will be tried again now.", "%d folders will be tried again now.", count)
        messages.info(request, told % count)


@admin.register(AccountSync)
class AccountSyncAdmin(ReadOnlyAdmin):
    """How each account stands; its folders, holes and changes have pages of their own."""

    list_display = (
        *("account", "state", "last_success_at", "due_at", "watched_at", "here", "on_server"),
        *("holes", "pending", "failures", "last_error"),
    )
    list_filter = ("account__state",)
    list_select_related = ("account",)
    search_fields = ("account__address", "account__host")
    actions = ("sync_now", "verify_now", "pause", "resume")

    def get_queryset(self, request: HttpRequest) -> QuerySet[AccountSync]:
        rows: QuerySet[AccountSync] = super().get_queryset(request)
        folders = Folder.objects.filter(account=OuterRef("account"), missing_since=None).order_by().values("account")
        changes = Change.objects.filter(account=OuterRef("account"), finished_at=None, state__in=Change.OPEN)
        holes = Hole.objects.filter(folder__account=OuterRef("account")).order_by().values("folder__account")
        return rows.annotate(
            here_count=Subquery(folders.annotate(n=Sum("total")).values("n")),
            server_count=Subquery(folders.annotate(n=Sum("exists_seen")).values("n")),
            hole_count=Subquery(holes.annotate(n=Count("id")).values("n")),
            pending_count=Subquery(changes.order_by().values("account").annotate(n=Count("id")).values("n")),
        )

    @admin.display(description=_("state"))
    def state(self, row: Any) -> str:
        return str(row.account.get_state_display())

    @admin.display(description=_("here"), ordering="here_count")
    def here(self, row: Any) -> int:
        return row.here_count or 0

    @admin.display(description=_("on the server"), ordering="server_count")
    def on_server(self, row: Any) -> int:
        return row.server_count or 0

    @admin.display(description=_("holes"), ordering="hole_count")
    def holes(self, row: Any) -> int:
        return row.hole_count or 0

    @admin.display(description=_("pending"), ordering="pending_count")
    def pending(self, row: Any) -> int:
        return row.pending_count or 0

    @admin.action(description=_("Fetch now"))
    def sync_now(self, request: HttpRequest, queryset: QuerySet[AccountSync]) -> None:
        count = queryset.update(due_at=Now(), push_due_at=Now())
        messages.info(request, ngettext("%d account is due now.", "%d accounts are due now.", count) % count)

    @admin.action(description=_("Verify now: compare every UID and flag with the server, and repair"))
    def verify_now(self, request: HttpRequest, queryset: QuerySet[AccountSync]) -> None:
        accounts = list(queryset.values_list("account_id", flat=True))
        for account_id in accounts:
            verification.ask(account_id)
        AccountSync.objects.filter(pk__in=accounts).update(due_at=Now())
        told = ngettext(
            "%d account is verified now; the result stands among the runs.",
            "%d accounts are verified now; the result stands among the runs.",
            len(accounts),
        )
        messages.info(request, told % len(accounts))

    @admin.action(description=_("Pause: nothing is fetched or sent until the owner or you resume"))
    def pause(self, request: HttpRequest, queryset: QuerySet[AccountSync]) -> None:
        count = self._each(request, queryset, actions.pause_account, _("Mail account paused: %(account)s"))
        messages.info(request, ngettext("%d account is paused.", "%d accounts are paused.", count) % count)

    @admin.action(description=_("Resume"))
    def resume(self, request: HttpRequest, queryset: QuerySet[AccountSync]) -> None:
        count = self._each(request, queryset, actions.resume_account, _("Mail account resumed: %(account)s"))
        messages.info(request, ngettext("%d account goes on.", "%d accounts go on.", count) % count)

    def _each(
        self, request: HttpRequest, rows: QuerySet[AccountSync], act: Callable[[int, int], Any], words: Any
    ) -> int:
        """Do it to each account, and tell its owner in their log."""
        accounts = MailAccount.objects.filter(sync__in=rows).select_related("user")
        for account in accounts:
            act(account.user_id, account.pk)
            detail = str(words) % {"account": account.address}
            security_log.record(SecurityEvent.Kind.ADMIN_ACT, account.user, detail=detail, actor=request.user)
        return len(accounts)


class HaltForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Halt
        fields = ("account", "host", "reason")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("account") and data.get("host"):
            self.add_error("host", _("Choose a mail account or a host, not both."))
        return data


@admin.register(Halt)
class HaltAdmin(ShownAdmin):
    """The operator's switch: a row stops work, deleting it lets work go on."""

    form = HaltForm
    list_display = ("__str__", "reason", "created_at")
    list_select_related = ("account",)
    autocomplete_fields = ("account",)

    def save_model(self, request: HttpRequest, obj: Halt, form: Any, change: bool) -> None:
        """Says how much it stops: a host that is written otherwise than in the accounts stops nothing."""
        super().save_model(request, obj, form, change)
        count = throttle.halted_accounts([obj]).count()
        if count:
            words = ngettext("This halt stops %d mail account.", "This halt stops %d mail accounts.", count) % count
            messages.info(request, words)
        else:
            messages.warning(request, _("This halt stops no mail account: none has this host."))


@admin.register(BlockedHost)
class BlockedHostAdmin(ShownAdmin):
    """Hosts that nothing here connects to."""

    list_display = ("pattern", "reason", "created_at")
    search_fields = ("pattern",)

    def get_readonly_fields(self, request: HttpRequest, obj: BlockedHost | None = None) -> Any:
        return ("pattern",) if obj is not None else ()


@admin.register(ConnectionCap)
class ConnectionCapAdmin(ReadOnlyAdmin):
    list_display = ("account", "most", "learned_at")
    list_select_related = ("account",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Deleting one lets the server be asked for the usual number again."""
        return bool(request.user.is_superuser)


@admin.register(Traffic)
class TrafficAdmin(ReadOnlyAdmin):
    list_display = ("day", "account", "bytes_in")
    list_select_related = ("account",)
    ordering = ("-day", "-bytes_in")


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
    fields = ("account", "kind", "state", "attempts", "due_at", "error", "transcript", "created_at", "finished_at")
