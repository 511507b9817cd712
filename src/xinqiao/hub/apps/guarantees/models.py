"""Tables of guarantors, agreements, guarantees, claims and recoveries. Verbs are in ``services``, ``claims``, ``batch``."""

from datetime import date
from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from xinqiao.domain.guarantees.states import GuaranteeState
from xinqiao.domain.guarantees.terms import Agreement, Flow, Terms, parse_ratios
from xinqiao.hub.actors import Actor, InstitutionActor
from xinqiao.hub.apps.cases.models import Case
from xinqiao.hub.apps.identity.models import Enterprise, Institution
from xinqiao.hub.ids import ID_LENGTH
from xinqiao.hub.viewers import seen_by

#: A bank is known: only the guarantor's word to a firm that looks for one may stand without.
_BANKLESS = sorted(
    state.value
    for state in (
        GuaranteeState.APPLIED, GuaranteeState.REVIEWING, GuaranteeState.APPROVED, GuaranteeState.DECLINED,
        GuaranteeState.LAPSED,
    )
)  # fmt: skip
#: Neither refused nor over.
_LIVE = sorted(
    state.value
    for state in GuaranteeState
    if state
    not in {GuaranteeState.DECLINED, GuaranteeState.LAPSED, GuaranteeState.RELEASED, GuaranteeState.CLOSED}
)
#: A claim was made and not sent back.
CLAIM_STANDS = ("open", "paid")


class Guarantor(models.Model):
    """担保机构: an institution that stands in for firms. Its row is the lock of its limits.

    Net assets are what it states of itself, as of a day; the limits are reckoned from them.
    """

    institution = models.OneToOneField(
        Institution, primary_key=True, on_delete=models.PROTECT, related_name="guarantor"
    )
    licence = models.CharField(max_length=40, blank=True)
    net_assets_fen = models.BigIntegerField()
    as_of = models.DateField()
    mainly_small = models.BooleanField(default=True)
    stated_at = models.DateTimeField()

    class Meta:
        verbose_name = _("担保机构")
        verbose_name_plural = _("担保机构")
        constraints = [
            models.CheckConstraint(condition=Q(net_assets_fen__gt=0), name="guarantees_guarantor_assets"),
        ]

    def __str__(self) -> str:
        return self.institution_id


class AgreementQuerySet(models.QuerySet["BatchAgreement"]):
    """The only door to agreements."""

    def for_viewer(self, actor: Actor) -> "AgreementQuerySet":
        """Its two sides see it; firms do not."""
        if isinstance(actor, InstitutionActor):
            return self.filter(Q(institution=actor.institution_id) | Q(guarantor=actor.institution_id))
        return seen_by(self, actor)


