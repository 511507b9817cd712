"""With the real pipeline of collection: a correction as a source sends it, a repaired record that is sent once more."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings
from tests.hub.cast import OWNER_USCC, Cast
from tests.hub.redress.bench import DOCUMENT, PENALTY, WATER, Bench, catalogue, make_bench

from xinqiao.domain.collection import BatchState
from xinqiao.domain.errors import Code, Conflict
from xinqiao.hub.apps.collection import held, lake_engine, uploads
from xinqiao.hub.apps.collection.lake_engine import LakeEngine
from xinqiao.hub.apps.collection.services import process_next
from xinqiao.hub.apps.redress import services
from xinqiao.hub.runtime import runtime

PENALTIES = "企业名称,统一社会信用代码,行政处罚决定书文号,处罚决定日期,处罚内容,失信类别,轻微的是否公示"
BILLS = (
    "企业名称,统一社会信用代码,用水户号,开户日期,用户地址,预交金额(元),欠费金额(元),是否一户一表,费用所属期"
)


@pytest.fixture
def bench(
    stage: Cast, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Bench]:
    """The bench with real commits, because the pipeline has threads of its own."""
    settings.XINQIAO_LAKE = tmp_path / "lake"
    settings.COLLECTION_DIR = tmp_path / "collection"
    settings.EVIDENCE_DIR = tmp_path / "evidence"
    monkeypatch.setitem(runtime.__dict__, "catalogue", catalogue())
    for kept in (held.opened, lake_engine._opened):
        kept.cache_clear()
    yield make_bench(stage, tmp_path / "lake")
    for kept in (held.opened, lake_engine._opened):
        kept.cache_clear()


def _send(bench: Bench, item: str, header: str, *rows: str) -> None:
    content = "\n".join([header, *rows, ""]).encode()
    batch = uploads.submit_whole(
        actor=bench.clerk, item=item, file_name="w.csv", chunks=iter([content]), at=bench.now
    ).batch
    while process_next(engine=LakeEngine(), clock=bench.cast.clock):
        pass
    batch.refresh_from_db()
    assert batch.state == BatchState.ACCEPTED, batch.receipt


def _bill(arrears: str, prepaid: str = "10.00") -> str:
    return f"远山农机有限公司,{OWNER_USCC},0001,2020-01-05,澄州市云栖路 1 号,{prepaid},{arrears},是,2026-10"


def _penalty(content: str) -> str:
    return f"远山农机有限公司,{OWNER_USCC},{DOCUMENT},2026-05-20,{content},一般,否"


def test_a_correction_comes_from_the_source_and_from_nowhere_else(bench: Bench) -> None:
    _send(bench, WATER, BILLS, _bill("99.00"))
    row = bench.at_source(item=WATER, field="arrears_amount")
    assert [line.objected for line in bench.lines(WATER)] == [True]

    def close() -> None:
        services.correct_objection(
            actor=bench.unit, objection_id=row.id, answer="已更正", expected_version=row.version, at=bench.now
        )

    for late in ((), (_bill("99.00", prepaid="20.00"),)):
        if late:
            _send(bench, WATER, BILLS, *late)
        with pytest.raises(Conflict) as caught:
            close()
        assert caught.value.code is Code.NOT_CORRECTED
    _send(bench, WATER, BILLS, _bill("0.00", prepaid="20.00"))
    close()
    (line,) = bench.lines(WATER)
    assert (line.objected, line.version) == (False, 3)


def test_a_repaired_record_leaves_the_lake_and_comes_back_into_no_answer(bench: Bench) -> None:
    _send(bench, PENALTY, PENALTIES, _penalty("罚款 5000 元"))
    bench.granted()
    assert bench.lines() == []
    assert services.push_to_lake(at=bench.now) == 1
    assert PENALTY not in bench.lake.records(OWNER_USCC)
    _send(bench, PENALTY, PENALTIES, _penalty("罚款 5000 元，已缴清"))
    assert len(bench.lake.records(OWNER_USCC)[PENALTY]) == 1, "what a source sends is taken"
    assert bench.lines() == [], "and is in no answer"
    bench.lake.compact(full=True)
    assert (bench.lines(), bench.lake.check()) == ([], [])
