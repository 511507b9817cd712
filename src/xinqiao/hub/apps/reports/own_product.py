"""The firm's own fund-flow product inside its own credit report: a self query of this moment, where the firm chose it."""

import hashlib
from datetime import datetime

from xinqiao.domain.consent import Product
from xinqiao.domain.errors import NotFound, ProviderFault, ProviderTimeout
from xinqiao.domain.report import OwnProduct
from xinqiao.hub.actors import EnterpriseActor
from xinqiao.hub.apps.consents import selectors as consents
from xinqiao.hub.apps.fundflow.services import self_query
from xinqiao.hub.node_client import NodeClient


def own_product(
    *, actor: EnterpriseActor, binding_id: str, months: int, client: NodeClient, at: datetime
) -> OwnProduct:
    """Ask the bank now, as any self query: recorded by itself, no use counted, opened in memory for this report only.

    A bank that does not answer, or not rightly, takes nothing from the report: the product then carries the code.

    Raises:
        NotFound: not an account of this enterprise. Forbidden, Unavailable: as :func:`self_query`.
    """
    found = [row for row in consents.bindings(actor, at=at) if row.id == binding_id]
    if not found:
        raise NotFound
    account, bank = found[0].masked, found[0].node_name
    try:
        opened = self_query(
            actor=actor, binding_id=binding_id, product=Product.REPORT, months=months, client=client
        )
    except (ProviderFault, ProviderTimeout) as error:
        return OwnProduct(account, months, bank, code=str(error.code))
    return OwnProduct(
        account=account,
        months=months,
        bank=bank,
        number=opened.report_no,
        digest=hashlib.sha256(opened.released.product.encode()).hexdigest(),
        verify_code=opened.verify_code,
        at=opened.released_at,
        product=opened.product,
        signed=opened.signed,
    )
