"""The story of a corrected and of a repaired record, told in an empty hub: what everybody may then read of it."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from pytest_django import Settings
from tests.hub.cast import Cast

from xinqiao.demo.corrections import BILL, CASE, JUDGMENT, RIGHT, WRONG, Corrections
from xinqiao.demo.generator import generate_province
from xinqiao.demo.proof import proof_pdf
from xinqiao.demo.seed import _identity, _source, _staff
from xinqiao.domain.objection import RecordObjectionState
from xinqiao.domain.repair import RepairState
from xinqiao.domain.report import Sight, compose
from xinqiao.hub.apps.collection import held, lake_engine
from xinqiao.hub.apps.redress.evidence import evidence_file
from xinqiao.hub.apps.redress.models import Objection, Repair
from xinqiao.hub.apps.reports.lake import holdings_of


@pytest.fixture
def told(stage: Cast, tmp_path: Path, settings: Settings) -> Iterator[Corrections]:
    """The story, in a hub that has the demonstration's firms, sources and staff."""
    settings.XINQIAO_LAKE = tmp_path / "lake"
    settings.COLLECTION_DIR, settings.EVIDENCE_DIR = tmp_path / "collection", tmp_path / "evidence"
    caches = (held.opened, lake_engine._opened)
    for kept in caches:
        kept.cache_clear()
    firms = generate_province(seed=7, as_of=date(2026, 11, 20), firms=4).firms
    for firm in firms:
        _identity(firm)
    _staff(stage.now)
    water = _source("shuiwu", "云陵水务有限公司（演示）", "演示水务", "utility", (BILL,), at=stage.now)
    court = _source(
        "fayuan", "云陵省高级人民法院（演示）", "演示法院", "department", (JUDGMENT,), at=stage.now
    )
    people = [{"name": one.legal_rep, "id_no": one.legal_rep_id_no} for one in firms]
    story = Corrections(
        {
            "enterprises": [
                {"uscc": one.uscc, "name": one.name, "person": person}
                for one, person in zip(firms, people, strict=True)
            ],
            "sources": [
                {"id": one.source_id, "code": one.code, "items": [*one.items]} for one in (water, court)
            ],
        }
    )
    story.tell()
    yield story
    for kept in caches:
        kept.cache_clear()


def test_the_correction_came_from_its_source_and_the_repaired_record_is_in_no_answer(
    told: Corrections,
) -> None:
    objection, repair = Objection.objects.get(), Repair.objects.get()
    assert (objection.state, repair.state) == (RecordObjectionState.CORRECTED, RepairState.REPAIRED)
    holdings = holdings_of(str(told.firm["uscc"]))
    report = compose(
        holdings.catalogue, sight=Sight(is_subject=True), records=holdings.records, supplies=holdings.supplies
    )
    lines = {section.item.id: section.lines for section in report.sections}
    assert lines[JUDGMENT] == ()
    (bill,) = lines[BILL]
    said = " ".join(cell.text for cell in bill.cells)
    assert (RIGHT in said, WRONG in said, bill.version, bill.objected) == (True, False, 2, False)


def test_everything_says_that_it_is_a_demonstration(told: Corrections) -> None:
    for matter in (Objection.objects.get(), Repair.objects.get()):
        words = matter.reason if isinstance(matter, Objection) else matter.explanation
        assert "演示数据" in words
        assert "演示数据" in matter.answer
        _, content = evidence_file(told._desk(), matter.evidence.get().id)
        assert "演示数据".encode("utf-16-be").hex().encode() in content
    assert CASE in Repair.objects.get().label


def test_a_proof_is_a_whole_pdf_whose_table_finds_every_object() -> None:
    made = proof_pdf(["缴款凭证", "演示数据"])
    start = int(made.rsplit(b"startxref\n", 1)[1].split()[0])
    assert made[start:].startswith(b"xref\n0 8\n")
    for number, line in enumerate(made[start:].splitlines()[3:10], start=1):
        assert made[int(line[:10]) :].startswith(b"%d 0 obj" % number)
