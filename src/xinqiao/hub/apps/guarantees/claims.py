"""代偿与追偿: the bank claims, the guarantor pays or sends back, what comes in later is shared as the payment was."""

from datetime import date, datetime

from django.db import transaction

from xinqiao.domain.errors import Code, Conflict, Forbidden, Invalid
from xinqiao.domain.guarantees.states import GUARANTEE, GuaranteeEvent, GuaranteeState
from xinqiao.domain.guarantees.terms import cap_left, parse_ratios
from xinqiao.domain.machine import Role
from xinqiao.domain.period import business_day
from xinqiao.domain.shares import share_more, share_out
from xinqiao.hub.actors import InstitutionActor
from xinqiao.hub.apps.guarantees.models import BatchAgreement, Claim, Guarantee, Recovery
from xinqiao.hub.apps.guarantees.rows import LENDERS, OFFICERS, fire, locked, tell
from xinqiao.hub.apps.identity.rights import require_institution_role
from xinqiao.hub.apps.market.rows import Happened
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.hub.typed import form_key, text_of


def claim(
    *, actor: InstitutionActor, guarantee_id: str, amount_fen: int, overdue_since: date, words: str, key: str,
    expected_revision: int, at: datetime,
) -> Claim:  # fmt: skip
    """代偿申请: the bank asks for what the firm owes. The same form once more is the same claim.

    Raises:
        NotFound. Forbidden: ``ROLE_FORBIDDEN``. Stale. Invalid: more than is guaranteed, or a day that is not past.
        Conflict: ``ILLEGAL_MOVE``.
    """
    with transaction.atomic(durable=True):
        known = _known(actor, guarantee_id, key)
        if known is not None:
            return known
        row = locked(actor, guarantee_id, expected_revision)
        require_institution_role(actor, LENDERS)
        if row.institution_id != actor.institution_id:
            raise Forbidden(Code.ROLE_FORBIDDEN, "the bank claims")
        GUARANTEE.fire(GuaranteeState(row.state), GuaranteeEvent.CLAIM, Role.INSTITUTION)
        if not 0 < amount_fen <= row.amount_fen:
            raise Invalid(Code.INVALID, "amount", facts={"field": "amount", "reason": "RANGE"})
        if not (row.started_on or date.max) <= overdue_since <= business_day(at):
            raise Invalid(Code.INVALID, "day", facts={"field": "overdue_since", "reason": "RANGE"})
        said = text_of(words, field="words", least=0)
        fire(row, actor, GuaranteeEvent.CLAIM, Role.INSTITUTION, Happened("claim", at, said))
        made = Claim.objects.create(
            id=new_id(Prefix.GUARANTEE_CLAIM), guarantee=row, key=key, asked_fen=amount_fen, overdue_since=overdue_since,
            words=said, asked_at=at,
        )  # fmt: skip
        tell(row, "guarantee_claim", at, but=actor)
    return made


def _known(actor: InstitutionActor, guarantee_id: str, key: str) -> Claim | None:
    seen = Guarantee.objects.for_viewer(actor).filter(id=guarantee_id)
    return Claim.objects.filter(guarantee__in=seen, key=form_key(key)).first()


def _open(actor: InstitutionActor, guarantee_id: str, expected_revision: int) -> Guarantee:
    row = locked(actor, guarantee_id, expected_revision)
    require_institution_role(actor, OFFICERS)
    if row.guarantor_id != actor.institution_id:
        raise Forbidden(Code.ROLE_FORBIDDEN, "the guarantor decides")
    return row


def send_back(
    *, actor: InstitutionActor, guarantee_id: str, reason: str, expected_revision: int, at: datetime
) -> Guarantee:
    """The guarantor finds a claim unfounded and says why; the guarantee stands.

    Raises: NotFound. Forbidden: ``ROLE_FORBIDDEN``. Stale. Invalid: no reason. Conflict: ``ILLEGAL_MOVE``.
    """
    with transaction.atomic(durable=True):
        row = _open(actor, guarantee_id, expected_revision)
        said = text_of(reason, field="words")
        fire(row, actor, GuaranteeEvent.RETURN, Role.GUARANTOR, Happened("return", at, said))
        Claim.objects.filter(guarantee=row, state="open").update(
            state="returned", answer=said, answered_at=at
        )
        tell(row, "guarantee_return", at, but=actor)
    return row


