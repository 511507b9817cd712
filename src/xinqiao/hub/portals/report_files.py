"""A report as a file to take away: signed PDF, signed JSON. Made from memory, sent once, kept nowhere."""

import hashlib
import json
from datetime import UTC, datetime
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.http import HttpResponse

from xinqiao.domain.consent import Product
from xinqiao.domain.errors import Code, Unavailable
from xinqiao.hub.apps.fundflow.services import Opened
from xinqiao.hub.portals.files import attachment
from xinqiao.hub.runtime import runtime
from xinqiao.trust.encoding import unb64
from xinqiao.ui.i18n import gettext as _

#: One certificate per key and start; the day is fixed so that the same key gives the same certificate.
_CERTIFICATE_FROM = datetime(2026, 1, 1, tzinfo=UTC)


@cache
def pdf_signer() -> tuple[Ed25519PrivateKey, x509.Certificate]:
    """The hub's key as a PDF signature needs it. PAdES readers know no SM2, so such a hub prints unsigned."""
    from xinqiao.ui.pdf import self_signed_certificate

    jwk = runtime.hub_key.to_jwk(private=True)
    if jwk.get("kty") != "OKP":
        raise Unavailable(Code.KEY_UNUSABLE, "PDF signatures need an Ed25519 key")
    key = Ed25519PrivateKey.from_private_bytes(unb64(str(jwk["d"])))
    return key, self_signed_certificate(key, settings.XINQIAO_HUB_ID, at=_CERTIFICATE_FROM)


def _provider(opened: Opened) -> str:
    head = opened.product.get("head")
    return str(head.get("provider", "")) if isinstance(head, dict) else ""


def report_pdf(opened: Opened, product: Product, authorisation_no: str = "") -> HttpResponse:
    """The response that carries the signed PDF of an opened product; watermarks follow from what it is.

    ``authorisation_no`` is the number of the authorisation, empty for a self query.
    """
    from xinqiao.ui.pdf import (  # typst is heavy: only here
        PdfFacts,
        render_report_pdf,
        render_summary_pdf,
        sign_pdf,
    )

    facts = PdfFacts(
        verification_code=opened.verify_code,
        verify_url=f"{settings.XINQIAO_PUBLIC_URL}/verify?code={opened.verify_code}",
        digest=f"SHA-256 {hashlib.sha256(opened.released.product.encode()).hexdigest()}",
        signer=_provider(opened),
        proof_index=opened.leaf_index,
        demo=settings.DEMO,
        authorisation_no=authorisation_no,
    )
    render = render_report_pdf if product is Product.REPORT else render_summary_pdf
    key, certificate = pdf_signer()
    signed = sign_pdf(
        render(opened.product, facts), key=key, certificate=certificate, name=settings.XINQIAO_HUB_NAME,
        reason=_("由平台放行"),
    )  # fmt: skip
    return attachment(signed, "application/pdf", f"{opened.report_no}.pdf")


def report_json(opened: Opened) -> HttpResponse:
    """The node's signed product with everything that ``xinqiao verify`` needs to check it offline."""
    bundle = {
        "product": opened.product,
        "signed": opened.signed,
        "receipt": opened.released.receipt,
        "permit": opened.released.permit,
        "verify_code": opened.verify_code,
        "leaf": {"index": opened.leaf_index, "hash": opened.released.leaf_hash},
    }
    content = json.dumps(bundle, ensure_ascii=False, indent=1)
    return attachment(content, "application/json", f"{opened.report_no}.json")
