"""金融产品: what an institution offers, version by version, and who may put it before the public.

A version is written, reviewed by somebody who did not write it, and published; from its submission on nothing in it changes.
What changes after publication is a new version that is reviewed again; a case keeps the version under which it was opened.
The fields are those of the field's documents (3.2); bounds against typing errors are this platform's.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NoReturn

from xinqiao.domain.errors import Code, Forbidden, Invalid
from xinqiao.domain.identifiers import SubjectType
from xinqiao.domain.loans.plan import MOST_MONTHS, MOST_RATE, DayCount, Method
from xinqiao.domain.machine import Machine, Role
from xinqiao.domain.market.conditions import (
    NOTHING_ASKED,
    AllOf,
    Condition,
    OneOf,
    Under,
    leaves,
)
from xinqiao.domain.market.fields import FIELDS
from xinqiao.domain.market.matching import Offer
from xinqiao.domain.money import MAX_FEN


class VersionState(StrEnum):
    """States of a version of a product."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    PUBLISHED = "published"
    SUSPENDED = "suspended"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"
    DROPPED = "dropped"


class VersionEvent(StrEnum):
    """What can happen to a version."""

    SUBMIT = "submit"
    RECALL = "recall"
    REFUSE = "refuse"
    PUBLISH = "publish"
    SUSPEND = "suspend"
    RESUME = "resume"
    WITHDRAW = "withdraw"
    SUPERSEDE = "supersede"
    DROP = "drop"


_INSTITUTION = frozenset({Role.INSTITUTION})

PRODUCT: Machine[VersionState, VersionEvent] = Machine(
    name="product",
    start=VersionState.DRAFT,
    moves={
        (VersionState.DRAFT, VersionEvent.SUBMIT): VersionState.IN_REVIEW,
        (VersionState.DRAFT, VersionEvent.DROP): VersionState.DROPPED,
        (VersionState.IN_REVIEW, VersionEvent.PUBLISH): VersionState.PUBLISHED,
        (VersionState.IN_REVIEW, VersionEvent.REFUSE): VersionState.DRAFT,
        (VersionState.IN_REVIEW, VersionEvent.RECALL): VersionState.DRAFT,
        (VersionState.IN_REVIEW, VersionEvent.DROP): VersionState.DROPPED,
        (VersionState.PUBLISHED, VersionEvent.SUSPEND): VersionState.SUSPENDED,
        (VersionState.PUBLISHED, VersionEvent.SUPERSEDE): VersionState.SUPERSEDED,
        (VersionState.PUBLISHED, VersionEvent.WITHDRAW): VersionState.WITHDRAWN,
        (VersionState.SUSPENDED, VersionEvent.RESUME): VersionState.PUBLISHED,
        (VersionState.SUSPENDED, VersionEvent.SUPERSEDE): VersionState.SUPERSEDED,
        (VersionState.SUSPENDED, VersionEvent.WITHDRAW): VersionState.WITHDRAWN,
    },
    may_fire={
        VersionEvent.SUBMIT: _INSTITUTION,
        VersionEvent.RECALL: _INSTITUTION,
        VersionEvent.REFUSE: _INSTITUTION,
        VersionEvent.PUBLISH: _INSTITUTION,
        VersionEvent.SUSPEND: _INSTITUTION,
        VersionEvent.RESUME: _INSTITUTION,
        VersionEvent.WITHDRAW: _INSTITUTION,
        # the newer version that is published puts the older one aside
        VersionEvent.SUPERSEDE: frozenset({Role.HUB}),
        VersionEvent.DROP: _INSTITUTION,
    },
)

#: It is being made: a product has at most one of these.
PENDING = frozenset({VersionState.DRAFT, VersionState.IN_REVIEW})
#: It stands for the product: at most one of these, too. Only the published one is offered to anybody.
STANDING = frozenset({VersionState.PUBLISHED, VersionState.SUSPENDED})


