"""Guarantees of the demonstration: an agreement between guarantor and bank, one application that waits, one promise (演示数据)."""

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from xinqiao.demo.cases import manager_of
from xinqiao.domain.guarantees.terms import NATIONAL, Agreement
from xinqiao.domain.market.case import CaseState
from xinqiao.domain.period import business_day
from xinqiao.hub.runtime import runtime

if TYPE_CHECKING:
    from datetime import datetime

    from xinqiao.hub.actors import EnterpriseActor, InstitutionActor


def tell_guarantees(firm: "EnterpriseActor") -> int:
    """The bank that granted the firm a loan has it guaranteed by agreement; the firm asks for a promise of its own."""
    from xinqiao.hub.apps.cases.models import Case
    from xinqiao.hub.apps.guarantees import batch, services

    at, officer = runtime.clock.now(), _officer()
    case = Case.objects.for_viewer(firm).filter(state=CaseState.APPROVED.value).first()
    if case is not None:
        bank = manager_of(case)
        agreement = batch.propose(
            actor=officer,
            institution_id=bank.institution_id,
            agreement=_agreement(at),
            key="demo-agreement-1",
            at=at,
        )
        batch.answer(
            actor=bank, agreement_id=agreement.id, agrees=True, expected_revision=agreement.revision, at=at
        )
        batch.guarantee_case(
            actor=bank, agreement_id=agreement.id, case_id=case.id, key="demo-guarantee-1", at=at
        )
    asked = services.Asked(30_000_000, 12, "添置一台加工中心，抵押物不够。")
    services.apply_as_firm(
        actor=firm, guarantor_id=officer.institution_id, asked=asked, key="demo-guarantee-2", at=at
    )
    return 2 if case is not None else 1


def _agreement(at: "datetime") -> Agreement:
    day = business_day(at).replace(day=1)
    return Agreement(
        valid=(day, day + timedelta(days=365)), amount_most_fen=300_000_000, months_most=24, quota_fen=5_000_000_000,
        cap=Decimal("0.03"), fee_rate=Decimal("0.005"), ratios=NATIONAL,
    )  # fmt: skip


def _officer() -> "InstitutionActor":
    from xinqiao.hub.apps.guarantees.models import Guarantor
    from xinqiao.hub.apps.identity.models import Member
    from xinqiao.hub.apps.identity.selectors import institution_actor

    guarantor = Guarantor.objects.order_by("institution_id").first()
    member = Member.objects.filter(institution__guarantor=guarantor).select_related("user").first()
    assert member is not None  # the guarantor was seeded with one person
    return institution_actor(member)
