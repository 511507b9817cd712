"""The fund of a policy: set, set aside, let go, pay, take back. Only inside the transaction of what they are for.

A sum is changed by one conditional update on the line's row, which is also its lock; the constraints of the tables refuse
what such an update would ever get wrong. Order of locks everywhere: application, line, firm's share, head of the log.
"""

from datetime import datetime

from django.db.models import F, Q
from django.db.models.functions import Greatest

from xinqiao.domain.errors import Code, Conflict, Fact
from xinqiao.domain.policies.policy import PolicyTerms
from xinqiao.hub.actors import Actor
from xinqiao.hub.apps.consents.records import actor_columns, next_number
from xinqiao.hub.apps.policies.models import (
    Claim,
    FirmShare,
    FundEntry,
    FundLine,
    Payment,
    PolicyVersion,
    Reservation,
)


def _exceeded(reason: str, **facts: Fact) -> Conflict:
    return Conflict(Code.FUND_EXCEEDED, reason, facts={"reason": reason, **facts})


def set_fund(version: PolicyVersion, terms: PolicyTerms, *, actor: Actor, at: datetime) -> FundLine:
    """Give a policy the fund that its version says; its row is held by the caller. What was promised stays covered.

    Raises:
        Conflict: ``FUND_EXCEEDED``: the budget or the quota is below what was promised already.
    """
    line = FundLine.objects.select_for_update().filter(policy_id=version.policy_id).first()
    if line is None:
        line = FundLine(policy_id=version.policy_id, total_fen=0)
        line.save(force_insert=True)
    if terms.budget_fen < line.reserved_fen + line.paid_fen:
        raise _exceeded("BUDGET", field="budget")
    if terms.quota is not None and terms.quota < line.taken:
        raise _exceeded("QUOTA", field="quota")
    change = terms.budget_fen - line.total_fen
    line.total_fen, line.quota, line.firm_cap_fen = terms.budget_fen, terms.quota, terms.firm_cap_fen
    line.save(update_fields=["total_fen", "quota", "firm_cap_fen"])
    cap = None if terms.firm_cap_fen is None else Greatest(F("used_fen"), terms.firm_cap_fen)
    FirmShare.objects.filter(line=line).update(cap_fen=cap)
    if change:
        _entry(line, "budget", change, actor=actor, at=at)
    return line


def fund_of(claim: Claim) -> FundLine:
    """The fund of an application, held until the transaction ends."""
    return FundLine.objects.select_for_update().get(policy_id=claim.policy_id)


def firm_left(line: FundLine, enterprise_id: str) -> int | None:
    """What a firm may still get; ``None``: no ceiling."""
    if line.firm_cap_fen is None:
        return None
    used = (
        FirmShare.objects.filter(line=line, enterprise_id=enterprise_id)
        .values_list("used_fen", flat=True)
        .first()
    )
    return max(0, line.firm_cap_fen - (used or 0))


def hold(claim: Claim, amount_fen: int, *, actor: Actor, at: datetime) -> None:
    """预留: set money aside for an application. Raises ``FUND_EXCEEDED`` (``FUND``, ``QUOTA``, ``FIRM``); nothing changes then."""
    rows = FundLine.objects.filter(policy_id=claim.policy_id)
    fits = rows.filter(total_fen__gte=F("reserved_fen") + F("paid_fen") + amount_fen)
    place = fits.filter(Q(quota=None) | Q(quota__gt=F("taken")))
    if place.update(reserved_fen=F("reserved_fen") + amount_fen, taken=F("taken") + 1) != 1:
        raise _exceeded("QUOTA" if fits.exists() else "FUND")
    line = rows.get()
    share, _ = FirmShare.objects.get_or_create(
        line=line, enterprise_id=claim.enterprise_id, defaults={"cap_fen": line.firm_cap_fen}
    )
    own = FirmShare.objects.filter(id=share.id).filter(
        Q(cap_fen=None) | Q(cap_fen__gte=F("used_fen") + amount_fen)
    )
    if own.update(used_fen=F("used_fen") + amount_fen) != 1:
        raise _exceeded("FIRM")
    again = Reservation.objects.filter(claim=claim, state="released")
    if not again.update(state="held", amount_fen=amount_fen):
        Reservation(claim=claim, line=line, amount_fen=amount_fen).save(force_insert=True)
    _entry(line, "reserve", amount_fen, claim=claim, actor=actor, at=at)


