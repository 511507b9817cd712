"""Rows of items as the interface shows them. No queries, no rules."""

from xinqiao.domain.items import ItemScope
from xinqiao.hub.apps.consents.models import Artefact
from xinqiao.hub.apps.items.models import ItemQuery
from xinqiao.hub.apps.items.selectors import ItemAuthorisationRow
from xinqiao.hub.gateway import schemas, schemas_items
from xinqiao.hub.gateway.handlers_consent import text, text_or_none


def authorisation_summary(row: ItemAuthorisationRow) -> schemas_items.ItemAuthorisationSummary:
    """One line of the list."""
    return schemas_items.ItemAuthorisationSummary.model_validate(_summary(row))


def _summary(row: ItemAuthorisationRow) -> dict[str, object]:
    return {
        "id": row.id,
        "request_no": row.request_no,
        "authorisation_no": row.authorisation_no,
        "subject_uscc": row.enterprise_uscc,
        "subject_name": row.enterprise_name,
        "purpose": row.purpose,
        "business_ref": row.business_ref,
        "state": row.visible,
        "items": sorted((row.granted or row.asked).items),
        "report": (row.granted or row.asked).report,
        "requested_at": text(row.requested_at),
        "request_expires_at": text(row.request_expires_at),
        "max_queries": (row.granted or row.asked).max_queries,
        "uses": row.uses,
    }


def authorisation(
    row: ItemAuthorisationRow, artefacts: list[Artefact]
) -> schemas_items.ItemAuthorisationView:
    """The whole of it."""
    return schemas_items.ItemAuthorisationView.model_validate(
        {
            **_summary(row),
            "asked_items": _items(row.asked),
            "asked_claims": _claims(row.asked),
            "asked_valid_days": row.asked.valid_days,
            "asked_max_queries": row.asked.max_queries,
            "granted_items": _items(row.granted) if row.granted else None,
            "granted_claims": _claims(row.granted) if row.granted else None,
            "partly": row.partly,
            "valid_from": text_or_none(row.valid_from),
            "valid_to": text_or_none(row.valid_to),
            "decided_at": text_or_none(row.decided_at),
            "refusal_reason": row.refusal_reason or None,
            "withdrawn_at": text_or_none(row.withdrawn_at),
            "artefacts": [
                schemas.ArtefactView(
                    seq=one.seq, type=one.type, jws=one.jws, digest=one.digest, signed_at=text(one.signed_at)
                )
                for one in artefacts
            ],
            "allowed_actions": ["query"] if row.live else [],
        }
    )


def query_summary(row: ItemQuery) -> schemas_items.ItemQuerySummary:
    """One line of the records."""
    return schemas_items.ItemQuerySummary.model_validate(_query(row))


def query(row: ItemQuery) -> schemas_items.ItemQueryView:
    """One record with its evidence."""
    return schemas_items.ItemQueryView.model_validate(
        {
            **_query(row),
            "answer_digest": row.answer_digest or None,
            "receipt": row.receipt or None,
            "permit": row.permit or None,
            "leaf_hash": row.end_leaf_hash or None,
        }
    )


def _query(row: ItemQuery) -> dict[str, object]:
    return {
        "id": row.id,
        "kind": row.kind,
        "state": row.state,
        "code": row.code or None,
        "reason": row.reason or None,
        "authorisation_id": row.authorisation_id,
        "item": row.item,
        "fields": row.fields,
        "claim": row.claim or None,
        "purpose": row.purpose,
        "operator": row.operator_name,
        "department": row.operator_department,
        "answer_no": row.answer_no or None,
        "result": row.result or None,
        "uses_left": row.uses_left,
        "leaf_index": row.end_leaf,
        "asked_at": text(row.asked_at),
        "answered_at": text_or_none(row.answered_at),
    }


def _items(scope: ItemScope) -> list[schemas_items.GrantedItem]:
    return [
        schemas_items.GrantedItem(item=one.item, fields=sorted(one.fields))
        for one in sorted(scope.grants, key=lambda one: one.item)
    ]


def _claims(scope: ItemScope) -> list[schemas_items.GrantedClaim]:
    return [
        schemas_items.GrantedClaim(item=one.item, fields=sorted(one.fields), digest=one.digest)
        for one in sorted(scope.claims, key=lambda one: (one.item, one.digest))
    ]
