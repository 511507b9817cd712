"""Registration of the app with Django."""

from django.apps import AppConfig


class ItemsConfig(AppConfig):
    """Authorisations of items and claims, and which node serves which item."""

    name = "xinqiao.hub.apps.items"
    label = "items"
    verbose_name = "源头调用与核验"
