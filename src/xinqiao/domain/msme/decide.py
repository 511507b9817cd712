"""Deciding the size: the lowest class of the single indicators, and what is still possible when one is missing.

An enterprise is of a class when it reaches the lower bound of *every* indicator of its industry there; one that falls
short takes it a class down. So the class is the minimum of the classes of the indicators, and a missing indicator can
only lower it.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.identifiers import Finding, SubjectType, check_industry
from xinqiao.domain.identifiers.gb4754 import section_of
from xinqiao.domain.msme.rule import CLASSES, Group, Indicator, SizeClass, SizeRule

_DIGITS = 28


@dataclass(frozen=True, slots=True)
class Figures:
    """What is known of an enterprise: persons at the end of the period, annual revenue and total assets in yuan.

    ``None`` is "not known", never nought. A firm too young for an annual figure has it not known: the rule's text as we
    have it says nothing of scaling up the months there are.

    Raises:
        Invalid: ``INVALID`` for a figure below nought or no number.
    """

    employees: int | None = None
    revenue: Decimal | None = None
    total_assets: Decimal | None = None

    def __post_init__(self) -> None:
        for indicator in Indicator:
            value = getattr(self, indicator.value)
            if value is not None and not _is_figure(value):
                raise Invalid(Code.INVALID, "no figure", facts={"field": indicator.value})

    def measure(self, indicator: Indicator) -> Decimal | None:
        """A figure in the unit of the bounds: persons, or 万元 as an exact decimal, not rounded."""
        value: int | Decimal | None = getattr(self, indicator.value)
        if value is None:
            return None
        return Decimal(value).scaleb(-4) if indicator.is_money else Decimal(value)


def _is_figure(value: object) -> bool:
    """A whole number or a decimal, not below nought, of no more digits than decimal arithmetic keeps."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return False
    number = Decimal(value)
    return number.is_finite() and number >= 0 and len(number.as_tuple().digits) <= _DIGITS


@dataclass(frozen=True, slots=True)
class Rank:
    """One indicator: its value in persons or 万元 (``None`` when not known) and the class it gives alone."""

    indicator: Indicator
    value: Decimal | None
    size: SizeClass | None


class Unsized(StrEnum):
    """Why there is no class."""

    #: the industry is none of GB/T 4754
    BAD_INDUSTRY = "bad_industry"
    #: the rule depends on the division or group, and the code stops before it (``F``, ``70``)
    TOO_COARSE = "too_coarse"
    #: finance, railways, education, health …: not covered by the rule
    OUT_OF_SCOPE = "out_of_scope"
    #: no indicator of the industry is known
    NO_FIGURES = "no_figures"


@dataclass(frozen=True, slots=True)
class Sizing:
    """The answer.

    ``size``: by what is known. ``possible``: every class still possible, from the smallest up; one is certainty.
    ``missing``: indicators that are not known; ``deciding``: those of them that could still change the class.
    ``limiting``: the indicators that gave the class. ``by_reference``: an individual business 个体工商户, which the rule
    classifies by reference to the same table (参照本办法划分).
    """

    size: SizeClass
    rule: SizeRule
    industry: str
    group: Group | None = None
    ranks: tuple[Rank, ...] = ()
    possible: tuple[SizeClass, ...] = ()
    why: Unsized | None = None
    by_reference: bool = False

    @property
    def missing(self) -> tuple[Indicator, ...]:
        """Indicators of the industry that are not known."""
        return tuple(rank.indicator for rank in self.ranks if rank.value is None)

    @property
    def provisional(self) -> bool:
        """Whether an indicator was missing; then ``possible`` says whether that matters."""
        return bool(self.missing)

    @property
    def deciding(self) -> tuple[Indicator, ...]:
        """The missing indicators that would settle it."""
        return self.missing if len(self.possible) > 1 else ()

    @property
    def limiting(self) -> tuple[Indicator, ...]:
        """The known indicators that stand at the class given."""
        return tuple(rank.indicator for rank in self.ranks if rank.size is self.size)


def classify(
    rule: SizeRule, industry: str, figures: Figures, subject: SubjectType = SubjectType.ENTERPRISE
) -> Sizing:
    """The size of an enterprise.

    Args:
        rule: the rule in force.
        industry: GB/T 4754-2017 code of the main activity, with or without its letter; as long as it is known.
        figures: what is known.
        subject: an individual business is classified by reference to the same table.
    """
    reference = subject is SubjectType.INDIVIDUAL_BUSINESS
    code = check_industry(industry)
    if isinstance(code, Finding):
        return Sizing(
            SizeClass.UNKNOWN,
            rule,
            industry,
            possible=CLASSES,
            why=Unsized.BAD_INDUSTRY,
            by_reference=reference,
        )
    found = _group_of(rule, code)
    if isinstance(found, Unsized):
        out = found is Unsized.OUT_OF_SCOPE
        size = SizeClass.UNCLASSIFIED if out else SizeClass.UNKNOWN
        return Sizing(size, rule, code, possible=() if out else CLASSES, why=found, by_reference=reference)
    ranks = tuple(
        Rank(one.indicator, value, None if value is None else one.rank(value))
        for one in found.thresholds
        for value in (figures.measure(one.indicator),)
    )
    known = [rank.size for rank in ranks if rank.size is not None]
    if not known:
        return Sizing(SizeClass.UNKNOWN, rule, code, found, ranks, CLASSES, Unsized.NO_FIGURES, reference)
    size = min(known, key=CLASSES.index)
    complete = len(known) == len(ranks)
    possible = (size,) if complete else CLASSES[: CLASSES.index(size) + 1]
    return Sizing(size, rule, code, found, ranks, possible, by_reference=reference)


def _group_of(rule: SizeRule, code: str) -> Group | Unsized:
    """The most specific entry wins: the three-digit group, the division, the section (591 is transport, 59 storage)."""
    named = rule.scopes()
    letter = code if code.isalpha() else section_of(code)
    chain = [letter] if code.isalpha() else [code[:3], code[:2], letter]
    for step in chain:
        if step in named:
            return named[step] or Unsized.OUT_OF_SCOPE
    return Unsized.TOO_COARSE


def is_msme(sizing: Sizing, subject: SubjectType = SubjectType.ENTERPRISE) -> bool | None:
    """中小微企业: medium, small and micro, and every individual business. ``None`` when it cannot be said."""
    if subject is SubjectType.INDIVIDUAL_BUSINESS:
        return True
    if SizeClass.LARGE not in sizing.possible and sizing.possible:
        return True
    return False if sizing.possible == (SizeClass.LARGE,) else None
