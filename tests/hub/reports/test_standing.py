"""What is repaired or disputed while an institution's report is put together is so in the report that is handed out."""

# ruff: noqa: F811 - a fixture is named as an argument

from collections.abc import Callable
from dataclasses import replace

import pytest
from django.db import transaction
from tests.hub.cast import OWNER_USCC
from tests.hub.reports.conftest import WATER
from tests.hub.reports.test_institution import Bank, bank  # noqa: F401 - a fixture

from xinqiao.domain.consent import Purpose
from xinqiao.domain.errors import Stale
from xinqiao.hub.apps.items.models import ItemAuthorisation
from xinqiao.hub.apps.redress.standing import standing_version, touch_standing
from xinqiao.hub.apps.reports.holdings import Holdings
from xinqiao.hub.apps.reports.models import CreditReport
from xinqiao.hub.apps.reports.protocol import ReportRequest
from xinqiao.hub.apps.reports.services import Issued, issue_for_institution
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.hub.node_client import NodeClient


def _changing(bank: Bank, times: int) -> Callable[[str], Holdings]:
    """Holdings of this moment, after which the standing changes; so often, and then no more. The first hold nothing."""
    asked: list[int] = []

    def holdings_of(uscc: str) -> Holdings:
        asked.append(standing_version(uscc))
        if len(asked) > times:
            return replace(bank.holdings, standing=asked[-1])
        with transaction.atomic():
            touch_standing(uscc, at=bank.cast.now)
        return replace(bank.holdings, records={}, standing=asked[-1])

    return holdings_of


def _issue(bank: Bank, row: ItemAuthorisation, times: int) -> object:
    ask = ReportRequest(
        new_id(Prefix.REPORT_QUERY), bank.cast.bank.institution_id, (row.id,), Purpose.LOAN_APPLICATION, "丙一", "", "portal"
    )  # fmt: skip
    return issue_for_institution(
        actor=bank.cast.bank, ask=ask, holdings_of=_changing(bank, times), client=NodeClient(clock=bank.cast.clock),
        clock=bank.cast.clock,
    )  # fmt: skip


@pytest.mark.parametrize("times", [0, 1, 2])
def test_the_report_is_put_together_again(bank: Bank, times: int) -> None:
    row = bank.granted(WATER)
    made = _issue(bank, row, times)
    assert isinstance(made, Issued)
    water = next(one for one in made.report.sections if one.item.id == "water_fee")
    assert len(water.lines) == 1, "of the last time, not of the first"
    assert standing_version(OWNER_USCC) == times
    row.refresh_from_db()
    assert (row.uses, CreditReport.objects.count()) == (1, 1)


def test_what_never_rests_hands_out_nothing(bank: Bank) -> None:
    row = bank.granted(WATER)
    with pytest.raises(Stale):
        _issue(bank, row, 9)
    row.refresh_from_db()
    assert (row.uses, CreditReport.objects.count()) == (0, 0)
