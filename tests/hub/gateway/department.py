"""The department's real node behind a real socket, for the gateway's tests: nothing of it is faked but the clock."""

import asyncio
import json
import os
from pathlib import Path

from django.conf import settings
from tests.hub.cast import OWNER_USCC, YEARS, Cast, uscc
from tests.hub.items_cast import ARREARS, HOUSE, MARRIAGE, house, marriage

from xinqiao.hub.actors import SystemActor
from xinqiao.hub.apps.identity import services as identity
from xinqiao.hub.apps.items.sources import register_source
from xinqiao.hub.runtime import runtime
from xinqiao.provider.app import NodeApp, build_service
from xinqiao.provider.config import load_config
from xinqiao.provider.faults import Hooks
from xinqiao.provider.setup import NodeSetup, write_home
from xinqiao.provider.testing.department import TestClock, write_csv

NODE_ID = "nod-" + "d" * 32
ARREARS_CANARY, OFFICE_CANARY = "76543.21", "金丝雀税务所-4e1b"


class DepartmentNode:
    """Serves one real ``NodeApp`` on a free port."""

    def __init__(
        self, home: Path, cast: Cast, *, province: Path | None = None, records: Path | None = None
    ) -> None:
        #: folder of a province's own items; their records are ``<item>.csv`` beside the definitions
        self.province = province
        #: folder of ``<item>.csv`` served instead of the three usual items
        self.records = records
        self.home = home
        self.cast = cast
        self.monotonic = TestClock()
        self.calls = 0
        self.app: NodeApp
        self.base_url = ""

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()[:2]
        self.base_url = f"http://{host}:{port}"

    def open(self) -> None:
        """Make the home, register the node and what it serves, and let it read the directory."""
        at, system = self.cast.now, SystemActor("test")
        setup = NodeSetup(
            node_id=NODE_ID, institution="ins-" + "2" * 32, name="演示部门（演示数据）", bank_name="",
            public_url=self.base_url, hub_id=settings.XINQIAO_HUB_ID, hub_url="http://localhost:8000", demo=True,
            items_folder="items",
        )  # fmt: skip
        anchor = {"id": settings.XINQIAO_HUB_ID, "name": "t", "keys": [*runtime.hub_public_jwks()]}
        jwk = write_home(self.home, setup, json.loads(json.dumps(anchor)))
        self._write_items()
        if self.province is not None:
            file = self.home / "provider.toml"
            text = file.read_text(encoding="utf-8")
            file.write_text(
                text.replace("[items]", f'[items]\nextensions = "{self.province}"'), encoding="utf-8"
            )
            for records in self.province.glob("*.csv"):
                (self.home / "items" / records.name).write_bytes(records.read_bytes())
        department = identity.register_institution(
            actor=system, uscc=uscc("11330000MA2XQF006"), name="演示部门", short_name="演示部门", is_user=False,
            is_provider=True, at=at, is_demo=True,
        )  # fmt: skip
        identity.register_node(
            actor=system, institution_id=department.id, name="演示部门节点", base_url=self.base_url, jwk=jwk,
            not_before=at - YEARS, not_after=at + YEARS, at=at, node_id=NODE_ID, is_demo=True,
        )  # fmt: skip
        for file in sorted((self.home / "items").glob("*.csv")):
            register_source(actor=system, item=file.stem, node_id=NODE_ID, at=at)
        service = build_service(
            load_config(self.home, os.environ), clock=self.cast.clock, hooks=Hooks(enabled=True)
        )
        service.trust.accept(identity.directory(at=at), at)
        self.app = NodeApp(service, pace=self.monotonic.pace())

    def _write_items(self) -> None:
        folder = self.home / "items"
        folder.mkdir()
        (folder / "manifest.json").write_text('{"data_as_of": "2026-11-20"}', encoding="utf-8")
        if self.records is not None:
            for file in self.records.glob("*.csv"):
                (folder / file.name).write_bytes(file.read_bytes())
            return
        arrears = {
            "ent_name": "远山农机有限公司", "uscc": OWNER_USCC, "tax_type": "vat", "period_start": "2025-01-01",
            "period_end": "2025-03-31", "arrears_amount": ARREARS_CANARY, "due_date": "2025-04-20",
            "status": "owing", "tax_authority": OFFICE_CANARY,
        }  # fmt: skip
        write_csv(folder / f"{ARREARS}.csv", [arrears])
        write_csv(folder / f"{HOUSE}.csv", [house()])
        write_csv(folder / f"{MARRIAGE}.csv", [marriage()])

    async def stop(self) -> None:
        """Close the port and the node."""
        self._server.close()
        await asyncio.to_thread(self.app.close)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        line = await reader.readline()
        if not line:
            return False
        self.calls += 1
        method, path, _ = line.decode().split(" ")
        headers: list[tuple[bytes, bytes]] = []
        while (text := (await reader.readline()).decode().strip()) != "":
            name, _, value = text.partition(":")
            headers.append((name.lower().encode(), value.strip().encode()))
        body = await reader.readexactly(int(dict(headers)[b"content-length"]))
        waiting = [{"type": "http.request", "body": body, "more_body": False}]
        sent: list[dict] = []

        async def receive():
            return waiting.pop(0)

        async def send(event):
            sent.append(event)

        scope = {
            "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b"",
            "headers": headers,
        }  # fmt: skip
        await self.app(scope, receive, send)
        head = f"HTTP/1.1 {sent[0]['status']} X\r\n".encode()
        head += b"".join(name + b": " + value + b"\r\n" for name, value in sent[0]["headers"])
        writer.write(head + b"\r\n" + b"".join(part["body"] for part in sent[1:]))
        await writer.drain()
        return True
