"""A monthly report as a file to take away: JSON with a signature over its digest, signed PDF."""

from django.conf import settings

from xinqiao.domain.canonical import Json
from xinqiao.hub.apps.quality.models import QualityReport
from xinqiao.hub.portals.quality_paper import report_view
from xinqiao.hub.portals.report_files import pdf_signer
from xinqiao.hub.runtime import runtime
from xinqiao.trust.jws import ArtefactType, sign_jws
from xinqiao.ui.i18n import gettext as _


def report_bundle(row: QualityReport) -> dict[str, Json]:
    """The document in clear, the platform's signature over its digest, and where its leaf is."""
    document: dict[str, Json] = row.document
    said: dict[str, Json] = {
        name: document[name] for name in ("artefact", "v", "number", "version", "iss", "month", "made_at")
    }
    signed = sign_jws({**said, "digest": row.digest}, runtime.hub_key, ArtefactType.QUALITY_REPORT)
    return {
        "report": document,
        "signed": signed,
        "digest": row.digest,
        "leaf": {"index": row.leaf_index, "hash": row.leaf_hash},
    }


def report_pdf(row: QualityReport) -> bytes:
    """The signed PDF; its foot carries the digest of the document."""
    from xinqiao.ui.pdf import PdfFacts, sign_pdf  # typst is heavy: only here
    from xinqiao.ui.pdf.quality import QualityPaper, render_quality_pdf

    view = report_view(row.document)
    facts = PdfFacts(
        digest=f"SHA-256 {row.digest}",
        signer=settings.XINQIAO_HUB_NAME,
        proof_index=row.leaf_index,
        demo=settings.DEMO,
    )
    paper = QualityPaper(
        number=row.number, version=row.version, month=view.month, issuer=settings.XINQIAO_HUB_NAME,
        catalogue=view.catalogue, made_at=row.made_at, lead=view.lead, facts=view.facts,
        tables=tuple((table.title, table.columns, table.rows, table.note if table.rows else table.empty) for table in view.tables), notes=view.notes,
    )  # fmt: skip
    key, certificate = pdf_signer()
    return sign_pdf(
        render_quality_pdf(paper, facts), key=key, certificate=certificate, name=settings.XINQIAO_HUB_NAME,
        reason=_("由平台出具"),
    )  # fmt: skip
