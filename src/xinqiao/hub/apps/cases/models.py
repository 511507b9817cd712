"""Tables of cases and their steps. Verbs are in ``services``; what is asked, said and judged is in the modules beside."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from xinqiao.domain.market.case import OPEN, CaseState, Refusal
from xinqiao.domain.market.case_work import CLOCKED
from xinqiao.hub.actors import Actor
from xinqiao.hub.apps.cases.action_models import CaseAction, CaseFile
from xinqiao.hub.apps.cases.talk_models import CaseComplaint, CaseMessage, CaseRating
from xinqiao.hub.apps.identity.models import Enterprise, Institution
from xinqiao.hub.apps.market.models import Product, ProductVersion
from xinqiao.hub.apps.needs.models import Need
from xinqiao.hub.ids import ID_LENGTH
from xinqiao.hub.viewers import seen_by

__all__ = [
    "Case",
    "CaseAction",
    "CaseComplaint",
    "CaseFile",
    "CaseMessage",
    "CaseRating",
    "CaseStep",
]

#: Who may hand a need to an institution.
SENDERS = ("enterprise", "adviser")
_OPEN = sorted(state.value for state in OPEN)
_CLOCKED = sorted(state.value for state in CLOCKED)
#: It ended without money, and a reason is known.
_REFUSED = sorted(
    state.value for state in (CaseState.DECLINED, CaseState.REJECTED, CaseState.LAPSED, CaseState.CANCELLED)
)
#: A contract was signed: of one need there is one such case.
SIGNED = frozenset(
    {
        CaseState.CONTRACTED,
        CaseState.DRAWN,
        CaseState.REPAYING,
        CaseState.EXTENDED,
        CaseState.OVERDUE,
        CaseState.SETTLED,
        CaseState.WRITTEN_OFF,
    }
)
_SIGNED = sorted(state.value for state in SIGNED)
_GRANTED = [CaseState.APPROVED.value, *_SIGNED]


class CaseQuerySet(models.QuerySet["Case"]):
    """The only door to cases."""

    def for_viewer(self, actor: Actor) -> "CaseQuerySet":
        """A firm sees all its own; an institution those that were handed to it, and nobody else's of the same need."""
        return seen_by(self, actor, enterprise="enterprise_id", institution="institution_id")


class Case(models.Model):
    """融资申请: one need at one institution, for one version of one of its products, which stays the case's.

    ``version`` counts every change. ``due_on`` is the last working day of the present state, empty where no clock runs.
    ``refusal`` and ``refusal_words`` say why it ended without money. ``approved_*`` is what the institution granted.
    ``key`` makes a form that is sent twice one case.
    """

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    number = models.CharField(max_length=24, unique=True)
    need = models.ForeignKey(Need, on_delete=models.PROTECT, related_name="cases")
    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="+")
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="+")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    product_version = models.ForeignKey(ProductVersion, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=16, default=CaseState.DISPATCHED.value)
    version = models.PositiveIntegerField(default=1)
    sender = models.CharField(max_length=12)
    key = models.CharField(max_length=64)
    dispatched_at = models.DateTimeField()
    since = models.DateTimeField()
    due_on = models.DateField(null=True, blank=True)
    reminded_at = models.DateTimeField(null=True, blank=True)
    late_told_at = models.DateTimeField(null=True, blank=True)
    refusal = models.CharField(max_length=24, blank=True)
    refusal_words = models.CharField(max_length=500, blank=True)
    approved_fen = models.BigIntegerField(null=True, blank=True)
    approved_rate = models.DecimalField(max_digits=7, decimal_places=6, null=True, blank=True)
    approved_months = models.PositiveIntegerField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = CaseQuerySet.as_manager()

    class Meta:
        verbose_name = _("融资申请")
        verbose_name_plural = _("融资申请")
        indexes = [
            # An institution's queue, and a firm's list.
            models.Index(fields=["institution", "state", "due_on"], name="cases_case_queue"),
            models.Index(fields=["enterprise", "-dispatched_at"], name="cases_case_firm"),
            # The clock's question: what is due?
            models.Index(fields=["due_on"], name="cases_case_due", condition=Q(state__in=_CLOCKED)),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in CaseState]), name="cases_case_state"
            ),
            models.CheckConstraint(condition=Q(sender__in=SENDERS), name="cases_case_sender"),
            models.CheckConstraint(
                condition=Q(refusal__in=["", *(one.value for one in Refusal)]), name="cases_case_refusal"
            ),
            # Who gets no money learns why; ``other`` needs words of its own.
            models.CheckConstraint(
                condition=(Q(state__in=_REFUSED) & ~Q(refusal="")) | (~Q(state__in=_REFUSED) & Q(refusal="")),
                name="cases_case_why",
            ),
            models.CheckConstraint(
                condition=~Q(refusal=Refusal.OTHER.value) | ~Q(refusal_words=""), name="cases_case_other"
            ),
            # What was granted is a whole offer or nothing.
            models.CheckConstraint(
                condition=Q(approved_fen=None, approved_rate=None, approved_months=None)
                | Q(approved_fen__gt=0, approved_rate__gte=0, approved_rate__lte=1, approved_months__gt=0),
                name="cases_case_granted",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=_GRANTED) | Q(approved_fen__isnull=False), name="cases_case_grant"
            ),
            models.CheckConstraint(
                condition=Q(state__in=_OPEN, ended_at__isnull=True)
                | (~Q(state__in=_OPEN) & Q(ended_at__isnull=False)),
                name="cases_case_ended",
            ),
            models.UniqueConstraint(fields=["need", "key"], name="cases_case_key"),
            # One firm has one open case at one institution for one product, whatever the need.
            models.UniqueConstraint(
                fields=["enterprise", "institution", "product"],
                condition=Q(state__in=_OPEN),
                name="cases_case_once",
            ),
            # Several institutions look at a need; one signs.
            models.UniqueConstraint(
                fields=["need"], condition=Q(state__in=_SIGNED), name="cases_case_one_signs"
            ),
        ]

    def __str__(self) -> str:
        return self.number


class CaseStep(models.Model):
    """One move of a case, with the leaf that proves it. Both sides and the adviser read it."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="steps")
    seq = models.PositiveIntegerField()
    event = models.CharField(max_length=24)
    state = models.CharField(max_length=16)
    at = models.DateTimeField()
    role = models.CharField(max_length=12)
    actor_label = models.CharField(max_length=120, blank=True)
    reason = models.CharField(max_length=24, blank=True)
    text = models.CharField(max_length=500, blank=True)
    leaf_index = models.BigIntegerField()

    class Meta:
        verbose_name = _("申请的经过")
        verbose_name_plural = _("申请的经过")
        constraints = [models.UniqueConstraint(fields=["case", "seq"], name="cases_step_seq")]

    def __str__(self) -> str:
        return f"{self.case_id} {self.seq} {self.event}"
