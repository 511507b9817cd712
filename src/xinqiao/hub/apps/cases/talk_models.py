"""Tables of what is said inside a case: messages of its two sides, the firm's judgement afterwards, and its complaint."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from xinqiao.domain.market.case_work import ComplaintState
from xinqiao.hub.actors import Actor
from xinqiao.hub.ids import ID_LENGTH
from xinqiao.hub.viewers import seen_by

SIDES = ("enterprise", "institution")
_ENDED = sorted(state.value for state in (ComplaintState.ANSWERED, ComplaintState.WITHDRAWN))
_OPEN = sorted(state.value for state in (ComplaintState.LODGED, ComplaintState.HANDLING))


class CaseMessage(models.Model):
    """One message of one side to the other. Nobody else reads it, the platform's people neither."""

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="messages")
    seq = models.PositiveIntegerField()
    key = models.CharField(max_length=64)
    side = models.CharField(max_length=12)
    author_label = models.CharField(max_length=120, blank=True)
    text = models.CharField(max_length=1000)
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("申请里的消息")
        verbose_name_plural = _("申请里的消息")
        constraints = [
            models.CheckConstraint(condition=Q(side__in=SIDES), name="cases_message_side"),
            models.CheckConstraint(condition=~Q(text=""), name="cases_message_text"),
            models.UniqueConstraint(fields=["case", "seq"], name="cases_message_seq"),
            models.UniqueConstraint(fields=["case", "side", "key"], name="cases_message_key"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.seq}"


class CaseRating(models.Model):
    """满意度: one to five stars and a few words, once a case is over or the money has come."""

    case = models.OneToOneField("cases.Case", on_delete=models.PROTECT, related_name="rating")
    stars = models.PositiveSmallIntegerField()
    words = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("满意度评价")
        verbose_name_plural = _("满意度评价")
        constraints = [
            models.CheckConstraint(condition=Q(stars__gte=1, stars__lte=5), name="cases_rating_stars")
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.stars}"


class CaseComplaintQuerySet(models.QuerySet["CaseComplaint"]):
    """The only door to complaints; an institution is asked by the platform and does not read them here."""

    def for_viewer(self, actor: Actor) -> "CaseComplaintQuerySet":
        """The firm that complained, and the platform's people."""
        return seen_by(self, actor, enterprise="case__enterprise_id")


class CaseComplaint(models.Model):
    """投诉: what the firm says went wrong with the handling, and what the platform answered."""

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    number = models.CharField(max_length=24, unique=True)
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="complaints")
    key = models.CharField(max_length=64)
    text = models.CharField(max_length=500)
    state = models.CharField(max_length=12, default=ComplaintState.LODGED.value)
    version = models.PositiveIntegerField(default=1)
    lodged_at = models.DateTimeField()
    taken_up_at = models.DateTimeField(null=True, blank=True)
    taken_up_by = models.CharField(max_length=120, blank=True)
    answer = models.CharField(max_length=500, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = CaseComplaintQuerySet.as_manager()

    class Meta:
        verbose_name = _("投诉")
        verbose_name_plural = _("投诉")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in ComplaintState]), name="cases_complaint_state"
            ),
            models.CheckConstraint(
                condition=Q(state__in=_OPEN, ended_at__isnull=True)
                | Q(state__in=_ENDED, ended_at__isnull=False),
                name="cases_complaint_ended",
            ),
            models.CheckConstraint(
                condition=~Q(state=ComplaintState.ANSWERED.value) | ~Q(answer=""),
                name="cases_complaint_answer",
            ),
            models.UniqueConstraint(fields=["case", "key"], name="cases_complaint_key"),
            models.UniqueConstraint(
                fields=["case"], condition=Q(state__in=_OPEN), name="cases_complaint_once"
            ),
        ]

    def __str__(self) -> str:
        return self.number
