"""Staff view of tickets and reports. Nothing can be edited here."""

from django.contrib import admin

from xinqiao.hub.admin_base import LookOnly
from xinqiao.hub.apps.quality.models import QualityReport, Ticket


@admin.register(Ticket)
class TicketAdmin(LookOnly[Ticket]):
    """Coordination tickets."""

    list_display = ("number", "kind", "source", "item", "state", "opened_at", "escalations")
    list_filter = ("state", "kind")
    search_fields = ("=number",)


@admin.register(QualityReport)
class QualityReportAdmin(LookOnly[QualityReport]):
    """Monthly reports."""

    list_display = ("number", "month", "version", "made_at", "digest")
    exclude = ("document",)
