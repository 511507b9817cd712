"""Tables of data sources 数源单位 and their people. Part of the app's models (``models`` imports them)."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from xinqiao.hub.actors import Actor
from xinqiao.hub.ids import ID_LENGTH
from xinqiao.hub.viewers import seen_by


class SourceQuerySet(models.QuerySet["Source"]):
    """The only door to data sources."""

    def for_viewer(self, actor: Actor) -> "SourceQuerySet":
        """A source sees itself."""
        return seen_by(self, actor, source="id")


class Source(models.Model):
    """A department, a utility or a data centre that sends collected items.

    ``code`` is short and stable: it names the source in file paths, in the lake and in receipts. ``items`` are the ids
    of the catalogue's items it may send; ``division`` is its administrative division (GB/T 2260), empty for a national
    one.
    """

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    code = models.CharField(max_length=32, unique=True)
    name = models.CharField(max_length=120)
    short_name = models.CharField(max_length=40)
    kind = models.CharField(max_length=12)
    division = models.CharField(max_length=6, blank=True)
    items = models.JSONField(default=list)
    status = models.CharField(max_length=12, default="active")
    is_demo = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    objects = SourceQuerySet.as_manager()

    class Meta:
        verbose_name = _("数源单位")
        verbose_name_plural = _("数源单位")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["department", "utility", "centre"]), name="identity_source_kind"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["active", "suspended"]), name="identity_source_status"
            ),
        ]

    def __str__(self) -> str:
        return self.short_name


class SourceMemberQuerySet(models.QuerySet["SourceMember"]):
    """The only door to a source's people."""

    def for_viewer(self, actor: Actor) -> "SourceMemberQuerySet":
        """A source sees its own people."""
        return seen_by(self, actor, source="source_id")


class SourceMember(models.Model):
    """A user who works at a data source, with roles there (``SourceRole``)."""

    user = models.OneToOneField("identity.User", on_delete=models.PROTECT, related_name="source_membership")
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="members")
    roles = models.JSONField(default=list)
    department = models.CharField(max_length=80, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = SourceMemberQuerySet.as_manager()

    class Meta:
        verbose_name = _("数源人员")
        verbose_name_plural = _("数源人员")

    def __str__(self) -> str:
        return str(self.user)
