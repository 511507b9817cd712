"""Registration of the app with Django."""

from django.apps import AppConfig


class FundflowConfig(AppConfig):
    """Queries, releases, idempotency keys and the subject's statements."""

    name = "xinqiao.hub.apps.fundflow"
    label = "fundflow"
    verbose_name = "资金流查询"