def check_reviewer(writers: Collection[str], reviewer: str) -> None:
    """Four eyes: who decides is a person, and none of those who wrote. Raises ``ROLE_FORBIDDEN``, reason ``FOUR_EYES``."""
    if not reviewer or reviewer in writers:
        raise Forbidden(Code.ROLE_FORBIDDEN, "who wrote does not review", facts={"reason": "FOUR_EYES"})


class ProductKind(StrEnum):
    """What a product is called by; the field's documents have these."""

    CREDIT = "credit"
    MORTGAGE = "mortgage"
    PLEDGE = "pledge"
    GUARANTEE = "guarantee"
    RECEIVABLE = "receivable"
    IP_PLEDGE = "ip_pledge"
    AGRI = "agri"
    TECH = "tech"
    GREEN = "green"
    OTHER = "other"


class Zone(StrEnum):
    """特色专区: for whom a product was made."""

    #: 专精特新
    SPECIALISED = "specialised"
    #: 绿色
    GREEN = "green"
    #: 三农
    AGRI = "agri"
    #: 首贷
    FIRST_LOAN = "first_loan"
    #: 政采
    PROCUREMENT = "procurement"


SECURITIES = FIELDS["need.security"].codes
SIZES = FIELDS["firm.size"].codes


class ChargeKind(StrEnum):
    """What is paid for beside interest."""

    GUARANTEE = "guarantee"
    INSURANCE = "insurance"
    ASSESSMENT = "assessment"
    REGISTRATION = "registration"
    OTHER = "other"


class ChargeBasis(StrEnum):
    """How a charge is counted."""

    #: a share of the amount, once, on the day of the drawdown
    ONCE_RATE = "once_rate"
    #: an amount of money, once, on the day of the drawdown
    ONCE_FEN = "once_fen"
    #: a share of the amount for each year, ahead: at the drawdown and each anniversary, a last part by its months
    YEARLY_RATE = "yearly_rate"


#: Bounds against typing errors.
MOST_NAME, MOST_NOTE, MOST_CHARGES, MOST_LIST, MOST_DAYS = 40, 300, 6, 40, 60
RATE_STEP = FIELDS["need.rate"].step
#: A charge of more than a fifth of the loan is a typing error.
MOST_CHARGE = Decimal("0.2")


@dataclass(frozen=True, slots=True)
class Charge:
    """A payment beside interest. ``value`` is a fraction, or whole fen for ``ONCE_FEN``."""

    kind: ChargeKind
    basis: ChargeBasis
    value: Decimal

    def __post_init__(self) -> None:
        step = Decimal(1) if self.basis is ChargeBasis.ONCE_FEN else RATE_STEP
        most = Decimal(MAX_FEN) if self.basis is ChargeBasis.ONCE_FEN else MOST_CHARGE
        if not self.value.is_finite() or not 0 < self.value <= most or self.value % step:
            bad("charges", "RANGE")


