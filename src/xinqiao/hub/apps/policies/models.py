"""Tables of departments, policies and their versions. Verbs are in ``services``; the fund's tables in ``fund_models``."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from xinqiao.domain.market.product import PENDING, STANDING, VersionState
from xinqiao.domain.policies.policy import PolicyKind
from xinqiao.hub.actors import Actor
from xinqiao.hub.apps.identity.models import Institution
from xinqiao.hub.apps.policies.claim_models import Claim, ClaimFile, ClaimStep, Hit, PushConsent
from xinqiao.hub.apps.policies.fund_models import FirmShare, FundEntry, FundLine, Payment, Reservation
from xinqiao.hub.ids import ID_LENGTH
from xinqiao.hub.viewers import seen_by

__all__ = [
    "Claim",
    "ClaimFile",
    "ClaimStep",
    "Department",
    "FirmShare",
    "FundEntry",
    "FundLine",
    "Hit",
    "Payment",
    "Policy",
    "PolicyStep",
    "PolicyVersion",
    "PushConsent",
    "Reservation",
]

_PENDING = sorted(state.value for state in PENDING)
_STANDING = sorted(state.value for state in STANDING)
#: Submitted at least once and not taken back: its words are fixed.
_FIXED = sorted(
    state.value for state in VersionState if state not in {VersionState.DRAFT, VersionState.DROPPED}
)


class Department(models.Model):
    """政策部门: an organisation that the operator let in as one with policies and a fund; no bank becomes one by a role."""

    institution = models.OneToOneField(
        Institution, on_delete=models.PROTECT, primary_key=True, related_name="policy_department"
    )
    registered_at = models.DateTimeField()

    class Meta:
        verbose_name = _("政策部门")
        verbose_name_plural = _("政策部门")

    def __str__(self) -> str:
        return self.institution.short_name


class Policy(models.Model):
    """惠企政策: what stays the same while its versions come and go. Its row is the lock of everything about it."""

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    number = models.CharField(max_length=24, unique=True)
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="policies")
    key = models.CharField(max_length=64)
    made_at = models.DateTimeField()

    class Meta:
        verbose_name = _("惠企政策")
        verbose_name_plural = _("惠企政策")
        constraints = [
            # A form that is sent twice makes one policy.
            models.UniqueConstraint(fields=["department", "key"], name="policies_policy_key"),
        ]

    def __str__(self) -> str:
        return self.number


class PolicyVersionQuerySet(models.QuerySet["PolicyVersion"]):
    """The only door to versions; what the public sees is asked of ``selectors.in_force``."""

    def for_viewer(self, actor: Actor) -> "PolicyVersionQuerySet":
        """A department sees its own."""
        return seen_by(self, actor, institution="policy__department_id")


class PolicyVersion(models.Model):
    """One version: ``terms`` is everything it says, the columns beside it are what lists filter by, written from it.

    ``writers`` are the users who saved or submitted it: none of them decides about it. ``revision`` counts every change of
    the row. ``regions``, ``industries`` are the codes between bars (``|14|3301|``), empty for all.
    """

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="versions")
    no = models.PositiveIntegerField()
    key = models.CharField(max_length=64)
    state = models.CharField(max_length=12, default=VersionState.DRAFT.value)
    revision = models.PositiveIntegerField(default=1)
    terms = models.JSONField()
    digest = models.CharField(max_length=64)
    title = models.CharField(max_length=60)
    kind = models.CharField(max_length=20)
    budget_fen = models.BigIntegerField()
    regions = models.TextField(blank=True)
    industries = models.TextField(blank=True)
    open_from = models.DateField(null=True, blank=True)
    open_to = models.DateField(null=True, blank=True)
    writers = models.JSONField(default=list)
    written_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=ID_LENGTH, blank=True)
    refusal = models.CharField(max_length=500, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = PolicyVersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("政策版本")
        verbose_name_plural = _("政策版本")
        indexes = [
            # The library's question: what is in force, the nearest deadline first?
            models.Index(
                fields=["open_to", "id"], name="policies_version_open", condition=Q(state="published")
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in VersionState]), name="policies_version_state"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in PolicyKind]), name="policies_version_kind"
            ),
            models.CheckConstraint(condition=Q(budget_fen__gt=0), name="policies_version_budget"),
            models.CheckConstraint(
                condition=Q(open_from=None) | Q(open_to=None) | Q(open_to__gte=F("open_from")),
                name="policies_version_open",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=_FIXED) | Q(submitted_at__isnull=False),
                name="policies_version_submitted",
            ),
            models.CheckConstraint(
                condition=Q(published_at=None) | (~Q(decided_by="") & Q(decided_at__isnull=False)),
                name="policies_version_decided",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=_STANDING) | Q(published_at__isnull=False),
                name="policies_version_published",
            ),
            models.UniqueConstraint(fields=["policy", "no"], name="policies_version_no"),
            models.UniqueConstraint(fields=["policy", "key"], name="policies_version_key"),
            # One version is being made, one stands for the policy.
            models.UniqueConstraint(
                fields=["policy"], condition=Q(state__in=_PENDING), name="policies_version_one_pending"
            ),
            models.UniqueConstraint(
                fields=["policy"], condition=Q(state__in=_STANDING), name="policies_version_one_standing"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} v{self.no}"


class PolicyStep(models.Model):
    """One thing that happened to a version, with the leaf that proves it."""

    version = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="steps")
    seq = models.PositiveIntegerField()
    event = models.CharField(max_length=12)
    state = models.CharField(max_length=12)
    at = models.DateTimeField()
    actor_label = models.CharField(max_length=120, blank=True)
    text = models.CharField(max_length=500, blank=True)
    leaf_index = models.BigIntegerField()

    class Meta:
        verbose_name = _("政策版本的经过")
        verbose_name_plural = _("政策版本的经过")
        constraints = [models.UniqueConstraint(fields=["version", "seq"], name="policies_step_seq")]

    def __str__(self) -> str:
        return f"{self.version_id} {self.seq} {self.event}"
