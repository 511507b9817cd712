"""What an authorisation of items covers: items with their fields, claims that may be verified, the persons' consents.

The enterprise's word is enough for its own information. Information about a natural person needs that person's own,
separate consent, and real estate the written form after a warning (credit rules 2, 征信业管理条例 14 and 18). A claim
is authorised as a digest over the exact tuple and a salt: another tuple needs another consent (abuse case E2).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from xinqiao.domain.catalogue.model import Item, Sensitivity, SharingMode
from xinqiao.domain.consent.scope import DEFAULT_CEILINGS, Ceiling, Purpose, refuse_above
from xinqiao.domain.errors import Code, Invalid

#: Categories whose items about persons need the written form: 不动产登记信息. Of the kinds article 14 names, the only
#: one in the list; an operator whose province adds others names their categories too.
WRITTEN_CATEGORIES = frozenset({9})


class ItemKind(StrEnum):
    """How an authorised item is used: one way each, by its sharing mode."""

    #: the department's answer goes to the institution, sealed, and is stored nowhere on the way
    INTERFACE = "interface"
    #: the institution states values, the department says yes or no
    VERIFICATION = "verification"
    #: collected before, physically or by regular transfer: the platform answers out of its own lake
    COLLECTED = "collected"

    @property
    def at_source(self) -> bool:
        """Whether a department's node answers; nothing is asked of a node about what the platform holds itself."""
        return self is not ItemKind.COLLECTED


#: By the four sharing modes of the list.
KINDS = {
    SharingMode.NATIONAL_INTERFACE: ItemKind.INTERFACE,
    SharingMode.VERIFICATION: ItemKind.VERIFICATION,
    SharingMode.NATIONAL_COLLECTED: ItemKind.COLLECTED,
    SharingMode.LOCAL_COLLECTED: ItemKind.COLLECTED,
}


@dataclass(frozen=True, slots=True)
class ItemTerms:
    """What the rules need to know of an item of the catalogue.

    ``personal``: the fields about a natural person. ``code_field``: the field that holds the enterprise's code, where
    there is one.
    """

    item: str
    kind: ItemKind
    fields: frozenset[str]
    required: frozenset[str]
    personal: frozenset[str]
    written: bool
    code_field: str | None = None

    @classmethod
    def of(cls, item: Item, *, written_categories: frozenset[int] = WRITTEN_CATEGORIES) -> "ItemTerms":
        """The terms of an item."""
        names = frozenset(field.name for field in item.fields)
        return cls(
            item=item.id,
            kind=KINDS[item.mode],
            fields=names,
            required=frozenset(field.name for field in item.fields if field.required),
            personal=frozenset(f.name for f in item.fields if f.sensitivity is Sensitivity.PERSONAL),
            written=item.category_no in written_categories,
            code_field="uscc" if "uscc" in names else None,
        )


@dataclass(frozen=True, slots=True, order=True)
class ItemGrant:
    """One item, called or collected, and the fields of it that may be given."""

    item: str
    fields: frozenset[str]


@dataclass(frozen=True, slots=True, order=True)
class ClaimGrant:
    """One claim that may be verified: the item, the fields stated, and the salted digest of the exact tuple."""

    item: str
    fields: frozenset[str]
    digest: str


@dataclass(frozen=True, slots=True, order=True)
class PersonConsent:
    """单独同意 of one natural person for items about that person.

    ``person`` is an opaque id, never a name or number. ``written``: given in the written form, after the possible
    adverse consequences were told; ``text_digest`` is the SHA-256 of what was shown.
    """

    person: str
    items: frozenset[str]
    written: bool
    text_digest: str


