"""What was repaired, ended or disputed is so in every dossier from that moment, the kept ones among them."""

# ruff: noqa: F811 - a fixture is named as an argument

from datetime import timedelta

import pytest
from django.db import transaction
from tests.hub.cast import OWNER_USCC
from tests.hub.dossiers_cast import POWER
from tests.hub.gateway.test_dossiers import Scene, outcome, scene  # noqa: F401 - a fixture

from xinqiao.clock import Clock
from xinqiao.domain.errors import Code
from xinqiao.hub.actors import SystemActor
from xinqiao.hub.apps.collection.held import held_records, opened
from xinqiao.hub.apps.dossiers.models import Dossier
from xinqiao.hub.apps.dossiers.product import Product, Shelf, Spec
from xinqiao.hub.apps.dossiers.shelves import Shelves
from xinqiao.hub.apps.identity import services as identity
from xinqiao.hub.apps.redress import services
from xinqiao.hub.apps.redress.models import Objection, Suppression
from xinqiao.hub.apps.redress.standing import touch_standing
from xinqiao.hub.ids import Prefix, new_id


@pytest.fixture(autouse=True)
def _source(scene: Scene) -> None:
    opened.cache_clear()
    identity.register_source(
        actor=SystemActor("test"), code="power-co", name="澄州供电", short_name="澄州供电", kind="utility",
        division="330100", items=[POWER], username="power.steward", password="long-enough-password",
        display_name="沈砚", at=scene.world.cast.now, is_demo=True,
    )  # fmt: skip


def _ref(period: str) -> str:
    return next(one.ref for one in held_records(OWNER_USCC, [POWER])[POWER] if one.values["period"] == period)


def _suppress(scene: Scene, period: str) -> None:
    """As the clock does it, within its one transaction."""
    with transaction.atomic():
        touch_standing(OWNER_USCC, at=scene.world.cast.now)
        Suppression.objects.create(
            id=new_id(Prefix.SUPPRESSION), record_ref=_ref(period), uscc=OWNER_USCC, item=POWER, reason="expired",
            from_at=scene.world.cast.now, leaf_index=0,
        )  # fmt: skip


def _periods(answer: object) -> list[str]:
    records = answer.json()["product"]["items"][0]["records"]  # type: ignore[attr-defined]
    return [one["values"]["period"] for one in records]


def test_a_suppressed_record_is_in_no_dossier_from_that_moment_not_even_a_kept_one(scene: Scene) -> None:
    row = scene.granted()
    first = scene.query(row, key="k" * 22)
    assert _periods(first) == ["2026-01", "2026-02", "2026-03"]
    assert _periods(scene.query(row)) == _periods(first)
    assert Dossier.objects.count() == 1
    _suppress(scene, "2026-02")
    assert outcome(scene.query(row, key="k" * 22)) == (410, Code.GONE_EXPIRED), "not even repeated"
    assert _periods(scene.query(row)) == ["2026-01", "2026-03"]


def test_a_repair_while_the_dossier_is_made_wins(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    row, make = scene.granted(), Shelves.make

    def slow(shelves: Shelves, subject: str, spec: Spec, *, clock: Clock) -> Product | Shelf:
        product = make(shelves, subject, spec, clock=clock)
        if not Suppression.objects.exists():
            _suppress(scene, "2026-02")
        return product

    monkeypatch.setattr(Shelves, "make", slow)
    assert _periods(scene.query(row)) == ["2026-01", "2026-03"]
    assert scene.uses(row) == 1


def test_marks_and_statements_go_with_the_record_and_only_granted_fields_are_named(scene: Scene) -> None:
    owner = scene.world.cast.owner
    row = scene.granted()
    for place, (period, field) in enumerate((("2026-01", "billed_amount"), ("2026-02", "account_status"))):
        services.submit_objection(
            actor=owner, item=POWER, record_ref=_ref(period), field=field, kind="wrong_value", reason="不对",
            evidence=[], key=f"form-key-{place:04d}", at=scene.world.cast.now,
        )  # fmt: skip
    Objection.objects.filter(field="account_status").update(
        state="upheld", statement="表已更换", stated_at=scene.world.cast.now - timedelta(days=1)
    )
    first, second, third = scene.query(row).json()["product"]["items"][0]["records"]
    assert (first["objected"], first["disputed"], first["statements"]) == (True, ["billed_amount"], [])
    assert (second["objected"], second["disputed"]) == (False, [])
    assert [one["text"] for one in second["statements"]] == ["表已更换"]
    assert (third["objected"], third["statements"]) == (False, [])
