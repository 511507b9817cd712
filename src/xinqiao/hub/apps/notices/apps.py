"""Registration of the app with Django."""

from django.apps import AppConfig


class NoticesConfig(AppConfig):
    """See the package docstring."""

    name = "xinqiao.hub.apps.notices"
    label = "notices"
