"""The workbench's pages of items against the real gateway and a department's real node: what an officer does with them."""

import json
import re
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient
from tests.hub.cast import OWNER_ID, OWNER_USCC
from tests.hub.gateway.department import ARREARS_CANARY
from tests.hub.gateway.desk import PUBLIC
from tests.hub.gateway.item_scene import Scene, transport
from tests.hub.items_cast import ARREARS, CERTIFICATE, HOUSE, house

from xinqiao.client import config
from xinqiao.client.config import add_user, read_config, write_home
from xinqiao.client.workbench.app import create_app
from xinqiao.hub.apps.identity.directory import anchor
from xinqiao.hub.apps.items.models import ItemAuthorisation, ItemQuery

PASSWORD = "correct horse 马 1"


@pytest.fixture
def home(scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(config, "_N", 2**9)
    folder = tmp_path / "bank"
    write_home(
        folder, hub_url=PUBLIC, institution_id=scene.world.bank.institution_id, institution_name="岚江农商银行",
        anchor=json.loads(json.dumps(anchor())), demo=True,
    )  # fmt: skip
    add_user(folder, login="lin", name="林知远", department="小企业信贷部", password=PASSWORD)
    private = scene.world.bank.key.to_jwk(private=True)
    (folder / "key.json").write_text(json.dumps(private), encoding="utf-8")
    return folder


def found(pattern: str, page: httpx.Response) -> str:
    got = re.search(pattern, page.text)
    assert got is not None, page.text
    return got[1]


def hidden(page: httpx.Response) -> dict[str, str]:
    token = found(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    once = re.search(r'name="once" value="([^"]+)"', page.text)
    return {"csrfmiddlewaretoken": token} | ({"once": once[1]} if once else {})


@pytest.fixture
def lin(scene: Scene, home: Path) -> TestClient:
    app = create_app(read_config(home), clock=scene.world.cast.clock, transport=transport(scene.world))
    bench = TestClient(app, base_url="http://bench.test")
    form = {"login": "lin", "password": PASSWORD, **hidden(bench.get("/login"))}
    assert bench.post("/login", data=form).status_code == 200
    return bench


def asked(lin: TestClient, **changes: str) -> httpx.Response:
    page = lin.get(f"/items/new?uscc={OWNER_USCC}&item={ARREARS}&item={HOUSE}")
    form = {
        **hidden(page), "items": f"{ARREARS},{HOUSE}", "uscc": OWNER_USCC, "purpose": "loan_application",
        "business_ref": "YS-1", "days": "30", "times": "6", "message": "",
        f"g.{ARREARS}.uscc": "on", f"g.{ARREARS}.arrears_amount": "on",
        **{f"v.{HOUSE}.{name}": value for name, value in house().items()}, **changes,
    }  # fmt: skip
    return lin.post("/items/new", data=form)


def test_an_officer_asks_follows_calls_verifies_and_reads(lin: TestClient, scene: Scene, home: Path) -> None:
    choose = lin.get("/items/new").text
    assert choose.count('name="item"') == 20
    page = asked(lin)
    assert page.status_code == 200
    row = ItemAuthorisation.objects.get()
    assert str(page.url).endswith(f"/items/{row.id}?sent=1")
    assert CERTIFICATE in page.text
    assert "/call" in page.text
    assert "调用并在本机打开" not in page.text
    scene.items.confirm(row)
    page = lin.get(f"/items/{row.id}")
    called = lin.post(
        f"/items/{row.id}/call",
        data={**hidden(page), "item": ARREARS, "f.arrears_amount": "on", "f.uscc": "on"},
    )
    assert ARREARS_CANARY in called.text
    assert "2026-11-20" in called.text or "11 月 20 日" in called.text
    answer = str(called.url)
    assert lin.get(f"{answer}/bundle").headers["content-disposition"].endswith('.xq.json"')
    page = lin.get(f"/items/{row.id}")
    digest = found(r'name="claim" value="([0-9a-f]{64})"', page)
    assert lin.get(answer).status_code == 410  # another page was shown: the answer is forgotten
    said = lin.post(f"/items/{row.id}/verify", data={**hidden(page), "claim": digest})
    assert "是：部门有一条记录" in said.text
    records = lin.get("/items/records").text
    assert "答复：是" in records
    assert ARREARS_CANARY not in records
    assert row.id in lin.get("/items").text
    assert [one.name for one in (home / "claims").iterdir()] == [f"{row.id}.json"]
    # nothing that was asked or answered is in a log or page of the hub's own
    assert not ItemQuery.objects.filter(state="denied").exists()


def test_pressing_twice_asks_once(lin: TestClient, scene: Scene) -> None:
    row = scene.items.confirm(scene.items.requested())
    page = lin.get(f"/items/{row.id}")
    form = {**hidden(page), "item": ARREARS, "f.status": "on"}
    first, second = (lin.post(f"/items/{row.id}/call", data=form) for _ in range(2))
    assert first.url == second.url
    assert ItemQuery.objects.filter(state="released").count() == 1


def test_a_no_says_why_and_offers_the_nearest(lin: TestClient, scene: Scene) -> None:
    row = scene.items.confirm(scene.items.requested())
    page = lin.get(f"/items/{row.id}")
    form = {**hidden(page), "item": ARREARS, "f.status": "on", "f.late_fee": "on"}
    refused = lin.post(f"/items/{row.id}/call", data=form)
    assert refused.status_code == 403
    assert "SCOPE_EXCEEDED" in refused.text
    near = {**hidden(refused), "item": ARREARS, "f.status": "on"}
    assert 'name="f.status"' in refused.text
    assert lin.post(f"/items/{row.id}/call", data=near).status_code == 200
    empty = lin.post(f"/items/{row.id}/call", data={**hidden(lin.get(f"/items/{row.id}")), "item": ARREARS})
    assert empty.status_code == 422
    unknown = {**hidden(lin.get(f"/items/{row.id}")), "claim": "f" * 64}
    assert lin.post(f"/items/{row.id}/verify", data=unknown).status_code == 404


@pytest.mark.parametrize(
    "changes",
    [{"uscc": "91330100MA2XQA0010"}, {f"v.{HOUSE}.owner_id_no": "12"}, {"times": "31"}, {"business_ref": ""}],
)
def test_a_form_that_is_wrong_keeps_what_was_typed(lin: TestClient, changes: dict[str, str]) -> None:
    page = asked(lin, **changes)
    assert page.status_code == 422
    assert CERTIFICATE in page.text
    assert 'role="alert"' in page.text
    assert not ItemAuthorisation.objects.exists()


def test_what_is_over_is_forgotten_and_foreign_ones_are_absent(
    lin: TestClient, scene: Scene, home: Path
) -> None:
    asked(lin)
    row = ItemAuthorisation.objects.get()
    assert (home / "claims" / f"{row.id}.json").exists()
    scene.items.withdraw(scene.items.confirm(row))
    page = lin.get(f"/items/{row.id}")
    assert "企业撤回了授权" in page.text
    assert OWNER_ID not in page.text
    assert not (home / "claims" / f"{row.id}.json").exists()
    assert lin.get("/items/ita-" + "0" * 32).status_code == 404
    assert lin.get("/items/new?item=nothing").status_code == 422


@pytest.mark.parametrize(
    "path", ["/items", "/items?state=active", "/items/new", f"/items/new?item={HOUSE}", "/items/records"]
)
def test_every_page_has_one_heading_in_both_languages(path: str, lin: TestClient) -> None:
    for language in ("zh", "en"):
        answer = lin.get(f"{path}{'&' if '?' in path else '?'}lang={language}")
        assert answer.status_code == 200
        assert len(re.findall(r"<h1[ >]", answer.text)) == 1
