"""The examples of docs/rules/collection.md are read by the code they tell of."""

from pathlib import Path

import pytest
from tests.domain.catalogue import test_catalogue_rows as rows

from xinqiao.domain.catalogue.keys import canonical_text
from xinqiao.domain.catalogue.model import CrossKind, FieldType, RowRule

PAGE = (Path(__file__).parents[3] / "docs" / "rules" / "collection.md").read_text("utf-8")
KINDS = {
    "decimal 18,2": rows.MONEY,
    "integer": rows.WHOLE,
    "date": rows.DATE,
    "boolean": rows.FLAG,
    "enum": rows.CODE,
    "enum multiple": rows.CODES,
}
EXAMPLES = [
    tuple(cell.strip() for cell in line.strip("|").split("|"))
    for line in PAGE.split("## 例子\n")[1].split("\n## ")[0].splitlines()
    if line.startswith("| ") and "`" in line
]


@pytest.mark.parametrize(("kind", "text", "result"), EXAMPLES)
def test_the_examples_are_true(kind, text, result):
    found = rows.read(KINDS[kind], text.strip("`"))
    said = str(found) if isinstance(found, RowRule) else canonical_text(found)
    assert said == result.strip("`")


def test_every_type_every_rule_and_every_kind_of_cross_rule_is_told():
    assert len(EXAMPLES) > 20
    told = {*FieldType, *CrossKind, *RowRule}
    assert [name for name in told if f"`{name}`" not in PAGE] == []
