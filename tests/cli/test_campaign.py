"""``xinqiao campaign``: one JSON object, and an exit status that says whether what must hold did hold."""

import json

import pytest

from xinqiao.campaigns import tamper
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


@pytest.mark.parametrize("words", [[], ["flood"], ["tamper", "--leaves", "0"]], ids=str)
def test_a_campaign_that_does_not_exist_is_refused(words: list[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["campaign", *words])
    assert end.value.code == 2
