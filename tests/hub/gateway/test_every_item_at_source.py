"""Every item that is not collected, from its empty form to the report: filled by a department, called or verified, seen.

Its 17 collected sisters are in ``tests/hub/reports/test_every_item.py``.
"""

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.hub.cast import OWNER_ID, OWNER_USCC
from tests.hub.gateway.conftest import World
from tests.hub.gateway.department import DepartmentNode
from tests.hub.gateway.item_scene import sdk_of
from tests.hub.items_cast import ItemCast

from xinqiao.catalogue import load
from xinqiao.catalogue.words import example_row
from xinqiao.cli.catalogue import main_catalogue
from xinqiao.client import Operator, state_claim
from xinqiao.clock import SHANGHAI
from xinqiao.domain.catalogue.model import FieldType, Item, Sensitivity
from xinqiao.domain.consent import Purpose
from xinqiao.domain.items import ItemKind, ItemTerms
from xinqiao.domain.report import Availability
from xinqiao.hub.apps.items.models import ItemAuthorisation, ItemQuery

CATALOGUE = load()
LIN, LOAN = Operator(name="林知远", department="小企业信贷部"), Purpose.LOAN_APPLICATION
CALLED, VERIFIED = (
    tuple(item for item in CATALOGUE.items.values() if ItemTerms.of(item).kind is kind)
    for kind in (ItemKind.INTERFACE, ItemKind.VERIFICATION)
)


def filled(item: Item) -> dict[str, str]:
    """A whole row about the owner's firm and, where the item is about a person, its legal representative."""
    row = example_row(item, CATALOGUE)
    for field in item.fields:
        if field.type is FieldType.USCC and field.name in ("uscc", *item.subject):
            row[field.name] = OWNER_USCC
        elif field.type is FieldType.ID_NUMBER or field.name == "transferee_id_no":
            row[field.name] = OWNER_ID
            if field.id_type_field:
                row[field.id_type_field] = "居民身份证"
    return row


def other(item: Item, row: dict[str, str]) -> dict[str, str]:
    """The same claim with one required value that the department does not have."""
    name = next(
        one.name
        for one in item.fields
        if one.required and one.type in (FieldType.STRING, FieldType.TEXT, FieldType.DECIMAL, FieldType.ENUM, FieldType.BOOLEAN)
    )  # fmt: skip
    field = item.field(name)
    if field.code_list:
        entries = CATALOGUE.code_lists[field.code_list].entries.values()
        return {**row, name: next(label for label in entries if label != row[name])}
    if field.type is FieldType.BOOLEAN:
        return {**row, name: "否" if row[name] == "是" else "是"}
    return {**row, name: f"{row[name]}7"}


@pytest.fixture
def forms(tmp_path: Path) -> Path:
    """The form of every item as ``xinqiao catalogue template`` writes it, filled in by hand as a department would."""
    folder = tmp_path / "forms"
    folder.mkdir()
    for item in (*CALLED, *VERIFIED):
        file = folder / f"{item.id}.csv"
        assert main_catalogue(["template", item.id, "-o", str(file)]) == 0
        with file.open(encoding="utf-8-sig", newline="") as form:
            (heads,) = csv.reader(form)
        row = filled(item)
        with file.open("a", encoding="utf-8", newline="") as form:
            by_label = {field.label: row[field.name] for field in item.fields}
            csv.writer(form).writerow([by_label[head] for head in heads])
    return folder


@dataclass
class Scene:
    """The world with a department that serves the filled forms."""

    world: World
    items: ItemCast


@pytest.fixture
def scene(world: World, forms: Path, tmp_path: Path) -> Iterator[Scene]:
    node = DepartmentNode(tmp_path / "department", world.cast, records=forms)
    world.loop.run(node.start())
    node.open()
    yield Scene(world, ItemCast(world.cast))
    world.loop.run(node.stop())


def fields_of(item: Item) -> list[str]:
    """What may be granted of it: persons' data only where the person is the one who confirms."""
    open_to_all = item.id == "legal_representative"
    return [one.name for one in item.fields if open_to_all or one.sensitivity is not Sensitivity.PERSONAL]


def test_every_item_at_its_source_goes_from_its_form_to_the_report(scene: Scene) -> None:
    assert (len(CALLED), len(VERIFIED)) == (11, 9)
    bank, on = sdk_of(scene.world), scene.world.cast.now.astimezone(SHANGHAI).date()
    right = {one.id: state_claim(CATALOGUE, one.id, filled(one), on=on) for one in VERIFIED}
    wrong = {one.id: state_claim(CATALOGUE, one.id, other(one, filled(one)), on=on) for one in VERIFIED}
    wanted = {"subject_uscc": OWNER_USCC, "purpose": LOAN, "operator": LIN, "max_queries": 12, "report": True}
    rows = [
        scene.items.confirm(ItemAuthorisation.objects.get(id=made.id)).id
        for made in (
            bank.items.request(
                items={one.id: fields_of(one) for one in CALLED}, business_ref="SX-1", **wanted
            ),
            bank.items.request(claims=list(right.values()), business_ref="SX-2", **wanted),
            bank.items.request(claims=list(wrong.values()), business_ref="SX-3", **wanted),
        )
    ]
    for item in VERIFIED:
        assert bank.items.verify(rows[1], right[item.id], LOAN, LIN).result == "yes", item.id
        assert bank.items.verify(rows[2], wrong[item.id], LOAN, LIN).result == "not", item.id
    report = bank.credit.report(rows, LOAN, LIN)
    beside = report.beside()
    assert {(one.item, one.answered, one.records, one.withheld) for one in beside.calls} == {
        (one.id, True, 1, 0) for one in CALLED
    }
    assert {(one.item, one.yes) for one in beside.answers} == {
        (one.id, yes) for one in VERIFIED for yes in (True, False)
    }
    found = {one.item.id: one for one in report.chapters(CATALOGUE).sections}
    for item in CALLED:
        section = found[item.id]
        assert section.availability is Availability.SHOWN, item.id
        (line,) = section.lines
        assert line.source == "演示部门（演示数据）"
        shown = {field.name for field, cell in zip(section.fields, line.cells, strict=True) if cell.text}
        assert shown >= set(fields_of(item)) - {"uscc"}, item.id
    assert {found[one.id].availability for one in VERIFIED} == {Availability.ON_CLAIM}
    # permit → release each: 11 calls, 18 verifications and the report under each of its authorisations
    assert ItemQuery.objects.filter(state="released").count() == 29
    kinds = Counter(leaf.type for leaf in scene.world.leaves())
    assert (kinds["PERMIT"], kinds["USE"]) == (32, 32)