class BatchAgreement(models.Model):
    """总对总 见贷即保: written by the guarantor, in force once somebody of the bank agreed. Its row is the lock of its quota."""

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    number = models.CharField(max_length=24, unique=True)
    guarantor = models.ForeignKey(Guarantor, on_delete=models.PROTECT, related_name="agreements")
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, default="proposed")
    revision = models.PositiveIntegerField(default=1)
    key = models.CharField(max_length=64)
    valid_from = models.DateField()
    valid_to = models.DateField()
    amount_most_fen = models.BigIntegerField()
    months_most = models.PositiveIntegerField()
    quota_fen = models.BigIntegerField()
    #: 代偿上限 in hundredths of a per cent, whole, so that the constraint below is exact
    cap_bp = models.PositiveIntegerField()
    fee_rate = models.DecimalField(max_digits=7, decimal_places=6)
    ratios = models.JSONField()
    guaranteed_fen = models.BigIntegerField(default=0)
    compensated_fen = models.BigIntegerField(default=0)
    proposed_at = models.DateTimeField()
    proposed_by = models.CharField(max_length=ID_LENGTH)
    agreed_at = models.DateTimeField(null=True, blank=True)
    agreed_by = models.CharField(max_length=ID_LENGTH, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = AgreementQuerySet.as_manager()

    class Meta:
        verbose_name = _("总对总协议")
        verbose_name_plural = _("总对总协议")
        constraints = [
            models.UniqueConstraint(fields=["guarantor", "key"], name="guarantees_batch_key"),
            models.CheckConstraint(
                condition=Q(state__in=["proposed", "active", "declined", "ended"]),
                name="guarantees_batch_state",
            ),
            # The bank's decisions can commit the guarantor to no more than this, whatever runs at once.
            models.CheckConstraint(
                condition=Q(guaranteed_fen__gte=0, guaranteed_fen__lte=F("quota_fen")),
                name="guarantees_batch_quota",
            ),
            models.CheckConstraint(
                condition=Q(
                    compensated_fen__gte=0, compensated_fen__lte=F("cap_bp") * F("guaranteed_fen") / 10000
                ),
                name="guarantees_batch_cap",
            ),
            models.CheckConstraint(
                condition=~Q(state="active") | Q(agreed_at__isnull=False), name="guarantees_batch_agreed"
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def cap(self) -> Decimal:
        """代偿上限 as a ratio."""
        return Decimal(self.cap_bp) / 10_000

    @property
    def value(self) -> Agreement:
        """As the domain reads it."""
        return Agreement(
            valid=(self.valid_from, self.valid_to), amount_most_fen=self.amount_most_fen,
            months_most=self.months_most, quota_fen=self.quota_fen, cap=self.cap, fee_rate=self.fee_rate,
            ratios=parse_ratios(self.ratios),
        )  # fmt: skip


class GuaranteeQuerySet(models.QuerySet["Guarantee"]):
    """The only door to guarantees."""

    def for_viewer(self, actor: Actor) -> "GuaranteeQuerySet":
        """The firm, its bank and its guarantor see one; nobody else's bank or guarantor does."""
        if isinstance(actor, InstitutionActor):
            return self.filter(Q(institution=actor.institution_id) | Q(guarantor=actor.institution_id))
        return seen_by(self, actor, enterprise="enterprise_id")


class Guarantee(models.Model):
    """担保: one loan, one guarantor. ``liability_fen`` counts towards the guarantor's limits.

    ``group`` is the code under which related parties 关联方 are counted together, the firm's own when it has none.
    """

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    number = models.CharField(max_length=24, unique=True)
    flow = models.CharField(max_length=16)
    guarantor = models.ForeignKey(Guarantor, on_delete=models.PROTECT, related_name="guarantees")
    institution = models.ForeignKey(
        Institution, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="guarantees")
    case = models.ForeignKey(Case, null=True, blank=True, on_delete=models.PROTECT, related_name="guarantees")
    agreement = models.ForeignKey(
        BatchAgreement, null=True, blank=True, on_delete=models.PROTECT, related_name="guarantees"
    )
    state = models.CharField(max_length=12, default=GuaranteeState.APPLIED.value)
    revision = models.PositiveIntegerField(default=1)
    applied_by = models.CharField(max_length=ID_LENGTH)
    key = models.CharField(max_length=64)
    amount_fen = models.BigIntegerField()
    months = models.PositiveIntegerField()
    fee_rate = models.DecimalField(max_digits=7, decimal_places=6)
    ratios = models.JSONField()
    liability_fen = models.BigIntegerField()
    group = models.CharField(max_length=18)
    words = models.CharField(max_length=500, blank=True)
    applied_at = models.DateTimeField()
    approved_at = models.DateTimeField(null=True, blank=True)
    valid_to = models.DateField(null=True, blank=True)
    started_on = models.DateField(null=True, blank=True)
    over_on = models.DateField(null=True, blank=True)
    compensated_fen = models.BigIntegerField(default=0)
    recovered_fen = models.BigIntegerField(default=0)

    objects = GuaranteeQuerySet.as_manager()

    class Meta:
        verbose_name = _("担保")
        verbose_name_plural = _("担保")
        indexes = [
            models.Index(fields=["guarantor", "state", "id"], name="guarantees_by_guarantor"),
            models.Index(fields=["institution", "state", "id"], name="guarantees_by_bank"),
            models.Index(fields=["enterprise", "id"], name="guarantees_by_firm"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["applied_by", "key"], name="guarantees_key"),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in GuaranteeState]), name="guarantees_state"
            ),
            models.CheckConstraint(
                condition=Q(flow__in=[flow.value for flow in Flow]), name="guarantees_flow"
            ),
            models.CheckConstraint(
                condition=Q(liability_fen__gt=0, liability_fen__lte=F("amount_fen"), months__gt=0),
                name="guarantees_amount",
            ),
            models.CheckConstraint(
                condition=Q(state__in=_BANKLESS) | Q(case__isnull=False, institution__isnull=False),
                name="guarantees_bank",
            ),
            models.CheckConstraint(
                condition=(Q(flow="batch") & Q(agreement__isnull=False)) | (~Q(flow="batch") & Q(agreement=None)),
                name="guarantees_agreement",
            ),
            # Nothing is paid beyond what is guaranteed, nothing comes back that was not paid.
            models.CheckConstraint(
                condition=Q(compensated_fen__gte=0, compensated_fen__lte=F("amount_fen")),
                name="guarantees_compensated",
            ),
            models.CheckConstraint(
                condition=Q(recovered_fen__gte=0, recovered_fen__lte=F("compensated_fen")),
                name="guarantees_recovered",
            ),
            # A guarantor is asked once for a case, and once for a firm that has no bank yet.
            models.UniqueConstraint(
                fields=["guarantor", "case"], condition=Q(state__in=_LIVE, case__isnull=False),
                name="guarantees_one_case",
            ),
            models.UniqueConstraint(
                fields=["guarantor", "enterprise"], condition=Q(state__in=_LIVE, case=None),
                name="guarantees_one_firm",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.number

    @property
    def terms(self) -> Terms:
        """As the domain reads it."""
        return Terms(self.amount_fen, self.months, self.fee_rate, parse_ratios(self.ratios))

    def lasts(self, day: date) -> bool:
        """Whether an approval may still be used on ``day``."""
        return self.valid_to is None or day < self.valid_to


class GuaranteeStep(models.Model):
    """One thing that happened to a guarantee, with the leaf that proves it."""

    guarantee = models.ForeignKey(Guarantee, on_delete=models.PROTECT, related_name="steps")
    seq = models.PositiveIntegerField()
    event = models.CharField(max_length=12)
    state = models.CharField(max_length=12)
    at = models.DateTimeField()
    actor_label = models.CharField(max_length=120, blank=True)
    text = models.CharField(max_length=500, blank=True)
    leaf_index = models.BigIntegerField()

    class Meta:
        verbose_name = _("担保的经过")
        verbose_name_plural = _("担保的经过")
        constraints = [models.UniqueConstraint(fields=["guarantee", "seq"], name="guarantees_step_seq")]

    def __str__(self) -> str:
        return f"{self.guarantee_id} {self.seq} {self.event}"


class Claim(models.Model):
    """代偿申请: what the bank asks of the guarantor, and what was paid, in shares that sum to it."""

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    guarantee = models.ForeignKey(Guarantee, on_delete=models.PROTECT, related_name="claims")
    state = models.CharField(max_length=10, default="open")
    key = models.CharField(max_length=64)
    asked_fen = models.BigIntegerField()
    overdue_since = models.DateField()
    words = models.CharField(max_length=500, blank=True)
    answer = models.CharField(max_length=500, blank=True)
    paid_fen = models.BigIntegerField(null=True, blank=True)
    shares = models.JSONField(default=dict)
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("代偿申请")
        verbose_name_plural = _("代偿申请")
        constraints = [
            models.UniqueConstraint(fields=["guarantee", "key"], name="guarantees_claim_key"),
            # One claim is open or was paid: nothing is compensated twice.
            models.UniqueConstraint(
                fields=["guarantee"], condition=Q(state__in=CLAIM_STANDS), name="guarantees_one_claim"
            ),
            models.CheckConstraint(
                condition=Q(asked_fen__gt=0)
                & (Q(paid_fen=None) | Q(paid_fen__gt=0, paid_fen__lte=F("asked_fen"))),
                name="guarantees_claim_amount",
            ),
            models.CheckConstraint(
                condition=Q(state="open", paid_fen=None)
                | Q(state="returned", paid_fen=None)
                | Q(state="paid", paid_fen__isnull=False),
                name="guarantees_claim_state",
            ),
        ]

    def __str__(self) -> str:
        return self.id


class Recovery(models.Model):
    """追偿: money that came back, shared as the compensation was."""

    guarantee = models.ForeignKey(Guarantee, on_delete=models.PROTECT, related_name="recoveries")
    key = models.CharField(max_length=64)
    amount_fen = models.BigIntegerField()
    shares = models.JSONField()
    at = models.DateTimeField()
    words = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = _("追偿")
        verbose_name_plural = _("追偿")
        constraints = [
            models.UniqueConstraint(fields=["guarantee", "key"], name="guarantees_recovery_key"),
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="guarantees_recovery_amount"),
        ]

    def __str__(self) -> str:
        return f"{self.guarantee_id} {self.amount_fen}"
