"""Between rows and the domain: the asked scope, the values of its claims, and the catalogue's terms."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from xinqiao.domain.canonical import Json
from xinqiao.domain.catalogue.model import Catalogue, FieldType, Sensitivity
from xinqiao.domain.consent import Purpose
from xinqiao.domain.items import ClaimGrant, ItemGrant, ItemScope, ItemTerms
from xinqiao.domain.items import ItemAuthorisation as DomainAuthorisation
from xinqiao.domain.verification import Claim
from xinqiao.hub.apps.items.models import ItemAuthorisation
from xinqiao.hub.runtime import runtime
from xinqiao.trust.encoding import strict_object, unb64

#: Interface items whose personal fields are about the legal representative, who can consent here in person. Those about
#: others (shareholders) cannot be consented to by whoever confirms, so their personal fields are not granted here.
ABOUT_LEGAL_REP = frozenset({"legal_representative"})

#: How the log names a credit report; no item of a catalogue has this name.
REPORT_PRODUCT = "credit_report"


@dataclass(frozen=True, slots=True)
class StatedClaim:
    """What an institution states: the tuple in normal form, its digest, and the words as they came, for the page of who
    decides. Out of ``repr``: it may be personal.
    """

    claim: Claim
    digest: str
    words: Mapping[str, str]

    def __repr__(self) -> str:
        return f"StatedClaim({self.claim.item})"


def catalogue() -> Catalogue:
    """The catalogue in force, with the items of this province."""
    return runtime.catalogue


def all_terms() -> Mapping[str, ItemTerms]:
    """The terms of every item."""
    return runtime.item_terms


def scope_json(scope: ItemScope) -> dict[str, Json]:
    """A scope as the ``asked`` column keeps it."""
    return {
        "items": [
            {"item": one.item, "fields": [*sorted(one.fields)]}
            for one in sorted(scope.grants, key=lambda one: one.item)
        ],
        "claims": [
            {"item": one.item, "fields": [*sorted(one.fields)], "digest": one.digest}
            for one in sorted(scope.claims, key=lambda one: (one.item, one.digest))
        ],
        "valid_days": scope.valid_days,
        "max_queries": scope.max_queries,
        **({"report": True} if scope.report else {}),
    }


def asked_scope(row: ItemAuthorisation) -> ItemScope:
    """What a request asks for."""
    asked = row.asked
    return ItemScope(
        grants=frozenset(ItemGrant(one["item"], frozenset(one["fields"])) for one in asked["items"]),
        claims=frozenset(
            ClaimGrant(one["item"], frozenset(one["fields"]), one["digest"]) for one in asked["claims"]
        ),
        purpose=Purpose(row.purpose),
        valid_days=asked["valid_days"],
        max_queries=asked["max_queries"],
        report=asked.get("report", False),
    )


def granted_value(row: ItemAuthorisation) -> DomainAuthorisation | None:
    """What the signed artefact says; ``None`` before there is one."""
    if not row.artefact:
        return None
    # the hub's own artefact out of its own table
    return DomainAuthorisation.from_claims(strict_object(unb64(row.artefact.split(".")[1])))


def product_of(item: str, claim: str | None) -> str:
    """How the log names what may be given or was: an item, or one claim about it. The offline verifier compares these."""
    return item if claim is None else f"{item}#{claim}"


def products_of(scope: ItemScope) -> list[Json]:
    """Everything a scope allows, as the log names it."""
    items = [product_of(one.item, None) for one in scope.grants]
    reports = [REPORT_PRODUCT] if scope.report else []
    return [*sorted(items + reports + [product_of(one.item, one.digest) for one in scope.claims])]


def hide_claims(row_id: str, claims: list[StatedClaim]) -> str:
    """The stated values, encrypted for their row."""
    if not claims:
        return ""
    both = {one.digest: [dict(one.claim.values), dict(one.words)] for one in claims}
    text = json.dumps(both, ensure_ascii=False)
    return runtime.protect(text, table="itemauthorisation", column="claims_enc", row=row_id)


def stated_values(row: ItemAuthorisation) -> dict[str, dict[str, str]]:
    """Digest → stated values in normal form; empty once the request is answered."""
    return {digest: normal for digest, (normal, _) in _revealed(row).items()}


def stated_words(row: ItemAuthorisation) -> dict[str, dict[str, str]]:
    """Digest → stated values as they were written, for the page of the enterprise that decides."""
    return {digest: words for digest, (_, words) in _revealed(row).items()}


def _revealed(row: ItemAuthorisation) -> dict[str, tuple[dict[str, str], dict[str, str]]]:
    if not row.claims_enc:
        return {}
    text = runtime.reveal(row.claims_enc, table="itemauthorisation", column="claims_enc", row=row.id)
    found: dict[str, tuple[dict[str, str], dict[str, str]]] = json.loads(text)
    return found


def numbers_of_subjects(item: str, values: Mapping[str, str]) -> list[str]:
    """The numbers a claim states of those it is about: identity numbers, and what stands for one that may be a firm's too."""
    found = catalogue().items[item]
    about = {field.name for field in found.fields if field.type is FieldType.ID_NUMBER}
    last = found.field(found.subject[-1])
    if last.sensitivity is Sensitivity.PERSONAL:
        about.add(last.name)
    return [values[name] for name in sorted(about) if name in values]
