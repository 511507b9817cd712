"""Staff view of deliveries and notices."""

from django.contrib import admin

from xinqiao.hub.admin_base import LookOnly
from xinqiao.hub.apps.notices.models import Notice, OutboxEvent


@admin.register(OutboxEvent)
class OutboxEventAdmin(LookOnly[OutboxEvent]):
    """What is still to be delivered, and what is parked."""

    list_display = ("topic", "created_at", "attempts", "done_at", "parked_at", "last_error")
    list_filter = ("topic",)
    ordering = ("-created_at",)


@admin.register(Notice)
class NoticeAdmin(LookOnly[Notice]):
    """Notices without their words."""

    list_display = ("kind", "audience_kind", "created_at", "read_at")
    list_filter = ("kind",)
    ordering = ("-created_at",)
