"""``xinqiao demo``: what cannot be built is refused before anything is made."""

import socket
from pathlib import Path

import pytest

from xinqiao.cli import main


@pytest.mark.parametrize("count", ["3", "0", "-1", "x", "１２"])
def test_a_demonstration_of_too_few_firms_is_a_usage_error(count: str, tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as end:
        main(["demo", "--data", str(tmp_path / "demo"), f"--firms={count}"])
    assert end.value.code == 2
    assert not (tmp_path / "demo").exists()


def test_a_taken_port_is_told_before_anything_is_built(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for asked in (port, port - 1):  # the platform's own, and a node's
            with pytest.raises(SystemExit) as end:
                main(["demo", "--data", str(tmp_path / "demo"), f"--port={asked}"])
            assert str(end.value.code).startswith(f"PORT_TAKEN 端口 {port} ")
    assert not (tmp_path / "demo").exists()
