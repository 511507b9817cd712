"""Eight invented products of the demonstration's banks: designed by one person, reviewed by another, as the pages do it.

Names, rates and conditions are made up (演示数据); one is left in review, so that a visitor can decide about it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from xinqiao.domain.canonical import Json

if TYPE_CHECKING:
    from xinqiao.hub.actors import InstitutionActor

_WORKING: dict[str, Json] = {
    "months_min": 3,
    "months_max": 12,
    "methods": ["interest_first", "equal_instalments"],
}
_LONG: dict[str, Json] = {
    "months_min": 12,
    "months_max": 36,
    "methods": ["equal_instalments", "equal_principal"],
}
_SMALL: dict[str, Json] = {"sizes": ["micro", "small"], "subjects": ["enterprise", "individual_business"]}


def _of(
    name: str, kind: str, amount: tuple[int, int], rate: tuple[str, str], **more: Json
) -> dict[str, Json]:
    """A version; amounts in 万元."""
    low, high = (f"{one * 10_000}.00" for one in amount)
    return {
        "name": name, "kind": kind, "amount_min": low, "amount_max": high, "rate_min": rate[0], "rate_max": rate[1],
        "sla_days": 3, **more,
    }  # fmt: skip


def _figure(field: str, **bounds: Json) -> Json:
    return {"field": field, **bounds}


def _charge(kind: str, basis: str, value: str) -> Json:
    return {"kind": kind, "basis": basis, "value": value}


_CLEAN = _figure("records.dishonest_judgment_debtor", to="0")

#: Bank → its products; the last of the first bank stays in review.
PRODUCTS: Mapping[str, tuple[dict[str, Json], ...]] = {
    "yuanshan": (
        _of(
            "流水贷", "credit", (5, 200), ("0.0385", "0.052"), **_WORKING, **_SMALL, zones=["first_loan"],
            condition={"all": [
                _CLEAN, _figure("firm.age_months", **{"from": "24"}),
                {"any": [_figure("firm.tax_grade", one_of=["A", "B"]), _figure("fundflow.F01", **{"from": "100000"})]},
            ]},
            materials=["营业执照", "经营场所证明"],
        ),
        _of(
            "兴农快贷", "agri", (1, 50), ("0.0405", "0.055"), **_WORKING, zones=["agri"], industries=["A"],
            subjects=["enterprise", "individual_business", "farmers_cooperative"], condition={"all": [_CLEAN]},
        ),
        _of(
            "应收账款快融", "receivable", (10, 500), ("0.042", "0.056"), months_min=1, months_max=12, methods=["bullet"],
            day_count="act_360", charges=[_charge("registration", "once_fen", "30.00")], sla_days=2,
            condition={"all": [_CLEAN]},
        ),
        _of(
            "绿色设备贷", "green", (50, 1000), ("0.036", "0.046"), **_LONG, zones=["green"], industries=["C", "D"],
            security="mortgage", guarantee_ok=True, charges=[_charge("assessment", "once_fen", "3000.00")], sla_days=7,
        ),
    ),
    "chenghu": (
        _of(
            "专精特新贷", "tech", (50, 1000), ("0.0345", "0.043"), **_LONG, zones=["specialised"], industries=["C", "I", "M"],
            condition={"all": [_CLEAN, _figure("firm.tags", one_of=["specialised"])]}, sla_days=5,
        ),
        _of(
            "惠企担保贷", "guarantee", (10, 300), ("0.0365", "0.045"), **_WORKING, **_SMALL,
            charges=[_charge("guarantee", "yearly_rate", "0.005")], condition={"all": [_CLEAN]},
        ),
    ),
    "beilu": (
        _of(
            "政采订单贷", "credit", (20, 800), ("0.041", "0.053"), **_WORKING, zones=["procurement"], sla_days=4,
            condition={"all": [_CLEAN, _figure("records.public_resource_transaction", **{"from": "1"})]},
        ),
        _of(
            "专利质押贷", "ip_pledge", (30, 600), ("0.0395", "0.05"), **_LONG, zones=["specialised"], sla_days=10,
            charges=[_charge("assessment", "once_rate", "0.003"), _charge("registration", "once_fen", "100.00")],
        ),
    ),
}  # fmt: skip


def seed_products(institutions: Mapping[str, str], at: datetime) -> int:
    """Design and publish them; ``institutions`` is the id of each bank by its key. How many are on offer."""
    from xinqiao.hub.apps.market import services

    published = 0
    for bank, institution_id in institutions.items():
        writer, reviewer = (
            _person(institution_id, f"{bank}.{role}") for role in ("query_operator", "institution_admin")
        )
        for number, terms in enumerate(PRODUCTS.get(bank, ()), 1):
            row = services.create_product(actor=writer, terms=terms, key=f"demo-{bank}-{number}", at=at)
            row = services.submit_version(
                actor=writer, version_id=row.id, expected_revision=row.revision, at=at
            )
            if (bank, number) != ("yuanshan", len(PRODUCTS["yuanshan"])):
                services.publish_version(
                    actor=reviewer, version_id=row.id, expected_revision=row.revision, at=at
                )
                published += 1
    return published


def _person(institution_id: str, username: str) -> "InstitutionActor":
    from xinqiao.hub.apps.identity.models import Member
    from xinqiao.hub.apps.identity.selectors import institution_actor

    return institution_actor(
        Member.objects.select_related("user").get(institution_id=institution_id, user__username=username)
    )
