"""Tables of objections and repair, and of the records that are in no answer any more. Verbs are in ``services``."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from xinqiao.domain.objection import OPEN, RecordObjectionState
from xinqiao.domain.repair import PENDING, Gravity, RepairState
from xinqiao.hub.actors import Actor, SourceActor
from xinqiao.hub.apps.identity.models import Enterprise, Source
from xinqiao.hub.apps.redress.import_models import ImportedResult, RepairImport
from xinqiao.hub.ids import ID_LENGTH
from xinqiao.hub.viewers import seen_by

__all__ = [
    "KINDS",
    "REASONS",
    "Evidence",
    "ImportedResult",
    "Objection",
    "Repair",
    "RepairImport",
    "Standing",
    "Step",
    "Suppression",
]

#: What is wrong with a record, as its firm sees it (after the kinds of the fund-flow rules, proposed).
KINDS = ("not_mine", "wrong_value", "incomplete", "outdated", "already_performed", "other")
REASONS = ("repaired", "expired", "restored")
_OPEN = sorted(state.value for state in OPEN)
_PENDING = sorted(state.value for state in PENDING)
_TEXT = 500


class ObjectionQuerySet(models.QuerySet["Objection"]):
    """The only door to objections."""

    def for_viewer(self, actor: Actor) -> "ObjectionQuerySet":
        """The firm that made it; the source it was passed on to, from then on."""
        rows = seen_by(self, actor, enterprise="enterprise_id", source="source_id")
        return rows.filter(forwarded_at__isnull=False) if isinstance(actor, SourceActor) else rows


class Objection(models.Model):
    """异议: one firm says that one record, or one field of it, is wrong.

    ``record_ref`` is what the record is known by; ``seen_version`` and ``seen_digest`` are of the version it is about:
    only something later in the lake closes it as corrected. ``key`` makes a form that is sent twice one objection.
    ``due_on`` is the last day of the written answer, ``forward_by`` the last working day to pass it on.
    """

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    number = models.CharField(max_length=24, unique=True)
    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="objections")
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="+")
    item = models.CharField(max_length=64)
    record_ref = models.CharField(max_length=64)
    label = models.CharField(max_length=200)
    field = models.CharField(max_length=64, blank=True)
    kind = models.CharField(max_length=20)
    reason = models.CharField(max_length=_TEXT)
    key = models.CharField(max_length=64)
    seen_version = models.PositiveIntegerField()
    seen_digest = models.CharField(max_length=64)
    submitted_at = models.DateTimeField()
    forward_by = models.DateField()
    due_on = models.DateField()
    forwarded_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=16, default=RecordObjectionState.SUBMITTED.value)
    version = models.PositiveIntegerField(default=1)
    answer = models.CharField(max_length=_TEXT, blank=True)
    statement = models.CharField(max_length=300, blank=True)
    stated_at = models.DateTimeField(null=True, blank=True)
    late_told_at = models.DateTimeField(null=True, blank=True)

    objects = ObjectionQuerySet.as_manager()

    class Meta:
        verbose_name = _("异议")
        verbose_name_plural = _("异议")
        indexes = [
            # Every report asks for what was said about its firm's records.
            models.Index(fields=["enterprise", "-submitted_at"], name="redress_objection_firm"),
            models.Index(fields=["source", "-submitted_at"], name="redress_objection_source"),
            # The clock's question: what is late?
            models.Index(fields=["due_on"], name="redress_objection_due", condition=Q(state__in=_OPEN)),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in RecordObjectionState]),
                name="redress_objection_state",
            ),
            models.CheckConstraint(condition=Q(kind__in=KINDS), name="redress_objection_kind"),
            models.UniqueConstraint(fields=["enterprise", "key"], name="redress_objection_key"),
            # One record is disputed once at a time.
            models.UniqueConstraint(
                fields=["enterprise", "record_ref"],
                condition=Q(state__in=_OPEN),
                name="redress_objection_once",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class RepairQuerySet(models.QuerySet["Repair"]):
    """The only door to applications for repair."""

    def for_viewer(self, actor: Actor) -> "RepairQuerySet":
        """The firm that applied, and the unit that determined the record."""
        return seen_by(self, actor, enterprise="enterprise_id", source="source_id")


class Repair(models.Model):
    """信用修复: one firm applies to have one adverse record repaired.

    ``commitment`` is the text of the credit promise as it was shown, ``commitment_jws`` the platform's signature over
    it together with the second factor by which it was signed. ``accept_by`` and ``decide_by`` are last working days.
    """

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    number = models.CharField(max_length=24, unique=True)
    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="repairs")
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="+")
    item = models.CharField(max_length=64)
    record_ref = models.CharField(max_length=64)
    record_key = models.JSONField(default=dict)
    label = models.CharField(max_length=200)
    gravity = models.CharField(max_length=8)
    determined_on = models.DateField()
    key = models.CharField(max_length=64)
    explanation = models.CharField(max_length=_TEXT)
    commitment = models.TextField()
    commitment_digest = models.CharField(max_length=64)
    commitment_jws = models.TextField()
    applied_at = models.DateTimeField()
    accept_by = models.DateField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    decide_by = models.DateField(null=True, blank=True)
    extended = models.BooleanField(default=False)
    decided_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=16, default=RepairState.APPLIED.value)
    version = models.PositiveIntegerField(default=1)
    answer = models.CharField(max_length=_TEXT, blank=True)
    late_told_at = models.DateTimeField(null=True, blank=True)

    objects = RepairQuerySet.as_manager()

    class Meta:
        verbose_name = _("信用修复申请")
        verbose_name_plural = _("信用修复申请")
        indexes = [
            models.Index(fields=["enterprise", "-applied_at"], name="redress_repair_firm"),
            models.Index(fields=["source", "-applied_at"], name="redress_repair_source"),
            # The clock's question: what is late?
            models.Index(fields=["accept_by"], name="redress_repair_due", condition=Q(state__in=_PENDING)),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in RepairState]), name="redress_repair_state"
            ),
            models.CheckConstraint(
                condition=Q(gravity__in=[gravity.value for gravity in Gravity]), name="redress_repair_gravity"
            ),
            models.UniqueConstraint(fields=["enterprise", "key"], name="redress_repair_key"),
            # One application for a record at a time.
            models.UniqueConstraint(
                fields=["enterprise", "record_ref"],
                condition=Q(state__in=_PENDING),
                name="redress_repair_once",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class Suppression(models.Model):
    """A record that is in no answer from ``from_at`` on: every reader of collected records asks this table.

    A source that sends the record once more does not bring it back. ``record_key`` is its natural key, by which the lake
    lets it go; ``repair`` or ``imported`` says what repaired it; ``lake_batch`` is the batch that took it out there, empty while that is to come. ``ended_at``: its repair
    was revoked, and answers carry the record again; a row with the reason ``restored``, which hides nothing, then tells
    other platforms so.
    """

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    record_ref = models.CharField(max_length=64)
    uscc = models.CharField(max_length=18)
    item = models.CharField(max_length=64)
    record_key = models.JSONField(default=dict)
    reason = models.CharField(max_length=8)
    repair = models.OneToOneField(
        Repair, null=True, blank=True, on_delete=models.PROTECT, related_name="suppression"
    )
    imported = models.OneToOneField(
        ImportedResult, null=True, blank=True, on_delete=models.PROTECT, related_name="suppression"
    )
    from_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    leaf_index = models.BigIntegerField()
    lake_batch = models.CharField(max_length=40, blank=True)

    class Meta:
        verbose_name = _("停止公示的记录")
        verbose_name_plural = _("停止公示的记录")
        indexes = [
            # Every reader's question.
            models.Index(fields=["uscc"], name="redress_suppression_firm"),
            # The export's order.
            models.Index(fields=["from_at", "id"], name="redress_suppression_order"),
            models.Index(fields=["from_at"], name="redress_suppression_due", condition=Q(lake_batch="")),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(reason__in=REASONS), name="redress_suppression_reason"),
            models.CheckConstraint(
                condition=Q(reason="repaired", repair__isnull=False, imported__isnull=True)
                | Q(reason="repaired", repair__isnull=True, imported__isnull=False)
                | Q(reason="expired", repair__isnull=True, imported__isnull=True)
                | Q(reason="restored", repair__isnull=True, imported__isnull=True, ended_at__isnull=False),
                name="redress_suppression_why",
            ),
            models.UniqueConstraint(
                fields=["record_ref"], condition=Q(ended_at__isnull=True), name="redress_suppression_once"
            ),
        ]

    def __str__(self) -> str:
        return self.record_ref


class Standing(models.Model):
    """How often what is marked, hidden or said about a firm's records has changed, and when last.

    Changed before the leaf of what changed it, so that a release, which holds the row, and a change wait for each other.
    """

    uscc = models.CharField(max_length=18, primary_key=True)
    version = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name = _("记录的现状")
        verbose_name_plural = _("记录的现状")

    def __str__(self) -> str:
        return f"{self.uscc} {self.version}"


class EvidenceQuerySet(models.QuerySet["Evidence"]):
    """The only door to attached files."""

    def for_viewer(self, actor: Actor) -> "EvidenceQuerySet":
        """The firm that attached it, and the source its matter is with."""
        if isinstance(actor, SourceActor):
            mine = Q(objection__source_id=actor.source_id, objection__forwarded_at__isnull=False)
            return self.filter(mine | Q(repair__source_id=actor.source_id))
        return seen_by(self, actor, enterprise="enterprise_id")


class Evidence(models.Model):
    """A file somebody attached: a proof of performance, a decision, a photograph. Its content is encrypted on disk."""

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="+")
    objection = models.ForeignKey(
        Objection, null=True, blank=True, on_delete=models.PROTECT, related_name="evidence"
    )
    repair = models.ForeignKey(
        Repair, null=True, blank=True, on_delete=models.PROTECT, related_name="evidence"
    )
    file_name = models.CharField(max_length=160)
    media_type = models.CharField(max_length=40)
    size = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    added_at = models.DateTimeField()

    objects = EvidenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("证明材料")
        verbose_name_plural = _("证明材料")
        indexes = [
            # The sweep of what was attached to nothing in the end.
            models.Index(
                fields=["added_at"],
                name="redress_evidence_loose",
                condition=Q(objection__isnull=True, repair__isnull=True),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(objection__isnull=True) | Q(repair__isnull=True), name="redress_evidence_one"
            ),
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def taken_as(self) -> str:
        """The name it is taken away under, of our own characters only."""
        return f"{self.id}{self.file_name[self.file_name.rfind('.') :]}"


class Step(models.Model):
    """What happened to an objection or an application, in order; written in the transaction of the move."""

    matter_id = models.CharField(max_length=ID_LENGTH)
    seq = models.PositiveIntegerField()
    event = models.CharField(max_length=24)
    state = models.CharField(max_length=16)
    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=12)
    actor_label = models.CharField(max_length=120, blank=True)
    text = models.CharField(max_length=_TEXT, blank=True)
    leaf_index = models.BigIntegerField()

    class Meta:
        verbose_name = _("办理经过")
        verbose_name_plural = _("办理经过")
        constraints = [
            models.UniqueConstraint(fields=["matter_id", "seq"], name="redress_step_order"),
        ]

    def __str__(self) -> str:
        return f"{self.matter_id} {self.seq} {self.event}"
