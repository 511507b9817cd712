"""``xinqiao client items-…`` against the real gateway: JSON out, exit codes, the claims kept."""

import json
from pathlib import Path

import pytest
from tests.hub.cast import OWNER_USCC
from tests.hub.gateway.department import ARREARS_CANARY
from tests.hub.gateway.desk import PUBLIC
from tests.hub.gateway.item_scene import Scene, sdk_of
from tests.hub.items_cast import ARREARS, HOUSE, house

from xinqiao.cli.client import main_client
from xinqiao.client import Client, Operator
from xinqiao.client.config import ClientConfig, write_home
from xinqiao.hub.apps.identity.directory import anchor
from xinqiao.hub.apps.items.models import ItemAuthorisation


@pytest.fixture
def home(scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bank"
    write_home(
        folder, hub_url=PUBLIC, institution_id=scene.world.bank.institution_id, institution_name="岚江农商银行",
        anchor=json.loads(json.dumps(anchor())), operator=Operator(name="林知远", department="小企业信贷部"),
    )  # fmt: skip

    def client(self: ClientConfig, **_: object) -> Client:
        return sdk_of(scene.world)

    monkeypatch.setattr(ClientConfig, "client", client)
    return folder


@pytest.fixture
def said(home: Path, capsys: pytest.CaptureFixture[str]):
    """Run a command; its status and what it said on either channel."""

    def run(*argv: str):
        status = main_client(["--config", str(home), *argv])
        out, err = capsys.readouterr()
        return status, json.loads(out if status == 0 else err)

    return run


def request(said, home: Path, *more: str):
    claim = home / "house.json"
    claim.write_text(json.dumps({"item": HOUSE, "values": house()}), encoding="utf-8")
    return said(
        "items-request", OWNER_USCC, "--business-ref", "CLI-1", "--item", f"{ARREARS}:uscc,arrears_amount",
        "--claim", str(claim), "--times", "6", *more,
    )  # fmt: skip


def test_the_whole_way_by_commands(scene: Scene, said, home: Path, tmp_path: Path) -> None:
    status, made = request(said, home)
    assert (status, made["state"]) == (0, "requested")
    scene.items.confirm(ItemAuthorisation.objects.get(id=made["id"]))
    _, shown = said("items-show", made["id"])
    assert [one["item"] for one in shown["kept_claims"]] == [HOUSE]
    status, answer = said("items-call", made["id"], ARREARS)
    assert (status, answer["records"][0]["values"]["arrears_amount"]) == (0, ARREARS_CANARY)
    saved = tmp_path / "answer.xq"
    status, verified = said("items-verify", made["id"], "--save", str(saved), "--proof")
    assert (status, verified["result"], verified["uses_left"]) == (0, "yes", 4)
    assert said("verify", str(saved))[0] == 0
    assert (
        said("items-verify", made["id"], "--save", str(saved))[0] == 2
    )  # no use is spent on what cannot be kept
    _, listed = said("items-list")
    assert [one["id"] for one in listed["items"]] == [made["id"]]
    _, records = said("items-list", "--records")
    assert {one["result"] for one in records["items"]} == {"yes", None}
    assert said("items-show", verified["id"])[1]["result"] == "yes"
    said("items-forget", made["id"])
    assert said("items-verify", made["id"])[0] == 2


def test_a_no_is_one_and_says_the_nearest(scene: Scene, said, home: Path) -> None:
    row = scene.granted()
    status, problem = said("items-call", row.id, ARREARS, "--field", "uscc", "--field", "late_fee")
    assert (status, problem["code"], problem["nearest_item"]["fields"]) == (1, "SCOPE_EXCEEDED", ["uscc"])
    assert said("items-show", "ita-" + "0" * 32)[0] == 1


@pytest.mark.parametrize("item", ["x", "x:", ":a"])
def test_a_wrong_call_is_two_and_nothing_is_sent(said, home: Path, item: str) -> None:
    status, problem = said("items-request", OWNER_USCC, "--business-ref", "X", "--item", item)
    assert (status, problem["code"]) == (2, "INVALID")
    bad = home / "bad.json"
    for text in ('{"item": "real_estate_registration", "values": {"x": "1"}}', "[1]", '{"item": 3}'):
        bad.write_text(text, encoding="utf-8")
        assert said("items-request", OWNER_USCC, "--business-ref", "X", "--claim", str(bad))[0] == 2
    assert not ItemAuthorisation.objects.exists()
