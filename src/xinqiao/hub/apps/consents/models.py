"""Tables of bindings, entrustments, authorisations, their artefacts and histories. Verbs are in ``services``.

States move only by the tables of ``xinqiao.domain.lifecycles``, through conditional updates. Expiry is never stored:
it is read from the clock (fund-flow rules 5).
"""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from xinqiao.hub.actors import (
    Actor,
    AuditorActor,
    EnterpriseActor,
    InstitutionActor,
    InstitutionRole,
    OperatorActor,
    SourceActor,
    SystemActor,
)
from xinqiao.hub.apps.identity.models import Enterprise, Institution, Node
from xinqiao.hub.ids import ID_LENGTH
from xinqiao.hub.viewers import seen_by

BINDING_STATES = (
    "selected",
    "ownership_check",
    "rejected",
    "agreement_presented",
    "agreement_signed",
    "bound",
    "unbound",
    "closed",
)
AUTHORISATION_STATES = ("requested", "confirmed", "refused", "lapsed", "withdrawn")


class BindingQuerySet(models.QuerySet["Binding"]):
    """The only door to bound accounts."""

    def for_viewer(self, actor: Actor) -> "BindingQuerySet":
        """An enterprise sees its accounts; a provider's administrator those at its own nodes."""
        match actor:
            case EnterpriseActor(enterprise_id=enterprise_id):
                return self.filter(enterprise_id=enterprise_id)
            case InstitutionActor(institution_id=institution_id, roles=roles):
                if InstitutionRole.PROVIDER_ADMIN in roles:
                    return self.filter(node__institution_id=institution_id)
                return self.none()
            case SourceActor():
                return self.none()
            case OperatorActor() | AuditorActor() | SystemActor():
                return self.all()


class Binding(models.Model):
    """One account of an enterprise at a provider, on its way to being bound, bound, or ended (fund-flow rules 4).

    The account number is stored encrypted, with the masked form and a blind index for uniqueness.
    """

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="bindings")
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="bindings")
    account_no_enc = models.TextField()
    account_no_index = models.CharField(max_length=64)
    masked = models.CharField(max_length=40)
    kind = models.CharField(max_length=16)
    state = models.CharField(max_length=20)
    reason = models.CharField(max_length=40, blank=True)
    bank_name = models.CharField(max_length=120, blank=True)
    cnaps = models.CharField(max_length=12, blank=True)
    opened_on = models.DateField(null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    created_at = models.DateTimeField()
    bound_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = BindingQuerySet.as_manager()

    class Meta:
        verbose_name = _("账户绑定")
        verbose_name_plural = _("账户绑定")
        indexes = [
            # The enterprise's list of accounts.
            models.Index(fields=["enterprise", "state"], name="consents_binding_list"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=BINDING_STATES), name="consents_binding_state"),
            models.CheckConstraint(
                condition=Q(kind__in=["basic", "general", "payment"]), name="consents_binding_kind"
            ),
            # Fund-flow rules 4: (provider, account, subject) active once.
            models.UniqueConstraint(
                fields=["node", "account_no_index", "enterprise"],
                condition=~Q(state__in=["rejected", "unbound", "closed"]),
                name="consents_binding_active_once",
            ),
        ]

    def __str__(self) -> str:
        return self.masked


class Entrustment(models.Model):
    """A signed 委托提供协议: the enterprise entrusts the provider with supplying this account's statistics."""

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    binding = models.ForeignKey(Binding, on_delete=models.PROTECT, related_name="entrustments")
    artefact = models.TextField()  # JWS signed by the hub
    digest = models.CharField(max_length=64, unique=True)
    agreement_version = models.CharField(max_length=20)
    agreement_hash = models.CharField(max_length=64)
    evidence = models.JSONField(default=dict)
    signed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("委托提供协议")
        verbose_name_plural = _("委托提供协议")
        constraints = [
            models.UniqueConstraint(
                fields=["binding"], condition=Q(ended_at__isnull=True), name="consents_entrustment_live_once"
            ),
        ]

    def __str__(self) -> str:
        return self.id


