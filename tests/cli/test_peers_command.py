"""``xinqiao peers``: generated files collected, the register built, peers counted and shown."""

import json
from pathlib import Path

import pytest

from xinqiao.cli import main

MONTH = "2026-10"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake of generated electricity bills and the register of the firms they are about."""
    place = tmp_path_factory.mktemp("peers")
    made = ["generate", "--enterprises", "120", "--records", "6000", "--items", "electricity_fee", "--as-of", "2026-11-21", "-o", str(place)]  # fmt: skip
    assert main(made) == 0
    bills = str(place / "electricity_fee.csv")
    assert main(["collect", bills, "--item", "electricity_fee", "--source", "GD", "--lake", str(place / "lake")]) in (0, 1)  # fmt: skip
    assert main(["firms", "build", str(place / "firms.csv"), "--index", str(place / "firms.db")]) == 0
    return place


def _make(place: Path, *more: str) -> int:
    return main(["peers", "make", "--lake", str(place / "lake"), "--firms", str(place / "firms.db"), "--peers", str(place / "peers.db"), "--month", MONTH, *more])  # fmt: skip


def test_peers_are_counted_and_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _make(folder, "--months", "2") == 0
    said = capsys.readouterr().out
    assert "2026-09" in said
    assert "家在名录" in said
    found = {}
    for section in "ABCDEFGHIKLMNOPQRS":
        if main(["peers", "show", "--peers", str(folder / "peers.db"), "--month", MONTH, "--industry", section, "--json"]) == 0:  # fmt: skip
            found[section] = json.loads(capsys.readouterr().out)
        capsys.readouterr()
    assert found
    for cells in found.values():
        power = {one["id"]: one for one in cells}["P05"]
        assert power["firms"] > 10
        assert float(power["p25"]) <= float(power["p50"]) <= float(power["p75"])
        assert len(power["p50"].replace(".", "").strip("0")) <= 2


def test_a_group_that_is_too_small_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _make(folder) == 0
    capsys.readouterr()
    assert main(["peers", "show", "--peers", str(folder / "peers.db"), "--month", MONTH, "--industry", "T"]) == 1  # fmt: skip
    assert "太少" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [("--least", "4"), ("--months", "0"), ("--month", "2026-13")])
def test_a_mistake_is_named(folder: Path, wrong: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert _make(folder, *wrong) == 2
    assert "INVALID" in capsys.readouterr().err


def test_without_a_lake_nothing_is_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["peers", "make", "--lake", str(tmp_path / "no"), "--firms", str(tmp_path / "f"), "--peers", str(tmp_path / "p.db")]) == 2  # fmt: skip
    assert "LAKE_INVALID" in capsys.readouterr().err
    assert not (tmp_path / "p.db").exists()
