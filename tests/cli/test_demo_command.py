"""``xinqiao demo``: what cannot be built is refused before anything is made."""

from pathlib import Path

import pytest

from xinqiao.cli import main


@pytest.mark.parametrize("count", ["3", "0", "-1", "x", "１２"])
def test_a_demonstration_of_too_few_firms_is_a_usage_error(count: str, tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as end:
        main(["demo", "--data", str(tmp_path / "demo"), f"--firms={count}"])
    assert end.value.code == 2
    assert not (tmp_path / "demo").exists()
