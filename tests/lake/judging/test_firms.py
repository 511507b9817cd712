"""One condition for many firms finds what it finds for each alone."""

import random
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from tests.domain.market.test_conditions import NAMES, some_condition, some_facts

from xinqiao.domain.errors import Invalid
from xinqiao.domain.market.conditions import NOTHING_ASKED, Missing, NotOf, Tri, judge, parse_condition
from xinqiao.lake.judging import firms as module
from xinqiao.lake.judging.firms import Counted, FirmTable


def test_thousands_of_firms_are_judged_as_each_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STRETCH", 64)  # many stretches, the last one short
    chance = random.Random(13)
    everybody = [some_facts(chance) for _ in range(500)]
    table = FirmTable.of(everybody, NAMES)
    seen = set()
    for _ in range(60):
        condition = parse_condition(some_condition(chance))
        found = [Tri(int(one)) for one in table.verdicts(condition)]
        assert found == [judge(condition, firm) for firm in everybody]
        counted = Counted(found.count(Tri.YES), found.count(Tri.UNKNOWN), found.count(Tri.NO))
        assert table.counted(condition) == counted
        seen |= set(found)
    assert seen == set(Tri)


def test_rows_are_picked_out_when_few_are_left_and_the_rest_stays_as_it_was() -> None:
    firms: list[dict[str, Any]] = [
        {
            "firm.region": "140105" if n % 50 == 0 else "110101",
            "firm.age_months": Decimal(n % 7) if n % 3 else Missing.NOT_TOLD,
        }
        for n in range(1_000)
    ]
    condition = parse_condition(
        {
            "all": [
                {"field": "firm.region", "under": ["14"]},
                {
                    "any": [
                        {"field": "firm.age_months", "from": "6"},
                        {"not": {"field": "firm.age_months", "from": "2"}},
                    ]
                },
            ]
        }
    )
    table = FirmTable.of(firms, ["firm.region", "firm.age_months"])
    assert [int(one) for one in table.verdicts(condition)] == [judge(condition, firm) for firm in firms]


def test_a_field_without_a_column_is_known_of_nobody() -> None:
    table = FirmTable(3)
    assert table.counted(parse_condition({"field": "firm.age_months", "from": "1"})) == (0, 3, 0)
    assert table.counted(NOTHING_ASKED) == (3, 0, 0)
    assert table.counted(NotOf(NOTHING_ASKED)) == (0, 0, 3)
    assert FirmTable(0).counted(NOTHING_ASKED) == (0, 0, 0)


def test_bounds_at_the_ends_of_a_column_never_catch_what_is_not_known() -> None:
    table = FirmTable(2)
    table.add_numbers("firm.age_months", np.array([module.NOT_KNOWN, 5], dtype=np.int64))
    assert table.counted(parse_condition({"field": "firm.age_months", "to": "9"})) == (1, 1, 0)
    assert table.counted(parse_condition({"not": {"field": "firm.age_months", "to": "9"}})) == (0, 1, 1)


def test_a_figure_finer_than_columns_hold_is_refused() -> None:
    with pytest.raises(Invalid):
        FirmTable.of([{"firm.age_months": Decimal("1.5")}], ["firm.age_months"])
