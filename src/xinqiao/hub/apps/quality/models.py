"""Tables of quality: counts by batch and region, agreement of sources, counts of use, tickets, monthly reports."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from xinqiao.domain.coordination import LIVE, TicketKind, TicketState
from xinqiao.domain.quality import Tally
from xinqiao.hub.actors import Actor
from xinqiao.hub.apps.collection.models import Batch
from xinqiao.hub.apps.identity.models import Source
from xinqiao.hub.ids import ID_LENGTH
from xinqiao.hub.viewers import seen_by

#: Of a :class:`Tally`; the columns have the same names.
COUNTS = (
    "rows", "accepted", "required_cells", "required_filled", "filled_cells", "valid_cells", "compared_rows",
    "consistent_rows", "keyed_rows", "unique_rows", "timed_rows", "timely_rows", "lag_days_sum",
)  # fmt: skip
_LIVE = sorted(state.value for state in LIVE)
USE_KINDS = ("own_report", "report", "dossier")


class Counts(models.Model):
    """The columns of a :class:`Tally`."""

    rows = models.BigIntegerField(default=0)
    accepted = models.BigIntegerField(default=0)
    required_cells = models.BigIntegerField(default=0)
    required_filled = models.BigIntegerField(default=0)
    filled_cells = models.BigIntegerField(default=0)
    valid_cells = models.BigIntegerField(default=0)
    compared_rows = models.BigIntegerField(default=0)
    consistent_rows = models.BigIntegerField(default=0)
    keyed_rows = models.BigIntegerField(default=0)
    unique_rows = models.BigIntegerField(default=0)
    timed_rows = models.BigIntegerField(default=0)
    timely_rows = models.BigIntegerField(default=0)
    lag_days_sum = models.BigIntegerField(default=0)

    class Meta:
        abstract = True

    @property
    def tally(self) -> Tally:
        """The counts as the rules take them."""
        return Tally(**{name: getattr(self, name) for name in COUNTS})


class FigureQuerySet(models.QuerySet["Figure"]):
    """The only door to counts."""

    def for_viewer(self, actor: Actor) -> "FigureQuerySet":
        """A source sees its own."""
        return seen_by(self, actor, source="source_id")


class Figure(Counts):
    """The counts of one batch in one region, or (without a batch) how far a source agrees with others in a month.

    ``month`` is the Shanghai month in which the batch came; ``region`` a prefecture, empty where it is not known. A month,
    a region, an item or a source is the sum of its rows (``xinqiao.domain.quality.Tally``).
    """

    id = models.BigAutoField(primary_key=True)
    batch = models.ForeignKey(Batch, null=True, blank=True, on_delete=models.CASCADE, related_name="figures")
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="figures", db_index=False)
    item = models.CharField(max_length=64)
    region = models.CharField(max_length=6, blank=True)
    month = models.CharField(max_length=7)
    objects = FigureQuerySet.as_manager()

    class Meta:
        verbose_name = _("质量计数")
        verbose_name_plural = _("质量计数")
        indexes = [
            # A source's own page: its months.
            models.Index(fields=["source", "month"], name="quality_figure_source"),
            # The operator's dashboard and the monthly report: everybody's, by month.
            models.Index(fields=["month", "item"], name="quality_figure_month"),
            # The dashboard of one region, over its months.
            models.Index(fields=["region", "month"], name="quality_figure_region"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["batch", "region"], condition=Q(batch__isnull=False), name="quality_figure_once"
            ),
            models.UniqueConstraint(
                fields=["source", "item", "region", "month"],
                condition=Q(batch__isnull=True),
                name="quality_agreement_once",
            ),
            models.CheckConstraint(
                condition=Q(
                    accepted__lte=F("rows"),
                    required_filled__lte=F("required_cells"),
                    valid_cells__lte=F("filled_cells"),
                    consistent_rows__lte=F("compared_rows"),
                    unique_rows__lte=F("keyed_rows"),
                    timely_rows__lte=F("timed_rows"),
                ),
                name="quality_figure_adds_up",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item} {self.month} {self.region}"


class TotalQuerySet(models.QuerySet["Total"]):
    """The only door to totals."""

    def for_viewer(self, actor: Actor) -> "TotalQuerySet":
        """A source sees its own."""
        return seen_by(self, actor, source="source_id")


class Total(Counts):
    """The sum of the figures of a source, an item and a month over batches and regions: what dashboards add up.

    Written in the transaction that changes a figure, so the two never differ; however many batches and regions there
    are, a year of the whole platform is some hundred of these.
    """

    id = models.BigAutoField(primary_key=True)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="totals", db_index=False)
    item = models.CharField(max_length=64)
    month = models.CharField(max_length=7)

    objects = TotalQuerySet.as_manager()

    class Meta:
        verbose_name = _("质量合计")
        verbose_name_plural = _("质量合计")
        constraints = [
            # Also the index of a source's own page.
            models.UniqueConstraint(fields=["source", "month", "item"], name="quality_total_once"),
        ]

    def __str__(self) -> str:
        return f"{self.item} {self.month}"


class UseCount(models.Model):
    """How often records of an item from a source were read in a month, by whom; never about whom.

    ``institution`` is empty for what firms read about themselves (``own_report``).
    """

    id = models.BigAutoField(primary_key=True)
    month = models.CharField(max_length=7)
    item = models.CharField(max_length=64)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="use_counts")
    kind = models.CharField(max_length=12)
    institution = models.CharField(max_length=ID_LENGTH, blank=True)
    count = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("使用次数")
        verbose_name_plural = _("使用次数")
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=USE_KINDS), name="quality_use_kind"),
            models.UniqueConstraint(
                fields=["month", "item", "source", "kind", "institution"], name="quality_use_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item} {self.month} {self.kind} {self.count}"


class TicketQuerySet(models.QuerySet["Ticket"]):
    """The only door to tickets."""

    def for_viewer(self, actor: Actor) -> "TicketQuerySet":
        """A source sees what it was asked."""
        return seen_by(self, actor, source="source_id")


class Ticket(models.Model):
    """One coordination ticket. ``due_on`` is the day by which a batch was expected; only tickets of the rule have one.

    ``answer_by`` is the last day of an answer that is in time; ``escalations`` counts how often that, or a promised day,
    went by.
    """

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    number = models.CharField(max_length=24, unique=True)
    kind = models.CharField(max_length=16)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="tickets", db_index=False)
    item = models.CharField(max_length=64)
    due_on = models.DateField(null=True, blank=True)
    text = models.CharField(max_length=500, blank=True)
    opened_at = models.DateTimeField()
    opened_by = models.CharField(max_length=ID_LENGTH, blank=True)
    answer_by = models.DateField()
    state = models.CharField(max_length=12, default=TicketState.OPEN.value)
    version = models.PositiveIntegerField(default=1)
    promised_on = models.DateField(null=True, blank=True)
    escalations = models.PositiveSmallIntegerField(default=0)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by_batch = models.ForeignKey(
        Batch, null=True, blank=True, on_delete=models.PROTECT, related_name="ended_tickets"
    )

    objects = TicketQuerySet.as_manager()

    class Meta:
        verbose_name = _("协调工单")
        verbose_name_plural = _("协调工单")
        indexes = [
            # A source's list, newest first.
            models.Index(fields=["source", "-opened_at"], name="quality_ticket_source"),
            # The worker's question: which may be overdue?
            models.Index(fields=["answer_by"], name="quality_ticket_live", condition=Q(state__in=_LIVE)),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in TicketState]), name="quality_ticket_state"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in TicketKind]), name="quality_ticket_kind"
            ),
            # The rule asks once for each expected day, however often it runs and however the ticket ended.
            models.UniqueConstraint(
                fields=["source", "item", "due_on"],
                condition=Q(due_on__isnull=False),
                name="quality_ticket_once",
            ),
            # One live ticket of a kind about an item is enough.
            models.UniqueConstraint(
                fields=["source", "item", "kind"],
                condition=Q(state__in=_LIVE),
                name="quality_ticket_one_live",
            ),
            models.CheckConstraint(
                condition=~Q(state=TicketState.PROMISED.value) | Q(promised_on__isnull=False),
                name="quality_ticket_promise",
            ),
            models.CheckConstraint(
                condition=Q(state__in=_LIVE, ended_at__isnull=True)
                | (~Q(state__in=_LIVE) & Q(ended_at__isnull=False)),
                name="quality_ticket_end",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class TicketStep(models.Model):
    """One thing that happened to a ticket: event, who, what was said, its leaf. The first is the opening (event empty)."""

    id = models.BigAutoField(primary_key=True)
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="steps")
    at = models.DateTimeField()
    event = models.CharField(max_length=12, blank=True)
    by_kind = models.CharField(max_length=12)
    by_name = models.CharField(max_length=80, blank=True)
    text = models.CharField(max_length=500, blank=True)
    promised_on = models.DateField(null=True, blank=True)
    leaf_index = models.BigIntegerField()

    class Meta:
        verbose_name = _("工单经过")
        verbose_name_plural = _("工单经过")

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.event}"


class QualityReportQuerySet(models.QuerySet["QualityReport"]):
    """The only door to monthly reports."""

    def for_viewer(self, actor: Actor) -> "QualityReportQuerySet":
        """The platform's people only; a source is told its own part by the selectors."""
        return seen_by(self, actor)


class QualityReport(models.Model):
    """One monthly report as it was published: never changed; a correction is the next version of its month."""

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    number = models.CharField(max_length=24, unique=True)
    month = models.CharField(max_length=7)
    version = models.PositiveSmallIntegerField()
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=ID_LENGTH)
    document = models.JSONField()
    digest = models.CharField(max_length=64)
    content_digest = models.CharField(max_length=64)
    leaf_index = models.BigIntegerField()
    leaf_hash = models.CharField(max_length=64)

    objects = QualityReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("数据质量月报")
        verbose_name_plural = _("数据质量月报")
        constraints = [
            models.UniqueConstraint(fields=["month", "version"], name="quality_report_version_once"),
        ]

    def __str__(self) -> str:
        return self.number
