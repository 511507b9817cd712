"""A case goes where its loan goes, and what became of the loan is found by need, product, adviser and who handed it over."""

from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from pytest_django import Settings
from tests.hub.cases.house import House, make_house
from tests.hub.loans.desk import Lenders

from xinqiao.domain.errors import Conflict, Invalid, NotFound
from xinqiao.hub.apps.cases.models import Case
from xinqiao.hub.apps.loans import selectors, services
from xinqiao.hub.apps.loans.models import LoanOfCase

pytestmark = pytest.mark.django_db


@pytest.fixture
def house(lenders: Lenders, tmp_path: Path, settings: Settings) -> House:
    settings.CASE_FILES_DIR = tmp_path / "case_files"
    return make_house(lenders.cast)


def test_a_case_goes_where_its_loan_goes(lenders: Lenders, house: House) -> None:
    case = house.approved()
    row = lenders.contract(case_no=case.number)
    states = [Case.objects.get(id=case.id).state]
    lenders.draw(row)
    states.append(Case.objects.get(id=case.id).state)
    steps: list[tuple[str, dict[str, str]]] = [
        ("fall_overdue", {}), ("cure", {}), ("repay", {"amount": "3850.00"}), ("settle", {"amount": "1200000.00"}),
    ]  # fmt: skip
    for event, words in steps:
        lenders.event(row, event, **words)
        states.append(Case.objects.get(id=case.id).state)
    assert states == ["contracted", "drawn", "overdue", "repaying", "repaying", "settled"]
    version = Case.objects.get(id=case.id).version
    lenders.event(row, "settle", amount="1200000.00")  # the same once more tells the case nothing
    assert Case.objects.get(id=case.id).version == version
    assert selectors.case_of(row) == case
    (found,) = selectors.outcomes_of(need_id=case.need_id, product_id=case.product_id)
    assert (found.case_id, found.product_id, found.sender, found.bad) == (
        case.id, case.product_id, "enterprise", False,
    )  # fmt: skip
    assert found.adviser_id == case.need.adviser_id
    assert selectors.outcomes_of(adviser_id=found.adviser_id) == [found]
    assert selectors.outcomes_of(product_id="prd-absent") == []
    tally = selectors.tally([found], "product_id")
    assert (tally[case.product_id].loans, tally[case.product_id].bad_share) == (1, 0)


def test_what_the_case_was_told_by_hand_moves_nothing_again(lenders: Lenders, house: House) -> None:
    case = house.contracted()
    row = lenders.contract(case_no=case.number)
    lenders.draw(row)
    lenders.event(row, "prepay", amount="1.00", on=row.signed_on.isoformat())
    assert Case.objects.get(id=case.id).state == "repaying"


def test_a_case_is_named_by_its_own_firm_and_bank_and_once(lenders: Lenders, house: House) -> None:
    case = house.approved()
    for wrong in ("RQ-20261121-0009", case.id):
        with pytest.raises(Invalid) as refused:
            lenders.contract(case_no=wrong)
        assert (refused.value.facts["field"], refused.value.facts["reason"]) == ("case_no", "NONE")
    with pytest.raises(Invalid):
        services.report_contract(
            actor=lenders.foreign, said=lenders.said(case_no=case.number), at=lenders.now
        )
    row = lenders.contract(case_no=case.number)
    assert lenders.contract(case_no=case.number) == row
    with pytest.raises(Conflict):
        lenders.contract(contract_no="另一份", case_no=case.number)
    assert LoanOfCase.objects.count() == 1


def test_a_case_that_is_not_granted_signs_no_contract(lenders: Lenders, house: House) -> None:
    case = house.investigated()
    with pytest.raises(Conflict):
        lenders.contract(case_no=case.number)
    assert not LoanOfCase.objects.exists()


def test_a_refused_report_leaves_the_case_where_it_was(lenders: Lenders, house: House) -> None:
    case = house.approved()
    row = lenders.contract(case_no=case.number)
    late = partial(lenders.draw, row, drawn_on=(lenders.today + timedelta(1)).isoformat())
    with pytest.raises(Invalid):
        late()
    with pytest.raises(NotFound):
        lenders.event(row, "fall_overdue", who=lenders.foreign)
    assert Case.objects.get(id=case.id).state == "contracted"
