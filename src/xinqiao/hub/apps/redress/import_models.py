"""Tables of repair results that came from other platforms. Part of the app's models (``models`` imports them)."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from xinqiao.domain.repair_results import Unmatched
from xinqiao.hub.actors import Actor
from xinqiao.hub.ids import ID_LENGTH
from xinqiao.hub.viewers import seen_by


class RepairImportQuerySet(models.QuerySet["RepairImport"]):
    """The only door to imported files."""

    def for_viewer(self, actor: Actor) -> "RepairImportQuerySet":
        """The platform's own people; nobody else."""
        return seen_by(self, actor)


class RepairImport(models.Model):
    """A file of repair results of another platform, by its digest once. Its content is not kept, its rows are."""

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    number = models.CharField(max_length=24, unique=True)
    platform = models.CharField(max_length=80)
    file_name = models.CharField(max_length=160)
    digest = models.CharField(max_length=64, unique=True)
    size = models.PositiveIntegerField()
    read_at = models.DateTimeField()
    read_by = models.CharField(max_length=ID_LENGTH)
    applied_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    leaf_index = models.BigIntegerField()

    objects = RepairImportQuerySet.as_manager()

    class Meta:
        verbose_name = _("别的平台的修复结果")
        verbose_name_plural = _("别的平台的修复结果")
        indexes = [models.Index(fields=["-read_at"], name="redress_import_newest")]

    def __str__(self) -> str:
        return self.number


class ImportedResult(models.Model):
    """One row: what it says, and what became of it. ``reason`` is empty where a record is meant exactly.

    ``applied_at`` is set in the transaction that suppressed the record.
    """

    source_file = models.ForeignKey(RepairImport, on_delete=models.PROTECT, related_name="rows")
    line = models.PositiveIntegerField()
    uscc = models.CharField(max_length=200, blank=True)
    document = models.CharField(max_length=200, blank=True)
    record = models.CharField(max_length=64, blank=True)
    decision = models.CharField(max_length=40, blank=True)
    decided_on = models.CharField(max_length=40, blank=True)
    reason = models.CharField(max_length=12, blank=True)
    item = models.CharField(max_length=64, blank=True)
    record_ref = models.CharField(max_length=64, blank=True)
    label = models.CharField(max_length=200, blank=True)
    applied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("别的平台的一条修复结果")
        verbose_name_plural = _("别的平台的修复结果明细")
        constraints = [
            models.UniqueConstraint(fields=["source_file", "line"], name="redress_result_line"),
            models.CheckConstraint(
                condition=Q(reason="") | Q(reason__in=[one.value for one in Unmatched]),
                name="redress_result_reason",
            ),
            models.CheckConstraint(
                condition=Q(applied_at__isnull=True) | Q(reason="", record_ref__gt=""),
                name="redress_result_applied",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source_file_id} {self.line}"
