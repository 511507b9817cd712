"""Tables of credit reports: what was handed out, and every time an institution asked.

What a report said is in none of them: only the digest of what was handed out.
"""

from enum import StrEnum

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from xinqiao.hub.actors import Actor
from xinqiao.hub.apps.identity.models import Enterprise, EnterprisePerson, Institution
from xinqiao.hub.apps.items.models import ItemAuthorisation
from xinqiao.hub.ids import ID_LENGTH
from xinqiao.hub.viewers import seen_by

READERS = ("subject", "institution")


class ReportKind(StrEnum):
    """What was handed out. Whoever may have the report of a firm may have its portrait, made of the same."""

    REPORT = "report"
    PORTRAIT = "portrait"


class CreditReportQuerySet(models.QuerySet["CreditReport"]):
    """The only door to issued reports."""

    def for_viewer(self, actor: Actor) -> "CreditReportQuerySet":
        """The enterprise it is about, and the institution it was made for."""
        return seen_by(self, actor, enterprise="enterprise_id", institution="institution_id")


class CreditReport(models.Model):
    """One report, or one portrait as a file, as it was handed out.

    ``version`` counts those of one kind about one enterprise to one reader, so that no reader learns how many others there are.
    ``digest``: SHA-256 of the canonical document. ``coverage``: how many items were in which state. ``marks``: per item
    how many rows went out and their digest under the platform's key, so that a later look can say what changed; nothing
    of a row can be read from it, and older reports and those of institutions left none. ``valid_until`` is when a reader
    should ask for a new one. ``leaf_index`` is that of the first use it was made by.
    """

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    number = models.CharField(max_length=24, unique=True)
    kind = models.CharField(max_length=12, default="report")
    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="credit_reports")
    institution = models.ForeignKey(
        Institution, null=True, blank=True, on_delete=models.PROTECT, related_name="credit_reports"
    )
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
            # Also the indexes of a reader's own list, newest last.
            models.UniqueConstraint(
                fields=["enterprise", "kind", "version"],
                condition=Q(reader="subject"),
                name="reports_version_once",
            ),
            models.UniqueConstraint(
                fields=["institution", "enterprise", "kind", "version"],
                condition=Q(reader="institution"),
                name="reports_version_once_each",
            ),
            models.CheckConstraint(
                condition=Q(reader="subject", institution__isnull=True)
                | Q(reader="institution", institution__isnull=False),
                name="reports_reader",
            ),
            models.CheckConstraint(condition=Q(kind__in=["report", "portrait"]), name="reports_kind"),
        ]

    def __str__(self) -> str:
        return self.number


class SelfDeclarationQuerySet(models.QuerySet["SelfDeclaration"]):
    """The only door to what firms declared."""

    def for_viewer(self, actor: Actor) -> "SelfDeclarationQuerySet":
        """The enterprise that declared it. Institutions read it in reports only."""
        return seen_by(self, actor, enterprise="enterprise_id")


class SelfDeclaration(models.Model):
    """自愿填报: one version of what a firm says about itself. A new version is a new row; none is ever changed.

    ``said_enc``: fields with their labels and texts as they were asked and answered then, encrypted, because a contact is
    a person. ``filled``: how many. ``commitment``: SHA-256 of the words of 信用承诺 that were agreed to; empty where the
    firm took back what it had said.
    """

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="declarations")
    version = models.PositiveIntegerField()
    form_version = models.PositiveIntegerField()
    person = models.ForeignKey(EnterprisePerson, on_delete=models.PROTECT, related_name="+")
    said_enc = models.TextField()
    filled = models.PositiveSmallIntegerField()
    shared = models.BooleanField()
    commitment = models.CharField(max_length=64, blank=True)
    made_at = models.DateTimeField()
    leaf_index = models.BigIntegerField()
    leaf_hash = models.CharField(max_length=64)

    objects = SelfDeclarationQuerySet.as_manager()

    class Meta:
        verbose_name = _("自行申报")
        verbose_name_plural = _("自行申报")
        constraints = [
            # Also the index of a firm's own history and of its newest version.
            models.UniqueConstraint(fields=["enterprise", "version"], name="reports_declared_once"),
            models.CheckConstraint(
                condition=Q(filled=0) | ~Q(commitment=""), name="reports_declared_with_commitment"
            ),
        ]

    def __str__(self) -> str:
        return self.id


class ReportQueryQuerySet(models.QuerySet["ReportQuery"]):
    """The only door to the record of who asked for credit reports."""

    def for_viewer(self, actor: Actor) -> "ReportQueryQuerySet":
        """The enterprise it is about and the institution that asked."""
        return seen_by(self, actor, enterprise="enterprise_id", institution="institution_id")


class ReportQuery(models.Model):
    """An institution asked for a credit report or a portrait (``kind``): handed out, or refused with a code.

    ``enterprise`` and ``authorisation`` as in the record of item queries: a stranger's authorisation is in the leaf,
    where its owner sees it, but the asker's own record does not lead to it. ``calls``: items called at their sources.
    """

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    # No index of their own for these two: the ones below begin with them.
    enterprise = models.ForeignKey(
        Enterprise,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="report_queries",
        db_index=False,
    )
    institution = models.ForeignKey(
        Institution, on_delete=models.PROTECT, related_name="report_queries", db_index=False
    )
    authorisation = models.ForeignKey(
        ItemAuthorisation, null=True, blank=True, on_delete=models.PROTECT, related_name="report_queries"
    )
    report = models.OneToOneField(
        CreditReport, null=True, blank=True, on_delete=models.PROTECT, related_name="query"
    )
    via = models.CharField(max_length=8)
    # a default of the database: the column is added to a table that stands, without making it anew
    kind = models.CharField(max_length=12, db_default="report")
    purpose = models.CharField(max_length=24)
    operator_name = models.CharField(max_length=80)
    operator_department = models.CharField(max_length=80, blank=True)
    state = models.CharField(max_length=12)
    code = models.CharField(max_length=40, blank=True)
    reason = models.CharField(max_length=60, blank=True)
    calls = models.JSONField(default=list, blank=True)
    uses_left = models.PositiveIntegerField(null=True, blank=True)
    asked_at = models.DateTimeField()
    leaf_index = models.BigIntegerField()
    leaf_hash = models.CharField(max_length=64)

    objects = ReportQueryQuerySet.as_manager()

    class Meta:
        verbose_name = _("信用报告查询记录")
        verbose_name_plural = _("信用报告查询记录")
        indexes = [
            models.Index(fields=["enterprise", "-asked_at"], name="reports_query_enterprise"),
            models.Index(fields=["institution", "-asked_at"], name="reports_query_institution"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="released", report__isnull=False, code="")
                | (Q(state="denied", report__isnull=True) & ~Q(code="")),
                name="reports_query_state",
            ),
        ]

    def __str__(self) -> str:
        return self.id
