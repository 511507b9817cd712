"""Questions about products: an institution's own, and what is on offer to anybody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q, QuerySet

from xinqiao.domain.errors import NotFound
from xinqiao.domain.market.matching import Offer
from xinqiao.domain.market.product import PENDING, STANDING, ProductTerms, VersionState
from xinqiao.domain.market.product_json import parse_terms
from xinqiao.hub.actors import Actor
from xinqiao.hub.apps.market.models import ProductStep, ProductVersion

_PENDING = sorted(state.value for state in PENDING)


@dataclass(frozen=True, slots=True)
class ProductRow:
    """A product as its institution's list shows it: what stands for it, and what is being made."""

    product_id: str
    number: str
    standing: ProductVersion | None
    pending: ProductVersion | None
    newest: ProductVersion

    @property
    def shown(self) -> ProductVersion:
        """The version by which it is called: the standing one, else the one being made, else the last."""
        return self.standing or self.pending or self.newest


def products(actor: Actor) -> list[ProductRow]:
    """The institution's products, newest first; what ended stands last."""
    found: dict[str, list[ProductVersion]] = {}
    rows = ProductVersion.objects.for_viewer(actor).select_related("product", "product__institution")
    for one in rows.order_by("product__made_at", "product_id", "no"):
        found.setdefault(one.product_id, []).append(one)
    listed = [_product(versions) for versions in reversed(found.values())]
    return sorted(listed, key=lambda row: row.standing is None and row.pending is None)


def _product(versions: Sequence[ProductVersion]) -> ProductRow:
    by_state = {VersionState(one.state): one for one in versions}
    standing = next((by_state[state] for state in STANDING if state in by_state), None)
    pending = next((by_state[state] for state in PENDING if state in by_state), None)
    newest = versions[-1]
    return ProductRow(newest.product_id, newest.product.number, standing, pending, newest)


def in_review(actor: Actor) -> list[ProductVersion]:
    """The queue of those who review, oldest first."""
    rows = ProductVersion.objects.for_viewer(actor).filter(state=VersionState.IN_REVIEW.value)
    return list(rows.select_related("product").order_by("submitted_at", "id"))


def version(actor: Actor, version_id: str) -> ProductVersion:
    """One version. Raises NotFound for an absent or foreign one."""
    rows = ProductVersion.objects.for_viewer(actor).select_related("product", "product__institution")
    found = rows.filter(id=version_id).first()
    if found is None:
        raise NotFound
    return found


def versions(actor: Actor, product_id: str) -> list[ProductVersion]:
    """All versions of a product, newest first. Raises NotFound for an absent or foreign one."""
    rows = ProductVersion.objects.for_viewer(actor).filter(product_id=product_id)
    found = list(rows.select_related("product", "product__institution").order_by("-no"))
    if not found:
        raise NotFound
    return found


def terms_of(row: ProductVersion) -> ProductTerms:
    """What a version says."""
    return parse_terms(row.terms)


@dataclass(frozen=True, slots=True)
class StepRow:
    """One thing that happened."""

    event: str
    state: str
    at: datetime
    actor_label: str
    text: str
    leaf_index: int


def steps(row: ProductVersion) -> list[StepRow]:
    """What happened to a version the caller was given, oldest first."""
    return [
        StepRow(one.event, one.state, one.at, one.actor_label, one.text, one.leaf_index)
        for one in ProductStep.objects.filter(version=row).order_by("seq")
    ]


# what anybody sees


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody looks for in the supermarket; nothing said, nothing left out.

    ``region`` and ``industry`` are codes or beginnings of codes: a product for all of Shanxi is found under a city of it.
    """

    kind: str = ""
    zone: str = ""
    region: str = ""
    industry: str = ""
    amount_fen: int | None = None
    months: int | None = None
    text: str = ""


def _offered(day: date) -> QuerySet[ProductVersion]:
    rows = ProductVersion.objects.filter(
        state=VersionState.PUBLISHED.value, product__institution__status="active"
    )
    begun = Q(valid_from=None) | Q(valid_from__lte=day)
    return rows.filter(begun, Q(valid_to=None) | Q(valid_to__gte=day)).select_related(
        "product", "product__institution"
    )


def _reaches(column: str, code: str, ends: Sequence[int]) -> Q:
    """Products for everywhere, for a branch that ``code`` is in, and for branches inside ``code``."""
    found = Q(**{column: ""}) | Q(**{f"{column}__contains": f"|{code}"})
    for end in ends:
        if end < len(code):
            found |= Q(**{f"{column}__contains": f"|{code[:end]}|"})
    return found


def on_offer(wanted: Wanted, day: date) -> QuerySet[ProductVersion]:
    """What is on offer on a day, the lowest rate first; no payment moves a place."""
    rows = _offered(day)
    if wanted.kind:
        rows = rows.filter(kind=wanted.kind)
    if wanted.zone:
        rows = rows.filter(zones__contains=f"|{wanted.zone}|")
    if wanted.region:
        rows = rows.filter(_reaches("regions", wanted.region, (2, 4)))
    if wanted.industry:
        rows = rows.filter(_reaches("industries", wanted.industry, (1, 3, 4)))
    if wanted.amount_fen is not None:
        rows = rows.filter(amount_min_fen__lte=wanted.amount_fen, amount_max_fen__gte=wanted.amount_fen)
    if wanted.months is not None:
        rows = rows.filter(months_min__lte=wanted.months, months_max__gte=wanted.months)
    if wanted.text:
        rows = rows.filter(
            Q(name__icontains=wanted.text) | Q(product__institution__name__icontains=wanted.text)
        )
    return rows.order_by("rate_min", "rate_max", "id")


def offered(product_id: str, day: date) -> ProductVersion:
    """The version of a product that is on offer. Raises NotFound for every other, whatever the reason."""
    found = _offered(day).filter(product_id=product_id).first()
    if found is None:
        raise NotFound
    return found


def offers(day: date) -> list[Offer]:
    """Everything on offer as matching reads it, by number of product."""
    return [terms_of(row).offer(row.product_id) for row in _offered(day).order_by("product_id")]
