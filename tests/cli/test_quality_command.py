"""``xinqiao quality``: made again, shown, published with its files, refused with a reason."""

import json
from pathlib import Path

import pytest
from pytest_django import Settings
from tests.hub.cast import Cast
from tests.hub.collection.sources import make_suppliers
from tests.hub.quality.supply import TEN, Supply, found

from xinqiao.cli import main
from xinqiao.hub.actors import OperatorActor
from xinqiao.hub.apps.quality.models import Figure, QualityReport


@pytest.fixture
def supply(cast: Cast, tmp_path: Path, settings: Settings) -> Supply:
    """A batch of the first source, of a month that is over by every clock."""
    settings.COLLECTION_DIR = tmp_path / "collection"
    settings.XINQIAO_LAKE = tmp_path / "lake"
    made = Supply(make_suppliers(cast), OperatorActor("usr-desk"))
    made.bring(found(("330100", TEN)))
    return made


def test_counts_are_made_again(supply: Supply, capsys: pytest.CaptureFixture[str]) -> None:
    Figure.objects.all().delete()
    assert main(["quality", "recompute"]) == 0
    assert "1 批" in capsys.readouterr().out
    assert Figure.objects.get().tally == TEN
    assert main(["quality", "recompute", "2026-09"]) == 0
    assert "0 批" in capsys.readouterr().out


def test_a_month_is_shown_without_publishing(supply: Supply, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quality", "show", "2026-11"]) == 0
    told = capsys.readouterr().out
    assert "澄州医保局" in told
    assert "89.10" in told
    assert main(["quality", "show", "2026-11", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["overview"]["score"] == "89.10"
    assert not QualityReport.objects.exists()


def test_a_report_is_published_with_its_files(
    supply: Supply, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["quality", "report", "2026-10", "--output", str(tmp_path / "out")]) == 0
    assert "QR-202610-1" in capsys.readouterr().out
    bundle = json.loads((tmp_path / "out" / "QR-202610-1.json").read_text(encoding="utf-8"))
    assert bundle["report"]["overview"]["batches"] == 0
    assert (tmp_path / "out" / "QR-202610-1.pdf").read_bytes().startswith(b"%PDF")
    assert QualityReport.objects.get().made_by == "system:command"


@pytest.mark.parametrize("month", ["2199-01", "soon"])
def test_a_month_that_cannot_be_is_refused(
    supply: Supply, month: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["quality", "report", month]) == 2
    assert "month" in capsys.readouterr().err


def test_tickets_are_looked_after(supply: Supply, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quality", "tickets"]) == 0
    assert "opened" in capsys.readouterr().out
