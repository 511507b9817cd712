"""Registration of the app with Django."""

from django.apps import AppConfig


class DossiersConfig(AppConfig):
    """Dossiers that are kept ready for the institutions they were given to."""

    name = "xinqiao.hub.apps.dossiers"
    label = "dossiers"
    verbose_name = "企业档案"
