"""Registration of the app with Django."""

from django.apps import AppConfig


class IdentityConfig(AppConfig):
    """See the package docstring."""

    name = "xinqiao.hub.apps.identity"
    label = "identity"
