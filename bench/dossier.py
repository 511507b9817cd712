"""The authorised, audited dossier: beside a constant body of the same server, beside the usual stack, beside ingest.

One query is: a session's tag (or token and message signature) checked, decision for each of five items under the lock,
nonce and key stored, PERMIT and USE leaf, the use counted, the record written, one durable commit (shared with what
waits), answer tagged (or signed); the dossier itself lies in the cache. The constant body is what the same server sends
as fast as it can.
"""

import os
import secrets
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench._load import Load, cpu_seconds, fire, http_request
from bench._province import fill_lake, grant_all
from bench._table import BenchRow, verdict
from bench._twin import fill
from bench.query import _Constant, _wait_port

TARGET = "/api/v1/dossiers/queries"
FIRMS = int(os.environ.get("BENCH_DOSSIER_FIRMS", "300"))
REQUESTS = int(os.environ.get("BENCH_DOSSIER_QUERIES", "1500"))
ROUNDS = int(os.environ.get("BENCH_DOSSIER_ROUNDS", "5"))
CONNECTIONS = 32
TWIN_CONNECTIONS = 4

type Prepared = Callable[..., list[bytes]]
#: A session is opened anew before its five minutes are over.
SESSION_SECONDS = 120.0


def rows() -> list[BenchRow]:
    """Rows G5 to G7."""
    with tempfile.TemporaryDirectory(prefix="xinqiao-bench-") as name:
        return _rows(Path(name))


def _rows(folder: Path) -> list[BenchRow]:
    from xinqiao.campaigns.caller import Caller
    from xinqiao.campaigns.processes import Town, free_port
    from xinqiao.clock import SystemClock
    from xinqiao.domain.canonical import Json, canonical_bytes

    town = Town(folder)
    os.environ.update(town.environ())
    from xinqiao.campaigns.stage import Stage, start_django

    start_django(town.hub_home, None)
    fill_lake(town.hub_home / "lake", FIRMS)
    stage = Stage(SystemClock(), bind=False)
    granted = grant_all(stage, FIRMS)
    key = stage.bank_key()
    caller = Caller(town.hub_url, stage.bank_id, key, stage.clock)
    turn, opened = 0, float("-inf")

    def prepared(count: int, *, signed: bool = False) -> list[bytes]:
        nonlocal turn, opened
        if not signed and time.monotonic() - opened > SESSION_SECONDS:
            caller.open_session()
            opened = time.monotonic()
        made = caller.signed if signed else caller.tagged
        found = []
        for _ in range(count):
            turn += 1
            asked: dict[str, Json] = {
                "authorisation_id": granted.ids[turn % FIRMS],
                "purpose": "loan_application",
                "operator": {"name": "丁一", "department": "公司业务部"},
            }
            body = canonical_bytes(asked)
            headers = made("POST", TARGET, body, secrets.token_urlsafe(18))
            found.append(
                http_request(
                    f"127.0.0.1:{town.hub_port}", TARGET, {**headers, "Accept-Encoding": "zstd"}, body
                )
            )
        return found

    constant = twin = None
    try:
        town.start_hub()
        town.wait("hub")
        first = fire(prepared(2 * FIRMS), town.hub_port)  # every dossier is made once
        size = len(first.answered.partition(b"\r\n\r\n")[2])
        constant_port = free_port()
        constant = _Constant(folder, size, constant_port)
        _wait_port(constant_port)
        twin_port = free_port()
        fill(
            folder, firms=FIRMS, ids=granted.ids, institution=stage.bank_id, jwk={**key.public.to_jwk()},
            token=caller.token(),
        )  # fmt: skip
        twin = _start_twin(folder, twin_port, town.hub_url)
        _wait_port(twin_port)
        signed, hub = partial(prepared, signed=True), town.processes["hub"].pid
        table = [
            _ceiling("G5", one, hub, town.hub_port, constant, constant_port, size, how)
            for one, how in ((prepared, "in a session"), (signed, "each request signed"))
        ]
        table += [
            _twin(one, signed, hub, town.hub_port, twin.pid, twin_port, how)
            for one, how in ((prepared, "in a session"), (signed, "each request signed"))
        ]
        return [*table, _tail(prepared, town.hub_port, town.hub_home / "lake", folder)]
    finally:
        if constant is not None:
            constant.stop()
        if twin is not None:
            os.killpg(twin.pid, signal.SIGKILL)
            twin.wait(10)
        town.stop_all()


