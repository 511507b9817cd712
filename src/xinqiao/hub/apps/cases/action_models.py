"""Tables of what an institution asks the firm to do inside a case, and of the files the firm answers with."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from xinqiao.domain.market.case_work import ActionKind, ActionState
from xinqiao.hub.actors import Actor
from xinqiao.hub.ids import ID_LENGTH
from xinqiao.hub.viewers import seen_by


class CaseAction(models.Model):
    """补件的一项: one thing asked of the firm. ``item`` is what is to be authorised, of the platform's list."""

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="actions")
    seq = models.PositiveIntegerField()
    kind = models.CharField(max_length=12)
    item = models.CharField(max_length=64, blank=True)
    words = models.CharField(max_length=300)
    state = models.CharField(max_length=8, default=ActionState.OPEN.value)
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=120, blank=True)
    due_on = models.DateField()
    answer = models.CharField(max_length=500, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.CharField(max_length=120, blank=True)

    class Meta:
        verbose_name = _("补件事项")
        verbose_name_plural = _("补件事项")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in ActionKind]), name="cases_action_kind"
            ),
            models.CheckConstraint(
                condition=(Q(kind=ActionKind.AUTHORISE.value) & ~Q(item=""))
                | (~Q(kind=ActionKind.AUTHORISE.value) & Q(item="")),
                name="cases_action_item",
            ),
            models.CheckConstraint(
                condition=Q(state=ActionState.OPEN.value, answered_at__isnull=True)
                | Q(
                    state__in=[ActionState.DONE.value, ActionState.CANNOT.value],
                    answered_at__isnull=False,
                ),
                name="cases_action_answered",
            ),
            models.CheckConstraint(
                condition=~Q(state=ActionState.CANNOT.value) | ~Q(answer=""), name="cases_action_cannot"
            ),
            models.UniqueConstraint(fields=["case", "seq"], name="cases_action_seq"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.seq} {self.kind}"


class CaseFileQuerySet(models.QuerySet["CaseFile"]):
    """The only door to files of cases."""

    def for_viewer(self, actor: Actor) -> "CaseFileQuerySet":
        """The firm that sent it, and the institution of the case it was sent to."""
        return seen_by(self, actor, enterprise="enterprise_id", institution="action__case__institution_id")


class CaseFile(models.Model):
    """A file a firm answers with. Its content is encrypted on disk; one that answers nothing in the end is swept away."""

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    enterprise = models.ForeignKey("identity.Enterprise", on_delete=models.PROTECT, related_name="+")
    action = models.ForeignKey(
        CaseAction, null=True, blank=True, on_delete=models.PROTECT, related_name="files"
    )
    file_name = models.CharField(max_length=160)
    media_type = models.CharField(max_length=40)
    size = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    added_at = models.DateTimeField()

    objects = CaseFileQuerySet.as_manager()

    class Meta:
        verbose_name = _("补件材料")
        verbose_name_plural = _("补件材料")
        indexes = [
            # The sweep of what answered nothing in the end.
            models.Index(fields=["added_at"], name="cases_file_loose", condition=Q(action__isnull=True)),
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def taken_as(self) -> str:
        """The name it is taken away under, of our own characters only."""
        return f"{self.id}{self.file_name[self.file_name.rfind('.') :]}"
