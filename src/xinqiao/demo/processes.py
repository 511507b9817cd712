"""The processes of a demonstration: hub, worker and nodes, started in order, watched, stopped together."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from xinqiao.demo.build import DemoPlan

START_SECONDS = 40.0


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on now; held together while they are chosen so that they differ."""
    held = [socket.socket(socket.AF_INET, socket.SOCK_STREAM) for _ in range(count)]
    try:
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in held]
    finally:
        for one in held:
            one.close()


def require_free(port: int) -> None:
    """Refuse a port somebody listens on: a stranger's health answer must not be taken for ours.

    Raises:
        SystemExit: naming the port.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(0.5)
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise SystemExit(
                f"PORT_TAKEN 端口 {port} 已被占用，请用 --port 换一个 port {port} is taken, choose another with --port"
            )


@dataclass(slots=True)
class Running:
    """Started processes by name."""

    plan: DemoPlan
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, arguments: list[str], environ: dict[str, str]) -> None:
        """Start ``xinqiao ARGUMENTS``; what it says goes to ``logs/NAME.log`` in the demonstration's folder."""
        logs = self.plan.folder / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        with (logs / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", "xinqiao.cli", *arguments],
                env=environ, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    def wait_until_up(self, url: str, name: str) -> None:
        """Wait until an address answers.

        Raises:
            RuntimeError: the process ended or did not answer in time; the end of its log is in the text.
        """
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.processes[name].poll() is not None:
                raise RuntimeError(f"{name} ended at start:\n{self.tail(name)}")
            try:
                with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own address
                    if answer.status < 500:
                        return
            except urllib.error.HTTPError as error:
                if error.code < 500:
                    return
            except (urllib.error.URLError, OSError):
                pass
            time.sleep(0.1)
        raise RuntimeError(f"{name} did not answer at {url}:\n{self.tail(name)}")

    def tail(self, name: str, size: int = 3000) -> str:
        """The end of a process's log."""
        path = self.plan.folder / "logs" / f"{name}.log"
        return path.read_text(encoding="utf-8", errors="replace")[-size:] if path.exists() else ""

    def stop(self, name: str, *, kill: bool = False) -> None:
        """Stop one process and its children, and wait for it."""
        process = self.processes.pop(name, None)
        if process is None or process.poll() is not None:
            return
        os.killpg(process.pid, signal.SIGKILL if kill else signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)

    def stop_all(self) -> None:
        """Stop everything, the hub last."""
        for name in sorted(self.processes, key=lambda n: n == "hub"):
            self.stop(name)

    def ended(self) -> str | None:
        """The name of a process that ended by itself."""
        return next((name for name, p in self.processes.items() if p.poll() is not None), None)


def start_hub(running: Running) -> None:
    """Start the hub and its worker."""
    plan = running.plan
    hooks = ["--test-hooks"] if plan.test_hooks else []
    running.start(
        "hub",
        ["serve", "--host", plan.bind, "--port", str(plan.hub_port), "--no-migrate", *hooks],
        plan.hub_environ(),
    )
    running.wait_until_up(f"{plan.hub_url}/healthz", "hub")
    running.start("worker", ["worker"], plan.hub_environ())


def start_node(running: Running, bank: str) -> None:
    """Start one bank's node."""
    plan = running.plan
    hooks = ["--test-hooks"] if plan.test_hooks else []
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("XINQIAO_", "XQ_"))}
    home: Path = plan.node_home(bank)
    port = str(plan.node_ports[bank])
    running.start(
        f"node-{bank}",
        ["provider", "--home", str(home), "--host", plan.bind, "--port", port, *hooks],
        environ,
    )


@contextmanager
def running_demo(plan: DemoPlan) -> Iterator[Running]:
    """Everything of a built demonstration, up; stopped at the end whatever happens."""
    running = Running(plan)
    for port in (plan.hub_port, *plan.node_ports.values()):
        require_free(port)
    try:
        for bank in plan.node_ports:
            start_node(running, bank)
        start_hub(running)
        for bank in plan.node_ports:
            running.wait_until_up(f"{plan.node_url(bank)}/node/v1/health", f"node-{bank}")
        yield running
    finally:
        running.stop_all()
