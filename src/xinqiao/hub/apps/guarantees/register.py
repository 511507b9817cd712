"""Which institutions are guarantors, and what they state of themselves: the ground of their limits."""

from datetime import date, datetime

from django.db import transaction

from xinqiao.domain.errors import Code, Conflict, Forbidden, Invalid, NotFound
from xinqiao.domain.guarantees.terms import MOST_FEN
from xinqiao.domain.period import business_day
from xinqiao.hub.actors import InstitutionActor, OperatorActor, OperatorRole, SystemActor
from xinqiao.hub.apps.audit.services import Refs, append_leaf
from xinqiao.hub.apps.guarantees.models import Guarantor
from xinqiao.hub.apps.guarantees.rows import OFFICERS, held_guarantor
from xinqiao.hub.apps.identity.models import Institution
from xinqiao.hub.apps.identity.rights import require_institution_role


def _check(net_assets_fen: int, as_of: date, at: datetime) -> None:
    if not 0 < net_assets_fen <= MOST_FEN * 10:
        raise Invalid(Code.INVALID, "amount", facts={"field": "net_assets", "reason": "RANGE"})
    if as_of > business_day(at):
        raise Invalid(Code.INVALID, "day", facts={"field": "as_of", "reason": "RANGE"})


def register_guarantor(
    *, actor: OperatorActor | SystemActor, institution_id: str, licence: str, net_assets_fen: int, as_of: date,
    mainly_small: bool, at: datetime,
) -> Guarantor:  # fmt: skip
    """Let an institution in service give guarantees. ``licence`` is the number of its permit 融资担保业务经营许可证.

    Raises: Forbidden: ``ROLE_FORBIDDEN``. NotFound. Invalid: naming the field. Conflict: ``CONFLICT_DUPLICATE``.
    """
    if isinstance(actor, OperatorActor) and OperatorRole.ADMIN not in actor.roles:
        raise Forbidden(Code.ROLE_FORBIDDEN, "administrators of the platform register guarantors")
    _check(net_assets_fen, as_of, at)
    if not 1 <= len(licence.strip()) <= 40:
        raise Invalid(Code.INVALID, "licence", facts={"field": "licence", "max": 40})
    with transaction.atomic(durable=True):
        found = Institution.objects.select_for_update().filter(id=institution_id, status="active").first()
        if found is None:
            raise NotFound
        if Guarantor.objects.filter(institution=found).exists():
            raise Conflict(Code.CONFLICT_DUPLICATE, "a guarantor already", facts={"field": "institution"})
        row = Guarantor.objects.create(
            institution=found, licence=licence.strip(), net_assets_fen=net_assets_fen, as_of=as_of,
            mainly_small=mainly_small, stated_at=at,
        )  # fmt: skip
        _note(row, "guarantor_registered", at)
    return row


def state_assets(
    *, actor: InstitutionActor, net_assets_fen: int, as_of: date, mainly_small: bool, at: datetime
) -> Guarantor:
    """The guarantor states its net assets anew; an earlier day than the one before is refused.

    Raises: NotFound: the actor's institution is no guarantor. Forbidden: ``ROLE_FORBIDDEN``. Invalid: naming the field.
    """
    _check(net_assets_fen, as_of, at)
    with transaction.atomic(durable=True):
        row = held_guarantor(actor.institution_id)
        require_institution_role(actor, OFFICERS)
        if as_of < row.as_of:
            raise Invalid(Code.INVALID, "day", facts={"field": "as_of", "reason": "ORDER"})
        row.net_assets_fen, row.as_of, row.mainly_small, row.stated_at = (
            net_assets_fen,
            as_of,
            mainly_small,
            at,
        )
        row.save()
        _note(row, "guarantor_assets", at)
    return row


def _note(row: Guarantor, act: str, at: datetime) -> None:
    append_leaf(
        type="STATEMENT",
        at=at,
        facts={
            "act": act, "net_assets_fen": row.net_assets_fen, "as_of": str(row.as_of), "mainly_small": row.mainly_small,
        },
        refs=Refs(institution=row.institution_id),
    )  # fmt: skip
