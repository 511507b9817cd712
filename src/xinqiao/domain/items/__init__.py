"""Items called, verified at the source or collected: who may ask for which, with whose consent, until when.

All four sharing modes of the catalogue. What an authorisation is, how it stands and how it ends is
:mod:`xinqiao.domain.consent`'s; here is what it covers. How a claim is compared and what a guess costs is
:mod:`xinqiao.domain.verification`.
"""

from xinqiao.domain.items.artefacts import authorisation_claims, permit_claims
from xinqiao.domain.items.changes import (
    ItemConfirmation,
    append,
    confirm,
    grant,
    needed_consents,
    sealed,
    withdraw,
)
from xinqiao.domain.items.decision import (
    ItemAsk,
    ItemDecision,
    ItemNearest,
    ReportAsk,
    check_item_permit,
    decide_again,
    decide_item,
    decide_report,
)
from xinqiao.domain.items.records import ItemAuthorisation, ItemPermit
from xinqiao.domain.items.scope import (
    WRITTEN_CATEGORIES,
    ClaimGrant,
    ItemGrant,
    ItemKind,
    ItemScope,
    ItemTerms,
    PersonConsent,
    check_scope,
)

__all__ = [
    "WRITTEN_CATEGORIES",
    "ClaimGrant",
    "ItemAsk",
    "ItemAuthorisation",
    "ItemConfirmation",
    "ItemDecision",
    "ItemGrant",
    "ItemKind",
    "ItemNearest",
    "ItemPermit",
    "ItemScope",
    "ItemTerms",
    "PersonConsent",
    "ReportAsk",
    "append",
    "authorisation_claims",
    "check_item_permit",
    "check_scope",
    "confirm",
    "decide_again",
    "decide_item",
    "decide_report",
    "grant",
    "needed_consents",
    "permit_claims",
    "sealed",
    "withdraw",
]
