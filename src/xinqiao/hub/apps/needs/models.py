"""Tables of needs, their steps and whom they may be sent to. Verbs are in ``services``."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from xinqiao.domain.market.case import NEED, NeedState
from xinqiao.hub.actors import Actor, OperatorActor
from xinqiao.hub.apps.identity.models import Enterprise, Institution, User
from xinqiao.hub.apps.market.models import ProductVersion
from xinqiao.hub.apps.needs.work_models import (
    Contact,
    MatchOverride,
    MatchPair,
    MatchRun,
    ReturnVisit,
)
from xinqiao.hub.ids import ID_LENGTH
from xinqiao.hub.viewers import seen_by

__all__ = [
    "Contact",
    "MatchOverride",
    "MatchPair",
    "MatchRun",
    "Need",
    "NeedGrant",
    "NeedQuerySet",
    "NeedRecipient",
    "NeedStep",
    "RecipientState",
    "ReturnVisit",
]

_FINAL = sorted(state.value for state in NEED.final)
#: Nobody but the firm has seen it, or it never was more than that.
_UNSAID = [NeedState.DRAFT.value, NeedState.CANCELLED.value]
#: An adviser looks after it, or did.
_FOLLOWED = [NeedState.ASSIGNED.value]


class NeedQuerySet(models.QuerySet["Need"]):
    """The only door to needs. An institution reaches a need through its own case, never here."""

    def for_viewer(self, actor: Actor) -> "NeedQuerySet":
        """A firm sees its own; the platform's people those that were handed in: a draft is the firm's alone."""
        rows = seen_by(self, actor, enterprise="enterprise_id")
        return rows.filter(submitted_at__isnull=False) if isinstance(actor, OperatorActor) else rows


class Need(models.Model):
    """融资需求: one thing a firm wants financed. Its row is the lock of everything about it.

    ``version`` counts every change of the row. ``product_version`` is the product it started from, if any; ``security``
    what the firm can offer; ``zones`` the codes between bars (``|green|agri|``). ``due_on`` is the last working day of the
    present state. ``end_code`` is a code of refusal, or ``financed``.
    """

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    number = models.CharField(max_length=24, unique=True)
    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="needs")
    key = models.CharField(max_length=64)
    state = models.CharField(max_length=12, default=NeedState.DRAFT.value)
    version = models.PositiveIntegerField(default=1)
    product_version = models.ForeignKey(
        ProductVersion, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    amount_fen = models.BigIntegerField(null=True, blank=True)
    least_fen = models.BigIntegerField(null=True, blank=True)
    months = models.PositiveIntegerField(null=True, blank=True)
    least_months = models.PositiveIntegerField(null=True, blank=True)
    purpose = models.CharField(max_length=20, blank=True)
    security = models.JSONField(default=list, blank=True)
    rate = models.DecimalField(max_digits=7, decimal_places=6, null=True, blank=True)
    wanted_by = models.DateField(null=True, blank=True)
    zones = models.CharField(max_length=120, blank=True)
    note = models.CharField(max_length=300, blank=True)
    contact_enc = models.TextField(blank=True)
    digest = models.CharField(max_length=64)
    adviser = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    assigned_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True, blank=True)
    state_since = models.DateTimeField()
    due_on = models.DateField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    end_code = models.CharField(max_length=24, blank=True)

    objects = NeedQuerySet.as_manager()

    class Meta:
        verbose_name = _("融资需求")
        verbose_name_plural = _("融资需求")
        indexes = [
            # The firm's list, and how many of its needs are open.
            models.Index(fields=["enterprise", "-created_at"], name="needs_need_firm"),
            # The advisers' queue: what is open, the oldest first.
            models.Index(fields=["state", "state_since"], name="needs_need_queue"),
            # The load of each adviser.
            models.Index(fields=["adviser", "state"], name="needs_need_adviser"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in NeedState]), name="needs_need_state"
            ),
            # What was handed in says how much, for how long and for what.
            models.CheckConstraint(
                condition=Q(state__in=_UNSAID)
                | (
                    Q(amount_fen__gt=0, months__gt=0, submitted_at__isnull=False)
                    & ~Q(purpose="")
                    & ~Q(contact_enc="")
                ),
                name="needs_need_complete",
            ),
            models.CheckConstraint(
                condition=Q(least_fen=None) | Q(least_fen__gt=0, least_fen__lte=F("amount_fen")),
                name="needs_need_least",
            ),
            models.CheckConstraint(
                condition=Q(least_months=None) | Q(least_months__gt=0, least_months__lte=F("months")),
                name="needs_need_shortest",
            ),
            models.CheckConstraint(
                condition=Q(rate=None) | Q(rate__gt=0, rate__lte=1), name="needs_need_rate"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=_FOLLOWED) | Q(adviser__isnull=False, assigned_at__isnull=False),
                name="needs_need_followed",
            ),
            # An end has its reason, and nothing else has one.
            models.CheckConstraint(
                condition=(Q(state__in=_FINAL, ended_at__isnull=False) & ~Q(end_code=""))
                | (~Q(state__in=_FINAL) & Q(ended_at=None, end_code="")),
                name="needs_need_end",
            ),
            # A form that is sent twice makes one need.
            models.UniqueConstraint(fields=["enterprise", "key"], name="needs_need_key"),
        ]

    def __str__(self) -> str:
        return self.number


class NeedStep(models.Model):
    """One thing that happened to a need: who, in which role, why, with the leaf that proves it."""

    need = models.ForeignKey(Need, on_delete=models.PROTECT, related_name="steps")
    seq = models.PositiveIntegerField()
    event = models.CharField(max_length=16)
    from_state = models.CharField(max_length=12)
    state = models.CharField(max_length=12)
    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=12)
    actor_id = models.CharField(max_length=ID_LENGTH, blank=True)
    actor_label = models.CharField(max_length=120, blank=True)
    code = models.CharField(max_length=24, blank=True)
    text = models.CharField(max_length=500, blank=True)
    leaf_index = models.BigIntegerField()

    class Meta:
        verbose_name = _("融资需求的经过")
        verbose_name_plural = _("融资需求的经过")
        constraints = [models.UniqueConstraint(fields=["need", "seq"], name="needs_step_seq")]

    def __str__(self) -> str:
        return f"{self.need_id} {self.seq}"


class RecipientState(models.TextChoices):
    """Where an institution stands for a need. Only the firm lists; what is sent is a case from there on."""

    PROPOSED = "proposed", _("顾问建议")
    LISTED = "listed", _("企业选定")
    SENT = "sent", _("已推送")
    REMOVED = "removed", _("已去掉")


class NeedRecipient(models.Model):
    """An institution to which a need may be sent, with the product it is about. Nothing is sent to any other."""

    need = models.ForeignKey(Need, on_delete=models.PROTECT, related_name="recipients")
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="+")
    product_version = models.ForeignKey(ProductVersion, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=12, choices=RecipientState.choices)
    reason = models.CharField(max_length=500, blank=True)
    since = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("融资需求的收件机构")
        verbose_name_plural = _("融资需求的收件机构")
        constraints = [
            models.UniqueConstraint(fields=["need", "institution"], name="needs_recipient_once"),
            models.CheckConstraint(
                condition=Q(state__in=RecipientState.values), name="needs_recipient_state"
            ),
            models.CheckConstraint(
                condition=Q(state=RecipientState.SENT, sent_at__isnull=False)
                | (~Q(state=RecipientState.SENT) & Q(sent_at=None)),
                name="needs_recipient_sent",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.need_id} → {self.institution_id}"


class NeedGrant(models.Model):
    """An authorisation the firm gave this institution for this need. It is withdrawn by its own verb, never here."""

    recipient = models.ForeignKey(NeedRecipient, on_delete=models.PROTECT, related_name="grants")
    kind = models.CharField(max_length=8)
    authorisation_id = models.CharField(max_length=ID_LENGTH)
    bound_at = models.DateTimeField()

    class Meta:
        verbose_name = _("为融资需求给出的授权")
        verbose_name_plural = _("为融资需求给出的授权")
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["items", "fundflow"]), name="needs_grant_kind"),
            # An authorisation serves one need.
            models.UniqueConstraint(fields=["kind", "authorisation_id"], name="needs_grant_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.authorisation_id}"