def _ceiling(
    goal: str, prepared: Prepared, hub: int, port: int, constant: _Constant, constant_port: int, size: int, how: str,
) -> BenchRow:  # fmt: skip
    ratios, own, peer, own_cpu, peer_cpu = [], [], [], [], []
    for _ in range(ROUNDS):
        requests = prepared(REQUESTS)
        one = _measured(requests, port, hub)
        other = _measured(requests, constant_port, constant.pid)
        ratios.append(one.load.rate / other.load.rate)
        own.append(one.load.rate)
        peer.append(other.load.rate)
        own_cpu.append(one.cpu)
        peer_cpu.append(other.cpu)
    ratio = statistics.median(ratios)
    return BenchRow(
        goal,
        f"authorised, audited dossier out of the cache, {how} ({size} B, zstd), {CONNECTIONS} connections;"
        f" CPU of the server {statistics.median(own_cpu) * 1e3:.2f} ms each",
        f"{statistics.median(own):.0f}/s",
        f"constant body {statistics.median(peer):.0f}/s, {statistics.median(peer_cpu) * 1e3:.2f} ms each",
        f"{ratio:.3f}", ">= 0.25", ">= 0.5", verdict(ratio >= 0.25, ratio >= 0.5),
    )  # fmt: skip


def _start_twin(folder: Path, port: int, public_url: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "bench._twin", str(folder), str(port), public_url], start_new_session=True
    )


def _twin(
    prepared: Prepared, signed: Prepared, hub: int, port: int, twin: int, twin_port: int, how: str
) -> BenchRow:
    """The usual stack is asked for a tenth as many, over fewer connections: its writers would wait for each other.

    It knows no sessions; its signatures are a few hundredths of its time.
    """
    fire(signed(20), twin_port, 1)
    ratios, own, peer, own_cpu, peer_cpu = [], [], [], [], []
    for _ in range(ROUNDS):
        one = _measured(prepared(REQUESTS), port, hub)
        other = _measured(signed(max(20, REQUESTS // 10)), twin_port, twin, TWIN_CONNECTIONS)
        ratios.append(one.load.rate / other.load.rate)
        own.append(one.load.rate)
        peer.append(other.load.rate)
        own_cpu.append(one.cpu)
        peer_cpu.append(other.cpu)
    ratio, cpu = statistics.median(ratios), statistics.median(peer_cpu) / statistics.median(own_cpu)
    return BenchRow(
        "G6", f"the same, {how}, CPU of the server {statistics.median(own_cpu) * 1e3:.2f} ms each ({cpu:.1f}x less)",
        f"{statistics.median(own):.0f}/s",
        f"FastAPI + SQLAlchemy {statistics.median(peer):.0f}/s, {statistics.median(peer_cpu) * 1e3:.2f} ms each",
        f"{ratio:.1f}x", ">= 10x", ">= 25x", verdict(ratio >= 10, ratio >= 25),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Measured:
    load: Load
    cpu: float


def _measured(requests: list[bytes], port: int, group: int, connections: int = CONNECTIONS) -> _Measured:
    before = cpu_seconds(group)
    load = fire(requests, port, connections)
    return _Measured(load, (cpu_seconds(group) - before) / len(requests))


def _tail(prepared: Prepared, port: int, lake: Path, folder: Path) -> BenchRow:
    """p99 at half of the rate that the server reaches, alone and beside a collection that never ends."""
    top = statistics.median(fire(prepared(REQUESTS), port, CONNECTIONS).rate for _ in range(3))
    alone: list[float] = []
    beside: list[float] = []
    for _ in range(3):
        alone.append(fire(prepared(REQUESTS), port, CONNECTIONS, pace=top / 2).percentile(0.99))
        ingest = subprocess.Popen(
            [sys.executable, "-m", "bench._ingest", str(lake), str(folder)], stdout=subprocess.PIPE
        )
        try:
            assert ingest.stdout is not None
            if ingest.stdout.readline() != b"collecting\n":
                raise RuntimeError("the collection did not begin")
            beside.append(fire(prepared(REQUESTS), port, CONNECTIONS, pace=top / 2).percentile(0.99))
        finally:
            ingest.kill()
            ingest.wait(10)
        time.sleep(0.5)
    one, other = statistics.median(alone), statistics.median(beside)
    return BenchRow(
        "G7", f"p99 of dossiers at half the top rate ({top / 2:.0f}/s) beside a running collection",
        f"{other * 1e3:.1f} ms", f"alone {one * 1e3:.1f} ms", f"{other / one:.2f}x", "<= 2x", "<= 1.2x",
        verdict(other <= 2 * one, other <= 1.2 * one and other <= 0.010),
    )  # fmt: skip


if __name__ == "__main__":
    from bench._table import render

    print(render(rows()))
