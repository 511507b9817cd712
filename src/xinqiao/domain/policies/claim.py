"""政策申请: the way of one application to its money, what it says of a loan, and what follows from it by formula.

Two people decide about money: who reviewed does not confirm, and money is set aside at the review, so that what was
promised is there when it is paid. After the public notice it is paid once. The steps are the field's documents' (6):
review by the department, by finance, public notice, payment, feedback.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.machine import Machine, Role
from xinqiao.domain.market import reading
from xinqiao.domain.market.product import bad
from xinqiao.domain.market.product_json import rate_text
from xinqiao.domain.money import format_fen, parse_amount
from xinqiao.domain.policies.formulas import Paid, Stretch, capped, guarantee_fee_subsidy, interest_subsidy
from xinqiao.domain.policies.policy import LOAN_KINDS, PolicyKind, PolicyTerms


class ClaimState(StrEnum):
    """States of an application."""

    APPLIED = "applied"
    ACCEPTED = "accepted"
    SUPPLEMENT = "supplement"
    REVIEWED = "reviewed"
    IN_NOTICE = "in_notice"
    PAYABLE = "payable"
    PAID = "paid"
    RETURNED = "returned"
    DECLINED = "declined"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


class ClaimEvent(StrEnum):
    """What can happen to an application."""

    ACCEPT = "accept"
    DECLINE = "decline"
    ASK = "ask"
    SUPPLY = "supply"
    LAPSE = "lapse"
    REVIEW = "review"
    REFUSE = "refuse"
    SEND_BACK = "send_back"
    PUBLISH_NOTICE = "publish_notice"
    CONFIRM = "confirm"
    OBJECT = "object"
    CLEAR = "clear"
    PAY = "pay"
    GIVE_BACK = "give_back"
    WITHDRAW = "withdraw"


_FIRM = frozenset({Role.ENTERPRISE})
_DEPARTMENT = frozenset({Role.DEPARTMENT})

POLICY_CLAIM: Machine[ClaimState, ClaimEvent] = Machine(
    name="policy_claim",
    start=ClaimState.APPLIED,
    moves={
        (ClaimState.APPLIED, ClaimEvent.ACCEPT): ClaimState.ACCEPTED,
        (ClaimState.APPLIED, ClaimEvent.DECLINE): ClaimState.DECLINED,
        (ClaimState.APPLIED, ClaimEvent.WITHDRAW): ClaimState.WITHDRAWN,
        (ClaimState.ACCEPTED, ClaimEvent.ASK): ClaimState.SUPPLEMENT,
        (ClaimState.ACCEPTED, ClaimEvent.REVIEW): ClaimState.REVIEWED,
        (ClaimState.ACCEPTED, ClaimEvent.REFUSE): ClaimState.REFUSED,
        (ClaimState.ACCEPTED, ClaimEvent.WITHDRAW): ClaimState.WITHDRAWN,
        (ClaimState.SUPPLEMENT, ClaimEvent.SUPPLY): ClaimState.ACCEPTED,
        (ClaimState.SUPPLEMENT, ClaimEvent.LAPSE): ClaimState.LAPSED,
        (ClaimState.SUPPLEMENT, ClaimEvent.WITHDRAW): ClaimState.WITHDRAWN,
        (ClaimState.REVIEWED, ClaimEvent.PUBLISH_NOTICE): ClaimState.IN_NOTICE,
        (ClaimState.REVIEWED, ClaimEvent.CONFIRM): ClaimState.PAYABLE,
        (ClaimState.REVIEWED, ClaimEvent.SEND_BACK): ClaimState.ACCEPTED,
        (ClaimState.REVIEWED, ClaimEvent.WITHDRAW): ClaimState.WITHDRAWN,
        (ClaimState.IN_NOTICE, ClaimEvent.OBJECT): ClaimState.REFUSED,
        (ClaimState.IN_NOTICE, ClaimEvent.CLEAR): ClaimState.PAYABLE,
        (ClaimState.IN_NOTICE, ClaimEvent.WITHDRAW): ClaimState.WITHDRAWN,
        (ClaimState.PAYABLE, ClaimEvent.PAY): ClaimState.PAID,
        (ClaimState.PAYABLE, ClaimEvent.WITHDRAW): ClaimState.WITHDRAWN,
        (ClaimState.PAID, ClaimEvent.GIVE_BACK): ClaimState.RETURNED,
    },
    may_fire={
        ClaimEvent.ACCEPT: _DEPARTMENT,
        ClaimEvent.DECLINE: _DEPARTMENT,
        ClaimEvent.ASK: _DEPARTMENT,
        ClaimEvent.SUPPLY: _FIRM,
        ClaimEvent.LAPSE: frozenset({Role.CLOCK}),
        ClaimEvent.REVIEW: _DEPARTMENT,
        ClaimEvent.REFUSE: _DEPARTMENT,
        ClaimEvent.SEND_BACK: _DEPARTMENT,
        ClaimEvent.PUBLISH_NOTICE: _DEPARTMENT,
        ClaimEvent.CONFIRM: _DEPARTMENT,
        ClaimEvent.OBJECT: _DEPARTMENT,
        ClaimEvent.CLEAR: frozenset({Role.CLOCK}),
        ClaimEvent.PAY: _DEPARTMENT,
        ClaimEvent.GIVE_BACK: _DEPARTMENT,
        ClaimEvent.WITHDRAW: _FIRM,
    },
)

#: It is being decided, or was paid: the same days of the same loan are not asked for twice.
LIVE = frozenset(
    {ClaimState.APPLIED, ClaimState.ACCEPTED, ClaimState.SUPPLEMENT, ClaimState.REVIEWED, ClaimState.IN_NOTICE,
     ClaimState.PAYABLE, ClaimState.PAID}
)  # fmt: skip
#: Money is set aside for it.
HELD = frozenset({ClaimState.REVIEWED, ClaimState.IN_NOTICE, ClaimState.PAYABLE})

#: 补正期限, working days (proposed): as the supplement of a financing application.
SUPPLEMENT_DAYS = 5


class Reason(StrEnum):
    """Why an application gets nothing; one with ``OTHER`` says it in words, and all may."""

    NOT_ELIGIBLE = "not_eligible"
    MATERIAL = "material"
    FACTS_WRONG = "facts_wrong"
    DUPLICATE = "duplicate"
    NO_FUND = "no_fund"
    NOTICE_OBJECTION = "notice_objection"
    OTHER = "other"


_MOST_STRETCHES = 60


@dataclass(frozen=True, slots=True)
class Said:
    """What an application says: of a loan its lender, contract, amount, rate and balances; of a fee what was paid.

    Attributes:
        lender, contract_no: who lent and under which contract; empty where no loan is spoken of.
        principal_fen, annual_rate: of the contract.
        stretches: balances that stood, day by day; of a turnover fund the one that is asked for.
        fee_rate, fee_fen: the yearly rate of a guarantee, or the premium that was paid.
    """

    lender: str = ""
    contract_no: str = ""
    principal_fen: int = 0
    annual_rate: Decimal = Decimal(0)
    stretches: tuple[Stretch, ...] = ()
    fee_rate: Decimal = Decimal(0)
    fee_fen: int = 0

    @property
    def contract(self) -> str:
        """What tells two loans apart: the contract's number without blanks and case."""
        return "".join(self.contract_no.split()).upper()

    @property
    def days(self) -> int:
        """How many days are spoken of."""
        return sum(one.days for one in self.stretches)


