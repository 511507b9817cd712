"""Statements as they should never be: a generator for holding the two engines against each other.

``nasty(random)`` takes a ``random.Random`` (or Hypothesis's shrinkable one) and returns canonical text rows and a
context. Every trap named in the indicator dictionary has a knob here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random

from xinqiao.domain.fundflow import cues
from xinqiao.domain.fundflow.model import (
    CashPolicy,
    Channel,
    Context,
    CounterpartyKind,
    Invoice,
    Parity,
    PurposeKind,
)

_COMPANIES = ("远山机械有限公司", "澄湖材料（集团）有限公司", "岚江农商银行", "松溪小额贷款公司", "青禾消费金融公司",
              "云岭税务局", "岚江供电公司", "财付通支付科技", "白石商行", "远山机械有限公司 ", "澄湖材料(集团)有限公司")  # fmt: skip
_PEOPLE = ("张三丰", "李四", "王·小明", "赵钱孙李", "欧阳公司", "周店", "A君")
_ODD = ("", "-", "000", "***", "本企业有限公司", "王五集团", "融资租赁甲", "典当行乙")
NAMES = _COMPANIES + _PEOPLE + _ODD
ACCOUNTS = ("", "", "6222-0001", "6222 0002", "62220003", "62220001", "000-00", "BOUND1", "bound-2", "2", "3")
BANKS = ("", "岚江农商银行", "远山银行", "远山 银行", "---")
HOLDER = "本企业有限公司"
_ALL_CUES: tuple[str, ...] = tuple(
    dict.fromkeys(
        cue
        for group in (
            *(rule.text + rule.unless + rule.names for rule in cues.LABEL_RULES),
            cues.REVERSAL_CUES, cues.PENALTY_CUES, cues.RETURNED_CUES, cues.FROZEN_CUES, cues.UNFROZEN_CUES,
        )
        for cue in group
    )
)  # fmt: skip
_COMMON_CUES = (
    "货款",
    "货款",
    "代发工资",
    "缴税",
    "社保",
    "电费",
    "房租",
    "贷款发放",
    "还款",
    "利息",
    "冲正",
    "",
    "",
)
_CODES = ("", "", "", "unknown", *CounterpartyKind, "listed_nowhere")


@dataclass(frozen=True)
class Case:
    """Rows, parities, context."""

    rows: list[dict[str, str]]
    parity: Parity
    context: Context


def _pick[T](r: Random, items: Sequence[T]) -> T:
    return items[r.randrange(len(items))]


def nasty(r: Random, largest: int = 120) -> Case:
    """One statement of one to three accounts."""
    end = date(2026, 1, 1) + timedelta(days=r.randrange(0, 400))
    start = end - timedelta(days=_pick(r, (1, 20, 70, 200, 400, 800, 1200)))
    accounts = ["1", "2", "BOUND1"][: _pick(r, (1, 1, 1, 2, 3))]
    rows: list[dict[str, str]] = []
    style = _Style(r)
    for account in accounts:
        n = _pick(r, (1, 2, 5, 20, largest // 2, largest))
        rows += _account(r, account, start, end, n, style)
    if r.randrange(4) == 0:
        r.shuffle(rows)
    context = _context(r, start, end)
    parity = {
        ("USD", start + timedelta(days=d)): Fraction(71234, 10000)
        for d in range((end - start).days + 1)
        if d % 3
    }
    return Case(rows, parity, context)


class _Style:
    """How one bank writes: fixed for a statement so that counterparties, amounts and texts recur."""

    def __init__(self, r: Random) -> None:
        self.names = [_pick(r, NAMES) for _ in range(r.randrange(1, 9))]
        self.accounts = [_pick(r, ACCOUNTS) for _ in range(r.randrange(1, 5))]
        pool = _ALL_CUES if r.randrange(2) else _COMMON_CUES
        self.texts = [
            _pick(r, pool) + _pick(r, ("", "", " 1", "款", _pick(r, pool))) for _ in range(r.randrange(1, 14))
        ]
        self.amounts = [_amount(r) for _ in range(r.randrange(1, 9))]
        self.days_only = r.randrange(4) == 0
        self.mixed_times = r.randrange(3) == 0
        self.missing_balance = _pick(r, (0, 0, 0, 10, 60, 100))
        self.broken_balance = _pick(r, (0, 0, 5, 30))
        self.structured = _pick(r, (0, 20, 60))
        self.reversed_file = r.randrange(5) == 0
        self.foreign = _pick(r, (0, 0, 0, 10))
        self.months_empty = r.randrange(3) == 0
        self.in_share = _pick(r, (10, 50, 50, 90))


def _amount(r: Random) -> Decimal:
    whole = _pick(r, (1, 100, 999, 1000, 10_000, 20_000, 40_000, 45_000, 49_999, 50_000, 100_000, 3_000_000))
    return Decimal(whole) if r.randrange(2) else Decimal(r.randrange(1, whole * 100 + 1)) / 100


def _account(r: Random, account: str, start: date, end: date, n: int, s: _Style) -> list[dict[str, str]]:
    span = (end - start).days + 1
    rows: list[dict[str, str]] = []
    balance = Decimal(r.randrange(-50_000, 500_000))
    offsets = sorted(r.randrange(span) for _ in range(n))
    if s.months_empty and span > 100:
        offsets = [o for o in offsets if not span // 3 <= o < span // 3 + 70] or offsets[:1]
    moment = 0
    for i, offset in enumerate(offsets):
        day = start + timedelta(days=offset)
        moment = _pick(
            r, (0, moment, moment, 3600 * 5, 3600 * 22, r.randrange(86_400), min(86_399, moment + 1))
        )
        row = _row(r, account, day, moment, s)
        if rows and r.randrange(6) == 0:
            row = _echo(r, row, rows[max(0, len(rows) - 1 - r.randrange(6))])
        signed = Decimal(row["amount"]) if row["direction"] == "in" else -Decimal(row["amount"])
        balance += signed
        if r.randrange(100) < s.broken_balance:
            balance += r.randrange(-1000, 1000)
        row["balance_after"] = "" if r.randrange(100) < s.missing_balance else f"{balance:.2f}"
        row["txn_id"] = _pick(r, ("", f"{account}-{i}", f"{account}-{i}", f"T{i % 7}"))
        rows.append(row)
        if r.randrange(25) == 0:
            rows.append(dict(rows[r.randrange(len(rows))]))
    for row in rows:
        if r.randrange(30) == 0 and r.randrange(2):
            row["txn_id"] = _pick(r, rows)["txn_id"]
    if s.reversed_file:
        rows.reverse()
    elif r.randrange(4) == 0:
        # neighbours change places: ties in an order that the balance chain can repair, or cannot
        for i in range(1, len(rows), 3):
            rows[i - 1], rows[i] = rows[i], rows[i - 1]
    return rows


def _row(r: Random, account: str, day: date, moment: int, s: _Style) -> dict[str, str]:
    booked = day.isoformat()
    if not s.days_only and not (s.mixed_times and r.randrange(2)):
        clock = f"{moment // 3600:02d}:{moment // 60 % 60:02d}:{moment % 60:02d}"
        booked += _pick(r, (" ", "T")) + clock
    coded = r.randrange(100) < s.structured
    return {
        "account_no": account,
        "booked_at": booked,
        "direction": "in" if r.randrange(100) < s.in_share else "out",
        "amount": f"{_pick(r, s.amounts) if r.randrange(3) else _amount(r):.2f}",
        "currency": "USD" if r.randrange(100) < s.foreign else _pick(r, ("", "CNY", "rmb", "156")),
        "channel": _pick(r, ("", *Channel, "atm")) if coded else "",
        "is_cash": _pick(r, ("", "", "Y", "是", "0")) if coded else "",
        "counterparty_name": _pick(r, s.names),
        "counterparty_account": _pick(r, s.accounts),
        "counterparty_bank": _pick(r, BANKS),
        "counterparty_kind": _pick(r, _CODES) if coded else "",
        "summary_text": _pick(r, s.texts),
        "purpose_kind": _pick(r, ("", *PurposeKind)) if coded else "",
        "is_reversal": "1" if coded and r.randrange(12) == 0 else "",
        "reversal_of": "",
    }


def _echo(r: Random, row: dict[str, str], earlier: dict[str, str]) -> dict[str, str]:
    """The same party and (nearly) the same amount back: reversals, round trips, refinancing, self transfers."""
    back = dict(row)
    for name in ("counterparty_name", "counterparty_account", "amount"):
        back[name] = earlier[name]
    back["direction"] = "out" if earlier["direction"] == "in" else "in"
    match r.randrange(6):
        case 0:
            back["is_reversal"] = "true"
        case 1:
            back["summary_text"] = _pick(r, cues.REVERSAL_CUES)
        case 2:
            back["is_reversal"] = "yes"
            back["reversal_of"] = earlier["txn_id"]
        case 3:
            back["amount"] = f"{max(Decimal('0.01'), Decimal(earlier['amount']) * _pick(r, _NEAR)):.2f}"
        case 4:
            back["counterparty_name"] = HOLDER
        case _:
            pass
    return back


_NEAR = (Decimal("0.8"), Decimal("0.9"), Decimal("0.95"), Decimal("1.05"), Decimal("1.2"), Decimal("0.79"))


def _context(r: Random, start: date, end: date) -> Context:
    def maybe[T](value: T, nothing: T) -> T:
        return value if r.randrange(2) else nothing

    shift = timedelta(days=r.randrange(-60, 400))
    return Context(
        as_of=_pick(
            r,
            (
                None,
                end,
                end,
                end + timedelta(days=r.randrange(1, 80)),
                end - timedelta(days=r.randrange(0, 90)),
            ),
        ),
        months=_pick(r, (1, 3, 6, 12, 24, 36)),
        opened_on=_pick(
            r, (None, None, start, start - shift, start.replace(day=1), start + timedelta(days=9))
        ),
        opened_by_account={"2": start - timedelta(days=3)} if r.randrange(3) == 0 else {},
        holder=maybe(HOLDER, ""),
        bound=maybe(frozenset({"1", "2", "bound-1", "6222 0001"}), frozenset()),
        related=maybe(
            frozenset({"张三丰", "白石商行", "李 四"}), maybe(frozenset({"白石商行"}), frozenset())
        ),
        core_buyers=maybe(frozenset({"远山机械有限公司"}), frozenset()),
        high_risk=maybe(frozenset({"典当行乙", "澄湖材料(集团)有限公司"}), frozenset()),
        application_day=maybe(end - timedelta(days=r.randrange(0, 60)), None),
        cash_policy=_pick(r, tuple(CashPolicy)),
        cash_limit=_pick(r, (5_000_000, 1_000_000)),
        invoices=maybe(
            tuple(
                Invoice(_pick(r, NAMES[:6]), start + timedelta(days=r.randrange(300)), int(_amount(r) * 100))
                for _ in range(r.randrange(1, 12))
            ),
            (),
        ),
        declared_sales=maybe(r.randrange(0, 10**9), None),
    )
