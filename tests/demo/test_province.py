"""A very small province: exact counts, goes on after a kill, refuses another size in the same folder."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from xinqiao.catalogue import load
from xinqiao.cli import main
from xinqiao.demo.province.folding import Folding
from xinqiao.demo.province.journal import Journal
from xinqiao.demo.province.pieces import Factory, Piece, Planted
from xinqiao.demo.province.run import How, Province, agrees
from xinqiao.demo.province.size import Size
from xinqiao.domain.catalogue.receipt import Receipt
from xinqiao.lake.store import Lake

SMALL = Size(
    records=2_400, firms=30, registered=7, piece_rows=500, errors=0.3, seed=5,
    items=("water_fee", "gas_fee", "medical_qualification"),
)  # fmt: skip
QUICK = How(reads=0, index=False, memory="300MB", fold_every=2)


@pytest.fixture(autouse=True, scope="module")
def _small_blocks() -> Iterator[None]:
    """Many blocks in few rows, so that an item has several pieces and twins lie apart."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("xinqiao.demo.collected.plan", "xinqiao.demo.province.pieces"):
            patch.setattr(f"{module}.BLOCK", 128)
        yield


class Done(Province):
    """A run that keeps what it compared."""

    seen: list[tuple[Piece, Planted, Receipt]]
    figures: dict[str, object]

    def _note(self, piece: Piece, planted: Planted, receipt: Receipt, size: int) -> None:
        self.seen.append((piece, planted, receipt))
        super()._note(piece, planted, receipt, size)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, _small_blocks: None) -> Done:
    """A whole small province."""
    province = Done(tmp_path_factory.mktemp("province") / "p", SMALL, QUICK, lambda _: None)
    province.seen = []
    province.figures = province.run()
    return province


def test_sizes() -> None:
    tenth = Size.of(0.1, piece_rows=4_000_000, errors=0.005, seed=7)
    assert (tenth.records, tenth.firms, tenth.registered) == (174_600_000, 3_000_000, 217_691)
    assert tenth.buckets == 256
    whole = Size.of(1, piece_rows=4_000_000, errors=0, seed=7)
    assert (whole.records, whole.firms, whole.registered) == (1_746_000_000, 4_500_000, 217_691)
    tiny = Size.of(0.00001, piece_rows=1, errors=0, seed=7)
    assert (tiny.records, tiny.buckets) == (17_460, 1)


def test_every_row_is_in_exactly_one_piece_and_a_piece_can_be_made_alone(tmp_path: Path) -> None:
    factory = Factory(SMALL, load())
    rows, twins = 0, 0
    for item in factory.items():
        found = list(factory.pieces(item))
        assert [piece.number for piece in found] == list(range(1, len(found) + 1))
        assert all(one.end == after.first for one, after in pairwise(found))
        for piece in found:
            planted = factory.write(piece, tmp_path / "whole.csv")
            rows, twins = rows + planted.rows, twins + planted.alone
    assert rows == SMALL.records
    # a twin that is alone in its piece has its other half in another
    assert (twins > 0, twins % 2) == (True, 0)
    Factory(SMALL, load()).write(piece, tmp_path / "alone.csv")
    assert (tmp_path / "alone.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_a_small_province_is_exact(done: Done) -> None:
    figures, rows = done.figures, done.figures["rows"]
    assert isinstance(rows, dict)
    assert (figures["exact"], figures["wrong"]) == (True, [])
    assert rows["read"] == SMALL.records
    assert isinstance(rows["superseded"], int)
    assert rows["superseded"] > 0
    lake = Lake.open(done.folder / "lake")
    assert lake.check() == []
    accepted = sum(int(str(row["count"])) for row in lake.rollups(by=("item",), where={"rule": ""}))
    assert accepted == rows["accepted"]
    assert max(len(lake.records(code)) for code in done.factory.registered()) > 1
    assert not (done.folder / "piece").exists()


def test_every_receipt_was_compared_and_another_one_is_seen(done: Done) -> None:
    assert len(done.seen) == done.figures["pieces"]
    for _, planted, receipt in done.seen:
        assert agrees(planted, receipt)
        assert not agrees(planted, replace(receipt, refused=receipt.refused + 1))
    _, planted, receipt = next(one for one in done.seen if one[1].refused)
    assert not agrees(planted, replace(receipt, by_field={"uscc": dict(receipt.by_rule)}))


def test_a_piece_that_is_in_the_lake_and_not_in_the_journal_is_not_taken_twice(
    tmp_path: Path, done: Done
) -> None:
    class Killed(Exception):
        pass

    class Dies(Province):
        def _note(self, piece: Piece, planted: Planted, receipt: Receipt, size: int) -> None:
            if piece.item.id == "gas_fee":
                raise Killed
            super()._note(piece, planted, receipt, size)

    with pytest.raises(Killed):
        Dies(tmp_path / "p", SMALL, QUICK, lambda _: None).run()
    assert Lake.open(tmp_path / "p" / "lake").batch("gas_fee", "P00001") is not None
    assert not any(one.startswith("gas_fee/") for one in Journal.begin(tmp_path / "p", SMALL).done)
    again = Province(tmp_path / "p", SMALL, QUICK, lambda _: None).run()
    assert (again["exact"], again["runs"], again["rows"]) == (True, 2, done.figures["rows"])


def test_an_item_is_compacted_beside_and_stands_still_when_told(done: Done) -> None:
    folding = Folding(done.folder / "lake", "300MB")
    assert folding.wait() is None
    folding.start("water_fee", full=True)
    folding.stand()
    folding.go_on()
    told = folding.wait()
    assert told is not None
    assert (told.item, told.full, told.cpu > 0, told.peak_mb > 0) == ("water_fee", True, True, True)
    folding.start("water_fee", full=True)
    folding.end()
    assert Lake.open(done.folder / "lake").check() == []


def test_another_size_in_the_folder_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Journal.begin(tmp_path, SMALL).save()
    assert main(["province", "--scale", "0.00002", "--data", str(tmp_path), "--no-index"]) == 2
    assert "another size" in capsys.readouterr().err


@pytest.mark.slow
def test_the_command_is_killed_goes_on_and_measures(tmp_path: Path) -> None:
    folder = tmp_path / "p"
    words = [sys.executable, "-m", "xinqiao.cli", "province", "--scale", "0.00001", "--data", str(folder)]
    words += ["--reads", "50", "--items", "water_fee,gas_fee,agri_subsidy"]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    child = subprocess.Popen(words, env=environ, stderr=subprocess.PIPE, text=True, start_new_session=True)
    assert child.stderr is not None
    for _ in range(2):
        child.stderr.readline()
    time.sleep(0.2)
    os.killpg(child.pid, signal.SIGKILL)
    child.communicate()
    finished = subprocess.run(words, env=environ, capture_output=True, text=True, check=False)
    figures = json.loads(finished.stdout)
    assert (finished.returncode, figures["exact"], figures["runs"]) == (0, True, 2)
    assert figures["dossier"]["reads"] > 0
    assert figures["panel"]["cells"] > 3
    assert json.loads((folder / "firms.json").read_text())["firms"] == 300