_SAID = ("lender", "contract_no", "principal", "annual_rate", "balances", "fee_rate", "fee")


def parse_said(data: Json) -> Said:
    """Read what an application says. Raises as :func:`xinqiao.domain.policies.policy_json.parse_policy`."""
    if not isinstance(data, dict):
        bad("", "SHAPE")
    unknown = sorted(data.keys() - set(_SAID))
    if unknown:
        raise Invalid(Code.UNKNOWN_FIELD, "no such field", facts={"field": unknown[0]})
    balances = reading.listed(data, "balances")
    if len(balances) > _MOST_STRETCHES:
        bad("balances", "RANGE")
    return Said(
        lender=reading.text(data.get("lender") or "", "lender", 60, least=0),
        contract_no=reading.text(data.get("contract_no") or "", "contract_no", 40, least=0),
        principal_fen=_fen(data, "principal"),
        annual_rate=_rate(data, "annual_rate"),
        stretches=tuple(_stretch(one) for one in balances),
        fee_rate=_rate(data, "fee_rate"),
        fee_fen=_fen(data, "fee"),
    )


def _fen(data: dict[str, Json], name: str) -> int:
    value = data.get(name)
    return 0 if value in (None, "") else parse_amount(value, field=name)


def _rate(data: dict[str, Json], name: str) -> Decimal:
    value = data.get(name)
    return Decimal(0) if value in (None, "") else reading.fraction(value, name)


