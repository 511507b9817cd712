"""Makers of what comes every month: electricity, water, gas, medical insurance contributions.

They make nearly all records of a province, so what depends neither on the firm nor on the month is drawn together.
"""

import numpy as np

from xinqiao.demo.collected.draw import Draw, month_starts
from xinqiao.demo.collected.tables import Cells, Column

_MONTHS_KEPT = 36
_AGENCIES = tuple(f"演示省{city}市医疗保障事务中心" for city in ("澄州", "岚州", "云陵", "松溪"))


def _paid(d: Draw, billed: Cells) -> Cells:
    """What was paid: the bill, save in one of twenty rows, where it is something else."""
    other = d.often(0.05)
    places = billed.places.copy()
    places[other] = d.any_of(len(billed.table))[other]
    return Cells(billed.table, places)


def _account(d: Draw, base: int) -> tuple[Column, Column]:
    """A meter has a running number and a bill for each of the last 36 months; who has more bills has more meters."""
    meter = d.turn // _MONTHS_KEPT
    account = d.counted(base, d.firm.astype(np.int64) * 10_000 + meter)
    return account, d.months(d.this_month - d.turn % _MONTHS_KEPT)


def electricity_fee(d: Draw) -> dict[str, Column]:
    """电费信息."""
    account, period = _account(d, 3_000_000_000_000)
    return {
        "ent_name": d.names(), "uscc": d.usccs(), "account_no": account, "address": d.addresses(),
        "first_supply_on": d.days(d.today - d.firms.founded[d.firm]), "period": period,
        **d.together("electricity", _power),
    }  # fmt: skip


def _power(d: Draw) -> dict[str, Cells]:
    billed = d.amount(3_800, 1.2)
    capacity = d.one_of(("10", "20", "50", "100", "160.00", "250", "315", "500.5", "1000", "2000"))
    return {
        "running_capacity_kva": capacity, "contract_capacity_kva": Cells(capacity.table, capacity.places.copy()),
        "account_status": d.code("utility_account_status"), "arrears_amount": d.amount(1_900, 1.1, zero=0.93),
        "default_count_24m": d.whole(np.where(d.often(0.9), 0, d.any_of(9))),
        "usage_kwh": d.amount(5_000, 1.2), "peak_kwh": d.amount(2_200, 1.1, blank=0.1),
        "valley_kwh": d.amount(1_300, 1.1, blank=0.1), "billed_amount": billed, "paid_amount": _paid(d, billed),
        "usage_category": d.code("electricity_usage_category"),
    }  # fmt: skip


def _piped(d: Draw, base: int) -> dict[str, Column]:
    account, period = _account(d, base)
    return {
        "ent_name": d.names(), "uscc": d.usccs(), "account_no": account,
        "opened_on": d.days(d.today - d.firms.founded[d.firm]), "address": d.addresses(), "period": period,
    }  # fmt: skip


def _flow(d: Draw, median: int) -> dict[str, Cells]:
    billed = d.amount(median, 1.1)
    return {
        "prepaid_amount": d.amount(median // 2, 1.0, zero=0.6), "arrears_amount": d.amount(median, 1.0, zero=0.95),
        "one_meter_per_household": d.yes_no(d.often(0.97)),
        "usage_m3": d.amount(median // 4, 1.2), "billed_amount": billed, "paid_amount": _paid(d, billed),
        "late_count_24m": d.whole(np.where(d.often(0.85), 0, d.any_of(25))),
        "account_status": d.code("utility_account_status", blank=0.02),
    }  # fmt: skip


def water_fee(d: Draw) -> dict[str, Column]:
    """水费信息."""
    return _piped(d, 1_000_000_000_000) | d.together("water", lambda pool: _flow(pool, 620))


def gas_fee(d: Draw) -> dict[str, Column]:
    """燃气费信息."""
    return _piped(d, 2_000_000_000_000) | d.together("gas", lambda pool: _flow(pool, 1_400))


def medical_insurance_basic(d: Draw) -> dict[str, Column]:
    """职工医疗保险费基本信息."""
    return {
        "ent_name": d.names(), "uscc": d.usccs(),
        "unit_no": d.counted(140_000_000_000, d.firm.astype(np.int64)),
        "insured_since": d.days(d.today - d.firms.founded[d.firm]), "period": d.months(d.this_month - d.turn),
        **d.together("insured", _insured),
    }  # fmt: skip


def _insured(d: Draw) -> dict[str, Cells]:
    payable = d.amount(6_500, 1.2)
    return {
        "insured_count": d.whole(1 + d.any_of(12) * d.any_of(15)), "contribution_base": d.amount(90_000, 1.2),
        "payable_amount": payable, "paid_amount": _paid(d, payable), "status": d.code("contribution_status"),
        "agency": d.one_of(_AGENCIES, blank=0.05),
    }  # fmt: skip


def medical_insurance_arrears(d: Draw) -> dict[str, Column]:
    """职工医疗保险费欠缴信息."""
    month = d.this_month - 2 - d.turn
    due = month_starts()[month + 1] + 14
    cleared = np.minimum(due + 1 + d.any_of(400), d.today)
    return {
        "ent_name": d.names(), "uscc": d.usccs(), "period": d.months(month),
        "arrears_amount": d.amount(5_400, 1.1), "late_fee": d.amount(120, 1.0, zero=0.3, blank=0.1),
        "affected_count": d.whole(1 + d.any_of(60)), "due_date": d.days(due),
        "cleared_on": d.days(cleared, absent=d.often(0.4)), "status": d.code("arrears_status"),
    }  # fmt: skip


def medical_insurance_change(d: Draw) -> dict[str, Column]:
    """职工医疗保险费变动信息."""
    month = d.this_month - 1 - d.even(1, 48)
    return {
        "ent_name": d.names(), "uscc": d.usccs(),
        "change_no": d.counted(10**15, d.firm.astype(np.int64) * 1_000_000 + d.turn),
        "period": d.months(month), "changed_on": d.days(month_starts()[month] + d.any_of(28)),
        **d.together("change", _change),
    }  # fmt: skip


def _change(d: Draw) -> dict[str, Cells]:
    before, added, gone = d.any_of(400) + 20, d.any_of(12), d.any_of(12)
    return {
        "change_kind": d.code("insurance_change_kind"),
        "count_before": d.whole(before), "count_added": d.whole(added), "count_reduced": d.whole(gone),
        "count_after": d.whole(before + added - gone), "base_before": d.amount(80_000, 1.1, blank=0.1),
        "base_after": d.amount(82_000, 1.1, blank=0.1),
    }  # fmt: skip
