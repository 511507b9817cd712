"""Tables of the platform's own systems at the interface. Part of the app's models (``models`` imports them)."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from xinqiao.hub.ids import ID_LENGTH


class DeskKey(models.Model):
    """A system of the platform's desk, known by its one signing key, usable in ``[not_before, not_after)``.

    It reads what the desk sees and hands in what people of the desk decided; by itself it may decide nothing. Another
    key is another system, so a row never changes but for its approval and its end. ``added_by`` registered it, and
    ``approved_by``, another person, let it in.
    """

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    name = models.CharField(max_length=80)
    kid = models.CharField(max_length=64, unique=True)
    jwk = models.JSONField()
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()
    status = models.CharField(max_length=12, default="active")
    added_by = models.CharField(max_length=ID_LENGTH, blank=True)
    approved_by = models.CharField(max_length=ID_LENGTH, blank=True, db_default="")
    added_at = models.DateTimeField()

    class Meta:
        verbose_name = _("平台自己的系统")
        verbose_name_plural = _("平台自己的系统")
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["proposed", "active", "revoked"]), name="identity_desk_key_status"
            ),
            models.CheckConstraint(
                condition=Q(not_before__lt=F("not_after")), name="identity_desk_key_period"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class DeskToken(models.Model):
    """A short-lived opaque token of a system of the desk, bound to its key (``jkt``). Only its hash is stored.

    A table of its own, so that nobody else's token can be taken for one of the platform's.
    """

    token_hash = models.CharField(max_length=64, primary_key=True)
    desk = models.ForeignKey(DeskKey, on_delete=models.CASCADE)
    jkt = models.CharField(max_length=64)
    expires_at = models.DateTimeField()

    class Meta:
        verbose_name = _("平台系统的令牌")
        verbose_name_plural = _("平台系统的令牌")
        indexes = [
            # The gateway's sweep.
            models.Index(fields=["expires_at"], name="identity_desk_token_expiry"),
        ]

    def __str__(self) -> str:
        return self.token_hash[:8]
