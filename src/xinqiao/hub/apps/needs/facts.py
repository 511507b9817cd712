"""What is known about a firm as conditions ask it: from the register, the lake and the need itself. Nothing is guessed."""

from datetime import date, datetime
from decimal import Decimal

from xinqiao.catalogue.size import size_rule
from xinqiao.domain.fundflow.dictionary import BY_ID
from xinqiao.domain.identifiers import Finding, check_industry, subject_type
from xinqiao.domain.identifiers.gb4754 import written
from xinqiao.domain.market.conditions import Missing, Value
from xinqiao.domain.market.product import Zone
from xinqiao.domain.period import business_day
from xinqiao.domain.portrait import headcount_at, size_by_headcount
from xinqiao.hub.apps.identity.register import registered
from xinqiao.hub.apps.needs.models import Need
from xinqiao.hub.apps.reports.holdings import Holdings
from xinqiao.hub.apps.reports.lake import holdings_of
from xinqiao.hub.apps.reports.peers import last_month
from xinqiao.lake.firms import Firm

type Known = dict[str, Value | Missing]


def facts_of(need: Need, at: datetime, *, holdings: Holdings | None = None) -> Known:
    """Every figure that conditions may speak of, known or with the reason why not. Call it outside a transaction.

    The firm agreed to this when it handed the need in. Titles (``firm.tags``) and the first loan are the firm's own words;
    fund-flow figures are never known here, because the platform keeps none: an institution computes them under its own
    authorisation. The tax grade is not among the collected items.
    """
    held = holdings if holdings is not None else holdings_of(need.enterprise.uscc)
    zones = frozenset(one for one in need.zones.split("|") if one)
    facts = firm_facts(need.enterprise.uscc, held, at)
    facts["firm.tags"] = zones
    facts["firm.first_loan"] = "yes" if Zone.FIRST_LOAN in zones else Missing.NOT_TOLD
    return facts


def firm_facts(uscc: str, held: Holdings, at: datetime) -> Known:
    """The firm alone: what the register and the lake say."""
    firm, day = registered(uscc), business_day(at)
    insured = headcount_at(held.records, last_month(at))
    size = size_by_headcount(size_rule(), firm.industry, insured) if firm else None
    known: Known = {
        "firm.subject_type": subject_type(uscc).value,
        "firm.region": firm.division if firm and firm.division else Missing.NOT_COLLECTED,
        "firm.industry": _industry(firm) or Missing.NOT_COLLECTED,
        "firm.size": size.value if size else Missing.NO_FIGURE,
        "firm.age_months": _age(firm, day),
        "firm.tax_grade": Missing.NOT_COLLECTED,
    }
    flows: Known = {f"fundflow.{one}": Missing.NOT_AUTHORISED for one in BY_ID}
    return known | _records(held) | flows


def industry_of(uscc: str) -> str:
    """The industry of a firm with its letter, as the register says it; empty when that is not known."""
    return _industry(registered(uscc))


def place_of(uscc: str) -> tuple[str, str]:
    """Province and section of industry of a firm as the register says them, each empty when not known."""
    firm = registered(uscc)
    return (firm.division[:2] if firm else "", _industry(firm)[:1])


def _industry(firm: Firm | None) -> str:
    if firm is None or not firm.industry.strip():
        return ""
    code = check_industry(firm.industry)
    if isinstance(code, Finding):
        return ""
    return code if code.isalpha() else written(code)


def _age(firm: Firm | None, day: date) -> Decimal | Missing:
    since = firm.established_on if firm else None
    if since is None or since > day:
        return Missing.NOT_COLLECTED
    return Decimal((day.year - since.year) * 12 + day.month - since.month - (day.day < since.day))


def _records(held: Holdings) -> Known:
    found: Known = {}
    for item in held.catalogue.items.values():
        name = f"records.{item.id}"
        if not item.mode.is_collected:
            found[name] = Missing.NOT_AUTHORISED
        elif item.id not in held.supplies:
            found[name] = Missing.NOT_COLLECTED
        else:
            found[name] = Decimal(sum(one.status.goes_out for one in held.records.get(item.id, ())))
    return found
