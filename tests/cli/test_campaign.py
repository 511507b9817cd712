"""``xinqiao campaign``: one JSON object, and an exit status that says whether what must hold did hold."""

import json

import pytest

from xinqiao.campaigns import hostile, kill, race, tamper
from xinqiao.cli import main


def test_a_small_tamper_campaign_finds_everything(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["campaign", "tamper", "--leaves", "60", "--mutations", "200", "--whole-files", "2"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["campaign"], said["ok"], said["tried"], said["found"], said["missed"]) == (
        "tamper", True, 200, 200, [],
    )  # fmt: skip


def test_a_tamper_campaign_that_missed_something_fails(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command judges the figures; that the campaign itself can fail is shown beside the verifier."""
    monkeypatch.setattr(tamper, "run", lambda *_: {"tried": 200, "found": 199, "missed": ["swap@3"]})
    assert main(["campaign", "tamper", "--mutations", "200"]) == 1
    assert json.loads(capsys.readouterr().out)["ok"] is False


@pytest.mark.parametrize(
    ("clean", "options", "status"),
    [(True, [], 0), (False, [], 1), (False, ["--naive"], 0), (True, ["--naive"], 1)],
)
def test_a_race_must_be_clean_and_the_naive_one_must_not(
    clean: bool,
    options: list[str],
    status: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only the judgement is tried here; that the race finds what it should is shown beside the campaign."""
    asked = {}

    def run(rounds: int, database: str | None, **how: object) -> dict[str, object]:
        asked.update(how, rounds=rounds, database=database)
        return {"rounds": rounds, "ok": clean}

    monkeypatch.setattr(race, "run", run)
    assert main(["campaign", "race", "--rounds", "3", "--queries", "5", *options]) == status
    assert json.loads(capsys.readouterr().out)["ok"] is (status == 0)
    assert asked == {"rounds": 3, "database": None, "queries": 5, "seed": 1, "naive": bool(options)}


@pytest.mark.parametrize(("good", "released", "status"), [(True, 5, 0), (False, 5, 1), (True, 0, 1)])
def test_kills_that_lose_something_or_had_nothing_to_lose_fail(
    good: bool,
    released: int,
    status: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    figures = {"query_released": released}
    monkeypatch.setattr(
        kill, "run", lambda kills, database, *, seed: {"kills": kills, "ok": good, "figures": figures}
    )
    assert main(["campaign", "kill", "--kills", "7"]) == status
    said = json.loads(capsys.readouterr().out)
    assert (said["kills"], said["ok"]) == (7, status == 0)


@pytest.mark.parametrize("words", [[], ["flood"], ["tamper", "--leaves", "0"]], ids=str)
def test_a_campaign_that_does_not_exist_is_refused(words: list[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["campaign", *words])
    assert end.value.code == 2


@pytest.mark.parametrize(
    ("problems", "only", "status"), [([], "csv", 0), (["x: OK"], "csv", 1), ([], "nothing", 1)]
)
def test_hostile_files_must_all_end_as_documented(
    problems: list[str],
    only: str,
    status: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hostile, "run", lambda chosen: {"files": len(chosen), "problems": problems})
    assert main(["campaign", "hostile", "--only", only]) == status
    said = json.loads(capsys.readouterr().out)
    assert said["ok"] is (status == 0)
    assert (said["files"] > 0) is (only == "csv")
