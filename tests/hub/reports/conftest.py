"""Holdings of one firm: a few records of the national list, as the lake would give them."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from xinqiao.catalogue import load
from xinqiao.domain.items import ItemGrant
from xinqiao.domain.report import Record, RecordStatus, Supply
from xinqiao.hub.apps.reports.holdings import Holdings

AT = datetime(2026, 11, 1, tzinfo=UTC)
WATER = ItemGrant("water_fee", frozenset({"uscc", "arrears_amount"}))


@pytest.fixture
def holdings() -> Holdings:
    """See :func:`make_holdings`."""
    return make_holdings()


def make_holdings() -> Holdings:
    """Bids twice (one under objection), a water bill, nothing about pledges; the rest is not gathered."""

    def record(as_of: date, **values: object) -> Record:
        return Record(values, "演示数源", "B-1", as_of, AT)  # type: ignore[arg-type]  # values as they come

    bids = [
        record(date(2026, 9, 1), project_name="某桥加固", project_amount=Decimal("1200000.00")),
        replace(record(date(2026, 8, 1), project_name="某路养护"), status=RecordStatus.OBJECTED),
    ]
    water = [record(date(2026, 10, 31), account_no="W0001", arrears_amount=Decimal("0.00"))]
    supply = Supply(("演示数源",), date(2026, 10, 31))
    return Holdings(
        load(),
        {"public_resource_transaction": bids, "water_fee": water},
        {
            **dict.fromkeys(("public_resource_transaction", "water_fee", "ip_pledge"), supply),
            **dict.fromkeys(
                ("historical_tax_arrears", "legal_rep_marital_status"), Supply(("演示部门节点",), None)
            ),
        },
    )
