"""Items a province adds, with the modes interface and verification: asked for, granted, called and verified end to end."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client as Browser
from django.urls import reverse
from tests.hub.cast import OWNER_USCC
from tests.hub.gateway.conftest import World
from tests.hub.gateway.department import DepartmentNode
from tests.hub.gateway.item_scene import Scene, sdk_of
from tests.hub.items_cast import ItemCast

from xinqiao.catalogue import load
from xinqiao.client import Operator, state_claim
from xinqiao.domain.consent import Purpose
from xinqiao.domain.errors import Code, Invalid
from xinqiao.hub.apps.identity.models import User
from xinqiao.hub.apps.items import sources
from xinqiao.hub.apps.items.models import ItemAuthorisation
from xinqiao.hub.runtime import runtime

PERMIT, LEVEL = "x_shanxi_coal_permit", "x_shanxi_safety_level"
LIN = Operator(name="林知远", department="小企业信贷部")
LOAN = Purpose.LOAN_APPLICATION
ITEM = """
id = "{id}"
no = {no}
version = 1
valid_from = 2026-01-01
name = "{name}"
name_en = "{name}"
category_no = 6
mode = "{mode}"
authorisation_required = true
providers = ["能源"]
frequency = "monthly"
natural_key = ["{key}"]
subject = ["uscc"]
as_of_field = "issued_on"


[[fields]]
name = "uscc"
label = "统一社会信用代码"
type = "uscc"
required = true
sensitivity = "public"

[[fields]]
name = "{key_field}"
label = "{label}"
type = "string"
required = true
sensitivity = "public"
max_length = 40

[[fields]]
name = "issued_on"
label = "发证日期"
type = "date"
required = true
sensitivity = "public"
"""


@pytest.fixture
def province(tmp_path: Path, settings) -> Path:
    folder = tmp_path / "province"
    folder.mkdir()
    (folder / "permit.toml").write_text(
        ITEM.format(id=PERMIT, no=1001, name="煤炭经营备案", mode="national_interface_authorised", key="permit_no",
                    key_field="permit_no", label="备案编号"),
        encoding="utf-8",
    )  # fmt: skip
    (folder / "level.toml").write_text(
        ITEM.format(id=LEVEL, no=1002, name="安全生产等级", mode="verification_authorised", key="uscc",
                    key_field="level", label="等级"),
        encoding="utf-8",
    )  # fmt: skip
    (folder / f"{PERMIT}.csv").write_text(
        f"uscc,permit_no,issued_on\n{OWNER_USCC},SX-MT-0042,2026-03-01\n", encoding="utf-8"
    )
    (folder / f"{LEVEL}.csv").write_text(
        f"uscc,level,issued_on\n{OWNER_USCC},二级,2026-02-01\n", encoding="utf-8"
    )
    settings.XINQIAO_CATALOGUE_DIR = folder
    del runtime.catalogue
    return folder


@pytest.fixture
def scene(province: Path, world: World, tmp_path: Path) -> Iterator[Scene]:
    node = DepartmentNode(tmp_path / "department", world.cast, province=province)
    world.loop.run(node.start())
    node.open()
    yield Scene(world, ItemCast(world.cast), node)
    world.loop.run(node.stop())


def test_a_provinces_items_are_called_and_verified_like_the_national_ones(
    scene: Scene, province: Path
) -> None:
    bank, on = sdk_of(scene.world), scene.world.cast.now.date()
    catalogue = load(extensions=province)
    values = {"uscc": OWNER_USCC, "level": "二级", "issued_on": "2026-02-01"}
    right = state_claim(catalogue, LEVEL, values, on=on)
    wrong = state_claim(catalogue, LEVEL, {**values, "level": "一级"}, on=on)
    made = bank.items.request(
        subject_uscc=OWNER_USCC, purpose=LOAN, business_ref="SX-1", operator=LIN, max_queries=6,
        items={PERMIT: ["permit_no", "issued_on"]}, claims=[right, wrong],
    )  # fmt: skip
    scene.items.confirm(ItemAuthorisation.objects.get(id=made.id))
    answer = bank.items.call(made.id, PERMIT, ["permit_no"], LOAN, LIN)
    assert [one.values for one in answer.records] == [{"permit_no": "SX-MT-0042"}]
    said = [bank.items.verify(made.id, one, LOAN, LIN).result for one in (right, wrong)]
    assert said == ["yes", "not"]


def test_they_are_on_the_pages_of_every_side(scene: Scene) -> None:
    bank, ops = Browser(HTTP_ACCEPT_LANGUAGE="zh-CN"), Browser(HTTP_ACCEPT_LANGUAGE="zh-CN")
    bank.force_login(User.objects.get(username="bank"))
    ops.force_login(User.objects.get(username="ops"))
    assert "煤炭经营备案" in bank.get(reverse("institution:item_new")).content.decode()
    page = ops.get(reverse("operator:items")).content.decode()
    assert "安全生产等级" in page
    assert "演示部门节点" in page


def test_an_item_of_another_province_is_unknown(scene: Scene) -> None:
    with pytest.raises(Invalid) as error:
        sources.register_source(
            actor=scene.world.cast.system,
            item="x_henan_grain",
            node_id=scene.world.cast.node.id,
            at=scene.world.cast.now,
        )
    assert error.value.code is Code.INVALID
