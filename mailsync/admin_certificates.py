"""Certificates that people have met: an administrator compares the fingerprint and trusts exactly that one, or not."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from accounts import security_log
from accounts.admin_rows import ShownAdmin
from accounts.models import SecurityEvent, User
from mailsync.actions.certificates import give_trust, take_trust
from mailsync.models import TrustedCertificate
from mailsync.types import Certificate


class TrustedFilter(admin.SimpleListFilter):
    title = _("trusted")
    parameter_name = "trusted"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("no", _("To be judged")), ("yes", _("Trusted"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[TrustedCertificate]) -> QuerySet[TrustedCertificate]:
        if self.value() in ("yes", "no"):
            return queryset.filter(approved_at__isnull=self.value() == "no")
        return queryset


@admin.register(TrustedCertificate)
class TrustedCertificateAdmin(ShownAdmin):
    list_display = ("host", "port", "is_trusted", "shown_names", "issuer", "not_after", "fingerprint", "asked_by")
    list_select_related = ("asked_by", "approved_by")
    fields = ("host", "port", "fingerprint", "shown_names", "issuer", "not_before", "not_after")
    readonly_fields = fields
    list_filter = (TrustedFilter,)
    search_fields = ("host", "sha256")
    actions = ("trust", "distrust")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_actions(self, request: HttpRequest) -> Any:
        """Looking at rows is not judging them: the acts are for whole administrators."""
        return super().get_actions(request) if request.user.is_superuser else {}

    @admin.display(description=_("trusted"), boolean=True)
    def is_trusted(self, row: TrustedCertificate) -> bool:
        return row.approved_at is not None

    @admin.display(description=_("names"))
    def shown_names(self, row: TrustedCertificate) -> str:
        return ", ".join(row.names)

    @admin.display(description=_("SHA-256 fingerprint"))
    def fingerprint(self, row: TrustedCertificate) -> str:
        """Whole, to be compared; the line may end in its middle, so that it needs no scrolling to be seen."""
        pairs = Certificate(row.sha256).fingerprint.split(":")
        return format_html("{}:<wbr>{}", ":".join(pairs[:16]), ":".join(pairs[16:]))

    @admin.action(description=_("Trust exactly this certificate; compare the fingerprint with the server's first"))
    def trust(self, request: HttpRequest, queryset: QuerySet[TrustedCertificate]) -> None:
        for row in queryset:
            give_trust(row.pk, request.user)  # type: ignore[arg-type]
            self._log(request, row, _("Certificate trusted: %(server)s") % {"server": row})
        self.message_user(request, _("Trusted. What had stopped over it goes on."), messages.SUCCESS)

    @admin.action(description=_("Trust it no longer"))
    def distrust(self, request: HttpRequest, queryset: QuerySet[TrustedCertificate]) -> None:
        for row in queryset:
            take_trust(row.pk)
            self._log(request, row, _("Certificate no longer trusted: %(server)s") % {"server": row})
        self.message_user(request, _("Authorities are asked about these servers again."), messages.SUCCESS)

    def _log(self, request: HttpRequest, row: TrustedCertificate, words: Any) -> None:
        """The administrator's own log has it, and that of who asked."""
        for person in {request.user, row.asked_by}:
            if not isinstance(person, User):
                continue
            security_log.record(SecurityEvent.Kind.ADMIN_ACT, person, request, detail=str(words), actor=request.user)
