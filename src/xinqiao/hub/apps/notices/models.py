"""Tables of the outbox and of notices. Written in the transaction of the effect, delivered afterwards."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from xinqiao.hub.actors import (
    Actor,
    AuditorActor,
    EnterpriseActor,
    InstitutionActor,
    OperatorActor,
    SourceActor,
    SystemActor,
)


class OutboxEvent(models.Model):
    """Something another program must hear. The worker claims it by a conditional update and may be run twice."""

    id = models.CharField(max_length=40, primary_key=True)
    topic = models.CharField(max_length=60)
    key = models.CharField(max_length=120)
    payload = models.JSONField()
    created_at = models.DateTimeField()
    available_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True, blank=True)
    parked_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("待发事件")
        verbose_name_plural = _("待发事件")
        indexes = [
            # The worker's question: what is due?
            models.Index(
                fields=["available_at"],
                name="notices_outbox_due",
                condition=Q(done_at__isnull=True, parked_at__isnull=True),
            ),
        ]
        constraints = [
            # One event per topic and key: a repeated verb never announces twice.
            models.UniqueConstraint(fields=["topic", "key"], name="notices_outbox_once"),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.key}"


class NoticeQuerySet(models.QuerySet["Notice"]):
    """The only door to somebody's notices."""

    def for_viewer(self, actor: Actor) -> "NoticeQuerySet":
        """Notices addressed to the actor's enterprise, institution, or to the platform."""
        match actor:
            case EnterpriseActor(enterprise_id=enterprise_id):
                return self.filter(audience_kind="enterprise", audience_id=enterprise_id)
            case InstitutionActor(institution_id=institution_id):
                return self.filter(audience_kind="institution", audience_id=institution_id)
            case SourceActor(source_id=source_id):
                return self.filter(audience_kind="source", audience_id=source_id)
            case OperatorActor():
                return self.filter(audience_kind="operator")
            case AuditorActor():
                return self.none()
            case SystemActor():
                return self.all()


class Notice(models.Model):
    """One message to a party: a kind and facts. The words are made at the edge in the reader's language."""

    id = models.CharField(max_length=40, primary_key=True)
    audience_kind = models.CharField(max_length=12)
    audience_id = models.CharField(max_length=40, blank=True)
    kind = models.CharField(max_length=40)
    facts = models.JSONField(default=dict)
    link = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("通知")
        verbose_name_plural = _("通知")
        indexes = [
            # The bell in the page head: newest first for one audience.
            models.Index(fields=["audience_kind", "audience_id", "-created_at"], name="notices_audience"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(audience_kind__in=["enterprise", "institution", "operator", "source"]),
                name="notices_audience_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} → {self.audience_kind}"
