"""Asking, showing and handing out one report. It lives in the session's memory for the page it is shown on.

Leaving the page (opening any other page of the workbench), logging out, fifteen minutes or a restart: it is gone, and
seeing it again is a new query that the enterprise sees too.
"""

import hashlib
import io
import json
from dataclasses import replace
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.responses import Response

from xinqiao.client.ledger import proof_of
from xinqiao.client.problems import problem_of
from xinqiao.client.report import Report
from xinqiao.client.results import GrantedAccount
from xinqiao.client.workbench.desk import see_other
from xinqiao.client.workbench.sessions import Held
from xinqiao.client.workbench.visit import Visit, download, new_once, once_of, page
from xinqiao.client.workbench.words import nearest_words
from xinqiao.domain.consent import Product
from xinqiao.domain.errors import Code, Gone, XinqiaoError
from xinqiao.trust.encoding import unb64
from xinqiao.ui.error_words import words
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.report_view import build_summary_view, build_view

#: One certificate for one key: the day is fixed so that the same key gives the same certificate.
_CERTIFICATE_FROM = datetime(2026, 1, 1, tzinfo=UTC)


def query(visit: Visit) -> Response:
    """Ask, open here, and lead to the page of the report; a no leads to what would be allowed."""
    user, form, authorisation_id = visit.session.user, visit.form, visit.path("id")
    assert user is not None
    once = once_of(form)
    product = form.choice("product", set(Product))
    with visit.session.lock:  # pressed twice: the second waits and finds the report of the first
        held = visit.session.held
        if held is not None and held.once == once:
            return see_other(f"/reports/{held.report.id}")
        found = visit.client.authorisation(authorisation_id)
        accounts = found.granted.accounts if found.granted else []
        try:
            report = visit.client.query(
                authorisation_id, form.text("account", most=60), Product(product), form.number("months", 1, 1200),
                found.purpose, user.operator, idempotency_key=once,
            )  # fmt: skip
        except XinqiaoError as error:
            return _not_released(visit, error, accounts, authorisation_id, found.subject_name)
        visit.session.held = Held(report, authorisation_id, visit.now, once, found.authorisation_no or "")
    return see_other(f"/reports/{report.id}")


def _not_released(
    visit: Visit, error: XinqiaoError, accounts: list[GrantedAccount], authorisation_id: str, firm: str
) -> Response:
    """A refusal, a fault of the source, or a platform that cannot be reached: three different pages."""
    problem, said = problem_of(error), words(error.code)
    decided = problem is not None and problem.status in (403, 409, 410) and problem.refusal is not None
    nearest = problem.nearest if problem else None
    context: dict[str, object] = {
        "kind": "refused" if decided else ("source" if error.status in (502, 504) and problem else "hub"),
        "title": (problem.title if problem else "") or said.title,
        "step": (problem.step if problem else "") or said.step,
        "code": str(error.code),
        "trace": problem.trace_id if problem else "",
        "leaf": problem.leaf if problem else None,
        "nearest": nearest,
        "nearest_words": nearest_words(nearest, accounts) if nearest else "",
        "authorisation_id": authorisation_id,
        "firm": firm,
        "asked": {name: visit.form.fields.get(name, "") for name in ("account", "product", "months")},
        "once": new_once(),
    }
    return page(visit, "not_released", "requests", context, status=error.status)


def _found(visit: Visit) -> tuple[Report, Held] | None:
    """The held report, if it is this one, and how it is held."""
    held = visit.session.report(visit.path("id"), visit.now)
    if held is None or not isinstance(held.report, Report):
        return None
    return held.report, held


def _held(visit: Visit) -> tuple[Report, Held]:
    found = _found(visit)
    if found is None:
        raise Gone(Code.GONE_EXPIRED, "the report is no longer in memory")
    return found


def show(visit: Visit) -> Response:
    """The report, opened with the institution's own key."""
    found = _found(visit)
    if found is None:
        return page(visit, "report_gone", "requests", {}, status=410)
    report, held = found
    whole = report.kind is Product.REPORT
    view = build_view(report.product) if whole else build_summary_view(report.product)
    number = held.number or view.head.authorisation_no
    context: dict[str, object] = {
        "report": report,
        "whole": whole,
        "view": replace(view, head=replace(view.head, authorisation_no=number)),
        "authorisation_id": held.authorisation_id,
        "used": _("还能查 {n} 次").format(n=report.uses_left),
    }
    return page(visit, "report", "requests", context)


def bundle(visit: Visit) -> Response:
    """The report with everything that proves it, for ``xinqiao verify``; with inclusion proofs when the ledger has them."""
    report, _how = _held(visit)
    ledger = io.BytesIO()
    try:
        visit.client.ledger(ledger)
        content = proof_of(report, ledger.getvalue())
    except XinqiaoError:
        content = report.bundle()  # complete without the log's proofs; those can be fetched later
    return download(content, f"{report.report_no}.xq.json", "application/json")


def product(visit: Visit) -> Response:
    """The product's JSON alone, for the institution's own systems."""
    report, _how = _held(visit)
    text = json.dumps(report.product, ensure_ascii=False, indent=1)
    return download(text.encode(), f"{report.report_no}.json", "application/json")


def pdf(visit: Visit) -> Response:
    """The report as PDF, signed by the institution's own key (PAdES readers know no SM2: then unsigned)."""
    from xinqiao.ui.pdf import (  # typst is heavy: only here
        PdfFacts,
        render_report_pdf,
        render_summary_pdf,
        self_signed_certificate,
        sign_pdf,
    )

    (report, held), config = _held(visit), visit.bench.config
    facts = PdfFacts(
        verification_code=report.verify_code,
        verify_url=f"{config.hub_url}/verify?code={report.verify_code}",
        digest=f"SHA-256 {hashlib.sha256(report.sealed.encode('ascii')).hexdigest()}",
        signer=report.node_name,
        proof_index=report.use_leaf.index,
        demo=config.demo,
        authorisation_no=held.number,
    )
    render = render_report_pdf if report.kind is Product.REPORT else render_summary_pdf
    content = render(report.product, facts)
    jwk = config.key.to_jwk(private=True)
    if jwk.get("kty") == "OKP":
        key = Ed25519PrivateKey.from_private_bytes(unb64(str(jwk["d"])))
        certificate = self_signed_certificate(key, config.institution_id, at=_CERTIFICATE_FROM)
        name = config.institution_name or config.institution_id
        content = sign_pdf(content, key=key, certificate=certificate, name=name, reason=_("由本机构打开"))
    return download(content, f"{report.report_no}.pdf", "application/pdf")
