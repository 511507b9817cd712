"""What must hold when two do it at the same moment: limits, the quota of an agreement, money paid and recovered."""

from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings
from tests.hub.cases.house import make_house
from tests.hub.cast import Cast
from tests.hub.guarantees.office import FEE, Office, make_office
from tests.hub.together import together

from xinqiao.domain.errors import Conflict, Invalid, Stale
from xinqiao.domain.guarantees.terms import NATIONAL
from xinqiao.hub.apps.guarantees import batch, claims, services
from xinqiao.hub.apps.guarantees.models import BatchAgreement, Guarantee, Recovery


@pytest.fixture
def real(stage: Cast, tmp_path: Path, settings: Settings) -> Office:
    """With transactions of its own, so that others see what is committed."""
    settings.CASE_FILES_DIR = tmp_path / "case_files"
    return make_office(make_house(stage))


def test_two_promises_never_share_the_same_room(real: Office) -> None:
    """A guarantor of 10 million may stand in for one firm with 1 million: of two promises of 0.96 million one is refused."""
    first = real.reviewing(real.applied(fen=120_000_000))
    second = services.apply_as_firm(
        actor=real.house.cast.owner, guarantor_id=real.officer.institution_id, key="firm-form-1", at=real.now,
        asked=services.Asked(120_000_000, 12),
    )  # fmt: skip
    second = real.reviewing(second)
    promise = services.Promise(120_000_000, FEE, NATIONAL)

    def approve(row: Guarantee) -> Guarantee:
        return services.approve(
            actor=real.officer,
            guarantee_id=row.id,
            promise=promise,
            expected_revision=row.revision,
            at=real.now,
        )

    results = together(lambda: approve(first), lambda: approve(second))
    assert [type(one) for one in results].count(Conflict) == 1
    assert Guarantee.objects.filter(state="approved").count() == 1


def test_one_case_is_guaranteed_once_within_the_quota(real: Office) -> None:
    agreement, case = real.agreement(quota=200_000_000), real.case()
    results = together(
        *[
            lambda n=n: batch.guarantee_case(
                actor=real.bank, agreement_id=agreement.id, case_id=case.id, key=f"batch-form-{n}", at=real.now
            )
            for n in range(4)
        ]
    )  # fmt: skip
    assert [type(one) for one in results].count(Guarantee) == 1
    assert {type(one) for one in results} == {Guarantee, Conflict}
    assert BatchAgreement.objects.get().guaranteed_fen == 120_000_000


def test_money_comes_back_once_and_never_more_than_was_paid(real: Office) -> None:
    row = real.compensated()

    def recover(key: str, fen: int) -> Recovery:
        return claims.recover(
            actor=real.officer, guarantee_id=row.id, amount_fen=fen, words="", key=key, expected_revision=row.revision,
            at=real.now,
        )  # fmt: skip

    results: list[Any] = together(
        lambda: recover("recover-form-1", 30_000_000), lambda: recover("recover-form-1", 30_000_000),
        lambda: recover("recover-form-2", 40_000_000),
    )  # fmt: skip
    assert {type(one) for one in results} <= {Recovery, Stale, Invalid}
    again = Guarantee.objects.get(id=row.id)
    assert Recovery.objects.count() == 1
    assert again.recovered_fen == Recovery.objects.get().amount_fen <= again.compensated_fen
