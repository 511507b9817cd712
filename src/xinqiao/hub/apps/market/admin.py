"""Staff view of products. Nothing can be edited here."""

from django.contrib import admin

from xinqiao.hub.admin_base import LookOnly
from xinqiao.hub.apps.market.models import ProductVersion


@admin.register(ProductVersion)
class ProductVersionAdmin(LookOnly[ProductVersion]):
    """Versions of products."""

    list_display = ("product", "no", "name", "kind", "state", "written_at", "published_at")
    list_filter = ("state", "kind")
    search_fields = ("=product__number", "name")
