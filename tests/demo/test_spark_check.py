"""The comparison of two engines can find a difference; the whole is ``xinqiao campaign spark``."""

from xinqiao.demo.spark_check import differences

SAME = {"gas_fee": {"140100": {"rows": 3, "accepted": 2}}}


def test_nothing_differs() -> None:
    assert differences(SAME, {"gas_fee": {"140100": {"rows": 3, "accepted": 2}}}) == []


def test_a_count_a_region_and_an_item_that_differ_are_told() -> None:
    assert differences(SAME, {"gas_fee": {"140100": {"rows": 3, "accepted": 1}}}) == [
        "gas_fee 140100 accepted: 2 against 1"
    ]
    assert differences(SAME, {"gas_fee": {"": {"rows": 3}}}) == [
        "gas_fee - rows: None against 3",
        "gas_fee 140100 accepted: 2 against None",
        "gas_fee 140100 rows: 3 against None",
    ]
    assert len(differences(SAME, {})) == 2
