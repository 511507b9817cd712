"""Registration of the app with Django."""

from django.apps import AppConfig


class QualityConfig(AppConfig):
    """See the package docstring."""

    name = "xinqiao.hub.apps.quality"
    label = "quality"
