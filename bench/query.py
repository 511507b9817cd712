"""An authorised fund-flow query end to end: hub and node as real processes, over HTTP, everything on.

One query is: token and message signature checked, nonce stored, decision under the lock, PERMIT leaf, durable commit;
permit signed, node called with a signed message; the node re-checks, consumes the permit durably, computes, signs and
seals; receipt checked; decision again under the lock, USE leaf, durable commit; answer signed. The peer is the
constant-body ceiling: the same server answering the same number of bytes with no work at all, in the same run.

The queries go round two dozen accounts, each asked about before. Two ways are measured: as a node is installed, which
keeps the figures of the last thousand products while the bank's data do not change; and with ``kept_figures = 0``, where
the figures of every query are made anew from the account's prepared columns, as when no two queries are alike.
"""

import asyncio
import csv
import os
import re
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bench._table import BenchRow, verdict
from bench.statement import statement

if TYPE_CHECKING:
    from xinqiao.campaigns.processes import Town

#: Each account asked about has 50 rows a month.
ROWS, MONTHS, ACCOUNTS = 1_200, 24, 24
REQUESTS = int(os.environ.get("BENCH_QUERIES", "600"))
CONNECTIONS = int(os.environ.get("BENCH_CONNECTIONS", "16"))


async def _fire(
    host: str, port: int, requests: list[bytes], connections: int
) -> tuple[float, list[float], int]:
    """Send prepared requests over kept connections; seconds in all, seconds of each, and how many were not 200."""
    waiting = list(reversed(requests))
    seconds: list[float] = []
    bad = 0

    async def one() -> None:
        nonlocal bad
        reader, writer = await asyncio.open_connection(host, port)
        while waiting:
            request = waiting.pop()
            start = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            seconds.append(time.perf_counter() - start)
            bad += not head.startswith(b"HTTP/1.1 200")
        writer.close()

    start = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(connections)))
    return time.perf_counter() - start, seconds, bad