@dataclass(frozen=True, slots=True)
class ItemScope:
    """What may be asked for, for one purpose, during ``valid_days`` from confirmation, ``max_queries`` times in all.

    ``report``: the platform may put it together to a credit report for the institution, and open what it calls at the
    sources for that, in memory; without it what is called is sealed to the institution alone.
    """

    grants: frozenset[ItemGrant]
    claims: frozenset[ClaimGrant]
    purpose: Purpose
    valid_days: int
    max_queries: int
    report: bool = False

    def __post_init__(self) -> None:
        for name, value, top in (
            ("valid_days", self.valid_days, 3650),
            ("max_queries", self.max_queries, 1_000_000),
        ):
            if not 1 <= value <= top:
                raise Invalid(Code.INVALID, f"{name} out of range", facts={"field": name, "max": top})
        if len({grant.item for grant in self.grants}) != len(self.grants):
            raise Invalid(Code.INVALID, "an item occurs twice", facts={"field": "items"})
        if any(not part.fields for part in self.parts):
            raise Invalid(Code.INVALID, "an item without fields", facts={"field": "fields"})

    @property
    def is_empty(self) -> bool:
        """Whether it grants nothing at all."""
        return not self.grants and not self.claims

    @property
    def parts(self) -> "tuple[ItemGrant | ClaimGrant, ...]":
        """Everything in it."""
        return (*self.grants, *self.claims)

    @property
    def items(self) -> frozenset[str]:
        """Every item in it."""
        return frozenset(part.item for part in self.parts)

    def fields_of(self, item: str) -> frozenset[str]:
        """Fields of an item that may be given; empty when it may not be asked for."""
        return next((grant.fields for grant in self.grants if grant.item == item), frozenset())

    def claim(self, digest: str) -> ClaimGrant | None:
        """The claim with this digest."""
        return next((claim for claim in self.claims if claim.digest == digest), None)

    def join(self, more: "ItemScope") -> "ItemScope":
        """Both together; the longer validity and the larger number. Raises ``PURPOSE_MISMATCH``."""
        if self.purpose is not more.purpose:
            raise Invalid(Code.PURPOSE_MISMATCH, "another purpose", facts={"purpose": str(more.purpose)})
        grants = {
            item: ItemGrant(item, self.fields_of(item) | more.fields_of(item))
            for item in {one.item for one in (*self.grants, *more.grants)}
        }
        return replace(
            self,
            grants=frozenset(grants.values()),
            claims=self.claims | more.claims,
            valid_days=max(self.valid_days, more.valid_days),
            max_queries=max(self.max_queries, more.max_queries),
            report=self.report or more.report,
        )

    def beyond(self, wide: "ItemScope") -> list[str]:
        """The parts of this scope that ``wide`` does not cover, by name; a refusal never names what else was granted."""
        found: list[str] = []
        if self.purpose is not wide.purpose:
            found.append(f"purpose:{self.purpose}")
        for grant in sorted(self.grants, key=lambda one: one.item):
            have = wide.fields_of(grant.item)
            if not have:
                found.append(f"item:{grant.item}")
            else:
                found += [f"field:{grant.item}.{name}" for name in sorted(grant.fields - have)]
        found += [
            f"claim:{claim.item}.{claim.digest[:16]}"
            for claim in sorted(self.claims - wide.claims, key=lambda one: (one.item, one.digest))
        ]
        if self.valid_days > wide.valid_days:
            found.append(f"valid_days:{self.valid_days}")
        if self.max_queries > wide.max_queries:
            found.append(f"max_queries:{self.max_queries}")
        if self.report and not wide.report:
            found.append("report")
        return found


def check_scope(
    scope: ItemScope,
    terms: Mapping[str, ItemTerms],
    *,
    ceilings: Mapping[Purpose, Ceiling] = DEFAULT_CEILINGS,
) -> None:
    """Refuse a scope that the catalogue or the ceilings do not know.

    Raises:
        Invalid: ``INVALID`` for an item that is not in the catalogue or is used the other way, for a field it has
            not, for a claim that does not state what must be stated; ``CEILING_EXCEEDED``.
    """
    if scope.is_empty:
        raise Invalid(Code.INVALID, "nothing is asked for", facts={"field": "items"})
    for part in scope.parts:
        known = terms.get(part.item)
        if known is None or (known.kind is ItemKind.VERIFICATION) is not isinstance(part, ClaimGrant):
            raise Invalid(
                Code.INVALID, "no such item of this mode", facts={"field": "items", "item": part.item}
            )
        strange = sorted(part.fields - known.fields)
        if strange:
            raise Invalid(Code.INVALID, "no such field", facts={"field": strange[0], "item": part.item})
        if isinstance(part, ClaimGrant) and not known.required <= part.fields:
            missing = sorted(known.required - part.fields)
            raise Invalid(
                Code.INVALID, "a claim states what it must", facts={"field": missing[0], "item": part.item}
            )
    ceiling = ceilings[scope.purpose]
    refuse_above(
        scope.purpose,
        ("valid_days", scope.valid_days, ceiling.valid_days),
        ("max_queries", scope.max_queries, ceiling.max_queries),
    )
