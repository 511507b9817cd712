"""The firm's own portrait: its figures over time, beside firms of its kind. Every look is recorded."""

import json

from django.conf import settings
from django.http import HttpResponse
from django.views.decorators.http import require_GET

from xinqiao.hub.actors import EnterpriseActor
from xinqiao.hub.apps.identity import selectors as identity
from xinqiao.hub.apps.reports.lake import holdings_of
from xinqiao.hub.apps.reports.portraits import Looked, look_at_own
from xinqiao.hub.portals.access import Visit, enterprise_page
from xinqiao.hub.portals.enterprise.shell import enterprise_frame
from xinqiao.hub.portals.files import attachment
from xinqiao.hub.portals.frame import page
from xinqiao.hub.portals.item_names import item_names
from xinqiao.hub.portals.report_files import pdf_signer
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.report.portrait import build_portrait_view


def _look(visit: Visit[EnterpriseActor]) -> Looked:
    return look_at_own(
        actor=visit.actor, holdings=holdings_of(identity.uscc_of(visit.actor.enterprise_id)), at=visit.at
    )


@require_GET
@enterprise_page
def show(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """The page, by months or by quarters."""
    looked = _look(visit)
    view = build_portrait_view(
        looked.portrait, item_names(), quarterly=visit.request.GET.get("by") == "quarter"
    )
    context: dict[str, object] = {"looked": looked, "view": view}
    return page(visit.request, "enterprise/portrait.html", enterprise_frame(visit, "report"), context)


@require_GET
@enterprise_page
def pdf(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """The same as a signed PDF, by months; a look of its own."""
    from xinqiao.ui.pdf import PdfFacts, render_portrait_pdf, sign_pdf  # typst is heavy: only here

    looked = _look(visit)
    facts = PdfFacts(
        digest=f"SHA-256 {looked.digest}",
        signer=settings.XINQIAO_HUB_NAME,
        proof_index=looked.leaf_index,
        demo=settings.DEMO,
    )
    view = build_portrait_view(looked.portrait, item_names())
    key, certificate = pdf_signer()
    signed = sign_pdf(
        render_portrait_pdf(looked.portrait, view, facts), key=key, certificate=certificate,
        name=settings.XINQIAO_HUB_NAME, reason=_("由平台出具"),
    )  # fmt: skip
    return attachment(
        signed, "application/pdf", f"portrait-{looked.portrait.uscc}-{looked.portrait.month}.pdf"
    )


@require_GET
@enterprise_page
def as_json(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """The same as a document, with its digest and where its leaf is; a look of its own."""
    looked = _look(visit)
    bundle = {
        "portrait": looked.document,
        "digest": looked.digest,
        "leaf": {"index": looked.leaf_index, "hash": looked.leaf_hash},
    }
    content = json.dumps(bundle, ensure_ascii=False, indent=1)
    return attachment(
        content, "application/json", f"portrait-{looked.portrait.uscc}-{looked.portrait.month}.json"
    )
