"""Registration of the app with Django."""

from django.apps import AppConfig


class GuaranteesConfig(AppConfig):
    """Guarantees for loans."""

    name = "xinqiao.hub.apps.guarantees"
    label = "guarantees"
    verbose_name = "融资担保"
