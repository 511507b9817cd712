"""What is known of a firm where a policy asks: its register entry, and how many live records of each item there are.

Records are counted as every answer counts them, with the standing each has on the day (``redress.standing``): what is
repaired, expired or suppressed is none. Fund flow is the firm's own matter and is never opened for a policy.
"""

from datetime import datetime
from decimal import Decimal

from xinqiao.domain.identifiers.uscc import subject_type
from xinqiao.domain.market.conditions import Facts, Missing, Value
from xinqiao.hub.apps.collection.gathered import gathered
from xinqiao.hub.apps.collection.held import held_records
from xinqiao.hub.apps.identity.models import Enterprise
from xinqiao.hub.apps.redress.standing import standing


def firm_facts(firm: Enterprise, *, at: datetime) -> Facts:
    """The facts of one firm; a field that is not in them is not told, an item nobody sends is not collected."""
    facts: dict[str, Value | Missing] = {"firm.subject_type": subject_type(firm.uscc).value}
    if firm.region:
        facts["firm.region"] = firm.region
    if firm.industry:
        facts["firm.industry"] = firm.industry
    sent = gathered()
    records = standing(firm.uscc, held_records(firm.uscc, sent), at=at) if sent else {}
    for item in sent:
        live = sum(1 for one in records.get(item, ()) if one.status.goes_out)
        facts[f"records.{item}"] = Decimal(live)
    return facts


def with_missing(facts: Facts, names: list[str]) -> Facts:
    """The same with why each of ``names`` is not known, where it is not."""
    return {**{name: _missing(name) for name in names}, **facts}


def _missing(name: str) -> Missing:
    if name.startswith("records."):
        return Missing.NOT_COLLECTED
    return Missing.NOT_AUTHORISED if name.startswith("fundflow.") else Missing.NOT_TOLD
