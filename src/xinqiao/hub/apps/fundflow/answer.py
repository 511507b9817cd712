"""What a node answered, judged against what was asked (abuse case C9). Nothing of a bad answer goes on."""

import hashlib
from typing import NoReturn

from xinqiao.domain.canonical import Json
from xinqiao.domain.consent import Permit, QueryKind, Reader
from xinqiao.domain.errors import Code, ProviderFault, Unauthenticated
from xinqiao.hub.apps.fundflow.protocol import Delivered, Permitted
from xinqiao.trust.jwe import sealed_header
from xinqiao.trust.jws import ArtefactType, Keys, verify_jws


def _bad(why: str) -> NoReturn:
    raise ProviderFault(Code.PROVIDER_INVALID, why)


def node_request(permitted: Permitted, permit_jws: str, statement: str | None) -> dict[str, Json]:
    """The body of ``POST /node/v1/products``."""
    institution = permitted.permit.query_kind is QueryKind.INSTITUTION
    sealed_to_institution = permitted.permit.reader is Reader.INSTITUTION_KEY
    return {
        "permit": permit_jws,
        "authorisation": permitted.authorisation_jws if institution else None,
        "query": statement if sealed_to_institution else None,
    }


def refusal_of_node(status: int, code: str | None) -> ProviderFault:
    """The error that stands for a node's own refusal; its code is told, its words are not."""
    if status >= 500:
        return ProviderFault(Code.PROVIDER_UNAVAILABLE, "the source failed", facts={"provider_code": code})
    return ProviderFault(Code.PROVIDER_REFUSED, "the source refused", facts={"provider_code": code})


def check_delivery(body: dict[str, Json], permit: Permit, permit_jws: str, node_keys: Keys) -> Delivered:
    """Check receipt and sealed product against the permit.

    Raises:
        ProviderFault: ``PROVIDER_INVALID``: the receipt is not the node's, speaks of another permit, subject, account or
            product, or its digest is not that of the bytes; or the product is sealed to another key.
    """
    receipt, product = body.get("receipt"), body.get("product")
    if not isinstance(receipt, str) or not isinstance(product, str) or not product.isascii():
        _bad("receipt or product is missing")
    try:
        claims = verify_jws(receipt, node_keys, typ=ArtefactType.RECEIPT, at=permit.issued_at)
    except Unauthenticated:
        _bad("the receipt is not signed by the node")
    digest = hashlib.sha256(product.encode("ascii")).hexdigest()
    expected: dict[str, Json] = {
        "iss": permit.node,
        "aud": permit.hub,
        "jti": permit.jti,
        "sub": permit.subject,
        "account": permit.account,
        "product": str(permit.product),
        "months": permit.months,
        "request": hashlib.sha256(permit_jws.encode("ascii")).hexdigest(),
        "product_digest": digest,
    }
    wrong = sorted(name for name, value in expected.items() if claims.get(name) != value)
    if wrong:
        _bad(f"the receipt speaks of another {wrong[0]}")
    report_no = claims.get("report_no")
    if not isinstance(report_no, str) or not 0 < len(report_no) <= 40:
        _bad("the receipt has no report number")
    try:
        header = sealed_header(product)
    except Unauthenticated:
        _bad("the product is not sealed")
    if header.kid != permit.enc_jwk.get("kid", header.kid):
        _bad("the product is sealed to another key")
    return Delivered(
        product=product,
        product_digest=digest,
        receipt=receipt,
        receipt_digest=hashlib.sha256(receipt.encode("ascii")).hexdigest(),
        report_no=report_no,
    )