def let_go(claim: Claim, *, actor: Actor, at: datetime) -> int:
    """Give back what was set aside; 0 when nothing is. Once, however often it is asked."""
    held = Reservation.objects.filter(claim=claim, state="held")
    amount = held.values_list("amount_fen", flat=True).first()
    if amount is None or held.update(state="released") != 1:
        return 0
    rows = FundLine.objects.filter(policy_id=claim.policy_id)
    rows.update(reserved_fen=F("reserved_fen") - amount, taken=F("taken") - 1)
    FirmShare.objects.filter(line__policy_id=claim.policy_id, enterprise_id=claim.enterprise_id).update(
        used_fen=F("used_fen") - amount
    )
    _entry(rows.get(), "release", amount, claim=claim, actor=actor, at=at)
    return amount


def pay_out(claim: Claim, voucher: str, *, actor: Actor, by: str, at: datetime) -> Payment:
    """拨付: turn what was set aside into a payment. Raises ``CONFLICT_STATE`` when nothing is, a duplicate for the voucher."""
    held = Reservation.objects.filter(claim=claim, state="held")
    amount = held.values_list("amount_fen", flat=True).first()
    if amount is None or held.update(state="paid") != 1:
        raise Conflict(Code.CONFLICT_STATE, "nothing is set aside", facts={"field": "claim"})
    rows = FundLine.objects.filter(policy_id=claim.policy_id)
    rows.update(reserved_fen=F("reserved_fen") - amount, paid_fen=F("paid_fen") + amount)
    line = rows.get()
    if Payment.objects.filter(line=line, voucher=voucher).exists():
        raise Conflict(Code.CONFLICT_DUPLICATE, "this voucher was used", facts={"field": "voucher"})
    payment = Payment(
        claim=claim,
        line=line,
        number=next_number("BF", at),
        amount_fen=amount,
        voucher=voucher,
        paid_at=at,
        paid_by=by,
    )
    payment.save(force_insert=True)
    _entry(line, "pay", amount, claim=claim, actor=actor, at=at)
    return payment


def take_back(claim: Claim, amount_fen: int, key: str, *, actor: Actor, at: datetime) -> Payment | None:
    """退回: money that came back, which may be spent again. ``None`` when this form was booked already.

    Raises:
        Conflict: ``FUND_EXCEEDED`` reason ``RETURN``: more than was paid.
    """
    line = fund_of(claim)
    if FundEntry.objects.filter(line=line, key=key).exists():
        return None
    paid = Payment.objects.filter(claim=claim, amount_fen__gte=F("returned_fen") + amount_fen)
    if paid.update(returned_fen=F("returned_fen") + amount_fen) != 1:
        raise _exceeded("RETURN", field="amount")
    rows = FundLine.objects.filter(policy_id=claim.policy_id)
    rows.update(paid_fen=F("paid_fen") - amount_fen, returned_fen=F("returned_fen") + amount_fen)
    FirmShare.objects.filter(line=line, enterprise_id=claim.enterprise_id).update(
        used_fen=F("used_fen") - amount_fen
    )
    _entry(rows.get(), "return", amount_fen, claim=claim, actor=actor, at=at, key=key)
    payment = Payment.objects.get(claim=claim)
    if payment.returned_fen == payment.amount_fen:
        rows.update(taken=F("taken") - 1)  # its place is free again, too
    return payment


def _entry(
    line: FundLine, kind: str, amount_fen: int, *, actor: Actor, at: datetime, claim: Claim | None = None, key: str = ""
) -> None:  # fmt: skip
    """Write down a change of the line, which its caller changed before and so holds."""
    FundLine.objects.filter(policy_id=line.policy_id).update(seq=F("seq") + 1)
    line.refresh_from_db(fields=["seq"])
    FundEntry.objects.create(
        line=line, seq=line.seq, kind=kind, amount_fen=amount_fen, claim=claim, total_fen=line.total_fen,
        reserved_fen=line.reserved_fen, paid_fen=line.paid_fen, at=at, actor_label=actor_columns(actor)[2][:120], key=key,
    )  # fmt: skip
