"""Tables of referrals. Verbs are in ``services``, the package in ``package``."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from xinqiao.domain.disputes import OPEN, DisputeKind, DisputeState
from xinqiao.hub.actors import Actor, EnterpriseActor, InstitutionActor
from xinqiao.hub.apps.cases.models import Case
from xinqiao.hub.ids import ID_LENGTH
from xinqiao.hub.viewers import seen_by

SIDES = ("enterprise", "institution")


class DisputeQuerySet(models.QuerySet["Dispute"]):
    """The only door to referrals."""

    def for_viewer(self, actor: Actor) -> "DisputeQuerySet":
        """The side that refers a case sees it from the beginning, the other one once it is filed, nobody else."""
        match actor:
            case EnterpriseActor(enterprise_id=party):
                mine = Q(case__enterprise_id=party)
                return self.filter(mine & (Q(side="enterprise") | Q(filed_at__isnull=False)))
            case InstitutionActor(institution_id=party):
                mine = Q(case__institution_id=party)
                return self.filter(mine & (Q(side="institution") | Q(filed_at__isnull=False)))
            case _:
                return seen_by(self, actor)


class Dispute(models.Model):
    """One referral of a case by one side. ``package_digest`` is that of the newest package made for it."""

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    number = models.CharField(max_length=24, unique=True)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="disputes")
    side = models.CharField(max_length=12)
    kind = models.CharField(max_length=16)
    body = models.CharField(max_length=120)
    body_no = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=12, default=DisputeState.PREPARED.value)
    revision = models.PositiveIntegerField(default=1)
    key = models.CharField(max_length=64)
    package_digest = models.CharField(max_length=64, blank=True)
    packed_at = models.DateTimeField(null=True, blank=True)
    prepared_at = models.DateTimeField()
    filed_at = models.DateTimeField(null=True, blank=True)

    objects = DisputeQuerySet.as_manager()

    class Meta:
        verbose_name = _("金融纠纷")
        verbose_name_plural = _("金融纠纷")
        constraints = [
            models.CheckConstraint(condition=Q(side__in=SIDES), name="disputes_side"),
            models.CheckConstraint(
                condition=Q(kind__in=[one.value for one in DisputeKind]), name="disputes_kind"
            ),
            models.CheckConstraint(
                condition=Q(state__in=[one.value for one in DisputeState]), name="disputes_state"
            ),
            models.UniqueConstraint(fields=["case", "side", "key"], name="disputes_key"),
            # A side refers a case to one kind of body at a time.
            models.UniqueConstraint(
                fields=["case", "side", "kind"], condition=Q(state__in=sorted(OPEN)), name="disputes_one_open"
            ),
        ]

    def __str__(self) -> str:
        return self.number


class DisputeStep(models.Model):
    """One thing that was recorded of a referral, with the leaf that proves it."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="steps")
    seq = models.PositiveIntegerField()
    event = models.CharField(max_length=12)
    state = models.CharField(max_length=12)
    at = models.DateTimeField()
    actor_label = models.CharField(max_length=120, blank=True)
    text = models.CharField(max_length=500, blank=True)
    leaf_index = models.BigIntegerField()

    class Meta:
        verbose_name = _("纠纷的经过")
        verbose_name_plural = _("纠纷的经过")
        constraints = [models.UniqueConstraint(fields=["dispute", "seq"], name="disputes_step_seq")]

    def __str__(self) -> str:
        return f"{self.dispute_id} {self.seq} {self.event}"
