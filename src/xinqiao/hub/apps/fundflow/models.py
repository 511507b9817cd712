"""Tables of queries, idempotency keys and statements. Rows are written by ``release`` (raw SQL) and ``services``.

The hub never stores a product it could open: ``Query.cipher`` is sealed to a key the hub has never held, and it is
kept only long enough for a client that lost the answer to ask again.
"""

from django.db import models
from django.db.models import Q
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
from xinqiao.hub.apps.consents.models import Authorisation, Binding
from xinqiao.hub.apps.identity.models import Enterprise, Institution, Node
from xinqiao.hub.ids import ID_LENGTH
from xinqiao.hub.viewers import seen_by


class QueryQuerySet(models.QuerySet["Query"]):
    """The only door to queries."""

    def for_viewer(self, actor: Actor) -> "QueryQuerySet":
        """The enterprise it is about; the institution that asked; a provider's administrator what its node served."""
        match actor:
            case EnterpriseActor(enterprise_id=enterprise_id):
                return self.filter(enterprise_id=enterprise_id)
            case InstitutionActor(institution_id=institution_id, roles=roles):
                mine = Q(institution_id=institution_id)
                if InstitutionRole.PROVIDER_ADMIN in roles:
                    mine |= Q(node__institution_id=institution_id)
                return self.filter(mine)
            case SourceActor():
                return self.none()
            case OperatorActor() | AuditorActor() | SystemActor():
                return self.all()

    def asked_by(self, actor: Actor, operator: str | None) -> "QueryQuerySet":
        """Those one person asked, by name; ``None``: everybody's. A provider knows the people of no other institution."""
        if operator is None:
            return self
        return self.named_to(actor).filter(operator_name=operator)

    def named_to(self, actor: Actor) -> "QueryQuerySet":
        """Those whose operator the actor may know by name: of institutions, its own."""
        return (
            self.filter(institution_id=actor.institution_id) if isinstance(actor, InstitutionActor) else self
        )


class Query(models.Model):
    """One query, answered, refused or failed (fund-flow rules 5 and 6), with its evidence and never its content.

    ``authorisation`` is null for a self query and for a refusal that found none of the asker's. ``cipher`` is the
    product as sealed by the node, null once its time is over.
    """

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    kind = models.CharField(max_length=12)
    via = models.CharField(max_length=8, default="api")
    authorisation = models.ForeignKey(
        Authorisation, null=True, blank=True, on_delete=models.PROTECT, related_name="queries"
    )
    # No index of their own for these three: the ones below begin with them, and every release writes every index.
    enterprise = models.ForeignKey(
        Enterprise, null=True, blank=True, on_delete=models.PROTECT, related_name="queries", db_index=False
    )
    institution = models.ForeignKey(
        Institution, null=True, blank=True, on_delete=models.PROTECT, related_name="queries", db_index=False
    )
    binding = models.ForeignKey(
        Binding, null=True, blank=True, on_delete=models.PROTECT, related_name="queries"
    )
    node = models.ForeignKey(
        Node, null=True, blank=True, on_delete=models.PROTECT, related_name="queries", db_index=False
    )
    product = models.CharField(max_length=16)
    months = models.PositiveSmallIntegerField()
    purpose = models.CharField(max_length=24, blank=True)
    reader = models.CharField(max_length=20)
    operator_name = models.CharField(max_length=80, blank=True)
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
    product_digest = models.CharField(max_length=64, blank=True)
    receipt = models.TextField(blank=True)
    cipher = models.TextField(null=True, blank=True)
    cipher_expires_at = models.DateTimeField(null=True, blank=True)
    report_no = models.CharField(max_length=40, blank=True)
    verify_code = models.CharField(max_length=24, unique=True, null=True, blank=True)
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)

    objects = QueryQuerySet.as_manager()

    class Meta:
        verbose_name = _("查询记录")
        verbose_name_plural = _("查询记录")
        indexes = [
            # The two ledgers, newest first.
            models.Index(fields=["enterprise", "-asked_at"], name="fundflow_query_enterprise"),
            models.Index(fields=["institution", "-asked_at"], name="fundflow_query_institution"),
            # What the node served, on the provider's page.
            models.Index(fields=["node", "-asked_at"], name="fundflow_query_node"),
            # After a crash: which permits have no end yet?
            models.Index(fields=["asked_at"], name="fundflow_query_open", condition=Q(state="permitted")),
            # The sweep of sealed products whose time is over.
            models.Index(
                fields=["cipher_expires_at"], name="fundflow_query_cipher", condition=Q(cipher__isnull=False)
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["permitted", "released", "denied", "failed"]),
                name="fundflow_query_state",
            ),
            models.CheckConstraint(condition=Q(kind__in=["institution", "self"]), name="fundflow_query_kind"),
            models.CheckConstraint(
                condition=Q(reader__in=["institution_key", "hub_display"]), name="fundflow_query_reader"
            ),
            # Nothing is released without its leaf, its permit and its receipt.
            models.CheckConstraint(
                condition=~Q(state="released")
                | (Q(end_leaf__isnull=False) & Q(permit_jti__isnull=False) & ~Q(product_digest="")),
                name="fundflow_query_released_is_proved",
            ),
            # A product the hub could open is never stored (design 4, 代为显示，不留存).
            models.CheckConstraint(
                condition=Q(cipher__isnull=True) | Q(reader="institution_key"),
                name="fundflow_query_display_not_kept",
            ),
        ]

    def __str__(self) -> str:
        return self.report_no or self.id


class IdempotencyKey(models.Model):
    """One idempotency key of one tenant and operation, and what was answered under it.

    ``in_flight`` from the first transaction to the last; ``done`` keeps the answer (for a release only the query's
    id: its answer is rebuilt from the row, byte for byte, and only while the authorisation lives).
    """

    tenant = models.CharField(max_length=ID_LENGTH)
    operation = models.CharField(max_length=40)
    key = models.CharField(max_length=80)
    fingerprint = models.CharField(max_length=64)
    # Of the message that took it, where that message has no row among the nonces: a session's (docs/protocol).
    nonce = models.CharField(max_length=120, blank=True, default="")
    state = models.CharField(max_length=12)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    body = models.TextField(blank=True)
    object_id = models.CharField(max_length=ID_LENGTH, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        verbose_name = _("幂等键")
        verbose_name_plural = _("幂等键")
        indexes = [
            # The worker's sweep.
            models.Index(fields=["expires_at"], name="fundflow_idempotency_expiry"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "operation", "key"], name="fundflow_idempotency_once"),
            models.CheckConstraint(
                condition=Q(state__in=["in_flight", "done"]), name="fundflow_idempotency_state"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.key}"


class StatementQuerySet(models.QuerySet["Statement"]):
    """The only door to statements."""

    def for_viewer(self, actor: Actor) -> "StatementQuerySet":
        """The enterprise that made it. Institutions read statements on reports only."""
        return seen_by(self, actor, enterprise="enterprise_id")


class Statement(models.Model):
    """声明: a short text of the enterprise beside its data or one account, shown until withdrawn (fund-flow rules 8)."""

    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="statements")
    binding = models.ForeignKey(
        Binding, null=True, blank=True, on_delete=models.PROTECT, related_name="statements"
    )
    text = models.CharField(max_length=300)
    created_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = StatementQuerySet.as_manager()

    class Meta:
        verbose_name = _("主体声明")
        verbose_name_plural = _("主体声明")
        indexes = [
            # Every report asks for the live statements of its enterprise.
            models.Index(fields=["enterprise", "-created_at"], name="fundflow_statement_enterprise"),
        ]

    def __str__(self) -> str:
        return self.text[:40]
