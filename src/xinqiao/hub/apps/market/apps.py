"""Registration of the app with Django."""

from django.apps import AppConfig


class MarketConfig(AppConfig):
    """Financial products of institutions."""

    name = "xinqiao.hub.apps.market"
    label = "market"
    verbose_name = "融资市场"
