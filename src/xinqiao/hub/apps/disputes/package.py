"""案件材料包: everything the platform holds of one case, with digests, times, the hub's signature and proofs of the log.

A ZIP of ``manifest.json`` (names, sizes, SHA-256, when and for whom it was made), ``manifest.jws`` (the hub's signature over
the manifest's digest), ``case.json``, ``messages.json``, ``loan.json``, ``guarantees.json``, the firm's files under
``files/``, and ``ledger.jsonl``: the leaves of every step with their proofs, which the offline verifier reads.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any

from xinqiao.domain.canonical import Json, canonical_bytes
from xinqiao.hub.actors import EnterpriseActor, InstitutionActor
from xinqiao.hub.apps.audit.evidence import export_leaves
from xinqiao.hub.apps.cases import selectors as cases
from xinqiao.hub.apps.cases.files import case_file
from xinqiao.hub.apps.disputes.models import Dispute
from xinqiao.hub.apps.guarantees import selectors as guarantees
from xinqiao.hub.apps.loans.models import LoanContract
from xinqiao.hub.runtime import runtime
from xinqiao.trust.jws import ArtefactType, sign_jws

type Side = EnterpriseActor | InstitutionActor

FORMAT = "xinqiao-case-package/1"


def write_package(row: Dispute, actor: Side, out: IO[bytes], at: datetime) -> None:
    """Write the package as the actor's side may have it. Raises Unavailable when a file or the log cannot be read."""
    leaves: list[int] = list(row.steps.values_list("leaf_index", flat=True))
    documents: dict[str, Callable[[], Json]] = {
        "case.json": lambda: _case(row, actor, leaves, at),
        "messages.json": lambda: _messages(row, actor),
        "loan.json": lambda: _loan(row, actor, leaves),
        "guarantees.json": lambda: _guarantees(row, actor, leaves),
    }
    entries: list[Json] = []
    # times inside the archive are of the day it was made: the same content packs to the same bytes within a minute
    stamp = at.timetuple()[:6]
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:

        def add(name: str, content: bytes) -> None:
            packed.writestr(zipfile.ZipInfo(name, stamp), content, zipfile.ZIP_DEFLATED)
            entries.append(
                {"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            )

        for name, make in documents.items():
            add(name, json.dumps(make(), ensure_ascii=False, indent=2).encode())
        for action in cases.actions(actor, row.case_id):
            for sent in action.files.all():
                kept, content = case_file(actor, sent.id)
                add(f"files/{kept.id}-{kept.file_name}", content)
        proofs = io.BytesIO()
        export_leaves(proofs, party=row.case.enterprise_id, indexes=sorted(set(leaves)), at=at)
        add("ledger.jsonl", proofs.getvalue())
        manifest = canonical_bytes(_manifest(row, entries, at))
        signed = sign_jws(
            {"case": row.case.number, "dispute": row.number, "made_at": at.isoformat(), "manifest": hashlib.sha256(manifest).hexdigest()},
            runtime.hub_key, ArtefactType.CASE_PACKAGE,
        )  # fmt: skip
        packed.writestr(zipfile.ZipInfo("manifest.json", stamp), manifest, zipfile.ZIP_DEFLATED)
        packed.writestr(zipfile.ZipInfo("manifest.jws", stamp), signed, zipfile.ZIP_DEFLATED)


def _manifest(row: Dispute, entries: list[Json], at: datetime) -> dict[str, Json]:
    return {
        "format": FORMAT, "number": row.number, "case": row.case.number, "kind": row.kind, "for": row.body, "by": row.side,
        "made_at": at.isoformat(), "entries": entries,
    }  # fmt: skip


def _case(row: Dispute, actor: Side, leaves: list[int], at: datetime) -> Json:
    found = cases.case(actor, row.case_id, at=at)
    steps = list(cases.steps(actor, row.case_id))
    leaves += [one.leaf_index for one in steps]
    return {
        "number": row.case.number, "state": row.case.state, "firm": found.enterprise_name, "uscc": found.uscc,
        "institution": found.institution_name, "product": found.product_name,
        "approved": _plain({"fen": row.case.approved_fen, "rate": row.case.approved_rate, "months": row.case.approved_months}),
        "asked": [
            {
                "kind": one.kind, "words": one.words, "state": one.state,
                "files": [{"name": sent.file_name, "sha256": sent.digest} for sent in one.files.all()],
            }
            for one in cases.actions(actor, row.case_id)
        ],
        "steps": [
            _plain({"at": one.at, "event": one.event, "reason": one.reason, "text": one.text, "leaf": one.leaf_index})
            for one in steps
        ],
    }  # fmt: skip


def _messages(row: Dispute, actor: Side) -> Json:
    return [
        _plain({"at": one.at, "side": one.side, "text": one.text, "by": one.author_label})
        for one in cases.messages(actor, row.case_id)
    ]


def _loan(row: Dispute, actor: Side, leaves: list[int]) -> Json:
    rows = LoanContract.objects.for_viewer(actor).filter(of_case__case_id=row.case_id)
    told: list[Json] = []
    for one in rows.order_by("signed_on", "id"):
        steps = list(one.steps.order_by("seq"))
        leaves += [step.leaf_index for step in steps]
        drawn = one.drawdowns.order_by("drawn_on", "id").prefetch_related("plan_rows")
        told.append({
            "number": one.number, "contract_no": one.contract_no,
            **_plain({"amount_fen": one.amount_fen, "annual_rate": one.annual_rate, "signed_on": one.signed_on, "balance_fen": one.balance_fen}),
            "drawdowns": [
                {
                    **_plain({"amount_fen": each.amount_fen, "drawn_on": each.drawn_on, "due_on": each.due_on}),
                    "plan": [
                        _plain({"version": p.version, "due_on": p.due_on, "principal_fen": p.principal_fen, "interest_fen": p.interest_fen})
                        for p in each.plan_rows.all()
                    ],
                }
                for each in drawn
            ],
            "events": [
                _plain({"on": s.on, "reported_at": s.at, "event": s.event, "amount_fen": s.amount_fen, "text": s.text, "leaf": s.leaf_index})
                for s in steps
            ],
        })  # fmt: skip
    return told


def _guarantees(row: Dispute, actor: Side, leaves: list[int]) -> Json:
    told: list[Json] = []
    for one in guarantees.of_case(actor, row.case_id):
        steps = list(one.steps.order_by("seq"))
        leaves += [step.leaf_index for step in steps]
        told.append({
            "number": one.number, "guarantor": one.guarantor.institution.name, "state": one.state, "ratios": one.ratios,
            **_plain({"amount_fen": one.amount_fen, "fee_rate": one.fee_rate, "compensated_fen": one.compensated_fen, "recovered_fen": one.recovered_fen}),
            "steps": [_plain({"at": s.at, "event": s.event, "text": s.text, "leaf": s.leaf_index}) for s in steps],
        })  # fmt: skip
    return told


def _plain(values: dict[str, Any]) -> dict[str, Json]:
    """Days, instants and rates as texts."""
    return {
        name: value.isoformat()
        if isinstance(value, date | datetime)
        else str(value)
        if isinstance(value, Decimal)
        else value
        for name, value in values.items()
    }
