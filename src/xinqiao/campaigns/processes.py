"""Real processes of a hub and a node for a campaign or a benchmark: started, killed, started again."""

import csv
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from xinqiao.campaigns.stage import ACCOUNT_NO, FIRM_NAME, NodePlace, firm_uscc
from xinqiao.clock import SystemClock
from xinqiao.domain.canonical import Json
from xinqiao.domain.period import shanghai
from xinqiao.provider.setup import NodeSetup, write_home

START_SECONDS = 60.0
NODE_ID = "nod-" + "0" * 32
HUB_ID = "hub-campaign"


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_bank(folder: Path, last: date, *, transactions: int = 300, months: int = 24) -> None:
    """The bank's files: one account of the invented firm with an even flow of trade (演示数据)."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "transactions").mkdir(exist_ok=True)
    with (folder / "accounts.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(
            ["account_no", "name", "uscc", "kind", "status", "opened_on", "currency", "bank_name"]
        )
        row = [ACCOUNT_NO, FIRM_NAME, firm_uscc(), "basic", "active", "2019-05-06", "CNY", "青屿银行云栖支行"]
        writer.writerow(row)
    with (folder / "transactions" / "part-0.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(
            [
                "txn_id",
                "account_no",
                "booked_at",
                "direction",
                "amount",
                "currency",
                "counterparty_name",
                "summary_text",
            ]
        )
        for number in range(transactions):
            day = last - timedelta(days=1 + number * months * 30 // transactions)
            way, who = ("in", "海棠商贸") if number % 3 else ("out", "松溪物资")
            writer.writerow(
                [
                    f"t{number}",
                    ACCOUNT_NO,
                    f"{day} 10:{number % 60:02d}:00",
                    way,
                    f"{1000 + number}.00",
                    "CNY",
                    who,
                    "货款",
                ]
            )
    (folder / "manifest.json").write_text(
        json.dumps({"data_as_of": (last - timedelta(days=1)).isoformat()}), encoding="utf-8"
    )


@dataclass(slots=True)
class Town:
    """A hub and one node as processes, in one folder. ``environ`` is what the hub runs with."""

    folder: Path
    database: str | None = None
    hub_port: int = field(default_factory=free_port)
    node_port: int = field(default_factory=free_port)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def hub_url(self) -> str:
        """The hub's address."""
        return f"http://127.0.0.1:{self.hub_port}"

    @property
    def node_url(self) -> str:
        """The node's address."""
        return f"http://127.0.0.1:{self.node_port}"

    @property
    def hub_home(self) -> Path:
        """The hub's home."""
        return self.folder / "hub"

    def environ(self) -> dict[str, str]:
        """What the hub and whoever works on its database run with."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("XINQIAO_", "XQ_"))}
        kept |= {
            "XINQIAO_HOME": str(self.hub_home),
            "XINQIAO_DEMO": "1",
            "XINQIAO_HUB_ID": HUB_ID,
            "XINQIAO_PUBLIC_URL": self.hub_url,
            "DJANGO_SETTINGS_MODULE": "xinqiao.hub.project.settings",
        }
        if self.database:
            kept["XINQIAO_DATABASE_URL"] = self.database
        return kept

    def make_node(self, anchor: dict[str, Json], institution: str) -> NodePlace:
        """Write the node's home and the bank's files."""
        home = self.folder / "node"
        write_bank(home / "data", shanghai(SystemClock().now()).date())
        setup = NodeSetup(
            node_id=NODE_ID,
            institution=institution,
            name="青屿银行数据节点",
            bank_name="青屿银行",
            public_url=self.node_url,
            hub_id=HUB_ID,
            hub_url=self.hub_url,
            demo=True,
        )
        return NodePlace(NODE_ID, self.node_url, write_home(home, setup, anchor))

    def start(self, name: str, arguments: list[str], *, talking: bool = False) -> subprocess.Popen[bytes]:
        """Start a Python module of ours in a process group of its own; ``talking``: over its standard streams."""
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and modules
                [sys.executable, "-m", *arguments],
                env=self.environ(),
                stdin=subprocess.PIPE if talking else subprocess.DEVNULL,
                stdout=subprocess.PIPE if talking else log,
                stderr=log,
                start_new_session=True,
            )
        self.processes[name] = process
        return process

    def start_hub(self) -> None:
        """Start ``xinqiao serve`` (data plane)."""
        port = str(self.hub_port)
        self.start("hub", ["xinqiao.cli", "serve", "--port", port, "--plane", "data", "--no-migrate"])

    def start_node(self) -> None:
        """Start ``xinqiao provider``."""
        home = str(self.folder / "node")
        self.start("node", ["xinqiao.cli", "provider", "--home", home, "--port", str(self.node_port)])

    def wait(self, name: str) -> None:
        """Wait until a program answers its health address.

        Raises:
            RuntimeError: it ended or did not come up.
        """
        url = f"{self.hub_url}/healthz" if name == "hub" else f"{self.node_url}/node/v1/health"
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.processes[name].poll() is not None:
                break
            try:
                with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own address
                    if answer.status == 200 and (name == "hub" or b'"ok"' in answer.read()):
                        return
            except (urllib.error.URLError, OSError):
                pass
            time.sleep(0.05)
        log = (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")
        raise RuntimeError(f"{name} did not come up:\n{log[-3000:]}")

    def kill(self, name: str) -> None:
        """SIGKILL to a program and its children, and wait for them."""
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)

    def stop_all(self) -> None:
        """End everything."""
        for name in list(self.processes):
            self.kill(name)
