"""Staff view of cases. Nothing can be edited here, and no message can be read."""

from django.contrib import admin

from xinqiao.hub.admin_base import LookOnly
from xinqiao.hub.apps.cases.models import Case


@admin.register(Case)
class CaseAdmin(LookOnly[Case]):
    """Cases by state."""

    list_display = ("number", "institution", "state", "since", "due_on", "refusal")
    list_filter = ("state",)
    search_fields = ("=number",)
