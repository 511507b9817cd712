"""What stands in a report beside the records: answers to claims, fund-flow products, calls, who asked, the firm's words.

Each part says itself where it is from, as of when and how it came: products are named, never opened (they are sealed to
their reader), answers are yes or no, the firm's words are marked as its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from xinqiao.domain.canonical import Json
from xinqiao.domain.report.declared import SelfDeclared


@dataclass(frozen=True, slots=True)
class Answered:
    """A verification that was answered: the fields that were stated (never their values) and yes or no."""

    item: str
    fields: tuple[str, ...]
    yes: bool
    number: str
    source: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Call:
    """An item called at its source for this report.

    ``answered`` is false when nothing came or it could not be believed. ``withheld``: rows the source kept back because
    they break a rule of the list; ``cut``: there were more rows than one answer holds.
    """

    item: str
    query_id: str
    answered: bool
    number: str = ""
    records: int = 0
    withheld: int = 0
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """A fund-flow authorisation of the same firm to the same reader, and the newest product under it.

    The figures are not here: the product is sealed to its reader, who opens it beside the report.
    """

    authorisation_no: str
    authorisation_id: str
    accounts: tuple[str, ...]
    products: tuple[str, ...]
    valid_to: datetime | None
    number: str = ""
    digest: str = ""
    verify_code: str = ""
    released_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Inquiry:
    """One line of the record of queries: who, for what, when, and what became of it.

    ``kind``: ``fundflow``, ``item``, ``verification`` or ``credit_report``; ``what``: the product or the item.
    ``institution`` is empty for a query of the firm about itself.
    """

    institution: str
    kind: str
    what: str
    purpose: str
    at: datetime
    outcome: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Inquiries:
    """The record of queries as one reader may see it.

    ``scope``: ``all`` (the firm's own report), ``own`` (those of the reader), ``count`` (those, and how many others),
    ``none``. ``more``: lines beyond those shown; ``others`` and ``institutions`` only for ``count``.
    """

    scope: str
    since: datetime | None = None
    lines: tuple[Inquiry, ...] = ()
    more: int = 0
    others: int | None = None
    institutions: int | None = None


@dataclass(frozen=True, slots=True)
class OwnProduct:
    """资金流: the product of the firm's self query that stands in its own report, where it chose so.

    ``product`` is what the bank's node signed, ``signed`` its signature over it; both empty, with the ``code``, when the
    bank did not answer.
    """

    account: str
    months: int
    bank: str = ""
    number: str = ""
    digest: str = ""
    verify_code: str = ""
    at: datetime | None = None
    product: Mapping[str, Json] = field(default_factory=dict, repr=False)
    signed: str = field(default="", repr=False)
    code: str = ""


@dataclass(frozen=True, slots=True)
class Declared:
    """声明: what the firm says itself, unverified; ``about``: the account it speaks of, masked, or nothing."""

    text: str
    at: datetime
    about: str = ""


@dataclass(frozen=True, slots=True)
class Beside:
    """All of it."""

    answers: tuple[Answered, ...] = ()
    calls: tuple[Call, ...] = ()
    holdings: tuple[Held, ...] = ()
    declared: tuple[Declared, ...] = ()
    inquiries: Inquiries = Inquiries("none")
    said: SelfDeclared = field(default_factory=SelfDeclared)
    own_product: OwnProduct | None = None
