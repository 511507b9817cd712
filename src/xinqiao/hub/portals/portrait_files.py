"""A portrait as a file to take away: signed PDF, signed JSON. Made from memory, sent once, kept nowhere."""

import json
from datetime import datetime

from django.conf import settings
from django.http import HttpResponse

from xinqiao.hub.apps.reports.portraits import Looked
from xinqiao.hub.apps.reports.protocol import Asker, Numbered
from xinqiao.hub.portals.files import attachment
from xinqiao.hub.portals.item_names import item_names
from xinqiao.hub.portals.report_files import pdf_signer
from xinqiao.hub.portals.words import purpose_short
from xinqiao.hub.runtime import runtime
from xinqiao.trust.jws import ArtefactType, sign_jws
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.report.portrait import build_portrait_view


def portrait_json(made: Looked, given: Numbered) -> HttpResponse:
    """The document in clear beside the platform's signature over the same, and where its leaf is."""
    bundle = {
        "portrait": made.document,
        "signed": sign_jws(made.document, runtime.hub_key, ArtefactType.PORTRAIT),
        "digest": made.digest,
        "leaf": {"index": made.leaf_index, "hash": made.leaf_hash},
    }
    content = json.dumps(bundle, ensure_ascii=False, indent=1)
    return attachment(content, "application/json", f"{given.number}.json")


def portrait_pdf(
    made: Looked, given: Numbered, valid_until: datetime, asker: Asker | None = None
) -> HttpResponse:
    """The signed PDF, by months; its foot carries the code and the digest of the document."""
    from xinqiao.ui.pdf import (  # typst is heavy: only here
        PdfFacts,
        PortraitPaper,
        render_portrait_pdf,
        sign_pdf,
    )

    facts = PdfFacts(
        verification_code=given.verify_code,
        verify_url=f"{settings.XINQIAO_PUBLIC_URL}/verify?code={given.verify_code}",
        digest=f"SHA-256 {made.digest}",
        signer=settings.XINQIAO_HUB_NAME,
        proof_index=made.leaf_index,
        demo=settings.DEMO,
    )
    paper = PortraitPaper(
        given.number, given.version, valid_until,
        asker.institution_name if asker else "", purpose_short(asker.purpose) if asker else "",
    )  # fmt: skip
    view = build_portrait_view(made.portrait, item_names())
    key, certificate = pdf_signer()
    signed = sign_pdf(
        render_portrait_pdf(made.portrait, view, paper, facts), key=key, certificate=certificate,
        name=settings.XINQIAO_HUB_NAME, reason=_("由平台出具"),
    )  # fmt: skip
    return attachment(signed, "application/pdf", f"{given.number}.pdf")
