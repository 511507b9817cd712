"""Staff view of the dossiers kept ready: which and how large, never what is in them."""

from django.contrib import admin

from xinqiao.hub.admin_base import LookOnly
from xinqiao.hub.apps.dossiers.models import Dossier


@admin.register(Dossier)
class DossierAdmin(LookOnly[Dossier]):
    """What is kept ready."""

    list_display = ("digest", "view", "stored", "made_at", "used_at")
    exclude = ("content", "subject", "statement")
