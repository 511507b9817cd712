"""Tables of applications, of firms that want to be found, and of what was found for them. Verbs: ``claims``, ``finding``."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from xinqiao.domain.policies.claim import LIVE, ClaimState, Reason
from xinqiao.hub.actors import Actor
from xinqiao.hub.apps.identity.models import Enterprise
from xinqiao.hub.apps.redress.models import Evidence
from xinqiao.hub.ids import ID_LENGTH
from xinqiao.hub.viewers import seen_by

_LIVE = sorted(state.value for state in LIVE)
_CLOCK = ["in_notice", "supplement"]


class ClaimQuerySet(models.QuerySet["Claim"]):
    """The only door to applications."""

    def for_viewer(self, actor: Actor) -> "ClaimQuerySet":
        """The firm that made it, and the department it was made to."""
        return seen_by(self, actor, enterprise="enterprise_id", institution="policy__department_id")


class Claim(models.Model):
    """政策申请: what one firm asks under one version of a policy. Its row is the lock of everything about it.

    ``said`` is what it says of a loan (``domain.policies.claim``), ``contract`` what tells that loan apart, ``first_day`` the
    first day that is asked for; ``findings`` what each condition found on the day of the application. ``amount_fen`` is the
    formula's, at the review the final one. ``due_on`` is the last day of what the clock waits for.
    """

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    number = models.CharField(max_length=24, unique=True)
    policy = models.ForeignKey("policies.Policy", on_delete=models.PROTECT, related_name="claims")
    version = models.ForeignKey("policies.PolicyVersion", on_delete=models.PROTECT, related_name="claims")
    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="policy_claims")
    key = models.CharField(max_length=64)
    state = models.CharField(max_length=12, default=ClaimState.APPLIED.value)
    revision = models.PositiveIntegerField(default=1)
    said = models.JSONField()
    contract = models.CharField(max_length=120, blank=True)
    first_day = models.DateField(null=True, blank=True)
    last_day = models.DateField(null=True, blank=True)
    findings = models.JSONField(default=list)
    amount_fen = models.BigIntegerField()
    applied_at = models.DateTimeField()
    due_on = models.DateField(null=True, blank=True)
    reviewed_by = models.CharField(max_length=ID_LENGTH, blank=True)
    confirmed_by = models.CharField(max_length=ID_LENGTH, blank=True)
    reason = models.CharField(max_length=20, blank=True)
    words = models.CharField(max_length=500, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    stars = models.PositiveSmallIntegerField(null=True, blank=True)
    feedback = models.CharField(max_length=500, blank=True)

    objects = ClaimQuerySet.as_manager()

    class Meta:
        verbose_name = _("政策申请")
        verbose_name_plural = _("政策申请")
        indexes = [
            # A department's queue and a firm's list, newest first.
            models.Index(fields=["policy", "state", "applied_at"], name="policies_claim_queue"),
            models.Index(fields=["enterprise", "-applied_at"], name="policies_claim_firm"),
            # The clock's question: whose notice or supplement ends?
            models.Index(fields=["due_on"], name="policies_claim_due", condition=Q(state__in=_CLOCK)),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in ClaimState]), name="policies_claim_state"
            ),
            models.CheckConstraint(condition=Q(amount_fen__gte=0), name="policies_claim_amount"),
            models.CheckConstraint(
                condition=Q(reason__in=["", *(one.value for one in Reason)]), name="policies_claim_reason"
            ),
            models.CheckConstraint(
                condition=Q(stars=None) | Q(stars__gte=1, stars__lte=5), name="policies_claim_stars"
            ),
            # Who reviewed never confirms.
            models.CheckConstraint(
                condition=Q(confirmed_by="") | ~Q(confirmed_by=models.F("reviewed_by")), name="policies_claim_two"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=_CLOCK) | Q(due_on__isnull=False), name="policies_claim_due"
            ),
            # A form that is sent twice is one application.
            models.UniqueConstraint(fields=["enterprise", "key"], name="policies_claim_key"),
            # The same loan from the same day, and what has no loan at all, once under a policy (whichever firm says so).
            models.UniqueConstraint(
                fields=["policy", "contract", "first_day"], condition=Q(state__in=_LIVE) & ~Q(contract=""),
                name="policies_claim_loan_once",
            ),
            models.UniqueConstraint(
                fields=["policy", "enterprise"], condition=Q(state__in=_LIVE, contract=""),
                name="policies_claim_firm_once",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.number


class ClaimStep(models.Model):
    """One thing that happened to an application, with the leaf that proves it; the firm reads all of them."""

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="steps")
    seq = models.PositiveIntegerField()
    event = models.CharField(max_length=16)
    state = models.CharField(max_length=12)
    at = models.DateTimeField()
    actor_label = models.CharField(max_length=120, blank=True)
    text = models.CharField(max_length=500, blank=True)
    leaf_index = models.BigIntegerField()

    class Meta:
        verbose_name = _("政策申请的经过")
        verbose_name_plural = _("政策申请的经过")
        constraints = [models.UniqueConstraint(fields=["claim", "seq"], name="policies_claim_step_seq")]

    def __str__(self) -> str:
        return f"{self.claim_id} {self.seq} {self.event}"


class ClaimFile(models.Model):
    """A file of a firm that belongs to one of its applications."""

    evidence = models.OneToOneField(Evidence, on_delete=models.PROTECT, primary_key=True, related_name="+")
    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="files")

    class Meta:
        verbose_name = _("申请材料")
        verbose_name_plural = _("申请材料")

    def __str__(self) -> str:
        return str(self.evidence_id)


class PushConsent(models.Model):
    """政策找人的同意: a consent of its own, withdrawn at any time; without it nobody looks whether a policy is for the firm."""

    enterprise = models.OneToOneField(
        Enterprise, on_delete=models.PROTECT, primary_key=True, related_name="policy_consent"
    )
    on = models.BooleanField()
    version = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField()
    looked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("政策找人的同意")
        verbose_name_plural = _("政策找人的同意")

    def __str__(self) -> str:
        return f"{self.enterprise_id} {self.on}"


class HitQuerySet(models.QuerySet["Hit"]):
    """The only door to what was found for firms: the firm's own."""

    def for_viewer(self, actor: Actor) -> "HitQuerySet":
        """A firm sees its own; departments see applications, not who might make one."""
        return seen_by(self, actor, enterprise="enterprise_id")


