"""Staff view of the log."""

from django.contrib import admin

from xinqiao.hub.admin_base import LookOnly
from xinqiao.hub.apps.audit.models import Checkpoint, Leaf, LogHead


@admin.register(LogHead)
class LogHeadAdmin(LookOnly[LogHead]):
    """The size of the log."""

    list_display = ("origin", "size", "last_at")
    exclude = ("frontier", "last_hash")


@admin.register(Leaf)
class LeafAdmin(LookOnly[Leaf]):
    """Leaves, newest first."""

    list_display = ("index", "type", "at", "subject_id", "institution_id", "object_id")
    list_filter = ("type",)
    ordering = ("-index",)


@admin.register(Checkpoint)
class CheckpointAdmin(LookOnly[Checkpoint]):
    """Signed heads."""

    list_display = ("size", "at")
    ordering = ("-size",)
