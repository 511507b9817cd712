"""The demonstration's department: records that keep the catalogue's rules, marked, the same for the same seed, nobody's."""

import csv
from datetime import date
from pathlib import Path

import pytest

from xinqiao import catalogue
from xinqiao.demo import department
from xinqiao.demo.generator import generate_province
from xinqiao.demo.model import Province
from xinqiao.domain.catalogue.rows import check_row
from xinqiao.domain.identifiers import birth_date, check_resident_id

AS_OF = date(2026, 11, 20)


@pytest.fixture(scope="module")
def province() -> Province:
    return generate_province(seed=11, as_of=AS_OF, firms=12)


def rows(folder: Path, item: str) -> list[dict[str, str]]:
    with (folder / f"{item}.csv").open(encoding="utf-8", newline="") as source:
        return list(csv.DictReader(source))


@pytest.mark.parametrize("item", department.ITEMS)
def test_every_record_keeps_the_rules_of_the_catalogue(province: Province, tmp_path: Path, item: str) -> None:
    known = catalogue.load()
    department.write_items(province, tmp_path)
    found = rows(tmp_path, item)
    assert found
    for row in found:
        verdict = check_row(known, known.items[item], row, received_on=AS_OF)
        assert verdict.ok, (item, [(one.field, one.rule) for one in verdict.findings])


@pytest.mark.parametrize(
    "item", [department.ARREARS, department.DEFERRED, department.PENSION, department.MARRIAGE]
)
def test_every_record_is_marked(province: Province, tmp_path: Path, item: str) -> None:
    department.write_items(province, tmp_path)
    assert all("演示数据" in "".join(row.values()) for row in rows(tmp_path, item))


def test_the_same_seed_gives_the_same_files(province: Province, tmp_path: Path) -> None:
    department.write_items(province, tmp_path / "a")
    department.write_items(generate_province(seed=11, as_of=AS_OF, firms=12), tmp_path / "b")
    for path in sorted((tmp_path / "a").iterdir()):
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_the_person_who_is_verified_is_nobody_alive() -> None:
    number = department.CLAIMANT.id_no
    assert check_resident_id(number, today=AS_OF) == number
    assert birth_date(number).year == 1850
    assert "演示" in department.CLAIMANT.person
