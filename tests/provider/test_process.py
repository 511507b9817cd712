"""The node as a process of its own: killed and started again, it remembers what it consumed."""

import json
import os
import signal
from pathlib import Path

import httpx
import pytest

from xinqiao.clock import SystemClock
from xinqiao.domain.canonical import Json
from xinqiao.domain.consent import Entrustment
from xinqiao.provider.testing import FIRM, Platform, free_port, make_home, node_process
from xinqiao.trust.jws import ArtefactType, sign_jws


class Caller:
    """The hub, over a real socket."""

    def __init__(self, hub: Platform) -> None:
        self.hub = hub

    def post(self, path: str, body: dict[str, Json]) -> httpx.Response:
        sent = self.hub.request(path, json.dumps(body).encode())
        return httpx.post(sent.url, headers=sent.headers, content=sent.content, trust_env=False, timeout=20)

    def entrust(self) -> Entrustment:
        body: dict[str, Json] = {
            "link": FIRM.link, "uscc": FIRM.uscc, "name": FIRM.name, "account_no": FIRM.account_no,
            "account_kind": "basic",
        }  # fmt: skip
        assert self.post("/node/v1/ownership-checks", body).json()["result"] == "pass"
        claims = self.hub.entrustment_claims()
        token = sign_jws(claims, self.hub.key, ArtefactType.ENTRUSTMENT)
        assert self.post("/node/v1/entrustments", {"entrustment": token}).status_code == 201
        return Entrustment.from_claims(claims)


@pytest.fixture
def hub(tmp_path: Path) -> tuple[Platform, int]:
    port = free_port()
    hub = Platform(SystemClock(), base_url=f"http://127.0.0.1:{port}")
    make_home(tmp_path / "node", hub)
    return hub, port


def test_a_permit_consumed_before_kill_9_stays_consumed(tmp_path: Path, hub: tuple[Platform, int]) -> None:
    platform, port = hub
    caller = Caller(platform)
    home, log = tmp_path / "node", tmp_path / "log"
    with node_process(home, port, log=log) as process:
        entrusted = caller.entrust()
        body = platform.product_body(platform.permit(entrusted))
        sent = platform.request("/node/v1/products", json.dumps(body).encode())
        first = httpx.post(sent.url, headers=sent.headers, content=sent.content, trust_env=False, timeout=20)
        assert first.status_code == 200
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
    with node_process(home, port, log=log):
        again = httpx.post(sent.url, headers=sent.headers, content=sent.content, trust_env=False, timeout=20)
        assert (again.status_code, again.json()["code"]) == (401, "REPLAYED")
        new_message = caller.post("/node/v1/products", body)
        assert (new_message.status_code, new_message.json()["code"]) == (401, "REPLAYED")
        assert caller.post("/node/v1/products", platform.product_body(platform.permit(entrusted))).is_success


def test_the_process_stops_cleanly_when_asked(tmp_path: Path, hub: tuple[Platform, int]) -> None:
    platform, port = hub
    with node_process(tmp_path / "node", port, log=tmp_path / "log") as process:
        Caller(platform).entrust()
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) in (0, -signal.SIGTERM)
    said = (tmp_path / "log").read_text()
    assert "Traceback" not in said
    assert FIRM.account_no not in said
    assert FIRM.name not in said


def test_the_pages_are_served_by_the_real_server_with_their_assets(tmp_path: Path) -> None:
    from xinqiao.ui.assets import asset_url, manifest

    port = free_port()
    platform = Platform(SystemClock(), base_url=f"http://127.0.0.1:{port}")
    make_home(tmp_path / "node", platform, users=(("node", "吴桐", "correct horse battery"),))
    with node_process(tmp_path / "node", port, log=tmp_path / "log"):
        page = httpx.get(f"{platform.base_url}/login", trust_env=False)
        assert page.status_code == 200
        assert "节点登录" in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]
        if not manifest().files:
            return  # the assets of a checkout are built by make
        style = httpx.get(platform.base_url + asset_url("xinqiao.css"), trust_env=False)
        assert style.status_code == 200
        assert "immutable" in style.headers["cache-control"]
        outside = httpx.get(f"{platform.base_url}/static/ui/..%2f..%2f__init__.py", trust_env=False)
        assert outside.status_code == 404
