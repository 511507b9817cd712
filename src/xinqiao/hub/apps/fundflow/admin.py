"""Staff may look, never change: the tables are evidence."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.http import HttpRequest

from xinqiao.hub.apps.fundflow.models import Query, Statement

if TYPE_CHECKING:
    QueryBase = admin.ModelAdmin[Query]
    StatementBase = admin.ModelAdmin[Statement]
else:  # Django's own class takes no parameter at run time
    QueryBase = StatementBase = admin.ModelAdmin


class ReadOnly:
    """No adding, changing or deleting through the admin."""

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Never."""
        return False


@admin.register(Query)
class QueryAdmin(ReadOnly, QueryBase):
    """Uses and refusals. The sealed product is not shown: nobody here could read it anyway."""

    list_display = ("id", "kind", "state", "code", "product", "institution", "asked_at", "end_leaf")
    list_filter = ("state", "kind", "product")
    search_fields = ("id", "report_no", "permit_jti")
    exclude = ("cipher", "permit", "receipt")


@admin.register(Statement)
class StatementAdmin(ReadOnly, StatementBase):
    """Statements of enterprises."""

    list_display = ("enterprise", "text", "created_at", "withdrawn_at")
