"""The table of dossiers kept ready. Rows are written by ``jobs`` (raw SQL) and removed by ``services``.

The lake is the only full copy. Here lies, compressed, what at least one live authorisation may read of one firm, as long
as one does; any row may be deleted at any moment and is made again.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Dossier(models.Model):
    """What one ``view`` (items and fields) shows of one ``subject``, made of what ``token`` names.

    ``content`` is zstd of ``size`` bytes of canonical JSON, ``digest`` their SHA-256, ``statement`` the platform's signed
    word about them. ``used_at`` is exact to the hour.
    """

    subject = models.CharField(max_length=18)
    view = models.CharField(max_length=32)
    token = models.CharField(max_length=32)
    content = models.BinaryField()
    size = models.PositiveIntegerField()
    stored = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    statement = models.TextField()
    made_at = models.DateTimeField()
    used_at = models.DateTimeField()

    class Meta:
        verbose_name = _("企业档案缓存")
        verbose_name_plural = _("企业档案缓存")
        constraints = [
            # The way it is looked up.
            models.UniqueConstraint(fields=["subject", "view"], name="dossiers_once"),
        ]
        indexes = [
            # What was not used longest goes first; with the bytes, so that their sum reads no content.
            models.Index(fields=["used_at", "stored"], name="dossiers_used"),
        ]

    def __str__(self) -> str:
        return self.digest
