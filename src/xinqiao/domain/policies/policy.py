"""惠企政策: what a policy department offers, version by version, as values that cannot be wrong.

A version is written, reviewed by somebody who did not write it, and published, exactly as a version of a product
(:mod:`xinqiao.domain.market.product`): the same states and events, fired by the department. Conditions are data in three
values; what is paid is one of the formulas of :mod:`xinqiao.domain.policies.formulas` with the version's own parameters.
The kinds and fields are those of the field's documents (6); bounds against typing errors are this platform's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from xinqiao.domain.identifiers import SubjectType
from xinqiao.domain.machine import Machine, Role
from xinqiao.domain.market.conditions import NOTHING_ASKED, AllOf, Condition, OneOf, Under, leaves
from xinqiao.domain.market.fields import FIELDS
from xinqiao.domain.market.product import PRODUCT, VersionEvent, VersionState, bad
from xinqiao.domain.money import MAX_FEN

_DEPARTMENT = frozenset({Role.DEPARTMENT})

#: The table of a version of a product, fired by the department instead of the institution.
POLICY: Machine[VersionState, VersionEvent] = Machine(
    name="policy",
    start=PRODUCT.start,
    moves=PRODUCT.moves,
    may_fire={
        event: _DEPARTMENT if Role.INSTITUTION in roles else roles
        for event, roles in PRODUCT.may_fire.items()
    },
)


class PolicyKind(StrEnum):
    """What a policy does; each kind is counted by one formula."""

    INTEREST_SUBSIDY = "interest_subsidy"
    GUARANTEE_FEE = "guarantee_fee"
    PREMIUM = "premium"
    TURNOVER = "turnover"
    GRANT = "grant"
    RISK_COMPENSATION = "risk_compensation"
    GUARANTEE_FUND = "guarantee_fund"
    AWARD = "award"


class ApplyMode(StrEnum):
    """How much a firm has to do."""

    #: 免申即享: the department knows everything; the firm only confirms
    AUTOMATIC = "automatic"
    #: 简化申报
    SIMPLE = "simple"
    #: 完整申报: every material named must be attached
    FULL = "full"


#: What pays to firms; the others pay to institutions and are shown in the library only.
FIRM_KINDS = frozenset(
    {
        PolicyKind.INTEREST_SUBSIDY,
        PolicyKind.GUARANTEE_FEE,
        PolicyKind.PREMIUM,
        PolicyKind.TURNOVER,
        PolicyKind.GRANT,
    }
)
#: The parameters of each kind's formula, all of them needed.
PARAMETERS: Mapping[PolicyKind, tuple[str, ...]] = {
    PolicyKind.INTEREST_SUBSIDY: ("rate", "most_days"),
    PolicyKind.GUARANTEE_FEE: ("share", "most_days"),
    PolicyKind.PREMIUM: ("share",),
    PolicyKind.TURNOVER: ("rate", "most_days"),
    PolicyKind.GRANT: ("each_fen",),
    PolicyKind.RISK_COMPENSATION: ("share",),
    PolicyKind.GUARANTEE_FUND: ("share",),
    PolicyKind.AWARD: ("each_fen", "share"),
}
#: Kinds that speak of one loan: without its contract nothing can be counted.
LOAN_KINDS = frozenset({PolicyKind.INTEREST_SUBSIDY, PolicyKind.GUARANTEE_FEE, PolicyKind.TURNOVER})

MOST_TITLE, MOST_SUMMARY, MOST_NOTICE_DAYS, MOST_SUBSIDY_DAYS, MOST_QUOTA = 60, 500, 60, 1098, 10**7
#: 公示: the field's documents name five working days.
NOTICE_DAYS = 5


@dataclass(frozen=True, slots=True)
class Formula:
    """The parameters of a formula; those that its kind does not have are ``None``.

    Attributes:
        rate: of a year for a subsidy, of a day for a turnover fund; a fraction.
        share: of a fee, a premium or a loss that the fund bears; a fraction.
        each_fen: paid for each firm.
        most_days: how many days are subsidised or lent at most.
        days_in_year: 360 or 365, set by the policy.
    """

    rate: Decimal | None = None
    share: Decimal | None = None
    each_fen: int | None = None
    most_days: int | None = None
    days_in_year: int = 360

    def check(self, kind: PolicyKind) -> None:
        """Whether a kind's parameters are all there, nothing else, and within bounds. Raises naming the field."""
        said = {
            name for name in ("rate", "share", "each_fen", "most_days") if getattr(self, name) is not None
        }
        for name in sorted(said ^ set(PARAMETERS[kind])):
            bad(name, "MISSING" if name not in said else "KIND")
        for name, value in (("rate", self.rate), ("share", self.share)):
            if value is not None and not 0 < value <= 1:
                bad(name, "RANGE")
        if self.each_fen is not None and not 0 < self.each_fen <= MAX_FEN:
            bad("each_fen", "RANGE")
        if self.most_days is not None and not 0 < self.most_days <= MOST_SUBSIDY_DAYS:
            bad("most_days", "RANGE")
        if self.days_in_year not in (360, 365):
            bad("days_in_year", "CODES")


