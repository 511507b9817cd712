"""Staff view of item authorisations and of the nodes that serve items."""

from django.contrib import admin

from xinqiao.hub.admin_base import LookOnly
from xinqiao.hub.apps.items.models import ItemAuthorisation, ItemQuery, ItemSource


@admin.register(ItemSource)
class ItemSourceAdmin(LookOnly[ItemSource]):
    """Which node serves which item."""

    list_display = ("item", "node", "registered_at")


@admin.register(ItemAuthorisation)
class ItemAuthorisationAdmin(LookOnly[ItemAuthorisation]):
    """Authorisations of items; what was stated in a claim is not shown."""

    list_display = ("request_no", "authorisation_no", "institution", "enterprise", "state", "uses")
    list_filter = ("state", "purpose")
    search_fields = ("id", "request_no", "authorisation_no")
    exclude = ("claims_enc", "artefact")


@admin.register(ItemQuery)
class ItemQueryAdmin(LookOnly[ItemQuery]):
    """Uses and refusals of items. There is no answer to show: none is stored."""

    list_display = ("id", "kind", "item", "state", "code", "institution", "asked_at", "end_leaf")
    list_filter = ("state", "kind", "item")
    search_fields = ("id", "answer_no", "permit_jti")
    exclude = ("permit", "receipt", "guess", "result")
