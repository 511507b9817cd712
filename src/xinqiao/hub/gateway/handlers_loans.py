"""Handlers of loans: report a contract, a drawdown, an event, a month; read the book as it stood on a day. No rules."""

from datetime import date
from decimal import Decimal

from pydantic import BaseModel

from xinqiao.domain.loans.book import Position
from xinqiao.domain.loans.said import read_contract, read_draw, read_event
from xinqiao.domain.money import format_fen
from xinqiao.domain.period import business_day
from xinqiao.hub.apps.loans import monthly, selectors, services
from xinqiao.hub.apps.loans.models import LoanContract, LoanFile, LoanFileRow
from xinqiao.hub.gateway import schemas_loans as schemas
from xinqiao.hub.gateway.handlers_collection import day_of
from xinqiao.hub.gateway.handlers_consent import actor_of, text
from xinqiao.hub.gateway.http import Reply
from xinqiao.hub.gateway.operations import Call


def _words(body: BaseModel) -> dict[str, str]:
    """A body as the texts that are read alike from page, interface and file."""
    found: dict[str, str] = {}
    for name, value in body:
        if value is None:
            continue
        found[name] = ("yes" if value else "no") if isinstance(value, bool) else str(value)
    return found


def _day(call: Call, typed: str | None) -> date:
    return day_of(typed, "day") or business_day(call.gateway.clock.now())


def _view(row: LoanContract, now: Position, **more: object) -> schemas.LoanView:
    return schemas.LoanView.model_validate(
        {
            "id": row.id, "number": row.number, "contract_no": row.contract_no, "uscc": row.enterprise.uscc,
            "enterprise_name": row.enterprise.name, "state": row.state, "day": now.day.isoformat(),
            "amount": format_fen(row.amount_fen), "drawn": format_fen(now.drawn_fen),
            "balance": format_fen(now.balance_fen), "overdue_amount": format_fen(now.overdue_fen),
            "overdue_days": now.overdue_days, "five_class": now.five_class.value,
            "next_due_on": now.next_due.isoformat() if now.next_due else None, "next_amount": format_fen(now.next_fen),
            "reported_on": now.reported_on.isoformat() if now.reported_on else None,
            "annual_rate": _rate(row.annual_rate), "method": row.method, "reported_at": text(row.reported_at), **more,
        }
    )  # fmt: skip


def _rate(rate: Decimal) -> str:
    return format(Decimal(rate).normalize(), "f")


def _whole(call: Call, contract_id: str, day: date) -> schemas.LoanView:
    row = selectors.contract(actor_of(call), contract_id)
    seen, case = selectors.whole(row, day), selectors.case_of(row)
    draws = [
        schemas.DrawdownView(
            key=one.row.key, amount=format_fen(one.row.amount_fen), drawn_on=one.row.drawn_on.isoformat(),
            due_on=one.row.due_on.isoformat(), annual_rate=_rate(one.row.annual_rate),
            plan=[
                schemas.PlanView(
                    number=due.number, due_on=due.due_on.isoformat(), principal=format_fen(due.principal_fen),
                    interest=format_fen(due.interest_fen), balance=format_fen(due.balance_fen),
                )
                for due in one.plan
            ],
        )
        for one in seen.draws
    ]  # fmt: skip
    steps = [
        {"key": one.key, "event": one.event, "on": one.on.isoformat(), "state": one.state,
         "amount": format_fen(one.amount_fen), "at": text(one.at), "leaf": one.leaf_index}
        for one in seen.steps
    ]  # fmt: skip
    return _view(
        row, seen.position, draws=draws, steps=steps, case_no=case.number if case else None,
        annual_cost=_rate(seen.annual_cost) if seen.annual_cost is not None else None,
        all_in=_rate(seen.all_in) if seen.all_in is not None else None,
    )  # fmt: skip


