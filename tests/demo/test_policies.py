"""The demonstration's department: four policies, a subsidy of 6,000.00 yuan paid, a grant in public notice, hits."""

from datetime import date

import pytest
from tests.hub.cast import OWNER_CLAIM, Cast

from xinqiao.catalogue import CURRENT, load
from xinqiao.demo.policies import Policies, policies
from xinqiao.domain.market.conditions import leaves
from xinqiao.domain.policies.example import worked
from xinqiao.domain.policies.policy_json import parse_policy
from xinqiao.hub.apps.policies.models import Claim, FundLine, Hit, Payment, PolicyVersion

DAY = date(2026, 11, 21)


@pytest.mark.parametrize("terms", policies(DAY), ids=lambda one: str(one["kind"]))
def test_each_can_be_read_and_worked_out(terms: dict) -> None:  # type: ignore[type-arg]
    read = parse_policy(terms)
    example = worked(read, DAY)
    assert example is not None
    assert example.paid.fen > 0
    items = load(CURRENT).items
    for leaf in leaves(read.condition):
        family, _dot, name = leaf.field.name.partition(".")
        assert family == "firm" or name in items


@pytest.mark.django_db(transaction=True)
def test_the_story(stage: Cast) -> None:
    claim = OWNER_CLAIM
    firm = {
        "uscc": claim.uscc,
        "name": claim.enterprise_name,
        "person": {"name": claim.person_name, "id_no": claim.id_no},
    }
    told = Policies({"enterprises": [firm]}).tell()
    assert len(told["users"]) == 3  # type: ignore[arg-type]
    assert PolicyVersion.objects.filter(state="published").count() == 4
    assert [one.amount_fen for one in Payment.objects.all()] == [600_000]
    assert sorted(Claim.objects.values_list("state", flat=True)) == ["in_notice", "paid"]
    assert sum(line.paid_fen for line in FundLine.objects.all()) == 600_000
    assert Hit.objects.count() == 4
