"""``xinqiao redress``: the list for other platforms, and the file of periods checked before a start."""

import json
from pathlib import Path

import pytest
from tests.hub.redress.bench import Bench, penalty
from tests.hub.redress.conftest import bench  # noqa: F401 - a fixture

from xinqiao.cli import redress


def test_the_list_is_written_once_and_goes_on(
    bench: Bench,  # noqa: F811 - the fixture
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(redress, "database_ready", lambda: True)
    bench.hold(penalty())
    row = bench.granted()
    out = tmp_path / "r.json"
    assert redress.main_redress(["results", "--out", str(out)]) == 0
    made = json.loads(out.read_text(encoding="utf-8"))
    assert [one["record"] for one in made["results"]["entries"]] == [row.record_ref]
    assert f"--after {made['results']['next']}" in capsys.readouterr().err
    assert redress.main_redress(["results", "--out", str(out)]) == 2, "nothing is overwritten"
    capsys.readouterr()
    assert redress.main_redress(["results", "--after", made["results"]["next"]]) == 0
    assert json.loads(capsys.readouterr().out)["results"]["entries"] == []


def test_nothing_is_said_without_a_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redress, "database_ready", lambda: False)
    assert redress.main_redress(["results"]) == 2


@pytest.mark.parametrize(
    ("text", "code", "word"),
    [("answer_days = 15", 0, "15 天"), ("answer_days = 0", 2, "answer_days"), (None, 2, "cannot be read")],
)
def test_a_file_of_periods_is_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, code: int, word: str
) -> None:
    file = tmp_path / "redress.toml"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    assert redress.main_redress(["rules", str(file)]) == code
    told = capsys.readouterr()
    assert word in told.out + told.err
