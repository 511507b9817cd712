"""Tables of products and their versions. Verbs are in ``services``."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from xinqiao.domain.market.product import PENDING, STANDING, ProductKind, VersionState
from xinqiao.hub.actors import Actor
from xinqiao.hub.apps.identity.models import Institution
from xinqiao.hub.ids import ID_LENGTH
from xinqiao.hub.viewers import seen_by

_PENDING = sorted(state.value for state in PENDING)
_STANDING = sorted(state.value for state in STANDING)
#: Submitted at least once and not taken back: its words are fixed.
_FIXED = sorted(
    state.value for state in VersionState if state not in {VersionState.DRAFT, VersionState.DROPPED}
)


class Product(models.Model):
    """金融产品: what stays the same while its versions come and go. Its row is the lock of everything about it."""

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    number = models.CharField(max_length=24, unique=True)
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="products")
    key = models.CharField(max_length=64)
    made_at = models.DateTimeField()

    class Meta:
        verbose_name = _("金融产品")
        verbose_name_plural = _("金融产品")
        constraints = [
            # A form that is sent twice makes one product.
            models.UniqueConstraint(fields=["institution", "key"], name="market_product_key"),
        ]

    def __str__(self) -> str:
        return self.number


class ProductVersionQuerySet(models.QuerySet["ProductVersion"]):
    """The only door to versions; what the public sees is asked of ``selectors.on_offer``."""

    def for_viewer(self, actor: Actor) -> "ProductVersionQuerySet":
        """An institution sees its own."""
        return seen_by(self, actor, institution="product__institution_id")


class ProductVersion(models.Model):
    """One version: ``terms`` is everything it says, the columns beside it are what lists filter by, written from it.

    ``writers`` are the users who saved or submitted it: none of them decides about it. ``revision`` counts every change of
    the row. ``regions``, ``industries``, ``zones`` are the codes between bars (``|14|3301|``), empty for all.
    """

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="versions")
    no = models.PositiveIntegerField()
    key = models.CharField(max_length=64)
    state = models.CharField(max_length=12, default=VersionState.DRAFT.value)
    revision = models.PositiveIntegerField(default=1)
    terms = models.JSONField()
    digest = models.CharField(max_length=64)
    name = models.CharField(max_length=40)
    kind = models.CharField(max_length=12)
    amount_min_fen = models.BigIntegerField()
    amount_max_fen = models.BigIntegerField()
    months_min = models.PositiveIntegerField()
    months_max = models.PositiveIntegerField()
    rate_min = models.DecimalField(max_digits=7, decimal_places=6)
    rate_max = models.DecimalField(max_digits=7, decimal_places=6)
    regions = models.TextField(blank=True)
    industries = models.TextField(blank=True)
    zones = models.CharField(max_length=120, blank=True)
    valid_from = models.DateField(null=True, blank=True)
    valid_to = models.DateField(null=True, blank=True)
    writers = models.JSONField(default=list)
    written_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=ID_LENGTH, blank=True)
    refusal = models.CharField(max_length=500, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = ProductVersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("产品版本")
        verbose_name_plural = _("产品版本")
        indexes = [
            # The supermarket's question: what is on offer, the lowest rate first?
            models.Index(
                fields=["rate_min", "rate_max", "id"],
                name="market_version_offer",
                condition=Q(state="published"),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in VersionState]), name="market_version_state"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in ProductKind]), name="market_version_kind"
            ),
            models.CheckConstraint(
                condition=Q(amount_min_fen__gt=0, amount_max_fen__gte=F("amount_min_fen")),
                name="market_version_amount",
            ),
            models.CheckConstraint(
                condition=Q(months_min__gt=0, months_max__gte=F("months_min")), name="market_version_months"
            ),
            models.CheckConstraint(
                condition=Q(rate_min__gte=0, rate_max__gte=F("rate_min"), rate_max__lte=1),
                name="market_version_rate",
            ),
            models.CheckConstraint(
                condition=Q(valid_from=None) | Q(valid_to=None) | Q(valid_to__gte=F("valid_from")),
                name="market_version_valid",
            ),
            # What was put before the public was decided by somebody, and when is known.
            models.CheckConstraint(
                condition=~Q(state__in=_FIXED) | Q(submitted_at__isnull=False),
                name="market_version_submitted",
            ),
            models.CheckConstraint(
                condition=Q(published_at=None) | (~Q(decided_by="") & Q(decided_at__isnull=False)),
                name="market_version_decided",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=_STANDING) | Q(published_at__isnull=False),
                name="market_version_published",
            ),
            models.UniqueConstraint(fields=["product", "no"], name="market_version_no"),
            models.UniqueConstraint(fields=["product", "key"], name="market_version_key"),
            # One version is being made, one stands for the product.
            models.UniqueConstraint(
                fields=["product"], condition=Q(state__in=_PENDING), name="market_version_one_pending"
            ),
            models.UniqueConstraint(
                fields=["product"], condition=Q(state__in=_STANDING), name="market_version_one_standing"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.no}"


class ProductStep(models.Model):
    """One thing that happened to a version, with the leaf that proves it."""

    version = models.ForeignKey(ProductVersion, on_delete=models.PROTECT, related_name="steps")
    seq = models.PositiveIntegerField()
    event = models.CharField(max_length=12)
    state = models.CharField(max_length=12)
    at = models.DateTimeField()
    actor_label = models.CharField(max_length=120, blank=True)
    text = models.CharField(max_length=500, blank=True)
    leaf_index = models.BigIntegerField()

    class Meta:
        verbose_name = _("产品版本的经过")
        verbose_name_plural = _("产品版本的经过")
        constraints = [models.UniqueConstraint(fields=["version", "seq"], name="market_step_seq")]

    def __str__(self) -> str:
        return f"{self.version_id} {self.seq} {self.event}"
