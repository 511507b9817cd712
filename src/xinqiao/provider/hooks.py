"""The addresses a test or a demonstration may use (``--test-hooks`` only): faults, counters, the clock.

Also the answers of a broken or hostile node (abuse case C9), so that nothing of them is near the honest path.
"""

import asyncio
from collections.abc import Iterable
from datetime import timedelta

import orjson

from xinqiao.clock import AdjustableClock, Clock
from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Invalid, NotFound
from xinqiao.domain.period import parse_instant
from xinqiao.provider.faults import Fault, Hooks, gzip_bomb
from xinqiao.provider.wire import MAX_BODY, Receive, Send, Signer, read_all, send_bytes, send_json, send_start
from xinqiao.trust.httpsig import VerifiedMessage


async def serve_hook(path: str, receive: Receive, send: Send, *, hooks: Hooks, clock: Clock) -> None:
    """Answer one of the hook addresses.

    Raises:
        NotFound: no such hook.
        Invalid: the body is not what the hook takes.
    """
    body = await read_all(receive, MAX_BODY)
    try:
        asked = orjson.loads(body) if body else {}
        answer = _hook(path, asked, hooks, clock)
    except (ValueError, AttributeError, TypeError):
        raise Invalid(Code.INVALID, "not what this hook takes") from None
    await send_json(send, 200, answer)


def _hook(path: str, asked: dict[str, object], hooks: Hooks, clock: Clock) -> dict[str, Json]:
    match path:
        case "/test-hooks/faults":
            hooks.fault = Fault(str(asked.get("mode", "none")))
            return {"mode": hooks.fault.value}
        case "/test-hooks/counters":
            return {"requests": hooks.requests, "product_bytes_out": hooks.product_bytes_out}
        case "/test-hooks/clock" if isinstance(clock, AdjustableClock):
            if "now" in asked:
                clock.set(parse_instant(str(asked["now"])))
            if "advance_seconds" in asked:
                clock.advance(timedelta(seconds=float(str(asked["advance_seconds"]))))  # house: allow float
            return {"now": clock.now().isoformat()}
        case _:
            raise NotFound("no such hook")


async def send_faulty(
    send: Send,
    status: int,
    body: dict[str, Json],
    message: VerifiedMessage,
    *,
    fault: Fault,
    signer: Signer,
) -> None:
    """Answer as the fault says."""
    content = orjson.dumps(body)
    headers = {"content-type": "application/json", "cache-control": "no-store"}
    match fault:
        case Fault.UNSIGNED:
            await send_bytes(send, 200, headers, content)
        case Fault.HTML:
            headers["content-type"] = "text/html"
            page = b"<!doctype html><title>ok</title>"
            signer.sign(200, headers, page, message)
            await send_bytes(send, 200, headers, page)
        case Fault.GZIP_BOMB:
            headers["content-encoding"] = "gzip"
            bomb = gzip_bomb()
            signer.sign(200, headers, bomb, message)
            await send_bytes(send, 200, headers, bomb)
        case Fault.ERROR_200:
            problem = orjson.dumps({"code": Code.PROVIDER_UNAVAILABLE.value, "status": 500})
            signer.sign(200, headers, problem, message)
            await send_bytes(send, 200, headers, problem)
        case Fault.HUGE:
            headers["content-length"] = str(10 << 30)
            await _stream(send, headers, (b" " * 65536 for _ in range(4096)))
        case Fault.SLOW:
            signer.sign(200, headers, content, message)
            await _stream(send, headers, (content[i : i + 1] for i in range(len(content))), pause=1.0)
        case Fault.STALL:
            signer.sign(200, headers, content, message)
            await _stream(send, headers, (content[:-1],), stall=60.0)
        case Fault.WRONG_LENGTH:
            signer.sign(200, headers, content, message)
            headers["content-length"] = str(len(content) + 4096)
            await _stream(send, headers, (content,))
        case Fault.DOWN:
            await send_bytes(send, 503, headers, b"{}")
        case _:  # wrong_subject, stale and wrong_nonce are made where the receipt is
            signer.sign(status, headers, content, message)
            await send_bytes(send, status, headers, content)


async def _stream(
    send: Send, headers: dict[str, str], parts: Iterable[bytes], *, pause: float = 0.0, stall: float = 0.0
) -> None:
    await send_start(send, 200, headers)
    for part in parts:
        await send({"type": "http.response.body", "body": part, "more_body": True})
        if pause:
            await asyncio.sleep(pause)
    if stall:
        await asyncio.sleep(stall)
    await send({"type": "http.response.body", "body": b""})
