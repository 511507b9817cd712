"""Tables of item authorisations and of the nodes that serve items. Verbs are in ``requests`` and ``authorisations``.

What was granted is what the signed artefact says; columns repeat only what lists and the release path ask for. The
values of a claim are kept, encrypted, only while a request waits for its answer.
"""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from xinqiao.hub.actors import Actor
from xinqiao.hub.apps.consents.models import AUTHORISATION_STATES, StatefulRow
from xinqiao.hub.apps.identity.models import Enterprise, Institution, Node
from xinqiao.hub.ids import ID_LENGTH
from xinqiao.hub.viewers import seen_by


class ItemSource(models.Model):
    """Which department node serves an item; one at a time."""

    item = models.CharField(max_length=60, primary_key=True)
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="item_sources")
    registered_at = models.DateTimeField()

    class Meta:
        verbose_name = _("事项来源")
        verbose_name_plural = _("事项来源")

    def __str__(self) -> str:
        return self.item


class ItemAuthorisationQuerySet(models.QuerySet["ItemAuthorisation"]):
    """The only door to item authorisations."""

    def for_viewer(self, actor: Actor) -> "ItemAuthorisationQuerySet":
        """The enterprise it concerns and the institution it was given to; a foreign one is simply absent."""
        return seen_by(self, actor, enterprise="enterprise_id", institution="institution_id")


class ItemAuthorisation(StatefulRow):
    """One authorisation of items from the request on.

    ``asked``: items with fields and claims with digests, never a value. ``claims_enc``: the stated values, encrypted,
    until the request is answered or lapses. ``artefact``: the signed authorisation in force (JWS), the
    ``seq``-th; all of them, with what was shown, are among the artefacts of ``consents`` under the kind ``items``.
    """

    PLACES: ClassVar[tuple[str, str]] = ("items", "items")

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    request_no = models.CharField(max_length=24, unique=True)
    authorisation_no = models.CharField(max_length=24, unique=True, null=True, blank=True)
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="item_authorisations")
    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="item_authorisations")
    purpose = models.CharField(max_length=24)
    business_ref = models.CharField(max_length=80)
    operator_name = models.CharField(max_length=80)
    operator_department = models.CharField(max_length=80, blank=True)
    message = models.CharField(max_length=300, blank=True)
    asked = models.JSONField()
    claims_enc = models.TextField(blank=True)
    requested_at = models.DateTimeField()
    request_expires_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    refusal_reason = models.CharField(max_length=200, blank=True)
    valid_from = models.DateTimeField(null=True, blank=True)
    valid_to = models.DateTimeField(null=True, blank=True)
    max_queries = models.PositiveIntegerField(default=0)
    uses = models.PositiveIntegerField(default=0)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    partly = models.BooleanField(default=False)
    artefact = models.TextField(blank=True)
    artefact_digest = models.CharField(max_length=64, blank=True)
    seq = models.PositiveSmallIntegerField(default=0)

    objects = ItemAuthorisationQuerySet.as_manager()

    class Meta:
        verbose_name = _("事项授权")
        verbose_name_plural = _("事项授权")
        indexes = [
            models.Index(fields=["enterprise", "state", "-requested_at"], name="items_auth_inbox"),
            models.Index(fields=["institution", "state", "-requested_at"], name="items_auth_followed"),
            # The worker's question: which requests lapsed?
            models.Index(
                fields=["request_expires_at"], name="items_auth_lapse", condition=Q(state="requested")
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=AUTHORISATION_STATES), name="items_auth_state"),
            models.CheckConstraint(
                condition=Q(uses__lte=F("max_queries")), name="items_auth_uses_within_grant"
            ),
            models.UniqueConstraint(
                fields=["institution", "enterprise", "purpose", "business_ref"],
                condition=Q(state="requested"),
                name="items_auth_open_once",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["requested", "refused", "lapsed"])
                | (Q(valid_from__isnull=False) & Q(valid_from__lt=F("valid_to")) & ~Q(artefact_digest="")),
                name="items_auth_granted_is_signed",
            ),
            models.CheckConstraint(
                condition=~Q(state="withdrawn") | Q(withdrawn_at__isnull=False),
                name="items_auth_withdrawn_at",
            ),
            # The values of a claim are gone as soon as the request is answered.
            models.CheckConstraint(
                condition=Q(state="requested") | Q(claims_enc=""), name="items_auth_no_values_kept"
            ),
        ]

    def __str__(self) -> str:
        return self.authorisation_no or self.request_no


