"""Registration of the app with Django."""

from django.apps import AppConfig


class DisputesConfig(AppConfig):
    """Referrals of cases to notaries, arbitrators and courts."""

    name = "xinqiao.hub.apps.disputes"
    label = "disputes"
    verbose_name = "金融纠纷"
