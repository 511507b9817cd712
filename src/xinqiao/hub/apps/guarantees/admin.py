"""Staff view of guarantees. Nothing can be edited here."""

from django.contrib import admin

from xinqiao.hub.admin_base import LookOnly
from xinqiao.hub.apps.guarantees.models import Guarantee


@admin.register(Guarantee)
class GuaranteeAdmin(LookOnly[Guarantee]):
    """Guarantees."""

    list_display = ("number", "guarantor", "institution", "amount_fen", "state", "applied_at")
    list_filter = ("state", "flow")
    search_fields = ("=number",)
