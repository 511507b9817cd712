"""Staff view of loans. Nothing can be edited here."""

from django.contrib import admin

from xinqiao.hub.admin_base import LookOnly
from xinqiao.hub.apps.loans.models import LoanContract


@admin.register(LoanContract)
class LoanContractAdmin(LookOnly[LoanContract]):
    """Contracts."""

    list_display = ("number", "institution", "contract_no", "state", "amount_fen", "drawn_fen", "reported_at")
    list_filter = ("state", "five_class")
    search_fields = ("=number", "=contract_no")