async def report_loan(call: Call) -> BaseModel | Reply:
    """``POST /api/v1/loans``."""
    body = call.body
    assert isinstance(body, schemas.LoanReport)
    said = read_contract(_words(body))

    def work() -> schemas.LoanView:
        row = services.report_contract(actor=actor_of(call), said=said, at=call.gateway.clock.now())
        return _whole(call, row.id, _day(call, None))

    return await call.gateway.in_thread(work)


async def report_drawdown(call: Call) -> BaseModel | Reply:
    """``POST /api/v1/loan-drawdowns/{id}``."""
    body, loan_id = call.body, call.path_params["id"]
    assert isinstance(body, schemas.DrawdownReport)
    said = read_draw(_words(body))

    def work() -> schemas.LoanView:
        services.report_drawdown(
            actor=actor_of(call), contract_id=loan_id, said=said, at=call.gateway.clock.now()
        )
        return _whole(call, loan_id, _day(call, None))

    return await call.gateway.in_thread(work)


async def report_event(call: Call) -> BaseModel | Reply:
    """``POST /api/v1/loan-events/{id}``."""
    body, loan_id = call.body, call.path_params["id"]
    assert isinstance(body, schemas.EventReport)
    said = read_event(_words(body))

    def work() -> schemas.LoanView:
        services.report_event(
            actor=actor_of(call), contract_id=loan_id, said=said, at=call.gateway.clock.now()
        )
        return _whole(call, loan_id, _day(call, None))

    return await call.gateway.in_thread(work)


async def list_loans(call: Call) -> BaseModel | Reply:
    """``GET /api/v1/loans``."""
    params = call.params
    assert isinstance(params, schemas.LoanListParams)
    day = _day(call, params.day)
    wanted = selectors.Wanted(
        state=params.state or "", text=params.text, before=params.after or "", page=params.limit
    )

    def work() -> schemas.LoanList:
        rows, more = selectors.book(actor_of(call), wanted, day)
        items = [_view(one.contract, one.position) for one in rows]
        return schemas.LoanList(items=items, next=rows[-1].contract.id if more else None)

    return await call.gateway.in_thread(work)


async def get_loan(call: Call) -> BaseModel | Reply:
    """``GET /api/v1/loans/{id}``."""
    params = call.params
    assert isinstance(params, schemas.LoanParams)
    day = _day(call, params.day)
    return await call.gateway.in_thread(lambda: _whole(call, call.path_params["id"], day))


def _file(row: LoanFile, rows: list[LoanFileRow], *, repeated: bool = False) -> schemas.LoanFileView:
    return schemas.LoanFileView(
        id=row.id, number=row.number, file_name=row.file_name, digest=row.digest, at=text(row.at), rows=row.rows,
        taken=row.taken, refused=row.refused, repeated=repeated,
        refused_rows=[
            schemas.RefusedRowView(line=one.line, code=one.code, field=one.field, reason=one.reason) for one in rows
        ],
    )  # fmt: skip


async def send_file(call: Call) -> BaseModel | Reply:
    """``POST /api/v1/loan-files``: the same bytes again are the same file, so no key is needed."""
    params = call.params
    assert isinstance(params, schemas.LoanFileParams)

    def work() -> schemas.LoanFileView:
        sent = monthly.send_file(
            actor=actor_of(call), file_name=params.file_name, chunks=[call.raw], at=call.gateway.clock.now()
        )
        return _file(*monthly.one_file(actor_of(call), sent.row.id), repeated=sent.repeated)

    return await call.gateway.in_thread(work)


async def get_file(call: Call) -> BaseModel | Reply:
    """``GET /api/v1/loan-files/{id}``."""
    return await call.gateway.in_thread(lambda: _file(*monthly.one_file(actor_of(call), call.path_params["id"])))  # fmt: skip


async def get_refused_rows(call: Call) -> BaseModel | Reply:
    """``GET /api/v1/loan-refused-rows/{id}``: the rows to correct and send again."""

    def work() -> Reply:
        _row, rows = monthly.one_file(actor_of(call), call.path_params["id"])
        return Reply(200, monthly.refused_file(rows), call.operation.media_type)

    return await call.gateway.in_thread(work)
