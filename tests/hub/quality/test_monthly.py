"""The monthly report: over, numbered, frozen, the same again, a correction the next version, each source its own part."""

import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from tests.hub.collection.sources import ITEM, NOT_OURS
from tests.hub.quality.supply import PERFECT, TEN, Supply, found
from tests.hub.quality.test_tickets import opened

from xinqiao.domain.canonical import canonical_bytes
from xinqiao.domain.errors import Code, Forbidden, Invalid, NotFound
from xinqiao.hub.actors import AuditorActor, OperatorActor, OperatorRole
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.notices.models import Notice
from xinqiao.hub.apps.quality.models import Figure, QualityReport
from xinqiao.hub.apps.quality.monthly import own_part, publish_due, publish_report, report, reports
from xinqiao.hub.worker import Worker

MONTH = "2026-11"
FIRST = datetime(2026, 11, 30, 16, 0, tzinfo=UTC)


def publish(supply: Supply, at: datetime = FIRST, **changes: object) -> QualityReport:
    """The desk publishes November."""
    return publish_report(**{"actor": supply.desk, "month": MONTH, "at": at, **changes})  # type: ignore[arg-type]


@pytest.fixture
def november(supply: Supply) -> Supply:
    """A month with two sources, a ticket, an item that came late."""
    supply.bring(found(("330100", TEN)))
    supply.bring(found(("330200", PERFECT)), actor=supply.suppliers.stranger, item=NOT_OURS)
    opened(supply)
    return supply


def test_it_says_what_the_month_was(november: Supply) -> None:
    row = publish(november)
    said = row.document
    assert (row.number, row.version, said["number"]) == ("QR-202611-1", 1, "QR-202611-1")
    assert [(one["place"], one["source"], one["score"]) for one in said["league"]] == [
        (1, "lanshui", "100.00"), (2, "ybj", "89.10"),
    ]  # fmt: skip
    assert said["league"][1]["rates"]["timeliness"] == "50.00"
    assert said["league"][0]["rates"]["timeliness"] is None
    assert (said["overview"]["rows"], said["overview"]["batches"], said["overview"]["score_before"]) == (
        12,
        2,
        None,
    )
    assert [one["region"] for one in said["regions"]] == ["330100", "330200"]
    assert {one["item"] for one in said["items"]} == {ITEM, NOT_OURS}
    assert ITEM not in {one["item"] for one in said["missing_items"]}
    assert (said["tickets"]["opened"], said["tickets"]["live"]) == (1, 1)
    assert said["effect"] == {"state": "not_collected", "loans": None}
    assert said["late"] == []
    digest = hashlib.sha256(canonical_bytes(said)).hexdigest()
    assert row.digest == digest
    facts = json.loads(bytes(Leaf.objects.get(index=row.leaf_index).body))["facts"]
    assert (facts["act"], facts["digest"], facts["by"]) == ("quality_report_published", digest, "usr-desk")
    told = Notice.objects.filter(kind="quality_report_published", audience_kind="source")
    assert told.count() == 2


def test_the_same_again_is_the_same_and_a_correction_is_the_next_version(november: Supply) -> None:
    first = publish(november)
    assert publish(november, FIRST + timedelta(days=3)).id == first.id
    assert QualityReport.objects.count() == 1
    batch = november.suppliers.engine.asked[-1]
    Figure.objects.filter(batch__number=batch.number).delete()
    assert publish(november).id == first.id  # made again from the receipts first
    row = Figure.objects.get(batch__number=batch.number)
    later = row.batch
    assert later is not None
    later.receipt["quality"][0]["tally"]["valid_cells"] = 4  # type: ignore[index]
    later.save()
    second = publish(november, FIRST + timedelta(days=4))
    assert (second.number, second.version) == ("QR-202611-2", 2)
    assert [(one.number, one.newest) for one in reports(november.desk)] == [
        ("QR-202611-2", True), ("QR-202611-1", False),
    ]  # fmt: skip
    first.refresh_from_db()
    assert hashlib.sha256(canonical_bytes(first.document)).hexdigest() == first.digest


def test_only_the_desk_publishes_and_only_what_is_over(november: Supply) -> None:
    with pytest.raises(Forbidden):
        publish(november, actor=OperatorActor("usr-x", frozenset({OperatorRole.SECURITY})))
    with pytest.raises(Invalid) as early:
        publish(november, FIRST - timedelta(seconds=1))
    assert early.value.facts["field"] == "month"
    with pytest.raises(Invalid) as bad:
        publish(november, month="2026-13")
    assert bad.value.code is Code.TIME_FORMAT
    assert not QualityReport.objects.exists()


def test_the_platform_reads_it_whole_and_a_source_its_own_part(november: Supply) -> None:
    suppliers = november.suppliers
    assert own_part(suppliers.supplier, MONTH) is None
    row = publish(november)
    assert report(AuditorActor("usr-aud"), row.id).number == row.number
    for actor in (suppliers.steward, suppliers.cast.bank):
        assert reports(actor) == []
        with pytest.raises(NotFound):
            report(actor, row.id)
    mine = own_part(suppliers.supplier, MONTH)
    assert mine is not None
    assert (mine["place"], mine["of"], mine["score"]) == (2, 2, "89.10")
    assert "lanshui" not in json.dumps(mine)
    assert {one["item"] for one in mine["use"]} == {"water_fee", "medical_insurance_arrears"}


def test_the_worker_makes_it_on_the_first_day_once(november: Supply) -> None:
    worker = Worker.make(november.suppliers.cast.client)
    worker.engine = november.suppliers.engine
    worker.run_once()
    assert not QualityReport.objects.exists()  # October had nobody
    november.suppliers.cast.clock.set(FIRST)
    worker.run_once()
    assert [row.number for row in QualityReport.objects.all()] == ["QR-202611-1"]
    assert QualityReport.objects.get().made_by == "system:quality"
    november.pass_days(1)
    worker.run_once()
    assert QualityReport.objects.count() == 1


def test_it_waits_for_batches_that_are_still_being_judged_but_not_for_ever(november: Supply) -> None:
    november.suppliers.send(b"a,b\n777,1\n")
    assert publish_due(at=FIRST) is None
    assert publish_due(at=FIRST + timedelta(days=1)) is not None
