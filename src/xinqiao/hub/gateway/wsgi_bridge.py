"""Django behind the same address: a WSGI application in a bounded thread pool.

Django runs under WSGI on purpose: its ORM is synchronous, and under ASGI it is three times slower and loses database
connections under load. A request waits for a free thread; when too many wait, the answer is 503 at once.
"""

import asyncio
import io
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import cast

from xinqiao.hub.gateway.http import Incoming, Message, Receive, Send

type WsgiApp = Callable[[dict[str, object], Callable[..., object]], Iterable[bytes]]

THREADS = 8
MAX_WAITING = 128
#: Forms and uploads of people; bigger than an API body, still bounded.
MAX_FORM = 12 * 1024 * 1024
#: A form must be here after this long (slow senders, abuse case E13); longer than a body of a machine: phones upload.
FORM_SECONDS = 60.0


class _Gone(Exception):
    """The sender went away before its form was whole."""


class WsgiBridge:
    """Runs a WSGI application for ASGI requests."""

    def __init__(self, app: WsgiApp, *, threads: int = THREADS) -> None:
        self._app = app
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="portal")
        self._running = 0

    async def __call__(self, request: Incoming, path: str, scheme: str, receive: Receive, send: Send) -> None:
        """Answer one request. ``path`` is the decoded path that the gateway's own router judged.

        Raises:
            Malformed: ``AMBIGUOUS_INPUT``: the host is named twice.
        """
        if self._running >= MAX_WAITING:
            await _plain(send, 503, "busy")
            return
        # Counted from here on: a form that is still coming takes memory too.
        self._running += 1
        try:
            await self._answer(request, path, scheme, receive, send)
        finally:
            self._running -= 1

    async def _answer(self, request: Incoming, path: str, scheme: str, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(FORM_SECONDS):
                body = await _form(receive)
        except TimeoutError:
            await _plain(send, 408, "too slow")
            return
        except _Gone:
            return  # half a form is no form: nobody meant what it says, and nobody waits
        if body is None:
            await _plain(send, 413, "too large")
            return
        environ = _environ(request, path, scheme, body)
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._pool, self._run, environ, loop, send)

    def _run(self, environ: dict[str, object], loop: asyncio.AbstractEventLoop, send: Send) -> None:
        started: list[Message] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> object:
            started[:] = [
                {
                    "type": "http.response.start",
                    "status": int(status.split(" ", 1)[0]),
                    "headers": [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in headers],
                }
            ]
            return lambda _: None

        def tell(message: Message) -> None:
            asyncio.run_coroutine_threadsafe(_send(send, message), loop).result()

        result = self._app(environ, start_response)
        try:
            # one chunk is held back, so that a short answer is sent with a single hand-over
            held = b""
            head_sent = False
            for chunk in result:
                if held:
                    if not head_sent:
                        tell(started[0])
                        head_sent = True
                    tell({"type": "http.response.body", "body": held, "more_body": True})
                held = bytes(chunk)
            if not head_sent:
                tell(started[0])
            tell({"type": "http.response.body", "body": b"" if environ["REQUEST_METHOD"] == "HEAD" else held})
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()

    def close(self) -> None:
        """Let running requests finish."""
        self._pool.shutdown(wait=True, cancel_futures=True)


async def _send(send: Send, message: Message) -> None:
    await send(message)


async def _form(receive: Receive) -> bytes | None:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        chunk = cast(bytes, message.get("body", b""))
        size += len(chunk)
        if size > MAX_FORM:
            return None
        parts.append(chunk)
        if not message.get("more_body", False):
            return b"".join(parts)


async def _plain(send: Send, status: int, text: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"retry-after", b"5")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})


def _environ(request: Incoming, path: str, scheme: str, body: bytes) -> dict[str, object]:
    host, _, port = (request.header("host") or "").partition(":")
    environ: dict[str, object] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        # PEP 3333: bytes in latin-1
        "PATH_INFO": path.encode("utf-8").decode("latin-1"),
        "QUERY_STRING": request.raw_query.decode("latin-1"),
        "SERVER_NAME": host or "localhost",
        "SERVER_PORT": port or ("443" if scheme == "https" else "80"),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": request.client,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers:
        if name == "content-type":
            environ["CONTENT_TYPE"] = value
        elif name != "content-length" and "_" not in name:
            # a header with an underscore would pass for another one (Django drops them for the same reason)
            key = "HTTP_" + name.upper().replace("-", "_")
            environ[key] = f"{environ[key]},{value}" if key in environ else value
    return environ
