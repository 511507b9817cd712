"""A seeded generator of firms of known truth and of the statements their banks hold.

Each firm has a kind (steady maker, seasonal, shop with platform receipts, project business, declining with late
payroll before trouble, tunnelling through hidden related parties). The same seed and as-of day give the same
province to the byte. Balances chain exactly, so a broken chain in a report is a finding about the engine.
"""

import random
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from xinqiao.demo.ids import invented_account_no, invented_cnaps, invented_resident_id, invented_uscc
from xinqiao.demo.model import COLUMNS, Account, Bank, Firm, Province, StatementRow, Truth
from xinqiao.domain.money import format_fen

HISTORY_MONTHS = 40

_SURNAMES = "陈林周吴郑沈许何罗梁宋唐冯邓曹彭曾萧田董袁潘蒋蔡余杜叶程苏魏吕丁任卢姚"
_GIVEN = "禾远舟澄宁川岚溪朗衡砚书庭松青屿安然知行"
_WORDS = [
    "禾木",
    "青屿",
    "远舟",
    "澄川",
    "砚田",
    "松溪",
    "岚庭",
    "朗衡",
    "知行",
    "云汀",
    "北麓",
    "南塘",
    "石桥",
    "白榆",
    "沐野",
    "拾光",
    "九溪",
    "长汀",
    "和畅",
    "望舒",
]
_TRADES: tuple[tuple[str, str, str], ...] = (
    ("家具", "2110", "maker"), ("五金制品", "3389", "maker"), ("食品", "1491", "seasonal"),
    ("农产品", "5111", "seasonal"), ("百货", "5211", "shop"), ("餐饮管理", "6210", "shop"),
    ("装饰工程", "5011", "project"), ("机电设备", "4910", "project"), ("纺织", "1713", "declining"),
    ("商贸", "5139", "tunnel"), ("包装材料", "2231", "maker"), ("物流", "5430", "maker"),
)  # fmt: skip
_KIND_SEASON: dict[str, tuple[float, ...]] = {
    "maker": (0.92, 0.62, 1.02, 1.04, 1.05, 1.0, 0.98, 1.02, 1.08, 1.06, 1.08, 1.13),
    "seasonal": (1.75, 0.7, 0.6, 0.65, 0.8, 0.85, 0.9, 1.05, 1.6, 1.25, 0.85, 1.0),
    "shop": (1.15, 1.2, 0.9, 0.93, 1.05, 0.95, 0.95, 1.0, 0.98, 1.1, 0.95, 0.94),
    "project": (0.5, 0.3, 0.9, 1.1, 1.0, 1.3, 0.8, 0.9, 1.4, 0.8, 1.0, 2.0),
    "declining": (0.95, 0.6, 1.05, 1.05, 1.05, 1.0, 1.0, 1.0, 1.05, 1.05, 1.05, 1.1),
    "tunnel": (1.0, 0.8, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.05, 1.05, 1.05, 1.1),
}


def default_banks() -> tuple[Bank, ...]:
    """Four invented institutions: two that provide, two that use, one of them without any authorisation."""

    def bank(key: str, name: str, short: str, n: int, department: str, *, provider: bool, user: bool) -> Bank:
        return Bank(
            key, name, short, invented_uscc(serial=900 + n, division="990100"),
            invented_cnaps(f"9{n:02d}99010000"), department, provider, user,
        )  # fmt: skip

    return (
        bank(
            "lanjiang",
            "岚江农村商业银行股份有限公司",
            "岚江农商银行",
            1,
            "数据管理部",
            provider=True,
            user=False,
        ),
        bank("chenghu", "澄湖银行股份有限公司", "澄湖银行", 2, "小企业金融部", provider=True, user=True),
        bank("yuanshan", "远山银行股份有限公司", "远山银行", 3, "小企业信贷部", provider=False, user=True),
        bank("beilu", "北麓银行股份有限公司", "北麓银行", 4, "公司业务部", provider=False, user=True),
    )