def _stretch(data: Json) -> Stretch:
    if not isinstance(data, dict) or data.keys() != {"from", "to", "balance"}:
        bad("balances", "SHAPE")
    first, end = reading.day(data, "from"), reading.day(data, "to")
    if first is None or end is None:
        bad("balances", "MISSING")
    return Stretch(first, end, parse_amount(data["balance"], field="balances"))


def said_json(said: Said) -> dict[str, Json]:
    """The one way to write it; ``to`` is the day after the last."""
    return {
        "lender": said.lender,
        "contract_no": said.contract_no,
        "principal": format_fen(said.principal_fen),
        "annual_rate": rate_text(said.annual_rate),
        "balances": [
            {"from": one.start.isoformat(), "to": one.end.isoformat(), "balance": format_fen(one.balance_fen)}
            for one in said.stretches
        ],
        "fee_rate": rate_text(said.fee_rate),
        "fee": format_fen(said.fee_fen),
    }


def check_said(terms: PolicyTerms, said: Said) -> None:
    """Whether an application says what the policy needs, inside its limits. Raises ``INVALID`` naming the field."""
    if not terms.pays_firms:
        bad("kind", "KIND")
    if terms.kind in LOAN_KINDS:
        _check_loan(terms, said)
    if terms.kind is PolicyKind.GUARANTEE_FEE and not 0 < said.fee_rate <= Decimal("0.1"):
        bad("fee_rate", "RANGE")
    if terms.kind is PolicyKind.PREMIUM and said.fee_fen <= 0:
        bad("fee", "MISSING")


def _check_loan(terms: PolicyTerms, said: Said) -> None:
    if not said.lender:
        bad("lender", "MISSING")
    if not said.contract:
        bad("contract_no", "MISSING")
    if said.principal_fen <= 0:
        bad("principal", "MISSING")
    if terms.loan_fen is not None and said.principal_fen > terms.loan_fen:
        bad("principal", "LOAN_TOO_LARGE")
    if terms.loan_rate is not None and said.annual_rate > terms.loan_rate:
        bad("annual_rate", "LOAN_TOO_DEAR")
    if not said.stretches:
        bad("balances", "MISSING")
    ordered = sorted(said.stretches, key=lambda one: one.start)
    if any(after.start < before.end for before, after in pairwise(ordered)):
        bad("balances", "OVERLAP")
    if terms.kind is PolicyKind.TURNOVER and len(ordered) > 1:
        bad("balances", "RANGE")
    first, last = terms.covers
    for one in said.stretches:
        if one.days <= 0 or not 0 < one.balance_fen <= said.principal_fen:
            bad("balances", "BOUNDS")
        if (first and one.start < first) or (last and (one.end - date.resolution) > last):
            bad("balances", "OUTSIDE_PERIOD")
    if said.days > (terms.formula.most_days or said.days):
        bad("balances", "TOO_MANY_DAYS")


def benefit(
    terms: PolicyTerms, said: Said, *, firm_left_fen: int | None = None, fund_left_fen: int | None = None
) -> Paid:
    """What is paid by the policy's formula, and which cap bound it.

    Args:
        firm_left_fen: what the firm may still get under the policy; ``None``: no ceiling.
        fund_left_fen: what is left in the fund; ``None``: not looked at.
    """
    full = _full(terms, said)
    caps = capped(full, claim=terms.claim_cap_fen, firm=firm_left_fen, fund=fund_left_fen)
    return Paid(max(0, caps.fen), full, caps.bound_by)


def _full(terms: PolicyTerms, said: Said) -> int:
    if not terms.pays_firms:
        bad("kind", "KIND")
    formula = terms.formula
    match terms.kind:
        case PolicyKind.INTEREST_SUBSIDY:
            return interest_subsidy(
                said.stretches, formula.rate or Decimal(0), days_in_year=formula.days_in_year
            ).full_fen
        case PolicyKind.GUARANTEE_FEE:
            # balance × days of all stretches together, so that it is rounded once
            day_fen = sum(one.balance_fen * one.days for one in said.stretches)
            share = formula.share or Decimal(0)
            return guarantee_fee_subsidy(
                day_fen, said.fee_rate, share, 1, days_in_year=formula.days_in_year
            ).full_fen
        case PolicyKind.PREMIUM:
            return guarantee_fee_subsidy(
                said.fee_fen, Decimal(1), formula.share or Decimal(0), 1, days_in_year=1
            ).full_fen
        case PolicyKind.TURNOVER:
            return max((one.balance_fen for one in said.stretches), default=0)
        case _:
            return formula.each_fen or 0