class ItemQueryQuerySet(models.QuerySet["ItemQuery"]):
    """The only door to item queries."""

    def for_viewer(self, actor: Actor) -> "ItemQueryQuerySet":
        """The enterprise it is about and the institution that asked."""
        return seen_by(self, actor, enterprise="enterprise_id", institution="institution_id")


class ItemQuery(models.Model):
    """One query of an item or one verification, answered, refused or failed, with its evidence. ``kind``: ItemKind.

    An answer of an interface item is stored nowhere, not even sealed (credit rules 8). Of a verification the result is
    kept for two years; ``claim`` is its salted digest, ``guess`` the keyed one by which budgets know it again.
    """

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    kind = models.CharField(max_length=12)
    authorisation = models.ForeignKey(
        ItemAuthorisation, null=True, blank=True, on_delete=models.PROTECT, related_name="queries"
    )
    # No index of their own for these two: the ones below begin with them.
    enterprise = models.ForeignKey(
        Enterprise,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="item_queries",
        db_index=False,
    )
    institution = models.ForeignKey(
        Institution, on_delete=models.PROTECT, related_name="item_queries", db_index=False
    )
    node = models.ForeignKey(
        Node, null=True, blank=True, on_delete=models.PROTECT, related_name="item_queries"
    )
    item = models.CharField(max_length=60)
    fields = models.JSONField()
    claim = models.CharField(max_length=64, blank=True)
    guess = models.CharField(max_length=64, blank=True)
    purpose = models.CharField(max_length=24)
    operator_name = models.CharField(max_length=80)
    operator_department = models.CharField(max_length=80, blank=True)
    state = models.CharField(max_length=12)
    code = models.CharField(max_length=40, blank=True)
    reason = models.CharField(max_length=60, blank=True)
    nearest = models.JSONField(null=True, blank=True)
    permit_jti = models.CharField(max_length=40, unique=True, null=True, blank=True)
    permit = models.TextField(blank=True)
    request_digest = models.CharField(max_length=64, blank=True)
    permit_leaf = models.BigIntegerField(null=True, blank=True)
    end_leaf = models.BigIntegerField(null=True, blank=True)
    end_leaf_hash = models.CharField(max_length=64, blank=True)
    uses_left = models.PositiveIntegerField(null=True, blank=True)
    answer_digest = models.CharField(max_length=64, blank=True)
    answer_no = models.CharField(max_length=40, blank=True)
    receipt = models.TextField(blank=True)
    result = models.CharField(max_length=3, blank=True)
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)

    objects = ItemQueryQuerySet.as_manager()

    class Meta:
        verbose_name = _("事项查询记录")
        verbose_name_plural = _("事项查询记录")
        indexes = [
            models.Index(fields=["enterprise", "-asked_at"], name="items_query_enterprise"),
            models.Index(fields=["institution", "-asked_at"], name="items_query_institution"),
            # After a crash: which permits have no end yet?
            models.Index(fields=["asked_at"], name="items_query_open", condition=Q(state="permitted")),
            # The sweep of results whose time is over.
            models.Index(fields=["answered_at"], name="items_query_result", condition=~Q(result="")),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["permitted", "released", "denied", "failed"]), name="items_query_state"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["interface", "verification", "collected"]), name="items_query_kind"
            ),
            # Nothing is released without its leaf and its digest, nor from a node without its permit.
            models.CheckConstraint(
                condition=~Q(state="released")
                | (
                    Q(end_leaf__isnull=False)
                    & (Q(permit_jti__isnull=False) | Q(kind="collected"))
                    & ~Q(answer_digest="")
                ),
                name="items_query_released_is_proved",
            ),
            # Only a released verification has a result, and it is a yes or a no.
            models.CheckConstraint(
                condition=Q(result="")
                | (Q(result__in=["yes", "not"], kind="verification", state="released")),
                name="items_query_result_of_a_verification",
            ),
        ]

    def __str__(self) -> str:
        return self.answer_no or self.id
