"""Registration of the app with Django."""

from django.apps import AppConfig


class NeedsConfig(AppConfig):
    """Financing needs, their matching and the advisers' work."""

    name = "xinqiao.hub.apps.needs"
    label = "needs"
    verbose_name = "融资需求"