class AuthorisationQuerySet(models.QuerySet["Authorisation"]):
    """The only door to authorisations."""

    def for_viewer(self, actor: Actor) -> "AuthorisationQuerySet":
        """The enterprise it concerns and the institution it was given to; a foreign one is simply absent."""
        return seen_by(self, actor, enterprise="enterprise_id", institution="institution_id")


class StatefulRow(models.Model):
    """What moves from state to state, each move under the version before it."""

    state = models.CharField(max_length=12)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        abstract = True


class Authorisation(StatefulRow):
    """One query authorisation from the request on: what was asked, what was granted, how often it was used.

    The granted scope is what the newest artefact says; the columns repeat it for the release path and for lists.
    """

    PLACES: ClassVar[tuple[str, str]] = ("authorisations", "requests")

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    request_no = models.CharField(max_length=24, unique=True)
    authorisation_no = models.CharField(max_length=24, unique=True, null=True, blank=True)
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="authorisations")
    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="authorisations")
    purpose = models.CharField(max_length=24)
    business_ref = models.CharField(max_length=80)
    business_note = models.CharField(max_length=200, blank=True)
    operator_name = models.CharField(max_length=80)
    operator_department = models.CharField(max_length=80, blank=True)
    message = models.CharField(max_length=300, blank=True)
    req_products = models.JSONField()
    req_months = models.PositiveSmallIntegerField()
    req_valid_days = models.PositiveSmallIntegerField()
    req_max_queries = models.PositiveSmallIntegerField()
    req_include_balance = models.BooleanField()
    req_accounts = models.JSONField(null=True, blank=True)  # null: the subject chooses
    requested_at = models.DateTimeField()
    request_expires_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    refusal_reason = models.CharField(max_length=200, blank=True)
    products = models.JSONField(default=list, blank=True)
    months = models.PositiveSmallIntegerField(default=0)
    valid_days = models.PositiveSmallIntegerField(default=0)
    max_queries = models.PositiveIntegerField(default=0)
    include_balance = models.BooleanField(default=False)
    valid_from = models.DateTimeField(null=True, blank=True)
    valid_to = models.DateTimeField(null=True, blank=True)
    uses = models.PositiveIntegerField(default=0)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    reader = models.CharField(max_length=20)
    partly = models.BooleanField(default=False)
    artefact_digest = models.CharField(max_length=64, blank=True)
    seq = models.PositiveSmallIntegerField(default=0)

    objects = AuthorisationQuerySet.as_manager()

    class Meta:
        verbose_name = _("查询授权")
        verbose_name_plural = _("查询授权")
        indexes = [
            # The enterprise's inbox and list; the institution's list, newest first.
            models.Index(fields=["enterprise", "state", "-requested_at"], name="consents_auth_inbox"),
            models.Index(fields=["institution", "state", "-requested_at"], name="consents_auth_followed"),
            # The worker's question: which requests lapsed?
            models.Index(
                fields=["request_expires_at"], name="consents_auth_lapse", condition=Q(state="requested")
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=AUTHORISATION_STATES), name="consents_auth_state"),
            models.CheckConstraint(
                condition=Q(uses__lte=F("max_queries")), name="consents_auth_uses_within_grant"
            ),
            # The same business asks once at a time, whatever idempotency keys it uses (case D6).
            models.UniqueConstraint(
                fields=["institution", "enterprise", "purpose", "business_ref"],
                condition=Q(state="requested"),
                name="consents_auth_open_once",
            ),
            models.CheckConstraint(
                condition=Q(valid_from__isnull=True, valid_to__isnull=True) | Q(valid_from__lt=F("valid_to")),
                name="consents_auth_period",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["requested", "refused", "lapsed"])
                | (Q(valid_from__isnull=False) & Q(seq__gte=1) & ~Q(artefact_digest="")),
                name="consents_auth_granted_is_signed",
            ),
            models.CheckConstraint(
                condition=~Q(state="withdrawn") | Q(withdrawn_at__isnull=False),
                name="consents_auth_withdrawn_at",
            ),
            models.CheckConstraint(
                condition=Q(reader__in=["institution_key", "hub_display"]), name="consents_auth_reader"
            ),
        ]

    def __str__(self) -> str:
        return self.authorisation_no or self.request_no


