"""An authorised fund-flow query end to end: hub and node as real processes, over HTTP, everything on.

One query is: token and message signature checked, nonce stored, decision under the lock, PERMIT leaf, durable commit;
permit signed, node called with a signed message; the node re-checks, consumes the permit durably, computes, signs and
seals; receipt checked; decision again under the lock, USE leaf, durable commit; answer signed. The peer is the
constant-body ceiling: the same server answering the same number of bytes with no work at all, in the same run.
"""

import asyncio
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench._table import BenchRow, verdict

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
    from xinqiao.campaigns.stage import MAX_QUERIES, Stage, start_django

    start_django(town.hub_home, None)
    from xinqiao.hub.apps.identity.services import anchor

    clock = SystemClock()
    try:
        place = town.make_node(anchor(), "ins-" + "0" * 32)
        stage = Stage(clock, node=place, bind=False)
        key = stage.bank_key()
        town.start_hub()
        town.wait("hub")
        town.start_node()
        town.wait("node")
        stage.account_id = stage.bind()
        grants = []
        for _ in range(2 * REQUESTS // MAX_QUERIES + 3):
            grants.append(stage.request(f"B-{secrets.token_hex(6)}"))
            stage.confirm(grants[-1])
        caller = Caller(town.hub_url, stage.bank_id, key, clock)
        host = f"127.0.0.1:{town.hub_port}"
        uses = [grant for grant in grants for _ in range(MAX_QUERIES)]

        def prepared(count: int) -> list[bytes]:
            found = []
            for _ in range(count):
                question = caller.question(uses.pop(), stage.account_id)
                headers = caller.signed("POST", QUERIES, question.body, question.idempotency_key)
                found.append(_http(host, QUERIES, headers, question.body))
            return found

        def fire(requests: list[bytes], port: int, connections: int) -> tuple[float, list[float]]:
            total, seconds, bad = asyncio.run(_fire("127.0.0.1", port, requests, connections))
            if bad:
                raise RuntimeError(f"{bad} of {len(requests)} answers were not 200")
            return total, seconds

        fire(prepared(20), town.hub_port, 2)  # warm
        size = _answer_size(caller, uses.pop(), stage.account_id)
        constant_port = free_port()
        constant = _Constant(folder, size, constant_port)
        try:
            _wait_port(constant_port)
            alone: list[float] = []
            alone_peer: list[float] = []
            rates: list[float] = []
            peers: list[float] = []
            for _ in range(3):
                requests = prepared(REQUESTS // 12)
                alone += fire(requests, town.hub_port, 1)[1]
                alone_peer += fire(requests, constant_port, 1)[1]
            for _ in range(3):
                requests = prepared(REQUESTS // 4)
                rates.append(len(requests) / fire(requests, town.hub_port, CONNECTIONS)[0])
                peers.append(len(requests) / fire(requests, constant_port, CONNECTIONS)[0])
        finally:
            constant.stop()
    finally:
        town.stop_all()
    p50, peer50 = statistics.median(alone) * 1000, statistics.median(alone_peer) * 1000
    rate, peer = statistics.median(rates), statistics.median(peers)
    return [
        BenchRow(
            "Q1",
            "authorised query end to end, one at a time, p50",
            f"{p50:.1f} ms",
            f"constant body {peer50:.2f} ms",
            f"{peer50 / p50:.3f}",
            "<= 30 ms",
            "<= 10 ms",
            verdict(p50 <= 30, p50 <= 10),
        ),
        BenchRow(
            "Q2",
            f"authorised queries per second, {CONNECTIONS} connections, hub + node + load on 2 cores",
            f"{rate:.0f}/s",
            f"constant body {peer:.0f}/s",
            f"{rate / peer:.3f}",
            ">= 300/s",
            ">= 1000/s",
            verdict(rate >= 300, rate >= 1000),
        ),
    ]


def _answer_size(caller: object, authorisation_id: str, account_id: str) -> int:
    from xinqiao.campaigns.caller import Caller

    assert isinstance(caller, Caller)
    answer = caller.ask(caller.question(authorisation_id, account_id))
    if answer.status != 200:
        raise RuntimeError(answer.body.decode())
    return len(answer.body)


def _wait_port(port: int) -> None:
    import socket

    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("the constant server did not come up")


if __name__ == "__main__":
    from bench._table import render

    print(render(rows()))