@dataclass(frozen=True, slots=True)
class PolicyTerms:
    """Everything a version says, checked: no such value breaks a rule of this module.

    Attributes:
        title, summary: what it is called, and in plain words for whom; ``document_no`` the number of the paper behind it.
        kind, formula: what is paid and how it is counted.
        budget_fen: the whole fund; ``quota`` how many applications are paid at most (``None``: no limit).
        firm_cap_fen: the most one firm gets under the policy; ``claim_cap_fen`` the most one application gets.
        loan_fen: the largest loan that is supported; ``loan_rate`` the highest yearly rate of it.
        regions, industries, sizes, subjects, condition: of firms, as in a product. Empty: all.
        covers: first and last day whose balances or fees count; ``open_on`` first and last day of applications.
        mode, materials: what a firm has to hand in; ``notice_days`` working days of public notice, 0 for none.
        contact: whom to ask.
    """

    title: str
    kind: PolicyKind
    formula: Formula
    summary: str
    document_no: str
    budget_fen: int
    quota: int | None = None
    firm_cap_fen: int | None = None
    claim_cap_fen: int | None = None
    loan_fen: int | None = None
    loan_rate: Decimal | None = None
    regions: tuple[str, ...] = ()
    industries: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    subjects: tuple[SubjectType, ...] = ()
    condition: Condition = NOTHING_ASKED
    covers: tuple[date | None, date | None] = (None, None)
    open_on: tuple[date | None, date | None] = (None, None)
    mode: ApplyMode = ApplyMode.SIMPLE
    materials: tuple[str, ...] = ()
    notice_days: int = NOTICE_DAYS
    contact: str = ""

    def __post_init__(self) -> None:
        self.formula.check(self.kind)
        if not 0 < self.budget_fen <= MAX_FEN:
            bad("budget", "RANGE")
        if self.quota is not None and not 0 < self.quota <= MOST_QUOTA:
            bad("quota", "RANGE")
        for name, cap in (
            ("firm_cap", self.firm_cap_fen),
            ("claim_cap", self.claim_cap_fen),
            ("loan_most", self.loan_fen),
        ):
            if cap is not None and not 0 < cap <= MAX_FEN:
                bad(name, "RANGE")
        for name, (first, last) in (("covers_to", self.covers), ("open_to", self.open_on)):
            if first and last and last < first:
                bad(name, "BOUNDS")
        if not 0 <= self.notice_days <= MOST_NOTICE_DAYS:
            bad("notice_days", "RANGE")
        for leaf in leaves(self.condition):
            if leaf.field.name.startswith("need."):
                bad("condition", "FIELD")  # a policy is about a firm, before it wants anything

    @property
    def pays_firms(self) -> bool:
        """Whether firms can apply themselves."""
        return self.kind in FIRM_KINDS

    def is_open(self, day: date) -> bool:
        """Whether applications are taken on ``day``."""
        return (self.open_on[0] or date.min) <= day <= (self.open_on[1] or date.max)

    def admission(self) -> Condition:
        """Region, industry, size and subject type as conditions, and the further ones."""
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
