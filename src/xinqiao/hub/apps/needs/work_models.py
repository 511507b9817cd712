"""Tables of what is found for a need and of what its adviser does. Verbs are in ``matching`` and ``advising``."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from xinqiao.domain.market.advising import STARS, Channel, OverrideKind
from xinqiao.hub.apps.identity.models import User
from xinqiao.hub.apps.market.models import ProductVersion
from xinqiao.hub.ids import ID_LENGTH

_RATED = list(STARS)


class MatchRun(models.Model):
    """One run of the matcher with everything it was given; ``given`` and the digests prove that it can be found again."""

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    need = models.ForeignKey("needs.Need", on_delete=models.PROTECT, related_name="runs")
    no = models.PositiveIntegerField()
    at = models.DateTimeField()
    day = models.DateField()
    given = models.JSONField()
    given_digest = models.CharField(max_length=64)
    result_digest = models.CharField(max_length=64)
    fits = models.PositiveIntegerField()
    unknown = models.PositiveIntegerField()
    not_fits = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("一次匹配")
        verbose_name_plural = _("一次匹配")
        constraints = [models.UniqueConstraint(fields=["need", "no"], name="needs_run_no")]

    def __str__(self) -> str:
        return f"{self.need_id} {self.no}"


class MatchPair(models.Model):
    """A need and a version of a product: the place, the score, every reason and the smallest change."""

    run = models.ForeignKey(MatchRun, on_delete=models.PROTECT, related_name="pairs")
    place = models.PositiveIntegerField()
    product_version = models.ForeignKey(ProductVersion, on_delete=models.PROTECT, related_name="+")
    verdict = models.PositiveSmallIntegerField()
    score = models.PositiveIntegerField()
    found = models.JSONField()

    class Meta:
        verbose_name = _("匹配结果")
        verbose_name_plural = _("匹配结果")
        constraints = [
            models.UniqueConstraint(fields=["run", "place"], name="needs_pair_place"),
            models.UniqueConstraint(fields=["run", "product_version"], name="needs_pair_product"),
            models.CheckConstraint(condition=Q(verdict__lte=2, score__lte=100_000), name="needs_pair_bounds"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.place}"


class MatchOverride(models.Model):
    """An adviser puts a product forward or back, with the reason. The stored result stays as it was found."""

    run = models.ForeignKey(MatchRun, on_delete=models.PROTECT, related_name="overrides")
    product_version = models.ForeignKey(ProductVersion, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8)
    reason = models.CharField(max_length=500)
    adviser = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("顾问对匹配的调整")
        verbose_name_plural = _("顾问对匹配的调整")
        constraints = [
            models.UniqueConstraint(fields=["run", "product_version"], name="needs_override_once"),
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in OverrideKind]) & ~Q(reason=""),
                name="needs_override_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.kind}"


class Contact(models.Model):
    """One time an adviser spoke, or tried to speak, with the firm."""

    need = models.ForeignKey("needs.Need", on_delete=models.PROTECT, related_name="contacts")
    adviser = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=64)
    channel = models.CharField(max_length=12)
    text = models.CharField(max_length=500)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("联系记录")
        verbose_name_plural = _("联系记录")
        constraints = [
            models.UniqueConstraint(fields=["need", "key"], name="needs_contact_key"),
            models.CheckConstraint(
                condition=Q(channel__in=[channel.value for channel in Channel]), name="needs_contact_channel"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.need_id} {self.at}"


class ReturnVisit(models.Model):
    """回访: the adviser asks how it went, by ``due_on``; one for each cause."""

    need = models.ForeignKey("needs.Need", on_delete=models.PROTECT, related_name="visits")
    adviser = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    cause = models.CharField(max_length=40)
    due_on = models.DateField()
    done_at = models.DateTimeField(null=True, blank=True)
    stars = models.PositiveSmallIntegerField(null=True, blank=True)
    text = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = _("回访")
        verbose_name_plural = _("回访")
        indexes = [
            # Whose visits are due?
            models.Index(fields=["adviser", "due_on"], name="needs_visit_due", condition=Q(done_at=None)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["need", "cause"], name="needs_visit_once"),
            models.CheckConstraint(condition=Q(stars=None) | Q(stars__in=_RATED), name="needs_visit_stars"),
            models.CheckConstraint(
                condition=Q(done_at=None, stars=None, text="") | (Q(done_at__isnull=False) & ~Q(text="")),
                name="needs_visit_done",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.need_id} {self.due_on}"
