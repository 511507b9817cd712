"""Spark's own standalone cluster on this machine: a master and a worker out of the pyspark package, and their end.

For trials and continuous integration. Everything listens on the loopback address only.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pyspark

_HOST = "127.0.0.1"
_START_SECONDS = 90.0
_MASTER, _WORKER = "org.apache.spark.deploy.master.Master", "org.apache.spark.deploy.worker.Worker"


@contextmanager
def cluster(folder: Path, *, cores: int = 2, memory: str = "1g") -> Iterator[str]:
    """The address (``spark://…``) of a cluster of one worker for as long as the body runs. ``folder``: its files and logs.

    Raises:
        RuntimeError: it did not come up; the end of the log is told.
    """
    port, page, worker_page = (_free_port() for _ in range(3))
    address = f"spark://{_HOST}:{port}"
    with ExitStack() as stack:
        master = [_MASTER, "--host", _HOST, "--port", str(port), "--webui-port", str(page)]
        stack.enter_context(_running(folder, "master", master))
        _wait(page, folder / "master.log", workers=0)
        worker = [_WORKER, "--host", _HOST, "--webui-port", str(worker_page), "--cores", str(cores)]
        worker += ["--memory", memory, "--work-dir", str(folder / "work"), address]
        stack.enter_context(_running(folder, "worker", worker))
        _wait(page, folder / "worker.log", workers=1)
        yield address


def submit(master: str, module: Path, arguments: list[str], log: Path) -> int:
    """``spark-submit`` of a Python file to a cluster; its exit status. What it says is in the log."""
    command = [str(_home() / "bin" / "spark-submit"), "--master", master, "--conf", "spark.ui.enabled=false"]
    command += [
        "--conf",
        "spark.sql.shuffle.partitions=4",
        "--executor-memory",
        "900m",
        "--driver-memory",
        "700m",
    ]
    command += [str(module), *arguments]
    with log.open("ab") as out:
        return subprocess.run(  # noqa: S603  our own package and files
            command, env=_environ(), stdout=out, stderr=out, check=False
        ).returncode


def _home() -> Path:
    return Path(pyspark.__file__).parent


def _environ() -> dict[str, str]:
    return {
        **os.environ,
        "SPARK_HOME": str(_home()),
        "SPARK_LOCAL_IP": _HOST,
        "SPARK_PUBLIC_DNS": _HOST,
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "PYTHONPATH": os.pathsep.join(sys.path),
    }


@contextmanager
def _running(folder: Path, name: str, words: list[str]) -> Iterator[None]:
    # the class itself, not the shell scripts, which fork away; it ends with its group
    command = [str(_home() / "bin" / "spark-class"), *words]
    with (folder / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(  # noqa: S603  our own package
            command, env=_environ(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(20)


def _wait(page: int, log: Path, *, workers: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://{_HOST}:{page}/json/", timeout=2) as answer:
                if json.load(answer)["aliveworkers"] >= workers:
                    return
        except (OSError, ValueError, KeyError):
            pass
        time.sleep(0.2)
    said = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    raise RuntimeError(f"Spark did not come up:\n{said[-2000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])
