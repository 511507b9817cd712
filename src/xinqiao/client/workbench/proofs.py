"""Pages of proof: verifying a report, the institution's records and ledger, its key and whom it believes."""

import io

from starlette.responses import Response

from xinqiao.client.ledger import check_ledger
from xinqiao.client.results import Verification
from xinqiao.client.workbench.desk import words_of
from xinqiao.client.workbench.visit import Visit, download, page
from xinqiao.client.workbench.words import product_word
from xinqiao.domain.errors import XinqiaoError
from xinqiao.trust.findings import VerifyReport
from xinqiao.trust.verify import verify_stream
from xinqiao.ui.error_words import words
from xinqiao.ui.report.words import purpose_word


def verify(visit: Visit) -> Response:
    """Verify a saved report offline, or ask the platform about a verification code."""
    verdict: VerifyReport | None = None
    online: Verification | None = None
    error = ""
    if visit.request.method == "POST":
        try:
            if visit.form.file is not None:
                visit.client.directory()
                believed = visit.client.operations.believed
                verdict = verify_stream(
                    io.BytesIO(visit.form.file),
                    trusted_keys=believed.trusted_keys(),
                    owners=believed.owners(),
                )
            else:
                code = visit.form.text("code", most=40).upper()
                online = visit.client.verify_product(verify_code=code)
        except XinqiaoError as wrong:
            if wrong.status >= 500:
                raise
            error = words(wrong.code).step
    context = {"verdict": verdict, "online": online, "error": error, "code": visit.form.text("code", most=40),
               "product_word": product_word}  # fmt: skip
    return page(visit, "verify", "verify", context)


def records(visit: Visit) -> Response:
    """Uses and refusals of this institution."""
    state = visit.query("state")
    state = state if state in ("released", "denied", "failed") else ""
    found = visit.client.queries(state=state or None, cursor=visit.query("after") or None, limit=50)
    context = {
        "rows": [(one, product_word(one.product), words_of(one)) for one in found.items],
        "next": found.next_cursor,
        "state": state,
        "purpose_word": purpose_word,
    }
    return page(visit, "records", "records", context)


def ledger(visit: Visit) -> Response:
    """The institution's own ledger as a file; it is verified before it is handed out, and the name says how it went."""
    out = io.BytesIO()
    visit.client.ledger(out)
    visit.client.directory()
    good = check_ledger(out.getvalue(), visit.client.operations.believed.hub_verify_keys()).ok
    name = f"ledger-{visit.now:%Y%m%d}{'' if good else '-NOT-VALID'}.jsonl"
    return download(out.getvalue(), name, "application/jsonl")


def keys(visit: Visit) -> Response:
    """The institution's key, and the platform's and nodes' keys it believes."""
    directory = visit.client.directory()
    own = visit.bench.config.key
    listed = directory.institutions.get(visit.client.institution_id)
    context = {
        "own": own.public,
        "own_listed": listed is not None and listed.keys.verify_key(own.kid, visit.now) is not None,
        "directory": directory,
        "hub_url": visit.bench.config.hub_url,
        "hub_keys": [entry.key for entry in directory.hub.keys],
        "nodes": sorted(directory.nodes.values(), key=lambda party: party.name),
    }
    return page(visit, "keys", "keys", context)
