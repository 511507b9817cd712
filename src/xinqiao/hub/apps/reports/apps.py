"""Registration of the app with Django."""

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    """Credit reports that were issued."""

    name = "xinqiao.hub.apps.reports"
    label = "reports"
    verbose_name = "信用报告"
