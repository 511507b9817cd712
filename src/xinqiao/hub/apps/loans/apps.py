"""Registration of the app with Django."""

from django.apps import AppConfig


class LoansConfig(AppConfig):
    """Loans and what follows."""

    name = "xinqiao.hub.apps.loans"
    label = "loans"
    verbose_name = "贷款与贷后"
