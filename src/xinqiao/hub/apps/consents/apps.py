"""Registration of the app with Django."""

from django.apps import AppConfig


class ConsentsConfig(AppConfig):
    """See the package docstring."""

    name = "xinqiao.hub.apps.consents"
    label = "consents"
