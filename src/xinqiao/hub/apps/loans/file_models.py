"""Tables of monthly files and of the positions they report. Part of the app's models (``models`` imports them)."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from xinqiao.domain.loans.states import FiveClass
from xinqiao.hub.actors import Actor
from xinqiao.hub.apps.identity.models import Institution
from xinqiao.hub.ids import ID_LENGTH
from xinqiao.hub.viewers import seen_by


class LoanFileQuerySet(models.QuerySet["LoanFile"]):
    """The only door to monthly files."""

    def for_viewer(self, actor: Actor) -> "LoanFileQuerySet":
        """The institution that sent it."""
        return seen_by(self, actor, institution="institution_id")


class LoanFile(models.Model):
    """A monthly file, by its digest once. Its content is not kept; of refused rows the cells are, to be corrected."""

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    number = models.CharField(max_length=24, unique=True)
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="loan_files")
    file_name = models.CharField(max_length=160)
    digest = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    rows = models.PositiveIntegerField()
    taken = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    done_at = models.DateTimeField(null=True, blank=True)
    at = models.DateTimeField()
    actor_label = models.CharField(max_length=120, blank=True)
    leaf_index = models.BigIntegerField()

    objects = LoanFileQuerySet.as_manager()

    class Meta:
        verbose_name = _("贷款月报文件")
        verbose_name_plural = _("贷款月报文件")
        indexes = [models.Index(fields=["institution", "-at"], name="loans_file_newest")]
        constraints = [
            models.UniqueConstraint(fields=["institution", "digest"], name="loans_file_once"),
        ]

    def __str__(self) -> str:
        return self.number


class LoanFileRow(models.Model):
    """One row: what it says while it is not taken, and why; ``contract`` once it is."""

    source_file = models.ForeignKey(LoanFile, on_delete=models.PROTECT, related_name="lines")
    line = models.PositiveIntegerField()
    cells = models.JSONField(default=dict)
    contract = models.ForeignKey(
        "loans.LoanContract", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    code = models.CharField(max_length=40, blank=True)
    field = models.CharField(max_length=40, blank=True)
    reason = models.CharField(max_length=24, blank=True)

    class Meta:
        verbose_name = _("贷款月报的一行")
        verbose_name_plural = _("贷款月报明细")
        constraints = [
            models.UniqueConstraint(fields=["source_file", "line"], name="loans_file_line"),
            # Taken with its contract, refused with its code, or not looked at yet.
            models.CheckConstraint(
                condition=Q(contract=None) | Q(code=""), name="loans_file_row_one_end"
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.source_file_id} {self.line}"


class ReportedPosition(models.Model):
    """How the institution said a contract stood at the end of a day; of several about one day the last counts."""

    contract = models.ForeignKey("loans.LoanContract", on_delete=models.PROTECT, related_name="positions")
    source_file = models.ForeignKey(LoanFile, on_delete=models.PROTECT, related_name="positions")
    on = models.DateField()
    balance_fen = models.BigIntegerField()
    overdue_fen = models.BigIntegerField()
    overdue_days = models.PositiveIntegerField()
    five_class = models.CharField(max_length=16)

    class Meta:
        verbose_name = _("月末的贷款状况")
        verbose_name_plural = _("月末的贷款状况")
        constraints = [
            models.UniqueConstraint(fields=["contract", "source_file"], name="loans_position_once"),
            models.CheckConstraint(
                condition=Q(balance_fen__gte=0, overdue_fen__gte=0), name="loans_position_range"
            ),
            models.CheckConstraint(
                condition=Q(overdue_days=0, overdue_fen=0) | Q(overdue_days__gt=0, overdue_fen__gt=0),
                name="loans_position_overdue",
            ),
            models.CheckConstraint(
                condition=Q(five_class__in=[one.value for one in FiveClass]), name="loans_position_class"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contract_id} {self.on}"
