"""Which institutions received an item of a firm lately: read from the log of releases, which every way out writes."""

from datetime import datetime, timedelta

from xinqiao.domain.consent import Product
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.identity.models import Enterprise
from xinqiao.hub.apps.notices.services import notify
from xinqiao.hub.runtime import runtime
from xinqiao.trust.leaf import Leaf as Leaf_
from xinqiao.trust.leaf import parse_leaf

_FUND_FLOW = frozenset(str(product) for product in Product)


def receivers(enterprise_id: str, item: str, *, since: datetime) -> list[str]:
    """Institutions to which a product that may carry the item was released; fund-flow products carry no records.

    A release that names an item carried that one; any other product (a whole report) may have carried it.
    """
    found: dict[str, None] = {}
    leaves = Leaf.objects.filter(subject_id=enterprise_id, type="USE", at__gte=since).order_by("index")
    for institution, body in leaves.exclude(institution_id=None).values_list("institution_id", "body"):
        if institution and any(_may_carry(product, item) for product in _products(parse_leaf(bytes(body)))):
            found[institution] = None
    return list(found)


def _products(leaf: Leaf_) -> list[str]:
    several = leaf.facts.get("products")
    given = several if isinstance(several, list) else [leaf.facts.get("product", "")]
    return [str(product) for product in given]


def _may_carry(product: str, item: str) -> bool:
    named = product.partition("#")[0]
    return product not in _FUND_FLOW and (named == item or named not in runtime.catalogue.items)


def tell_receivers(enterprise_id: str, item: str, *, what: str, number: str, at: datetime) -> int:
    """Tell each of them that what it has is no longer so, in the transaction that made it so; returns how many.

    They learn that the firm's item changed and to read it anew, not what the record said.
    """
    since = at - timedelta(days=runtime.redress_rules.notify_days)
    told = receivers(enterprise_id, item, since=since)
    name, uscc = Enterprise.objects.values_list("name", "uscc").get(id=enterprise_id)
    facts = {"enterprise": name, "uscc": uscc, "item": item, "number": number}
    for institution in told:
        notify(audience=("institution", institution), kind=what, facts=facts, link="/i/firms", at=at)
    return len(told)