class AuthorisationAccount(models.Model):
    """One account that an authorisation covers. Whether it is still bound is asked at decision time."""

    authorisation = models.ForeignKey(Authorisation, on_delete=models.PROTECT, related_name="accounts")
    binding = models.ForeignKey(Binding, on_delete=models.PROTECT, related_name="authorised")
    added_seq = models.PositiveSmallIntegerField(default=1)

    class Meta:
        verbose_name = _("授权账户")
        verbose_name_plural = _("授权账户")
        constraints = [
            models.UniqueConstraint(fields=["authorisation", "binding"], name="consents_auth_account_once"),
        ]

    def __str__(self) -> str:
        return f"{self.authorisation_id}/{self.binding_id}"


class Artefact(models.Model):
    """One immutable signed artefact. An append is a new one that points to its predecessor."""

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    owner_kind = models.CharField(max_length=16)
    owner_id = models.CharField(max_length=ID_LENGTH)
    seq = models.PositiveSmallIntegerField()
    type = models.CharField(max_length=24)
    jws = models.TextField()
    digest = models.CharField(max_length=64, unique=True)
    predecessor = models.CharField(max_length=64, blank=True)
    signed_at = models.DateTimeField()
    # What was agreed to, word by word, and how the person confirmed it; the digest of the text is in the artefact.
    shown_text = models.TextField(blank=True)
    evidence = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("签名凭证")
        verbose_name_plural = _("签名凭证")
        constraints = [
            # Two appends racing can never both become the second artefact.
            models.UniqueConstraint(
                fields=["owner_kind", "owner_id", "type", "seq"], name="consents_artefact_order"
            ),
            models.CheckConstraint(
                condition=Q(owner_kind__in=["binding", "authorisation", "items"]),
                name="consents_artefact_owner",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.owner_id}#{self.seq}"


class History(models.Model):
    """One move of a binding or an authorisation (``items``: one of items), written in the same transaction: who, when, from, to, why."""

    object_kind = models.CharField(max_length=16)
    object_id = models.CharField(max_length=ID_LENGTH)
    seq = models.PositiveIntegerField()
    event = models.CharField(max_length=24)
    from_state = models.CharField(max_length=20, blank=True)
    to_state = models.CharField(max_length=20)
    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=12)
    actor_id = models.CharField(max_length=ID_LENGTH, blank=True)
    actor_label = models.CharField(max_length=120, blank=True)
    facts = models.JSONField(default=dict)
    leaf_index = models.BigIntegerField(null=True, blank=True)
    # Repeated from the object so that a ledger reads one table, filtered by party and time.
    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="+")
    institution = models.ForeignKey(
        Institution, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = _("变更历史")
        verbose_name_plural = _("变更历史")
        indexes = [
            # The two ledgers.
            models.Index(fields=["enterprise", "-at"], name="consents_history_enterprise"),
            models.Index(fields=["institution", "-at"], name="consents_history_institution"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["object_kind", "object_id", "seq"], name="consents_history_order"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.object_id} {self.event}"


class DayNumber(models.Model):
    """The counter behind human numbers such as AR-20261121-0007; one row per prefix and Shanghai day."""

    prefix = models.CharField(max_length=4)
    day = models.DateField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["prefix", "day"], name="consents_day_number")]

    def __str__(self) -> str:
        return f"{self.prefix}-{self.day:%Y%m%d}-{self.last:04d}"
