"""Registration of the app with Django."""

from django.apps import AppConfig


class RedressConfig(AppConfig):
    """Objections, credit repair, and which records no answer carries any more."""

    name = "xinqiao.hub.apps.redress"
    label = "redress"
    verbose_name = "异议与修复"
