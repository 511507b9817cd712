"""Registration of the app with Django."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """See the package docstring."""

    name = "xinqiao.hub.apps.audit"
    label = "audit"
