"""Loans through the interface and both clients: reported once by key, read as of a day, a month by file, nobody else's seen."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import httpx
import pytest
from tests.hub.cast import OWNER_USCC
from tests.hub.gateway.conftest import World
from tests.hub.gateway.desk import PUBLIC, Desk

from xinqiao.client import Anchor, AsyncClient
from xinqiao.client.loans import Contract, Drawdown, Happening
from xinqiao.domain.errors import Code, Conflict, Invalid, NotFound
from xinqiao.domain.loans.monthly import COLUMNS
from xinqiao.domain.loans.plan import Method
from xinqiao.domain.loans.states import LoanEvent, LoanState
from xinqiao.domain.period import add_months, business_day
from xinqiao.hub.apps.identity.directory import anchor
from xinqiao.hub.apps.loans.models import LoanContract

D = Decimal


def client_of(world: World, desk: Desk) -> AsyncClient:
    return AsyncClient(
        PUBLIC, desk.institution_id, desk.key, anchor=Anchor.from_json(anchor()), clock=world.cast.clock,
        transport=httpx.ASGITransport(app=world.app),
    )  # fmt: skip


@pytest.fixture
def client(world: World) -> Iterator[AsyncClient]:
    made = client_of(world, world.bank)
    yield made
    world.loop.run(made.close())


def contract(day: date) -> Contract:
    return Contract(
        "接口-1", OWNER_USCC, D("1200000.00"), day, D("0.0385"), Method.INTEREST_FIRST, guarantee_fee_rate=D("0.005"),
        guarantor="松原融资担保",
    )  # fmt: skip


def test_a_loan_from_its_contract_to_its_end(world: World, client: AsyncClient) -> None:
    run, today = world.loop.run, business_day(world.cast.now)
    day = today - timedelta(100)
    made = run(client.loans.report(contract(day)))
    assert (made.state, made.balance, made.annual_cost) == (LoanState.SIGNED, 0, None)
    again = run(client.loans.report(contract(day)))
    assert again.id == made.id
    drawn = run(client.loans.draw(made.id, Drawdown("D-1", D("1200000.00"), day, months=12)))
    assert drawn.all_in == D("0.0435")
    assert drawn.draws is not None
    assert sum(due.principal for due in drawn.draws[0].plan) == D("1200000.00")
    for month in (1, 2, 3):
        pay = Happening(f"R-{month}", LoanEvent.REPAY, add_months(day, month), {"amount": D("3850.00")})
        paid = run(client.loans.happened(made.id, pay))
        assert run(client.loans.happened(made.id, pay)).steps == paid.steps
    assert (paid.overdue_days, paid.next_due_on) == (0, add_months(day, 4))
    assert run(client.loans.get(made.id, day=add_months(day, 2) - timedelta(1))).next_due_on == add_months(
        day, 2
    )
    page = run(client.loans.page(state=LoanState.OUTSTANDING))
    assert [one.id for one in page.items] == [made.id]
    end = Happening("S", LoanEvent.SETTLE, today, {"amount": D("1200000.00")})
    assert run(client.loans.happened(made.id, end)).balance == 0


def test_what_is_wrong_is_named(world: World, client: AsyncClient) -> None:
    run, today = world.loop.run, business_day(world.cast.now)
    made = run(client.loans.report(contract(today)))
    over = Drawdown("D-1", D("1200000.01"), today, months=12)
    with pytest.raises(Invalid) as refused:
        run(client.loans.draw(made.id, over))
    assert refused.value.code is Code.INVALID
    with pytest.raises(Conflict) as moved:
        run(client.loans.happened(made.id, Happening("x", LoanEvent.SETTLE, today)))
    assert moved.value.code is Code.ILLEGAL_MOVE
    other = Contract(
        **{**{name: getattr(contract(today), name) for name in Contract.__slots__}, "fees": D("1.00")}
    )
    with pytest.raises(Conflict) as twice:
        run(client.loans.report(other))
    assert twice.value.code is Code.CONFLICT_DUPLICATE


def test_another_institution_sees_and_moves_nothing(world: World, client: AsyncClient) -> None:
    run, today = world.loop.run, business_day(world.cast.now)
    made = run(client.loans.report(contract(today)))
    foreign = client_of(world, world.outsider)
    for ask in (
        foreign.loans.get(made.id),
        foreign.loans.draw(made.id, Drawdown("D-1", D("1.00"), today, months=1)),
        foreign.loans.happened(made.id, Happening("x", LoanEvent.FALL_OVERDUE, today)),
        foreign.loans.get("lon-" + "0" * 32),
        foreign.loans.file("lfl-" + "0" * 32),
    ):
        with pytest.raises(NotFound):
            run(ask)
    assert run(foreign.loans.page()).items == ()
    run(foreign.close())


def test_a_month_by_file(world: World, client: AsyncClient) -> None:
    run, today = world.loop.run, business_day(world.cast.now)
    drawn = today - timedelta(40)
    cells = {
        "as_of": today.isoformat(), "contract_no": "文件-1", "uscc": OWNER_USCC, "amount": "100000.00",
        "drawn_amount": "100000.00", "drawn_on": drawn.isoformat(), "due_on": add_months(drawn, 6).isoformat(),
        "annual_rate": "4.2", "method": "等额本息", "balance": "84000.00", "five_class": "正常", "overdue_days": "0",
        "overdue_amount": "0",
    }  # fmt: skip
    heads = ",".join(words[0] for words in COLUMNS.values())
    rows = [",".join(one.get(name, "") for name in COLUMNS) for one in (cells, {**cells, "contract_no": "文件-2", "method": "随意"})]  # fmt: skip
    data = "\n".join([heads, *rows]).encode()
    sent = run(client.loans.send_file("十一月.csv", data))
    assert (sent.taken, sent.refused, sent.repeated) == (1, 1, False)
    assert [(row.line, row.field, row.reason) for row in sent.refused_rows] == [(3, "method", "WORD")]
    again = run(client.loans.send_file("十一月.csv", data))
    assert (again.id, again.repeated, again.taken) == (sent.id, True, 1)
    assert "文件-2" in run(client.loans.refused_rows(sent.id)).decode()
    assert run(client.loans.file(sent.id)).refused == 1
    seen = run(client.loans.get(LoanContract.objects.get().id))
    assert (seen.balance, seen.reported_on) == (D("84000.00"), today)
