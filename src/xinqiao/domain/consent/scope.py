"""What an authorisation covers: products, purposes, the lattice of scopes, and the ceiling of each purpose.

Scopes of one purpose form a lattice under :meth:`Scope.covers`. Purposes are not comparable: consent for one purpose
says nothing about another, so meeting or joining across purposes is refused rather than given a meaning.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from xinqiao.domain.errors import Code, Invalid

#: Months of history that can ever be asked for (fund-flow rules 5, ``months_back``).
MAX_MONTHS = 36


class Product(StrEnum):
    """The two fund-flow products (fund-flow rules 10)."""

    SUMMARY = "FLOW_SUMMARY"
    REPORT = "FLOW_REPORT"


class Purpose(StrEnum):
    """Why an institution asks (fund-flow rules 5). Shown in plain words to the subject."""

    LOAN_APPLICATION = "loan_application"
    CREDIT_REVIEW = "credit_review"
    POST_LOAN = "post_loan"
    GUARANTEE_REVIEW = "guarantee_review"
    OTHER_AGREED = "other_agreed"


@dataclass(frozen=True, slots=True)
class Scope:
    """What may be asked for.

    Attributes:
        accounts: account link ids (never account numbers).
        products: which of the two products.
        months_back: full months of history, 1 to 36.
        valid_days: length of validity, counted from confirmation.
        max_queries: how often the institution may ask in all.
        include_balance: whether figures that show balances are part of the product.
        purpose: the one purpose.

    Accounts and products may be empty, so that the lattice is closed; an empty scope grants nothing and can be neither
    confirmed nor signed.
    """

    accounts: frozenset[str]
    products: frozenset[Product]
    months_back: int
    valid_days: int
    max_queries: int
    include_balance: bool
    purpose: Purpose

    def __post_init__(self) -> None:
        for name, value, top in (
            ("months_back", self.months_back, MAX_MONTHS),
            ("valid_days", self.valid_days, 3650),
            ("max_queries", self.max_queries, 1_000_000),
        ):
            if not 1 <= value <= top:
                raise Invalid(Code.INVALID, f"{name} out of range", facts={"field": name, "max": top})

    @property
    def is_empty(self) -> bool:
        """Whether it grants nothing at all."""
        return not self.accounts or not self.products

    def beyond(self, wide: "Scope") -> list[str]:
        """The items of this scope that ``wide`` does not cover, by name; empty exactly when ``wide.covers(self)``.

        Only items of this scope are named, so a refusal never tells what else was granted.
        """
        items: list[str] = []
        if self.purpose is not wide.purpose:
            items.append(f"purpose:{self.purpose}")
        items += [f"account:{a}" for a in sorted(self.accounts - wide.accounts)]
        items += [f"product:{p}" for p in sorted(self.products - wide.products)]
        if self.months_back > wide.months_back:
            items.append(f"months:{self.months_back}")
        if self.valid_days > wide.valid_days:
            items.append(f"valid_days:{self.valid_days}")
        if self.max_queries > wide.max_queries:
            items.append(f"max_queries:{self.max_queries}")
        if self.include_balance and not wide.include_balance:
            items.append("balance")
        return items

    def covers(self, other: "Scope") -> bool:
        """Whether everything ``other`` allows is allowed here too."""
        return not other.beyond(self)

    def meet(self, other: "Scope") -> "Scope":
        """The widest scope both cover. Raises ``PURPOSE_MISMATCH`` across purposes."""
        self._same_purpose(other)
        return Scope(
            accounts=self.accounts & other.accounts,
            products=self.products & other.products,
            months_back=min(self.months_back, other.months_back),
            valid_days=min(self.valid_days, other.valid_days),
            max_queries=min(self.max_queries, other.max_queries),
            include_balance=self.include_balance and other.include_balance,
            purpose=self.purpose,
        )

    def join(self, other: "Scope") -> "Scope":
        """The narrowest scope that covers both. Raises ``PURPOSE_MISMATCH`` across purposes."""
        self._same_purpose(other)
        return Scope(
            accounts=self.accounts | other.accounts,
            products=self.products | other.products,
            months_back=max(self.months_back, other.months_back),
            valid_days=max(self.valid_days, other.valid_days),
            max_queries=max(self.max_queries, other.max_queries),
            include_balance=self.include_balance or other.include_balance,
            purpose=self.purpose,
        )

    def _same_purpose(self, other: "Scope") -> None:
        if self.purpose is not other.purpose:
            raise Invalid(Code.PURPOSE_MISMATCH, "scopes of two purposes cannot be combined")


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The most that may be asked for one purpose, whatever the subject would agree to.

    ``request_ttl_days`` is how long a request waits for the subject before it lapses. The figures are proposals (the
    published rules name none) and an operator may lower them.
    """

    months_back: int
    valid_days: int
    max_queries: int = 30
    request_ttl_days: int = 15


DEFAULT_CEILINGS: Mapping[Purpose, Ceiling] = MappingProxyType(
    {
        Purpose.LOAN_APPLICATION: Ceiling(months_back=36, valid_days=30),
        Purpose.CREDIT_REVIEW: Ceiling(months_back=36, valid_days=90),
        Purpose.POST_LOAN: Ceiling(months_back=36, valid_days=365),
        Purpose.GUARANTEE_REVIEW: Ceiling(months_back=36, valid_days=90),
        Purpose.OTHER_AGREED: Ceiling(months_back=36, valid_days=30),
    }
)


def check_within_ceiling(scope: Scope, ceiling: Ceiling) -> None:
    """Refuse a scope above the ceiling of its purpose.

    Raises:
        Invalid: ``CEILING_EXCEEDED``; ``facts['items']`` names each item that is too high, ``facts['max_<item>']`` its
            ceiling.
    """
    refuse_above(
        scope.purpose,
        ("months_back", scope.months_back, ceiling.months_back),
        ("valid_days", scope.valid_days, ceiling.valid_days),
        ("max_queries", scope.max_queries, ceiling.max_queries),
    )


def refuse_above(purpose: Purpose, *figures: tuple[str, int, int]) -> None:
    """Refuse figures ``(name, asked, ceiling)`` of which one is too high. Raises as :func:`check_within_ceiling`."""
    over = {name: top for name, value, top in figures if value > top}
    if over:
        raise Invalid(
            Code.CEILING_EXCEEDED,
            f"above the ceiling of {purpose}: {', '.join(over)}",
            facts={"items": list(over), **{f"max_{name}": top for name, top in over.items()}},
        )
