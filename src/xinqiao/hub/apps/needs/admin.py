"""Staff view of needs. Nothing can be edited here."""

from django.contrib import admin

from xinqiao.hub.admin_base import LookOnly
from xinqiao.hub.apps.needs.models import Need


@admin.register(Need)
class NeedAdmin(LookOnly[Need]):
    """Needs as lists show them; the contact stays closed."""

    list_display = ("number", "enterprise", "state", "months", "submitted_at", "due_on")
    list_filter = ("state", "purpose")
    search_fields = ("=number",)
    exclude = ("contact_enc",)
