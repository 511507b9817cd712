"""Tables of loans. Verbs are in ``services``; of monthly files and of warnings the tables are beside these."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from xinqiao.domain.loans.plan import DayCount, Method
from xinqiao.domain.loans.states import FiveClass, LoanEvent, LoanState
from xinqiao.hub.actors import Actor
from xinqiao.hub.apps.identity.models import Enterprise, Institution
from xinqiao.hub.apps.loans.case_models import LoanOfCase
from xinqiao.hub.apps.loans.file_models import LoanFile, LoanFileRow, ReportedPosition
from xinqiao.hub.ids import ID_LENGTH
from xinqiao.hub.viewers import seen_by

__all__ = [
    "Drawdown",
    "LoanContract",
    "LoanFile",
    "LoanFileRow",
    "LoanOfCase",
    "LoanStep",
    "PlanRow",
    "ReportedPosition",
]

_CLASSES = [one.value for one in FiveClass]


class LoanContractQuerySet(models.QuerySet["LoanContract"]):
    """The only door to contracts."""

    def for_viewer(self, actor: Actor) -> "LoanContractQuerySet":
        """The firm that borrows and the institution that lends; a foreign one is simply absent."""
        return seen_by(self, actor, enterprise="enterprise_id", institution="institution_id")


class LoanContract(models.Model):
    """A contract as its institution reported it. Its row is the lock of everything about it.

    ``drawn_fen``, ``balance_fen``, ``five_class``, ``due_on`` are how it stands by the last report, for lists and sums;
    how it stood on a day is asked of ``selectors.position_of``.
    ``renews``: the contract whose place it takes (无还本续贷).
    """

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    number = models.CharField(max_length=24, unique=True)
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="loans")
    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="loans")
    contract_no = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)
    amount_fen = models.BigIntegerField()
    signed_on = models.DateField()
    annual_rate = models.DecimalField(max_digits=7, decimal_places=6)
    method = models.CharField(max_length=20)
    day_count = models.CharField(max_length=8)
    guarantee_fee_rate = models.DecimalField(max_digits=7, decimal_places=6)
    fees_fen = models.BigIntegerField()
    credit_loan = models.BooleanField()
    first_loan = models.BooleanField()
    guarantor = models.CharField(max_length=80, blank=True)
    renews = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="renewed_by"
    )
    state = models.CharField(max_length=12, default=LoanState.SIGNED.value)
    revision = models.PositiveIntegerField(default=1)
    drawn_fen = models.BigIntegerField(default=0)
    balance_fen = models.BigIntegerField(default=0)
    five_class = models.CharField(max_length=16, default=FiveClass.NORMAL.value)
    due_on = models.DateField(null=True, blank=True)
    ended_on = models.DateField(null=True, blank=True)
    reported_at = models.DateTimeField()

    objects = LoanContractQuerySet.as_manager()

    class Meta:
        verbose_name = _("贷款合同")
        verbose_name_plural = _("贷款合同")
        indexes = [
            # The institution's book and the firm's own loans, newest first.
            models.Index(fields=["institution", "state", "-reported_at"], name="loans_contract_book"),
            models.Index(fields=["enterprise", "-reported_at"], name="loans_contract_firm"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["institution", "contract_no"], name="loans_contract_no"),
            models.CheckConstraint(
                condition=Q(state__in=[one.value for one in LoanState]), name="loans_contract_state"
            ),
            models.CheckConstraint(condition=Q(five_class__in=_CLASSES), name="loans_contract_class"),
            models.CheckConstraint(
                condition=Q(method__in=[one.value for one in Method])
                & Q(day_count__in=[one.value for one in DayCount]),
                name="loans_contract_plan",
            ),
            # No more goes out than was signed for, and no more is owed than went out.
            models.CheckConstraint(
                condition=Q(amount_fen__gt=0, drawn_fen__gte=0, drawn_fen__lte=F("amount_fen")),
                name="loans_contract_drawn",
            ),
            models.CheckConstraint(
                condition=Q(balance_fen__gte=0, balance_fen__lte=F("drawn_fen")),
                name="loans_contract_balance",
            ),
            models.CheckConstraint(
                condition=Q(annual_rate__gte=0, annual_rate__lte=1, guarantee_fee_rate__gte=0, fees_fen__gte=0),
                name="loans_contract_cost",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["signed", "outstanding", "extended", "overdue"], ended_on=None)
                | (Q(state__in=["settled", "renewed", "written_off"], ended_on__isnull=False) & Q(balance_fen=0)),
                name="loans_contract_ended",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.number


class Drawdown(models.Model):
    """Money that went out. ``months`` and ``annual_rate`` are of the plan in force; ``key`` is the institution's own."""

    contract = models.ForeignKey(LoanContract, on_delete=models.PROTECT, related_name="drawdowns")
    key = models.CharField(max_length=64)
    amount_fen = models.BigIntegerField()
    drawn_on = models.DateField()
    first_months = models.PositiveIntegerField()
    months = models.PositiveIntegerField()
    annual_rate = models.DecimalField(max_digits=7, decimal_places=6)
    due_on = models.DateField()

    class Meta:
        verbose_name = _("放款")
        verbose_name_plural = _("放款")
        constraints = [
            models.UniqueConstraint(fields=["contract", "key"], name="loans_drawdown_key"),
            models.CheckConstraint(
                condition=Q(amount_fen__gt=0, first_months__gt=0, months__gte=F("first_months")),
                name="loans_drawdown_range",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contract_id} {self.key}"


class PlanRow(models.Model):
    """One instalment of one plan of a drawdown; a plan is in force from ``since`` until there is a later one."""

    drawdown = models.ForeignKey(Drawdown, on_delete=models.PROTECT, related_name="plan_rows")
    version = models.PositiveIntegerField()
    since = models.DateField()
    number = models.PositiveIntegerField()
    due_on = models.DateField()
    principal_fen = models.BigIntegerField()
    interest_fen = models.BigIntegerField()
    balance_fen = models.BigIntegerField()

    class Meta:
        verbose_name = _("还款计划的一期")
        verbose_name_plural = _("还款计划")
        constraints = [
            models.UniqueConstraint(fields=["drawdown", "version", "number"], name="loans_plan_number"),
            models.CheckConstraint(
                condition=Q(principal_fen__gte=0, interest_fen__gte=0, balance_fen__gte=0),
                name="loans_plan_range",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.drawdown_id} v{self.version} {self.number}"


class LoanStep(models.Model):
    """One thing that was reported of a contract, with the leaf that proves it. ``key`` is the institution's own.

    ``on`` is the day it happened, ``at`` the instant it was reported. ``said``: everything else that the report says.
    """

    contract = models.ForeignKey(LoanContract, on_delete=models.PROTECT, related_name="steps")
    seq = models.PositiveIntegerField()
    key = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)
    event = models.CharField(max_length=16)
    state = models.CharField(max_length=12)
    on = models.DateField()
    drawdown = models.ForeignKey(
        Drawdown, null=True, blank=True, on_delete=models.PROTECT, related_name="steps"
    )
    amount_fen = models.BigIntegerField(default=0)
    five_class = models.CharField(max_length=16, blank=True)
    said = models.JSONField(default=dict)
    text = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()
    actor_label = models.CharField(max_length=120, blank=True)
    leaf_index = models.BigIntegerField()

    class Meta:
        verbose_name = _("贷款的经过")
        verbose_name_plural = _("贷款的经过")
        constraints = [
            models.UniqueConstraint(fields=["contract", "seq"], name="loans_step_seq"),
            # Reported once, however often it is sent and by whichever way.
            models.UniqueConstraint(fields=["contract", "key"], name="loans_step_key"),
            models.CheckConstraint(
                condition=Q(event__in=["sign", *(one.value for one in LoanEvent)]), name="loans_step_event"
            ),
            models.CheckConstraint(condition=Q(amount_fen__gte=0), name="loans_step_amount"),
            models.CheckConstraint(
                condition=Q(five_class="") | Q(five_class__in=_CLASSES), name="loans_step_class"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contract_id} {self.seq} {self.event}"