class Hit(models.Model):
    """A policy that is, or may be, for a firm: why, about how much, what is missing.

    ``verdict`` is 2 for yes and 1 for "not known yet". ``reasons`` and ``change`` are data, made words where they are shown.
    ``told_at`` is when the firm was told, ``told_digest`` what it was told, so that only a change is told again.
    """

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="policy_hits")
    policy = models.ForeignKey("policies.Policy", on_delete=models.PROTECT, related_name="hits")
    version = models.ForeignKey("policies.PolicyVersion", on_delete=models.PROTECT, related_name="+")
    verdict = models.PositiveSmallIntegerField()
    reasons = models.JSONField(default=list)
    change = models.JSONField(default=list)
    estimate_fen = models.BigIntegerField()
    digest = models.CharField(max_length=64)
    found_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True, blank=True)
    told_digest = models.CharField(max_length=64, blank=True)

    objects = HitQuerySet.as_manager()

    class Meta:
        verbose_name = _("适合的政策")
        verbose_name_plural = _("适合的政策")
        indexes = [
            # How often was this firm told lately?
            models.Index(fields=["enterprise", "told_at"], name="policies_hit_told"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["enterprise", "policy"], name="policies_hit_once"),
            models.CheckConstraint(condition=Q(verdict__in=[1, 2]), name="policies_hit_verdict"),
        ]

    def __str__(self) -> str:
        return f"{self.enterprise_id} {self.policy_id}"
