"""Two loans of one of the demonstration's invented firms (演示数据): one repaid as planned, one with an instalment overdue.

Reported as an institution does it, by its own keys; how both stand on a day is reckoned from the reports.
"""

from datetime import date
from typing import TYPE_CHECKING

from xinqiao.domain.period import add_months, business_day
from xinqiao.hub.runtime import runtime

if TYPE_CHECKING:
    from xinqiao.hub.actors import EnterpriseActor, InstitutionActor

#: Number, yuan, rate, method, months, months since the drawdown, instalments paid.
_LOANS = (
    ("示范借字-001", "800000.00", "0.0385", "equal_instalments", 12, 4, 4),
    ("示范借字-002", "300000.00", "0.042", "interest_first", 12, 4, 2),
)


def tell_loans(firm: "EnterpriseActor") -> int:
    """Two loans of a firm at the first bank that has a customer manager. Returns how many; none without such a bank."""
    manager = _manager()
    if manager is None:
        return 0
    today = business_day(runtime.clock.now())
    for number, amount, rate, method, months, ago, paid in _LOANS:
        words = {
            "contract_no": number, "amount": amount, "annual_rate": rate, "method": method,
            "signed_on": add_months(today, -ago).isoformat(),
        }  # fmt: skip
        _tell(manager, firm, words, months, paid, today)
    return len(_LOANS)


def _manager() -> "InstitutionActor | None":
    from xinqiao.hub.actors import InstitutionRole
    from xinqiao.hub.apps.identity.models import Member
    from xinqiao.hub.apps.identity.selectors import institution_actor

    people = Member.objects.filter(ended_at=None).select_related("user").order_by("institution__name", "id")
    found = (one for one in people if InstitutionRole.CUSTOMER_MANAGER.value in one.roles)
    return next((institution_actor(one) for one in found), None)


def _tell(
    manager: "InstitutionActor",
    firm: "EnterpriseActor",
    words: dict[str, str],
    months: int,
    paid: int,
    today: date,
) -> None:
    from xinqiao.domain.loans.said import read_contract, read_draw, read_event
    from xinqiao.domain.money import format_fen
    from xinqiao.hub.apps.identity.selectors import uscc_of
    from xinqiao.hub.apps.loans import selectors, services

    at = runtime.clock.now()
    said = read_contract({**words, "uscc": uscc_of(firm.enterprise_id)})
    row = services.report_contract(actor=manager, said=said, at=at)
    draw = {"key": "放款-1", "amount": words["amount"], "drawn_on": words["signed_on"], "months": str(months)}
    services.report_drawdown(actor=manager, contract_id=row.id, said=read_draw(draw), at=at)
    plan = selectors.whole(row, today).draws[0].plan
    for due in plan[:paid]:
        came = {"key": f"还款-{due.number}", "event": "repay", "on": due.due_on.isoformat(), "amount": format_fen(due.total_fen)}  # fmt: skip
        services.report_event(actor=manager, contract_id=row.id, said=read_event(came), at=at)
    if any(due.due_on < today for due in plan[paid:]):
        late = {"key": "逾期-1", "event": "fall_overdue", "on": today.isoformat()}
        services.report_event(actor=manager, contract_id=row.id, said=read_event(late), at=at)
