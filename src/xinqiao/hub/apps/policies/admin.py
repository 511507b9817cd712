"""Staff view of policies and their fund. Nothing can be edited here."""

from django.contrib import admin

from xinqiao.hub.admin_base import LookOnly
from xinqiao.hub.apps.policies.models import Claim, FundLine, PolicyVersion


@admin.register(PolicyVersion)
class PolicyVersionAdmin(LookOnly[PolicyVersion]):
    """Versions of policies."""

    list_display = ("policy", "no", "title", "kind", "state", "written_at", "published_at")
    list_filter = ("state", "kind")
    search_fields = ("=policy__number", "title")


@admin.register(FundLine)
class FundLineAdmin(LookOnly[FundLine]):
    """Funds and what is left of them."""

    list_display = ("policy", "total_fen", "reserved_fen", "paid_fen", "quota", "taken")


@admin.register(Claim)
class ClaimAdmin(LookOnly[Claim]):
    """Applications without what they say."""

    list_display = ("number", "policy", "state", "applied_at", "amount_fen")
    list_filter = ("state",)
    search_fields = ("=number",)