@dataclass(frozen=True, slots=True)
class ProductTerms:
    """Everything a version says, checked: no such value breaks a rule of this module.

    Attributes:
        name: what the product is called; ``kind`` its class.
        security: what it asks for; of a kind that is named after its security, that one.
        amount_fen, months, rate: lowest and highest, both included; the rate is of a year, a fraction.
        methods: how it may be paid back, in the institution's order; ``day_count`` how interest is counted.
        charges: everything paid beside interest; ``fee_note`` the institution's words about it.
        regions: divisions by the beginning of their code; ``industries`` branches of GB/T 4754. Empty: all.
        sizes, subjects: of firms. Empty: all.
        condition: the further admission conditions.
        required_items: items of the catalogue whose records are needed; ``materials`` what else is handed in.
        sla_days: promised working days from acceptance to the decision.
        zones: special zones; ``guarantee_ok`` whether a guarantor may stand in; ``policy_links`` addresses of policies.
        valid_from, valid_to: first and last day on which it is offered.
    """

    name: str
    kind: ProductKind
    security: str
    amount_fen: tuple[int, int]
    months: tuple[int, int]
    rate: tuple[Decimal, Decimal]
    methods: tuple[Method, ...]
    sla_days: int
    day_count: DayCount = DayCount.MONTHLY
    charges: tuple[Charge, ...] = ()
    fee_note: str = ""
    regions: tuple[str, ...] = ()
    industries: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    subjects: tuple[SubjectType, ...] = ()
    condition: Condition = NOTHING_ASKED
    required_items: tuple[str, ...] = ()
    materials: tuple[str, ...] = ()
    zones: tuple[Zone, ...] = ()
    guarantee_ok: bool = False
    policy_links: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None

    def __post_init__(self) -> None:
        _ordered(self)
        if self.security not in SECURITIES:
            bad("security", "CODES")
        if self.kind.value in SECURITIES and self.security != self.kind.value:
            bad("security", "KIND")
        if not self.methods or len(set(self.methods)) != len(self.methods):
            bad("methods", "CODES")
        if not 1 <= self.sla_days <= MOST_DAYS:
            bad("sla_days", "RANGE")
        if len(self.charges) > MOST_CHARGES or 2 * self._at_drawdown() >= self.amount_fen[0]:
            bad("charges", "RANGE")
        for leaf in leaves(self.condition):
            # the need's own figures are asked by amount, months, rate and security; twice would be a contradiction
            if leaf.field.name.startswith("need.") and leaf.field.name != "need.purpose":
                bad("condition", "FIELD")

    def _at_drawdown(self) -> Decimal:
        """What is paid at once of the smallest loan."""
        return sum(
            (
                one.value if one.basis is ChargeBasis.ONCE_FEN else one.value * self.amount_fen[0]
                for one in self.charges
            ),
            Decimal(0),
        )

    def is_offered(self, day: date) -> bool:
        """Whether its own dates allow it on ``day``."""
        return (self.valid_from or date.min) <= day <= (self.valid_to or date.max)

    def admission(self) -> Condition:
        """准入条件: region, industry, size and subject type as conditions, and the further ones."""
        own: list[Condition] = []
        if self.regions:
            own.append(Under(FIELDS["firm.region"], self.regions))
        if self.subjects:
            own.append(OneOf(FIELDS["firm.subject_type"], frozenset(one.value for one in self.subjects)))
        if self.industries:
            own.append(Under(FIELDS["firm.industry"], self.industries))
        if self.sizes:
            own.append(OneOf(FIELDS["firm.size"], frozenset(self.sizes)))
        return AllOf((*own, self.condition))

    def offer(self, product_id: str, *, approved: int = 0, decided: int = 0) -> Offer:
        """The version as matching reads it; the two counts are of cases of similar firms."""
        return Offer(
            product_id=product_id,
            amount_fen=self.amount_fen,
            months=self.months,
            rate=self.rate,
            security=self.security,
            handling_days=self.sla_days,
            condition=self.admission(),
            guarantee_ok=self.guarantee_ok,
            approved=approved,
            decided=decided,
            policies=frozenset(self.policy_links),
        )


def _ordered(terms: ProductTerms) -> None:
    low, high = terms.amount_fen
    if not 0 < low <= high <= MAX_FEN:
        bad("amount", "BOUNDS")
    if not 0 < terms.months[0] <= terms.months[1] <= MOST_MONTHS:
        bad("months", "BOUNDS")
    cheap, dear = terms.rate
    if not (cheap.is_finite() and dear.is_finite() and 0 <= cheap <= dear <= MOST_RATE):
        bad("rate", "BOUNDS")
    if cheap % RATE_STEP or dear % RATE_STEP:
        bad("rate", "NUMBER")
    if terms.valid_from and terms.valid_to and terms.valid_to < terms.valid_from:
        bad("valid_to", "BOUNDS")


def bad(field: str, reason: str) -> NoReturn:
    """A refusal that names the field. Raises ``INVALID``."""
    raise Invalid(Code.INVALID, f"{field}: {reason}", facts={"field": field, "reason": reason})
