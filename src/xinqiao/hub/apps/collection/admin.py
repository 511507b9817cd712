"""Staff view of batches. No state can be edited here."""

from django.contrib import admin

from xinqiao.hub.admin_base import LookOnly
from xinqiao.hub.apps.collection.models import Batch


@admin.register(Batch)
class BatchAdmin(LookOnly[Batch]):
    """Batches."""

    list_display = ("number", "source", "item", "state", "rows_accepted", "rows_refused", "received_at")
    list_filter = ("state", "channel")
    search_fields = ("=number",)
    exclude = ("receipt",)
