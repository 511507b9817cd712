"""资金台账: the fund of a policy, what is set aside and paid of it. What crosses rows is a constraint on the line's row.

The sums of a line are its own columns, changed by conditional updates; the entries beside them say what each change was and
what stood after it, so that anybody can add them up again. Verbs are in ``fund``.
"""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from xinqiao.hub.apps.identity.models import Enterprise
from xinqiao.hub.ids import ID_LENGTH


class FundLine(models.Model):
    """The fund of one policy. ``taken`` counts applications that hold or got money; ``firm_cap_fen`` is of each firm."""

    policy = models.OneToOneField(
        "policies.Policy", on_delete=models.PROTECT, primary_key=True, related_name="fund"
    )
    total_fen = models.BigIntegerField()
    reserved_fen = models.BigIntegerField(default=0)
    paid_fen = models.BigIntegerField(default=0)
    returned_fen = models.BigIntegerField(default=0)
    quota = models.PositiveIntegerField(null=True, blank=True)
    taken = models.PositiveIntegerField(default=0)
    firm_cap_fen = models.BigIntegerField(null=True, blank=True)
    seq = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("政策资金")
        verbose_name_plural = _("政策资金")
        constraints = [
            # Σ set aside + Σ paid never exceeds the fund, whoever writes.
            models.CheckConstraint(
                condition=Q(total_fen__gte=F("reserved_fen") + F("paid_fen")), name="policies_line_total"
            ),
            models.CheckConstraint(
                condition=Q(reserved_fen__gte=0, paid_fen__gte=0, returned_fen__gte=0),
                name="policies_line_signs",
            ),
            models.CheckConstraint(
                condition=Q(quota=None) | Q(quota__gte=F("taken")), name="policies_line_quota"
            ),
        ]

    def __str__(self) -> str:
        return str(self.policy_id)

    @property
    def left_fen(self) -> int:
        """What nobody was promised yet."""
        return self.total_fen - self.reserved_fen - self.paid_fen


class FirmShare(models.Model):
    """What one firm holds or got of a fund, and the most it may."""

    line = models.ForeignKey(FundLine, on_delete=models.PROTECT, related_name="shares")
    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="+")
    used_fen = models.BigIntegerField(default=0)
    cap_fen = models.BigIntegerField(null=True, blank=True)

    class Meta:
        verbose_name = _("企业累计")
        verbose_name_plural = _("企业累计")
        constraints = [
            models.UniqueConstraint(fields=["line", "enterprise"], name="policies_share_once"),
            models.CheckConstraint(
                condition=Q(used_fen__gte=0) & (Q(cap_fen=None) | Q(cap_fen__gte=F("used_fen"))),
                name="policies_share_cap",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.line_id} {self.enterprise_id}"


class Reservation(models.Model):
    """预留: money set aside for one application; one row for each, held again after it was let go."""

    claim = models.OneToOneField(
        "policies.Claim", on_delete=models.PROTECT, primary_key=True, related_name="reservation"
    )
    line = models.ForeignKey(FundLine, on_delete=models.PROTECT, related_name="reservations")
    amount_fen = models.BigIntegerField()
    state = models.CharField(max_length=10, default="held")

    class Meta:
        verbose_name = _("预留")
        verbose_name_plural = _("预留")
        constraints = [
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="policies_reservation_amount"),
            models.CheckConstraint(
                condition=Q(state__in=["held", "released", "paid"]), name="policies_reservation_state"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.claim_id} {self.state}"


class Payment(models.Model):
    """拨付: one for an application, ever; ``voucher`` is the number of the treasury's paper, once under a policy."""

    claim = models.OneToOneField(
        "policies.Claim", on_delete=models.PROTECT, primary_key=True, related_name="payment"
    )
    line = models.ForeignKey(FundLine, on_delete=models.PROTECT, related_name="payments")
    number = models.CharField(max_length=24, unique=True)
    amount_fen = models.BigIntegerField()
    returned_fen = models.BigIntegerField(default=0)
    voucher = models.CharField(max_length=40)
    paid_at = models.DateTimeField()
    paid_by = models.CharField(max_length=ID_LENGTH)

    class Meta:
        verbose_name = _("拨付")
        verbose_name_plural = _("拨付")
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_fen__gt=0, returned_fen__gte=0, amount_fen__gte=F("returned_fen")),
                name="policies_payment_amounts",
            ),
            models.UniqueConstraint(fields=["line", "voucher"], name="policies_payment_voucher"),
        ]

    def __str__(self) -> str:
        return self.number


class FundEntry(models.Model):
    """One change of a fund and what stood after it. Entries are never changed."""

    line = models.ForeignKey(FundLine, on_delete=models.PROTECT, related_name="entries")
    seq = models.PositiveIntegerField()
    kind = models.CharField(max_length=8)
    amount_fen = models.BigIntegerField()
    claim = models.ForeignKey("policies.Claim", null=True, on_delete=models.PROTECT, related_name="entries")
    total_fen = models.BigIntegerField()
    reserved_fen = models.BigIntegerField()
    paid_fen = models.BigIntegerField()
    at = models.DateTimeField()
    actor_label = models.CharField(max_length=120, blank=True)
    #: of a return: the key of its form, so that one that is sent twice is one
    key = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = _("资金流水")
        verbose_name_plural = _("资金流水")
        constraints = [
            models.UniqueConstraint(fields=["line", "seq"], name="policies_entry_seq"),
            models.UniqueConstraint(fields=["line", "key"], condition=~Q(key=""), name="policies_entry_key"),
            models.UniqueConstraint(
                fields=["claim"], condition=Q(kind="pay"), name="policies_entry_paid_once"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["budget", "reserve", "release", "pay", "return"]),
                name="policies_entry_kind",
            ),
            models.CheckConstraint(
                condition=Q(
                    total_fen__gte=F("reserved_fen") + F("paid_fen"), reserved_fen__gte=0, paid_fen__gte=0
                ),
                name="policies_entry_sums",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.line_id} {self.seq} {self.kind}"
