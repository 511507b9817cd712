"""Files with mistakes planted on purpose, and the receipt they must get: electricity bills, seeded, any number of rows."""

import csv
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from xinqiao.domain.identifiers import uscc_check

HEADER = (
    "企业名称", "统一社会信用代码", "用电户号", "用户地址", "运行容量(kVA)", "合同容量(kVA)", "首次供电时间", "用电账户状态",
    "欠费金额(元)", "近两年违约次数", "费用所属期", "用电量(千瓦时)", "备注（不归集）",
)  # fmt: skip
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
#: column, rule, what stands there instead
_MISTAKES: tuple[tuple[str, str, str, Callable[[str], str]], ...] = (
    ("企业名称", "ent_name", "REQUIRED", lambda _: " 　"),
    ("企业名称", "ent_name", "TOO_LONG", lambda _: "长" * 201),
    ("企业名称", "ent_name", "BAD_FORMAT", lambda good: good[:3] + "\u200b" + good[3:]),
    ("统一社会信用代码", "uscc", "BAD_USCC", lambda good: good[:17] + ("0" if good[17] != "0" else "1")),
    ("统一社会信用代码", "uscc", "REQUIRED", lambda _: ""),
    ("用电户号", "account_no", "BAD_FORMAT", lambda good: "D" + good),
    ("运行容量(kVA)", "running_capacity_kva", "BAD_DECIMAL", lambda _: "1,000.00"),
    ("合同容量(kVA)", "contract_capacity_kva", "OUT_OF_RANGE", lambda _: "-1.00"),
    ("首次供电时间", "first_supply_on", "BAD_DATE", lambda _: "2023-02-29"),
    ("首次供电时间", "first_supply_on", "FUTURE_DATE", lambda _: "2031-01-01"),
    ("用电账户状态", "account_status", "NOT_IN_LIST", lambda _: "很好"),
    ("欠费金额(元)", "arrears_amount", "BAD_DECIMAL", lambda _: "=1+1"),
    ("近两年违约次数", "default_count_24m", "BAD_INTEGER", lambda _: "两次"),
    ("费用所属期", "period", "BAD_FORMAT", lambda _: "2024-13"),
    ("费用所属期", "period", "FUTURE_DATE", lambda _: "2027-01"),
)


@dataclass(slots=True)
class Truth:
    """What the receipt must say."""

    rows: int = 0
    accepted: int = 0
    refused: int = 0
    duplicates: int = 0
    found: Counter[tuple[str, str]] = field(default_factory=Counter)

    def by_field(self) -> dict[str, dict[str, int]]:
        told: dict[str, dict[str, int]] = {}
        for (name, rule), count in self.found.items():
            told.setdefault(name, {})[rule] = count
        return told


def plant(path: Path, rows: int, *, seed: int, share: float = 0.03, encoding: str = "utf-8") -> Truth:
    """Write a file of about ``rows`` rows, a ``share`` of them wrong."""
    truth = Truth()
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for row in _rows(random.Random(seed), rows, share, truth):  # noqa: S311  chance, not secrets
            truth.rows += 1
            writer.writerow(row)
    return truth


def _rows(rng: random.Random, rows: int, share: float, truth: Truth) -> Iterator[list[str]]:
    late: list[list[str]] = []
    number = 0
    for number in range(rows):
        good = _good(rng, number)
        roll = rng.random()
        if roll >= share:
            truth.accepted += 1
            yield good
            continue
        kind = rng.randrange(len(_MISTAKES) + 3)
        if kind < len(_MISTAKES):
            yield _spoiled(good, truth, kind)
        elif kind == len(_MISTAKES):  # the same row again, far away
            truth.accepted, truth.duplicates = truth.accepted + 1, truth.duplicates + 1
            late.append(good)
            yield good
        elif kind == len(_MISTAKES) + 1:  # the same key with other content: neither is taken
            truth.refused += 2
            truth.found["account_no", "DUPLICATE_KEY"] += 2
            late.append([*good[:8], "77.70", *good[9:]])
            yield good
        else:  # two mistakes in one row
            truth.refused += 1
            truth.found["first_supply_on", "BAD_DATE"] += 1
            truth.found["account_status", "NOT_IN_LIST"] += 1
            yield [*good[:6], "昨天", "不明", *good[8:]]
    rng.shuffle(late)
    yield from late


def _spoiled(good: list[str], truth: Truth, kind: int) -> list[str]:
    column, name, rule, spoil = _MISTAKES[kind]
    place = HEADER.index(column)
    truth.refused += 1
    truth.found[name, rule] += 1
    return [*good[:place], spoil(good[place]), *good[place + 1 :]]


def _good(rng: random.Random, number: int) -> list[str]:
    firm = random.Random(number // 7)  # noqa: S311
    body = f"9114{firm.randrange(10_000):04d}" + "".join(firm.choice(_ALPHABET) for _ in range(9))
    day = (rng.randrange(2005, 2026), rng.randrange(1, 13), rng.randrange(1, 29))
    when = rng.choice(
        ["{:04d}-{:02d}-{:02d}", "{:04d}{:02d}{:02d}", "{:04d}/{:02d}/{:02d}", "{}年{}月{}日"]
    ).format(*day)
    return [
        f"太原样例第{number // 7}号，有限公司",
        rng.choice(["{}", "{}", "{}", " {} "]).format(body + uscc_check(body)),  # outer spaces are no mistake
        f"{number:010d}",
        f'样例街道{number % 97}号"{number % 7}"栋' if number % 50 == 0 else f"样例街道{number % 97}号",
        f"{rng.randrange(100, 900)}.00",
        str(rng.randrange(1, 900)),
        when,
        rng.choice(["正常", "normal", "销户", "暂停（停供）"]),
        f"{rng.randrange(0, 900)}.{rng.randrange(100):02d}",
        str(rng.randrange(3)),
        f"{rng.randrange(2019, 2026)}-{rng.randrange(1, 13):02d}",
        rng.choice(["", "1.5", "007.10"]),
        "随意",
    ]
