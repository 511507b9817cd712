"""Staff view of queries and statements: evidence, to be looked at."""

from django.contrib import admin

from xinqiao.hub.admin_base import LookOnly
from xinqiao.hub.apps.fundflow.models import Query, Statement


@admin.register(Query)
class QueryAdmin(LookOnly[Query]):
    """Uses and refusals. The sealed product is not shown: nobody here could read it anyway."""

    list_display = ("id", "kind", "state", "code", "product", "institution", "asked_at", "end_leaf")
    list_filter = ("state", "kind", "product")
    search_fields = ("id", "report_no", "permit_jti")
    exclude = ("cipher", "permit", "receipt")


@admin.register(Statement)
class StatementAdmin(LookOnly[Statement]):
    """Statements of enterprises."""

    list_display = ("enterprise", "text", "created_at", "withdrawn_at")