def _months(as_of: date, count: int) -> list[tuple[int, int]]:
    last = as_of.year * 12 + as_of.month - 1
    return [(m // 12, m % 12 + 1) for m in range(last - count + 1, last + 1)]


def _last_day(year: int, month: int) -> int:
    return monthrange(year, month)[1]


@dataclass(slots=True)
class _Party:
    name: str
    account: str
    bank: str
    kind: str
    weight: float


@dataclass(slots=True)
class _Move:
    at: datetime
    sign: int
    fen: int
    party: _Party | None
    text: str
    channel: str
    purpose: str = ""
    kind: str = ""
    cash: bool = False
    timed: bool = True


class _Maker:
    """Makes one firm: its parties, its moves month by month, and the truth about it."""

    def __init__(self, rng: random.Random, serial: int) -> None:
        self.rng = rng
        trade, self.industry, self.kind = _TRADES[serial % len(_TRADES)]
        word = _WORDS[(serial * 7 + serial // len(_TRADES)) % len(_WORDS)]
        suffix = "" if serial < len(_TRADES) * len(_WORDS) else f"（{serial}）"
        self.name = f"澄州{word}{trade}有限公司{suffix}"
        self.base = int(rng.lognormvariate(0, 0.55) * 380_000) * 100  # fen a month
        self.growth = {"declining": -0.18, "tunnel": 0.02}.get(self.kind, rng.uniform(-0.04, 0.16))
        self.payroll_day = rng.choice((8, 10, 12, 15, 20))
        self.staff = [self._person() for _ in range(rng.randint(6, 24))]
        self.customers = [self._company(i, "客户") for i in range(rng.randint(8, 46))]
        self.suppliers = [self._company(i, "供应") for i in range(rng.randint(5, 24))]
        self.related = [self._company(i, "关联") for i in range(2)] if self.kind == "tunnel" else []
        self.owner = self._person()
        self.landlord = self._company(0, "物业")
        self.late: list[str] = []
        self.revenue: dict[str, int] = {}

    def _person(self) -> _Party:
        name = self.rng.choice(_SURNAMES) + "".join(self.rng.sample(_GIVEN, self.rng.choice((1, 2))))
        return _Party(name, invented_account_no(self.rng, "6299"), "澄湖银行", "natural_person", 1.0)

    def _company(self, index: int, role: str) -> _Party:
        word = self.rng.choice(_WORDS) + self.rng.choice(_WORDS)[-1]
        tail = {
            "客户": "贸易有限公司",
            "供应": "材料有限公司",
            "关联": "投资有限公司",
            "物业": "物业管理有限公司",
        }[role]
        individual = role == "客户" and self.rng.random() < 0.15
        name = f"{self.rng.choice(('澄州', '岚州', '云陵'))}{word}{'经营部' if individual else tail}"
        kind = "individual_business" if individual else "enterprise"
        account = invented_account_no(self.rng, "9902") if self.rng.random() < 0.96 else ""
        return _Party(
            name, account, self.rng.choice(("岚江农商银行", "澄湖银行", "远山银行")), kind, 0.75**index + 0.02
        )

    def _pick(self, parties: list[_Party]) -> _Party:
        return self.rng.choices(parties, [p.weight for p in parties])[0]

    def _at(self, year: int, month: int, day: int, *, business: bool = True) -> datetime:
        day = max(1, min(day, _last_day(year, month)))
        when = datetime(  # noqa: DTZ001 - a bank's local booking time, already Asia/Shanghai
            year, month, day, self.rng.randint(8, 18) if business else self.rng.randint(6, 23),
            self.rng.randint(0, 59), self.rng.randint(0, 59),
        )  # fmt: skip
        while business and when.weekday() >= 5 and when.day > 1:
            when -= timedelta(days=1)
        return when

    def month(self, index: int, year: int, month: int) -> Iterator[_Move]:
        """Every move of one month."""
        rng, label = self.rng, f"{year}-{month:02d}"
        level = (1 + self.growth) ** (index / 12) * _KIND_SEASON[self.kind][month - 1]
        trouble = self.kind == "declining" and index >= HISTORY_MONTHS - 5
        if trouble:
            level *= 0.55
        target = int(self.base * level * rng.uniform(0.92, 1.08))
        yield from self._sales(year, month, target, label)
        yield from self._purchases(year, month, int(target * rng.uniform(0.55, 0.68)))
        yield from self._obligations(index, year, month, target, label)
        if self.kind == "tunnel":
            yield from self._tunnel(year, month, target)
        if rng.random() < 0.12:
            yield from self._mistake(year, month)

    def _sales(self, year: int, month: int, target: int, label: str) -> Iterator[_Move]:
        rng, booked = self.rng, 0
        shop = self.kind == "shop"
        platform = _Party(
            "财付通支付科技（演示）有限公司", "990300000000000001", "备付金", "payment_institution", 1
        )
        if shop:
            daily = target * 6 // 10 // _last_day(year, month)
            for day in range(1, _last_day(year, month) + 1):
                fen = int(daily * rng.uniform(0.6, 1.4))
                booked += fen
                yield _Move(
                    self._at(year, month, day, business=False),
                    1,
                    fen,
                    platform,
                    "商户结算款",
                    "third_party_payment",
                )
            for _ in range(6):
                fen = rng.randint(20, 180) * 10_000
                booked += fen
                yield _Move(
                    self._at(year, month, rng.randint(1, 28)),
                    1,
                    fen,
                    None,
                    "现金存款 存现",
                    "counter",
                    "cash",
                    "",
                    cash=True,
                )
        while booked < target * 0.97:
            lump = self.kind == "project" and rng.random() < 0.5
            fen = int(rng.lognormvariate(0, 0.6) * target * (0.3 if lump else 0.06)) + 100
            if rng.random() < 0.15:
                fen = max(1, fen // 1_000_000) * 1_000_000
            fen = min(fen, max(100, target - booked))
            booked += fen
            text = rng.choice(
                ("货款", "销售款", "尾款", "往来款", "工程款" if self.kind == "project" else "货款")
            )
            bill = rng.random() < 0.04
            yield _Move(
                self._at(year, month, rng.randint(1, _last_day(year, month))), 1, fen, self._pick(self.customers),
                "商票托收" if bill else text, "bill" if bill else "e_banking", "" if bill else "trade_receipt",
            )  # fmt: skip
        self.revenue[label] = self.revenue.get(label, 0) + booked

    def _purchases(self, year: int, month: int, budget: int) -> Iterator[_Move]:
        rng, spent = self.rng, 0
        while spent < budget:
            fen = min(int(rng.lognormvariate(0, 0.5) * budget * 0.09) + 100, budget - spent + 100)
            spent += fen
            yield _Move(
                self._at(year, month, rng.randint(2, 28)), -1, fen, self._pick(self.suppliers),
                rng.choice(("采购款", "货款", "加工费", "预付款")), "e_banking", "trade_payment",
            )  # fmt: skip

    def _obligations(self, index: int, year: int, month: int, target: int, label: str) -> Iterator[_Move]:
        rng = self.rng
        day = self.payroll_day
        if (
            self.kind == "declining" and index >= HISTORY_MONTHS - 9
        ):  # wages come late before the trouble shows
            day += 6 + (index - (HISTORY_MONTHS - 9)) * 2
            self.late.append(label)
        for person in self.staff:
            yield _Move(
                self._at(year, month, day),
                -1,
                int(self.base * 0.09 / len(self.staff) * rng.uniform(0.8, 1.2)),
                person,
                "代发工资",
                "batch",
                "wages",
            )
        tax = _Party("国家金库澄州市中心支库", "990400000000000001", "人民银行", "tax", 1)
        yield _Move(
            self._at(year, month, 14),
            -1,
            max(10_000, target * 21 // 1000),
            tax,
            "缴税 增值税",
            "batch",
            "tax",
        )
        social = _Party("澄州市社会保险基金管理中心", "990400000000000002", "澄湖银行", "social_security", 1)
        yield _Move(
            self._at(year, month, 20),
            -1,
            self.base * 26 // 1000,
            social,
            "社会保险费",
            "batch",
            "social_insurance",
        )
        power = _Party("澄州供电公司", "990400000000000003", "岚江农商银行", "utility", 1)
        if not (self.kind == "declining" and index == HISTORY_MONTHS - 3):
            yield _Move(
                self._at(year, month, 8),
                -1,
                max(50_000, target * 9 // 1000),
                power,
                "电费",
                "batch",
                "utilities",
            )
        if month % 3 == 0:
            yield _Move(
                self._at(year, month, 5), -1, self.base // 14, self.landlord, "厂房租金", "e_banking", "rent"
            )
            yield _Move(
                self._at(year, month, 21),
                1,
                max(100, self.base // 6000),
                None,
                "结息",
                "interest",
                "interest",
                timed=False,
            )
        bank = _Party("澄湖银行股份有限公司", "", "澄湖银行", "financial_institution", 1)
        if index == 4:
            yield _Move(
                self._at(year, month, 3),
                1,
                self.base // 100_000 * 200_000,
                bank,
                "贷款发放",
                "e_banking",
                "loan_drawdown",
            )
        if index > 4:
            yield _Move(
                self._at(year, month, 21),
                -1,
                self.base // 20,
                bank,
                "归还贷款本息",
                "batch",
                "loan_repayment",
            )
        yield _Move(
            self._at(year, month, 27),
            -1,
            rng.randint(5, 60) * 100,
            None,
            "汇划费 手续费",
            "other",
            "fee",
            timed=False,
        )
        if rng.random() < 0.2:
            yield _Move(
                self._at(year, month, 26), -1, rng.randint(5, 40) * 10_000, self.owner, "备用金", "e_banking"
            )

    def _tunnel(self, year: int, month: int, target: int) -> Iterator[_Move]:
        first, second = self.related
        at = self._at(year, month, self.rng.randint(3, 24))
        fen = target * 3 // 10 // 1_000_000 * 1_000_000 + 1_000_000
        yield _Move(at, 1, fen, first, "往来款", "e_banking")
        yield _Move(at + timedelta(hours=3), -1, fen, second, "往来款", "e_banking")

    def _mistake(self, year: int, month: int) -> Iterator[_Move]:
        party, at = self._pick(self.suppliers), self._at(year, month, self.rng.randint(5, 22))
        fen = self.rng.randint(100, 9000) * 100
        yield _Move(at, -1, fen, party, "货款", "e_banking", "trade_payment")
        yield _Move(at + timedelta(hours=20), 1, fen, party, "退汇 账号户名不符", "e_banking", "refund")

    def truth(self) -> Truth:
        """What an honest engine should find about this firm."""
        return Truth(
            dict(sorted(self.revenue.items())), _KIND_SEASON[self.kind], tuple(p.name for p in self.related),
            self.payroll_day, tuple(self.late), self.late[0] if self.late else None, self.kind,
        )  # fmt: skip


def _statement(account: Account, moves: list[_Move], opening: int, until: date) -> list[StatementRow]:
    """Turn moves into canonical rows with an exact running balance, up to and including ``until``."""
    rows: list[StatementRow] = []
    balance = opening
    for serial, move in enumerate(sorted((m for m in moves if m.at.date() <= until), key=lambda m: m.at)):
        balance += move.sign * move.fen
        party = move.party
        booked = move.at.strftime("%Y-%m-%d %H:%M:%S") if move.timed else move.at.strftime("%Y-%m-%d")
        values = (
            f"{account.account_no[-6:]}{serial:07d}", account.account_no, booked, move.at.strftime("%Y-%m-%d"),
            "in" if move.sign > 0 else "out", format_fen(move.fen), account.currency, format_fen(balance), move.channel,
            "true" if move.cash else "", party.name if party else "", party.account if party else "",
            party.bank if party else "", party.kind if party else "", move.text, move.purpose, "", "",
        )  # fmt: skip
        rows.append(dict(zip(COLUMNS, values, strict=True)))
    return rows


def generate_province(*, seed: int, as_of: date, firms: int) -> Province:
    """Make the whole province: the same arguments give the same bytes.

    Args:
        seed: any integer.
        as_of: the last day the banks' data cover.
        firms: how many enterprises (at least 4; every kind of firm appears from 12 on).
    """
    rng = random.Random(seed)  # noqa: S311 - data for a demonstration, not secrets
    province = Province(seed, as_of, default_banks())
    province.rows = {b.key: [] for b in province.banks if b.is_provider}
    for serial in range(firms):
        maker = _Maker(random.Random(rng.getrandbits(64)), serial)  # noqa: S311
        months = _months(as_of, HISTORY_MONTHS)
        opened = date(months[0][0], months[0][1], 1)
        main = Account(invented_account_no(maker.rng, "9901"), "lanjiang", "basic", opened)
        second = Account(invented_account_no(maker.rng, "9902"), "chenghu", "general", opened)
        moves = [m for i, (y, mo) in enumerate(months) for m in maker.month(i, y, mo)]
        # About a fifth of the trade runs over the second bank, with own transfers between the two accounts.
        aside = [
            m for m in moves if m.purpose in ("trade_receipt", "trade_payment") and maker.rng.random() < 0.2
        ]
        chosen = {id(m) for m in aside}
        primary = [m for m in moves if id(m) not in chosen]
        for year, month in months[::2]:
            at, fen = maker._at(year, month, 25), maker.base // 30
            own = (_Party(maker.name, second.account_no, "澄湖银行", "own_account", 1),
                   _Party(maker.name, main.account_no, "岚江农商银行", "own_account", 1))  # fmt: skip
            primary.append(_Move(at, -1, fen, own[0], "转存", "e_banking", "internal_transfer"))
            aside.append(
                _Move(at + timedelta(minutes=2), 1, fen, own[1], "转存", "e_banking", "internal_transfer")
            )
        accounts: tuple[Account, ...] = (main,) if serial % 5 == 4 else (main, second)
        province.rows["lanjiang"] += _statement(
            main,
            primary if len(accounts) == 2 else primary + aside[: len(chosen)],
            maker.base * 3 // 2,
            as_of,
        )
        if len(accounts) == 2:
            province.rows["chenghu"] += _statement(second, aside, maker.base * 2, as_of)
        province.firms.append(
            Firm(
                f"firm{serial:03d}",
                maker.name,
                invented_uscc(serial=serial + 1),
                "990102",
                maker.industry,
                maker.owner.name,
                invented_resident_id(maker.rng, serial=serial),
                accounts,
                maker.truth(),
            )
        )
    return province
