"""What the demonstration's departments send: in order, true to the firms' statements, never invented about a real one."""

import csv
import io
import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from xinqiao.catalogue import load
from xinqiao.demo import dossiers
from xinqiao.demo.batches import Rows
from xinqiao.demo.collected import inspur, registry
from xinqiao.demo.files import write_truth
from xinqiao.demo.generator import generate_province
from xinqiao.demo.own_records import MONTHS, write_own_records
from xinqiao.lake.collect import Means, collect
from xinqiao.lake.files import expected_names, stage
from xinqiao.lake.firms import FirmIndex
from xinqiao.lake.store import Lake

AS_OF = date(2026, 11, 20)
CATALOGUE = load()


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("truth") / "truth.json"
    write_truth(generate_province(seed=7, as_of=AS_OF, firms=12), path)
    return path


def _rows(path: Path) -> Rows:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


def test_the_records_of_the_own_firms_tell_what_their_statements_tell(truth: Path, tmp_path: Path) -> None:
    told = json.loads(truth.read_text(encoding="utf-8"))
    files = dict(write_own_records(told, CATALOGUE, tmp_path, as_of=AS_OF))
    assert {"medical_insurance_basic", "electricity_fee", "gas_fee"} <= files.keys()
    basic = _rows(files["medical_insurance_basic"])
    assert len(basic) == MONTHS * len(told)
    assert max(row["费款所属期"] for row in basic) == "2026-10"
    late = {(row["统一社会信用代码"], row["费款所属期"]) for row in basic if row["参保状态"] == "欠缴"}
    window = {row["费款所属期"] for row in basic}
    assert late == {
        (uscc, month) for uscc, one in told.items() for month in one["late_payroll_months"] if month in window
    }
    assert late
    powers = {
        row["费用所属期"]: float(row["用电量(千瓦时)"]) for row in _rows(files["electricity_fee"])[:MONTHS]
    }
    first = next(iter(told.values()))["monthly_revenue"]
    busy, quiet = max(powers, key=lambda m: first[m]), min(powers, key=lambda m: first[m])
    assert powers[busy] > powers[quiet]


def test_every_own_record_is_taken_by_the_pipeline(truth: Path, tmp_path: Path) -> None:
    told = json.loads(truth.read_text(encoding="utf-8"))
    lake = Lake.open(tmp_path / "lake", create=True)
    for number, (name, path) in enumerate(write_own_records(told, CATALOGUE, tmp_path / "own", as_of=AS_OF)):
        item = CATALOGUE.items[name]
        staged = stage(path, tmp_path, expected=expected_names(item))
        receipt = collect(
            lake, staged, item, CATALOGUE, source="demo", batch_no=f"b{number}",
            received_at=datetime(2026, 11, 21, 3, tzinfo=UTC), means=Means(secret=b"test"),
        )  # fmt: skip
        assert (name, receipt.refused) == (name, 0)


def test_nothing_is_invented_about_a_firm_of_the_public_register() -> None:
    firms = [
        {"name": "澄州禾木家具有限公司", "uscc": "91990102MADEM0011M", "origin": "generated"},
        {"name": "真有其名公司", "uscc": "91110000MA00000001", "origin": "registry"},
    ]
    made = dossiers.province_firms(firms, seed=7)
    assert len(made) == dossiers.FIRMS
    assert made.usccs[0].as_py() == "91990102MADEM0011M"
    assert "91110000MA00000001" not in made.usccs.to_pylist()
    assert made.weight[0] < made.weight[1:].min()


def test_without_the_public_sets_there_is_neither_source_nor_catalogue(tmp_path: Path) -> None:
    assert dossiers.public_sources(None) == []
    assert dossiers.write_public_catalogue(tmp_path, tmp_path / "catalogue") is None
    assert not (tmp_path / "catalogue").exists()


def test_every_item_of_the_public_sets_has_one_source(tmp_path: Path) -> None:
    for one in (inspur.FOLDER, "enterprise_registry_cn"):
        (tmp_path / one).mkdir()
    (tmp_path / registry.FILE).touch()
    found = dossiers.public_sources(tmp_path)
    items = [item for *_, own in found for item in own]
    assert registry.REGISTRATION in items
    assert len(items) == len(set(items))
    folder = dossiers.write_public_catalogue(tmp_path, tmp_path / "catalogue")
    assert set(items) <= load(extensions=folder).items.keys()


def test_the_register_of_firms_is_whole_at_once(tmp_path: Path) -> None:
    source = tmp_path / "firms.csv"
    source.write_text(
        "统一社会信用代码,企业名称\n91990102MADEM0011M,澄州禾木家具有限公司\n", encoding="utf-8"
    )
    path = tmp_path / "firms.sqlite3"
    assert dossiers.build_firm_index([source], path) == 1
    with FirmIndex.open(path) as index:
        assert [hit.firm.name for hit in index.search("禾木")] == ["澄州禾木家具有限公司"]
    assert list(tmp_path.glob("*.part*")) == []
