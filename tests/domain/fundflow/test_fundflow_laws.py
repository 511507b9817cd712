"""Laws that hold for every statement, tried on generated ones."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.domain.fundflow.fundflow_cast import ACCOUNT

from xinqiao.domain.fundflow.books import Statement
from xinqiao.domain.fundflow.compute import compute_books
from xinqiao.domain.fundflow.dictionary import LINES
from xinqiao.domain.fundflow.figures import Unit
from xinqiao.domain.fundflow.gather import gather_facts
from xinqiao.domain.fundflow.model import CashPolicy, Context, CounterpartyKind
from xinqiao.domain.fundflow.parse import parse_rows

PARTIES = ["澄州甲木业有限公司", "岚江乙五金有限公司", "张三", "岚江小额贷款公司", "支付宝（演示）", ""]
TEXTS = [
    "货款",
    "工资",
    "还款",
    "放款",
    "缴税",
    "电费",
    "房租",
    "手续费",
    "冲正",
    "现存",
    "",
    "利息",
    "托收",
    "贴现",
    "退票",
]
AS_OF = date(2026, 4, 30)


@st.composite
def statements(draw, min_rows=1):
    """Rows with a running balance, at distinct instants, over about two years."""
    count = draw(st.integers(min_rows, 25))
    instants = draw(
        st.lists(st.integers(0, 760 * 86400 - 1), min_size=count, max_size=count, unique=True).map(sorted)
    )
    balance = draw(st.integers(-10_000, 1_000_000))
    lines = []
    for number, instant in enumerate(instants):
        day = AS_OF - timedelta(days=759) + timedelta(days=instant // 86400)
        second = instant % 86400
        sign = draw(st.sampled_from([1, -1]))
        amount = draw(st.one_of(st.integers(1, 10_000_000), st.sampled_from([100_000, 1_000_000, 5_000_000])))
        balance += sign * amount
        lines.append(
            {
                "account_no": ACCOUNT,
                "txn_id": f"T{number}",
                "booked_at": f"{day} {second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}",
                "direction": "in" if sign > 0 else "out",
                "amount": f"{amount // 100}.{amount % 100:02d}",
                "balance_after": draw(st.sampled_from([str(Decimal(balance) / 100), ""])),
                "counterparty_name": draw(st.sampled_from(PARTIES)),
                "counterparty_account": draw(st.sampled_from(["", "", "X1", "X2"])),
                "counterparty_kind": draw(st.sampled_from(["", *CounterpartyKind, "私人"])),
                "summary_text": draw(st.sampled_from(TEXTS)),
            }
        )
    return lines


contexts = st.builds(
    Context,
    as_of=st.just(AS_OF),
    months=st.sampled_from([1, 6, 12, 24]),
    opened_on=st.sampled_from([None, date(2024, 1, 15), date(2025, 6, 10)]),
    cash_policy=st.sampled_from(list(CashPolicy)),
    related=st.sampled_from([frozenset(), frozenset({"张三"})]),
)

slow = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def books_of(lines, context):
    return Statement(parse_rows(lines), context).books(ACCOUNT)


@slow
@given(statements(), contexts, st.randoms(use_true_random=False))
def test_the_order_of_the_file_does_not_matter_when_instants_differ(lines, context, random):
    shuffled = list(lines)
    random.shuffle(shuffled)
    first, second = compute_books(books_of(lines, context)), compute_books(books_of(shuffled, context))
    assert first == second


@slow
@given(statements(), contexts)
def test_an_exact_duplicate_changes_nothing_but_the_count_in_the_head(lines, context):
    once, twice = books_of(lines, context), books_of([*lines, lines[0]], context)
    assert compute_books(once) == compute_books(twice)
    assert twice.duplicates == once.duplicates + 1


_OPEN = {  # ratios that may leave [0, 1], by design
    "F07", "F08", "F09", "F10", "F11", "F20", "B04", "B09", "B10", "B13", "C05", "D04", "D05", "D13",
    "D15", "D18", "D20", "K09", "A08", "C09", "F12",
}  # fmt: skip


@slow
@given(statements(), contexts)
def test_every_share_lies_between_zero_and_one(lines, context):
    for id_, found in compute_books(books_of(lines, context)).items():
        if id_ in _OPEN:
            continue
        for key, unit in found.units.items():
            if unit is Unit.RATIO and found.values[key] is not None:
                assert 0 <= Decimal(found.values[key]) <= 1, (id_, key)


@slow
@given(statements(), contexts)
def test_every_line_is_computed_and_every_null_has_its_reason(lines, context):
    computed = compute_books(books_of(lines, context))
    assert list(computed) == [line.id for line in LINES]
    for found in computed.values():
        for key, figure in found.values.items():
            assert (figure is None) == (key in found.null_reasons)
        assert found.values or found.alone


@slow
@given(statements(), contexts)
def test_months_add_up_to_the_totals_and_kinds_and_summary_rows_too(lines, context):
    account = books_of(lines, context)
    facts = gather_facts(account)
    for sign, gross in ((1, account.gross_in), (-1, account.gross_out)):
        monthly = sum(m.in_amount if sign > 0 else m.out_amount for m in facts.months)
        assert monthly == gross
        assert sum(cell.amount for cell in facts.kinds if cell.sign == sign) == gross
        assert sum(cell.amount for cell in facts.summary if cell.sign == sign) == gross
    assert sum(m.operating_in for m in facts.months) == account.oi
    assert sum(m.cash_deposit_amount + m.cash_withdrawal_amount for m in facts.months) == sum(
        e.amount for e in account.flows if e.label.value == "CASH"
    )


@slow
@given(statements(), contexts)
def test_no_cell_under_three_counterparties_survives_but_other(lines, context):
    facts = gather_facts(books_of(lines, context))
    assert all(cell.distinct >= 3 or cell.kind is None for cell in facts.kinds)
    assert all(cell.merged == (cell.kind is None) for cell in facts.kinds)
    assert not any(cell.count == 1 and cell.kind is CounterpartyKind.NATURAL_PERSON for cell in facts.summary)


@slow
@given(statements(), contexts)
def test_the_end_of_day_moves_only_by_the_rows_of_the_day(lines, context):
    complete = []
    balance = 0
    for line in lines:
        signed = Decimal(line["amount"]) * (1 if line["direction"] == "in" else -1)
        balance += signed
        complete.append({**line, "balance_after": str(balance)})
    account = books_of(complete, context)
    if not account.window.observed:
        return
    moves = {}
    for row in account.r1:
        moves[row.day] = moves.get(row.day, 0) + row.signed
    for day in range(account.window.first + 1, account.window.end + 1):
        assert account.eod_of(day) - account.eod_of(day - 1) == moves.get(day, 0)
    assert account.known == account.eod


@slow
@given(statements(), contexts)
def test_pairing_removes_equal_amounts_from_both_sides(lines, context):
    account = books_of(lines, context)
    for cue, other in account.pairs:
        assert account.r1[cue].signed + account.r1[other].signed == 0
    assert len(account.r2) + 2 * len(account.pairs) == len(account.r1)
