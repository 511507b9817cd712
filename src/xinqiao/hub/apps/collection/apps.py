"""Registration of the app with Django."""

from django.apps import AppConfig


class CollectionConfig(AppConfig):
    """See the package docstring."""

    name = "xinqiao.hub.apps.collection"
    label = "collection"
