"""Registration of the app with Django."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    """Cases of financing at institutions."""

    name = "xinqiao.hub.apps.cases"
    label = "cases"
    verbose_name = "融资申请"
