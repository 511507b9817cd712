"""What became of cases reaches the matcher and the advisers' figures."""

import pytest
from tests.hub.cases.house import House
from tests.hub.cast import OWNER_USCC, STRANGER_USCC

from xinqiao.hub.apps.cases import outcomes, services
from xinqiao.hub.apps.cases.models import Case
from xinqiao.hub.apps.needs import matching, selectors
from xinqiao.hub.apps.needs.models import MatchOverride, MatchRun, Need

pytestmark = pytest.mark.django_db

INDUSTRY = {OWNER_USCC: "C3571", STRANGER_USCC: "F5174"}


@pytest.fixture(autouse=True)
def register(monkeypatch: pytest.MonkeyPatch) -> None:
    """A register with the two firms of the cast."""
    monkeypatch.setattr(outcomes, "industry_of", lambda uscc: INDUSTRY.get(uscc, ""))


def test_decisions_about_similar_firms_are_counted_and_stay_with_the_run(house: House) -> None:
    assert outcomes.history(OWNER_USCC, house.now) == {}
    house.approved()
    product = house.product.product_id
    assert outcomes.history(OWNER_USCC, house.now) == {product: (1, 1)}
    assert outcomes.history(STRANGER_USCC, house.now) == {}
    assert outcomes.history("91330300MA2XQC0033", house.now) == {}
    now = Need.objects.get(id=house.need.id)
    matching.match_again(
        actor=house.cast.owner,
        need_id=now.id,
        expected_version=now.version,
        at=house.now,
        history=outcomes.history,
    )
    run = MatchRun.objects.get(need=now)
    kept = {one["product"]: (one["approved"], one["decided"]) for one in run.given["offers"]}
    assert kept == {product: (1, 1), house.other.product_id: (0, 0)}
    assert matching.given_of(run).digest() == run.given_digest


def test_a_refusal_is_decided_and_an_open_case_is_not(house: House) -> None:
    row = house.accepted()
    assert outcomes.history(OWNER_USCC, house.now) == {}
    assert outcomes.outcomes() == {}
    services.decline_case(
        actor=house.manager,
        case_id=row.id,
        reason="capacity",
        words="",
        expected_version=row.version,
        at=house.now,
    )
    assert outcomes.history(OWNER_USCC, house.now) == {house.product.product_id: (0, 1)}
    assert outcomes.outcomes() == {(house.need.id, house.product.product_id): False}


def test_an_override_is_compared_with_what_became_of_the_case(house: House) -> None:
    now = house.need
    matching.match_again(actor=house.cast.owner, need_id=now.id, expected_version=now.version, at=house.now)
    row = house.contracted()
    assert outcomes.outcomes() == {}
    Case.objects.filter(id=row.id).update(state="drawn")
    MatchOverride.objects.create(
        run=MatchRun.objects.get(need=now), product_version=house.product, kind="forward", reason="快",
        adviser_id=house.stage.adviser.user_id, at=house.now,
    )  # fmt: skip
    told = selectors.overrides_compared(outcomes.outcomes())
    assert (told.forward_good, told.forward, told.back) == (1, 1, 0)
