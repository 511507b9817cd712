"""A credit report as a file to take away: signed PDF, signed JSON. Made from memory, sent once, kept nowhere."""

import json
from collections.abc import Sequence

from django.conf import settings
from django.http import HttpResponse

from xinqiao.hub.apps.reports.services import Issued
from xinqiao.hub.portals.files import attachment
from xinqiao.hub.portals.item_words import field_labels, item_name
from xinqiao.hub.portals.report_files import pdf_signer
from xinqiao.hub.portals.words import product_short, purpose_short
from xinqiao.hub.runtime import runtime
from xinqiao.trust.jws import ArtefactType, sign_jws
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.report.beside import Names, Part, build_beside
from xinqiao.ui.report.own_product import OwnView, build_own_view


def _labels(item: str, names: Sequence[str]) -> str:
    return _("、").join(field_labels(item, names))


def credit_beside(issued: Issued) -> tuple[Part, ...]:
    """What stands beside the records, in words."""
    names = Names(item_name, _labels, product_short, purpose_short)
    return build_beside(issued.head.beside, names, own=issued.head.own)


def own_view(issued: Issued) -> OwnView | None:
    """The firm's own product in its own report, where it chose to have one."""
    own = issued.head.beside.own_product
    return None if own is None else build_own_view(own)


def credit_json(issued: Issued) -> HttpResponse:
    """The document in clear beside the platform's signature over the same, and where its leaf is."""
    bundle = {
        "report": issued.document,
        "signed": sign_jws(issued.document, runtime.hub_key, ArtefactType.CREDIT_REPORT),
        "digest": issued.digest,
        "leaf": {"index": issued.leaf_index, "hash": issued.leaf_hash},
    }
    content = json.dumps(bundle, ensure_ascii=False, indent=1)
    return attachment(content, "application/json", f"{issued.head.number}.json")


def credit_pdf(issued: Issued) -> HttpResponse:
    """The signed PDF; its foot carries the code and the digest of the document."""
    from xinqiao.ui.pdf import CreditPaper, PdfFacts, render_credit_pdf, sign_pdf  # typst is heavy: only here

    head = issued.head
    paper = CreditPaper(
        head.number, head.version, head.subject_name, head.uscc, head.catalogue, head.generated_at, head.valid_until,
        credit_beside(issued), head.own, head.institution_name, purpose_short(head.purpose) if head.purpose else "",
        own_view(issued),
    )  # fmt: skip
    facts = PdfFacts(
        verification_code=head.verify_code,
        verify_url=f"{settings.XINQIAO_PUBLIC_URL}/verify?code={head.verify_code}",
        digest=f"SHA-256 {issued.digest}",
        signer=settings.XINQIAO_HUB_NAME,
        proof_index=issued.leaf_index,
        demo=settings.DEMO,
    )
    key, certificate = pdf_signer()
    signed = sign_pdf(
        render_credit_pdf(issued.report, paper, facts), key=key, certificate=certificate,
        name=settings.XINQIAO_HUB_NAME, reason=_("由平台出具"),
    )  # fmt: skip
    return attachment(signed, "application/pdf", f"{head.number}.pdf")
