"""Who may see what, until when: the engine that client, hub and node all ask.

Two keys must both be alive at the moment of release. The *entrustment* lets a provider give out one account of its
customer; the *authorisation* lets one institution ask, for a purpose, about accounts, products and months, during a
period and a number of times. Here are their values, the lattice of scopes, the decision with its code and the nearest
request that would be allowed, and the payloads that are signed. Not here: signing, clocks, storage, words for people.
"""

from xinqiao.domain.consent.artefacts import (
    DETAIL_TYPE,
    authorisation_claims,
    details_from_scope,
    entrustment_claims,
    permit_claims,
    scope_from_details,
    subject_of_details,
)
from xinqiao.domain.consent.changes import Confirmation, answer_by, append, confirm, grant, sealed, withdraw
from xinqiao.domain.consent.decision import Decision, Nearest, QueryAsk, decide, decide_self
from xinqiao.domain.consent.gate import check_permit
from xinqiao.domain.consent.records import (
    PERMIT_TTL,
    Authorisation,
    AuthState,
    Entrustment,
    Permit,
    QueryKind,
    Reader,
)
from xinqiao.domain.consent.scope import (
    DEFAULT_CEILINGS,
    MAX_MONTHS,
    Ceiling,
    Product,
    Purpose,
    Scope,
    check_within_ceiling,
)
from xinqiao.domain.consent.states import AUTHORISATION, AuthEvent, VisibleState, visible_state

__all__ = [
    "AUTHORISATION",
    "DEFAULT_CEILINGS",
    "DETAIL_TYPE",
    "MAX_MONTHS",
    "PERMIT_TTL",
    "AuthEvent",
    "AuthState",
    "Authorisation",
    "Ceiling",
    "Confirmation",
    "Decision",
    "Entrustment",
    "Nearest",
    "Permit",
    "Product",
    "Purpose",
    "QueryAsk",
    "QueryKind",
    "Reader",
    "Scope",
    "VisibleState",
    "answer_by",
    "append",
    "authorisation_claims",
    "check_permit",
    "check_within_ceiling",
    "confirm",
    "decide",
    "decide_self",
    "details_from_scope",
    "entrustment_claims",
    "grant",
    "permit_claims",
    "scope_from_details",
    "sealed",
    "subject_of_details",
    "visible_state",
    "withdraw",
]
