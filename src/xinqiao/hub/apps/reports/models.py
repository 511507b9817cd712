"""The table of issued credit reports. What a report said is not in it: only the digest of what was handed out."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from xinqiao.hub.actors import Actor
from xinqiao.hub.apps.identity.models import Enterprise
from xinqiao.hub.ids import ID_LENGTH
from xinqiao.hub.viewers import seen_by

READERS = ("subject",)


class CreditReportQuerySet(models.QuerySet["CreditReport"]):
    """The only door to issued reports."""

    def for_viewer(self, actor: Actor) -> "CreditReportQuerySet":
        """The enterprise it is about."""
        return seen_by(self, actor, enterprise="enterprise_id")


class CreditReport(models.Model):
    """One report as it was handed out.

    ``version`` counts the reports of one enterprise. ``digest``: SHA-256 of the canonical document. ``coverage``: how
    many items were in which state. ``marks``: per item how many rows went out and their digest under the platform's
    key, so that a later look can say what changed; nothing of a row can be read from it, and older reports left none.
    ``valid_until`` is when a reader
    should ask for a new one.
    """

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    number = models.CharField(max_length=24, unique=True)
    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="credit_reports")
    version = models.PositiveIntegerField()
    reader = models.CharField(max_length=12, default="subject")
    catalogue = models.CharField(max_length=20)
    generated_at = models.DateTimeField()
    valid_until = models.DateTimeField()
    digest = models.CharField(max_length=64)
    verify_code = models.CharField(max_length=24, unique=True)
    coverage = models.JSONField()
    marks = models.JSONField(null=True)
    leaf_index = models.BigIntegerField()
    leaf_hash = models.CharField(max_length=64)

    objects = CreditReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("信用报告")
        verbose_name_plural = _("信用报告")
        constraints = [
            # Also the index of an enterprise's own list, newest last.
            models.UniqueConstraint(fields=["enterprise", "version"], name="reports_version_once"),
            models.CheckConstraint(condition=Q(reader__in=READERS), name="reports_reader"),
        ]

    def __str__(self) -> str:
        return self.number