def _http(host: str, target: str, headers: dict[str, str], body: bytes) -> bytes:
    lines = [f"POST {target} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


_CONSTANT = """
import sys
BODY = b"x" * int(sys.argv[1])
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200,
                "headers": [(b"content-length", str(len(BODY)).encode())]})
    await send({"type": "http.response.body", "body": BODY})
if __name__ == "__main__":
    from granian import Granian
    from granian.constants import Interfaces
    import os
    os.environ["BODY"] = sys.argv[1]
    Granian("constant:app", address="127.0.0.1", port=int(sys.argv[2]), interface=Interfaces.ASGINL,
            workers=1, websockets=False, log_enabled=False).serve()
"""


class _Constant:
    """The same server, answering a constant body."""

    def __init__(self, folder: Path, size: int, port: int) -> None:
        code = _CONSTANT.replace("int(sys.argv[1])", 'int(__import__("os").environ.get("BODY", "0"))', 1)
        (folder / "constant.py").write_text(code)
        self._process = subprocess.Popen(
            [sys.executable, "constant.py", str(size), str(port)],
            cwd=folder,
            start_new_session=True,
            env={**os.environ, "BODY": str(size)},
        )

    @property
    def pid(self) -> int:
        """Its process, which leads a group of its own."""
        return self._process.pid

    def stop(self) -> None:
        import signal

        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(10)


def rows() -> list[BenchRow]:
    """The figures of the end-to-end query."""
    with tempfile.TemporaryDirectory(prefix="xinqiao-bench-") as name:
        return _rows(Path(name))


def _rows(folder: Path) -> list[BenchRow]:
    from xinqiao.campaigns.caller import QUERIES, Caller
    from xinqiao.campaigns.processes import Town, free_port
    from xinqiao.clock import SystemClock

    town = Town(folder)
    os.environ.update(town.environ())
    from xinqiao.campaigns.stage import ACCOUNT_NO, MAX_QUERIES, Stage, start_django

    start_django(town.hub_home, None)
    from xinqiao.hub.apps.identity.services import anchor

    clock = SystemClock()
    try:
        place = town.make_node(anchor(), "ins-" + "0" * 32)
        numbers = [str(int(ACCOUNT_NO) + place) for place in range(ACCOUNTS)]
        _fill_bank(folder / "node" / "data", numbers)
        stage = Stage(clock, node=place, bind=False)
        key = stage.bank_key()
        town.start_hub()
        town.wait("hub")
        _start_node(town, kept_figures=0)
        accounts = [stage.bind(account_no=number) for number in numbers]
        grants: list[tuple[str, str]] = []
        for place in range(max(ACCOUNTS, 4 * REQUESTS // MAX_QUERIES + 8)):
            stage.account_id = accounts[place % ACCOUNTS]
            grants.append((stage.request(f"B-{secrets.token_hex(6)}"), stage.account_id))
            stage.confirm(grants[-1][0])
        caller = Caller(town.hub_url, stage.bank_id, key, clock)
        # one use of each authorisation in turn, so that neighbours are about different accounts
        uses = [grant for _ in range(MAX_QUERIES) for grant in grants]

        def question() -> tuple[bytes, dict[str, str]]:
            asked = caller.question(*uses.pop(), months=MONTHS)
            return asked.body, caller.signed("POST", QUERIES, asked.body, asked.idempotency_key)

        def prepared(count: int) -> list[bytes]:
            found = []
            for _ in range(count):
                body, headers = question()
                found.append(_http(f"127.0.0.1:{town.hub_port}", QUERIES, headers, body))
            return found

        _fire_all(prepared(2 * ACCOUNTS), town.hub_port, 2)  # warm
        body, headers = question()
        answer = caller.send("POST", QUERIES, headers, body)
        if answer.status != 200:
            raise RuntimeError(f"the query was answered {answer.status}")
        constant_port = free_port()
        constant = _Constant(folder, len(answer.body), constant_port)
        try:
            _wait_port(constant_port)
            made_anew = _measure(prepared, town.hub_port, constant_port)
            town.kill("node")
            _start_node(town, kept_figures=1024)
            _fire_all(prepared(2 * ACCOUNTS), town.hub_port, 2)
            as_installed = _measure(prepared, town.hub_port, constant_port)
        finally:
            constant.stop()
    finally:
        town.stop_all()
    return [
        *as_installed.table("node as installed"),
        *made_anew.table("figures made anew for every query"),
    ]


def _fill_bank(data: Path, numbers: list[str]) -> None:
    """Accounts like a small firm's, in place of the campaigns' even one."""
    from xinqiao.clock import SystemClock
    from xinqiao.domain.period import shanghai

    with (data / "accounts.csv").open(encoding="utf-8", newline="") as known:
        (account,) = csv.DictReader(known)
    _write(data / "accounts.csv", [{**account, "account_no": number} for number in numbers])
    last = shanghai(SystemClock().now()).date().replace(day=1) - timedelta(days=1)
    rows = [
        row
        for place, number in enumerate(numbers)
        for row in statement(ROWS, MONTHS, seed=place, account=number, last=last)
    ]
    for place, row in enumerate(rows):
        row["txn_id"] = f"t{place}"
    _write(data / "transactions" / "part-0.csv", rows)


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _start_node(town: "Town", *, kept_figures: int) -> None:
    config = town.folder / "node" / "provider.toml"
    text = re.sub(
        r"(?m)^kept_figures = \d+$", f"kept_figures = {kept_figures}", config.read_text(encoding="utf-8")
    )
    config.write_text(text, encoding="utf-8")
    town.start_node()
    town.wait("node")


def _fire_all(requests: list[bytes], port: int, connections: int) -> tuple[float, list[float]]:
    total, seconds, bad = asyncio.run(_fire("127.0.0.1", port, requests, connections))
    if bad:
        raise RuntimeError(f"{bad} of {len(requests)} answers were not 200")
    return total, seconds


@dataclass(frozen=True, slots=True)
class _Measured:
    """Seconds of one query alone and queries per second, with the constant body's beside them."""

    alone: float
    alone_peer: float
    rate: float
    rate_peer: float

    def table(self, how: str) -> list[BenchRow]:
        ms, peer_ms = self.alone * 1000, self.alone_peer * 1000
        return [
            BenchRow(
                "Q1", f"authorised query end to end, one at a time, p50, {how}", f"{ms:.1f} ms",
                f"constant body {peer_ms:.2f} ms", f"{peer_ms / ms:.3f}",
                "<= 30 ms", "<= 10 ms", verdict(ms <= 30, ms <= 10),
            ),
            BenchRow(
                "Q2", f"the same per second, {CONNECTIONS} connections, hub + node + load on 2 cores, {how}",
                f"{self.rate:.0f}/s", f"constant body {self.rate_peer:.0f}/s", f"{self.rate / self.rate_peer:.3f}",
                ">= 300/s", ">= 1000/s", verdict(self.rate >= 300, self.rate >= 1000),
            ),
        ]  # fmt: skip


def _measure(prepared: Callable[[int], list[bytes]], port: int, constant_port: int) -> _Measured:
    alone: list[float] = []
    alone_peer: list[float] = []
    rates: list[float] = []
    peers: list[float] = []
    for _ in range(3):
        requests = prepared(REQUESTS // 12)
        alone += _fire_all(requests, port, 1)[1]
        alone_peer += _fire_all(requests, constant_port, 1)[1]
    for _ in range(3):
        requests = prepared(REQUESTS // 4)
        rates.append(len(requests) / _fire_all(requests, port, CONNECTIONS)[0])
        peers.append(len(requests) / _fire_all(requests, constant_port, CONNECTIONS)[0])
    return _Measured(*(statistics.median(one) for one in (alone, alone_peer, rates, peers)))


def _wait_port(port: int) -> None:
    import socket

    for _ in range(800):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"nothing came up at port {port}")


if __name__ == "__main__":
    from bench._table import render

    print(render(rows()))
