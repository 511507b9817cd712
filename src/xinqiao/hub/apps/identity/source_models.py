"""Tables of data sources 数源单位 and their people. Part of the app's models (``models`` imports them)."""

from django.db import models
from django.db.models import F, Q
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


class SourceKey(models.Model):
    """A public signing key of a source's own systems, usable in ``[not_before, not_after)`` while ``active``.

    It signs what a source sends and nothing else, so it is not in the signed directory.
    """

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="keys")
    kid = models.CharField(max_length=64, unique=True)
    jwk = models.JSONField()
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()
    status = models.CharField(max_length=12, default="proposed")
    # Four eyes: who asked for the key and who agreed; a key is unusable until ``active``.
    proposed_by = models.CharField(max_length=ID_LENGTH, blank=True)
    approved_by = models.CharField(max_length=ID_LENGTH, blank=True)

    class Meta:
        verbose_name = _("数源公钥")
        verbose_name_plural = _("数源公钥")
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["proposed", "active", "revoked"]), name="identity_source_key_status"
            ),
            models.CheckConstraint(
                condition=Q(not_before__lt=F("not_after")), name="identity_source_key_period"
            ),
        ]

    def __str__(self) -> str:
        return self.kid


class SourceToken(models.Model):
    """A short-lived opaque token of a source, bound to its signing key (``jkt``). Only its hash is stored.

    A table of its own, so that a source's token cannot be taken for an institution's anywhere.
    """

    token_hash = models.CharField(max_length=64, primary_key=True)
    source = models.ForeignKey(Source, on_delete=models.CASCADE)
    jkt = models.CharField(max_length=64)
    expires_at = models.DateTimeField()

    class Meta:
        verbose_name = _("数源令牌")
        verbose_name_plural = _("数源令牌")
        indexes = [
            # The gateway's sweep.
            models.Index(fields=["expires_at"], name="identity_source_token_expiry"),
        ]

    def __str__(self) -> str:
        return self.token_hash[:8]