def compensate(
    *, actor: InstitutionActor, guarantee_id: str, amount_fen: int, expected_revision: int, at: datetime
) -> Claim:
    """代偿: the guarantor paid. Everybody's share is written down; under 总对总 the cap of the agreement bounds it.

    Raises:
        NotFound. Forbidden: ``ROLE_FORBIDDEN``. Stale. Invalid: more than claimed.
        Conflict: ``ILLEGAL_MOVE``; ``CONFLICT_STATE`` with ``facts['left_fen']``: the cap is reached.
    """
    with transaction.atomic(durable=True):
        row = _open(actor, guarantee_id, expected_revision)
        # a state without a claim is refused by the table before the claim is looked for
        GUARANTEE.fire(GuaranteeState(row.state), GuaranteeEvent.COMPENSATE, Role.GUARANTOR)
        found = Claim.objects.select_for_update().get(guarantee=row, state="open")
        if not 0 < amount_fen <= found.asked_fen:
            raise Invalid(Code.INVALID, "amount", facts={"field": "amount", "reason": "RANGE"})
        _spend(row, amount_fen)
        found.paid_fen, found.state, found.answered_at = amount_fen, "paid", at
        found.shares = share_out(amount_fen, parse_ratios(row.ratios))
        found.save(update_fields=["paid_fen", "state", "answered_at", "shares"])
        fire(
            row, actor, GuaranteeEvent.COMPENSATE, Role.GUARANTOR, Happened("compensate", at), compensated_fen=amount_fen,
            over_on=business_day(at),
        )  # fmt: skip
        tell(row, "guarantee_compensate", at, but=actor)
    return found


def _spend(row: Guarantee, amount_fen: int) -> None:
    if row.agreement_id is None:
        return
    agreement = BatchAgreement.objects.select_for_update().get(id=row.agreement_id)
    left = cap_left(
        agreement.value, guaranteed_fen=agreement.guaranteed_fen, compensated_fen=agreement.compensated_fen
    )
    if amount_fen > left:
        raise Conflict(
            Code.CONFLICT_STATE, "beyond the cap of the agreement",
            facts={"field": "amount", "reason": "CAP", "left_fen": left},
        )  # fmt: skip
    agreement.compensated_fen += amount_fen
    agreement.save(update_fields=["compensated_fen"])


def recover(
    *, actor: InstitutionActor, guarantee_id: str, amount_fen: int, words: str, key: str, expected_revision: int,
    at: datetime,
) -> Recovery:  # fmt: skip
    """追偿: money came back; it is shared so that all recoveries together are as one. The same form once more is the same.

    Raises:
        NotFound. Forbidden: ``ROLE_FORBIDDEN``. Stale. Invalid: more than was paid and is still out.
        Conflict: ``ILLEGAL_MOVE``.
    """
    with transaction.atomic(durable=True):
        seen = Guarantee.objects.for_viewer(actor).filter(id=guarantee_id)
        known = Recovery.objects.filter(guarantee__in=seen, key=form_key(key)).first()
        if known is not None:
            return known
        row = _open(actor, guarantee_id, expected_revision)
        before = row.recovered_fen
        GUARANTEE.fire(GuaranteeState(row.state), GuaranteeEvent.RECOVER, Role.GUARANTOR)
        if not 0 < amount_fen <= row.compensated_fen - before:
            raise Invalid(Code.INVALID, "amount", facts={"field": "amount", "reason": "RANGE"})
        said = text_of(words, field="words", least=0)
        fire(
            row, actor, GuaranteeEvent.RECOVER, Role.GUARANTOR, Happened("recover", at, said), recovered_fen=before + amount_fen
        )  # fmt: skip
        made = Recovery.objects.create(
            guarantee=row, key=key, amount_fen=amount_fen, at=at, words=said,
            shares=share_more(before, amount_fen, parse_ratios(row.ratios)),
        )  # fmt: skip
        tell(row, "guarantee_recover", at, but=actor)
    return made


def close(
    *, actor: InstitutionActor, guarantee_id: str, reason: str, expected_revision: int, at: datetime
) -> Guarantee:
    """Nothing more will come back, or all has. Raises as :func:`send_back`."""
    with transaction.atomic(durable=True):
        row = _open(actor, guarantee_id, expected_revision)
        said = text_of(reason, field="words")
        fire(row, actor, GuaranteeEvent.CLOSE, Role.GUARANTOR, Happened("close", at, said), words=said)
        tell(row, "guarantee_close", at, but=actor)
    return row
