"""Staff view of accounts and authorisations. No state can be edited here; account numbers stay encrypted."""

from django.contrib import admin

from xinqiao.hub.admin_base import LookOnly
from xinqiao.hub.apps.consents.models import Artefact, Authorisation, Binding, Entrustment, History


@admin.register(Binding)
class BindingAdmin(LookOnly[Binding]):
    """Accounts, masked."""

    list_display = ("masked", "enterprise", "node", "kind", "state", "created_at")
    list_filter = ("state",)
    exclude = ("account_no_enc", "account_no_index")


@admin.register(Entrustment)
class EntrustmentAdmin(LookOnly[Entrustment]):
    """Agreements."""

    list_display = ("id", "binding", "agreement_version", "signed_at", "ended_at", "delivered_at")


@admin.register(Authorisation)
class AuthorisationAdmin(LookOnly[Authorisation]):
    """Authorisations."""

    list_display = ("request_no", "institution", "enterprise", "purpose", "state", "valid_to", "uses")
    list_filter = ("state", "purpose")
    search_fields = ("=request_no", "=authorisation_no")


@admin.register(Artefact)
class ArtefactAdmin(LookOnly[Artefact]):
    """Signed artefacts."""

    list_display = ("owner_kind", "owner_id", "type", "seq", "signed_at")


@admin.register(History)
class HistoryAdmin(LookOnly[History]):
    """Moves."""

    list_display = ("at", "object_kind", "event", "from_state", "to_state", "actor_kind", "actor_label")
    list_filter = ("object_kind", "event")
