"""What every verb of the app does alike: who may, the version under its product's lock, the move with its step and leaf."""

from dataclasses import dataclass
from datetime import datetime

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import NotFound, Stale
from xinqiao.domain.fundflow.dictionary import BY_ID
from xinqiao.domain.machine import Role
from xinqiao.domain.market.conditions import Condition, leaves
from xinqiao.domain.market.product import PRODUCT, ProductTerms, VersionEvent, VersionState, bad
from xinqiao.domain.market.product_json import parse_terms, terms_digest, terms_json
from xinqiao.hub.actors import InstitutionActor, InstitutionRole
from xinqiao.hub.apps.audit.services import LeafRef, Refs, append_leaf
from xinqiao.hub.apps.consents.records import actor_columns
from xinqiao.hub.apps.identity.rights import require_institution_role
from xinqiao.hub.apps.market.models import Product, ProductStep, ProductVersion
from xinqiao.hub.apps.notices.services import notify
from xinqiao.hub.runtime import runtime

_WRITES = frozenset({InstitutionRole.PRODUCT_MANAGER})
_REVIEWS = frozenset({InstitutionRole.PRODUCT_MANAGER, InstitutionRole.INSTITUTION_ADMIN})


def require_writer(actor: InstitutionActor) -> None:
    """Who designs products. Raises ROLE_FORBIDDEN."""
    require_institution_role(actor, _WRITES)


def require_reviewer(actor: InstitutionActor) -> None:
    """Who decides about versions and takes products off offer. Raises ROLE_FORBIDDEN."""
    require_institution_role(actor, _REVIEWS)


def read_terms(data: Json) -> ProductTerms:
    """A version as data, with items and indicators that exist here. Raises as ``parse_terms``."""
    terms = parse_terms(data)
    items = runtime.catalogue.items
    if not set(terms.required_items) <= items.keys():
        bad("required_items", "CODES")
    check_fields(terms.condition)
    return terms


def check_fields(condition: Condition) -> None:
    """Conditions ask for items and indicators that exist here. Raises ``Invalid`` naming ``condition``."""
    for leaf in leaves(condition):
        family, _dot, name = leaf.field.name.partition(".")
        known = runtime.catalogue.items if family == "records" else BY_ID if family == "fundflow" else None
        if known is not None and name not in known:
            bad("condition", "FIELD")


def columns_of(terms: ProductTerms) -> dict[str, object]:
    """Everything of a row that follows from what the version says."""
    return {
        "terms": terms_json(terms), "digest": terms_digest(terms), "name": terms.name, "kind": terms.kind.value,
        "amount_min_fen": terms.amount_fen[0], "amount_max_fen": terms.amount_fen[1],
        "months_min": terms.months[0], "months_max": terms.months[1],
        "rate_min": terms.rate[0], "rate_max": terms.rate[1],
        "regions": barred(terms.regions), "industries": barred(terms.industries),
        "zones": barred(terms.zones), "valid_from": terms.valid_from, "valid_to": terms.valid_to,
    }  # fmt: skip


def barred(codes: tuple[str, ...]) -> str:
    """Codes between bars (``|14|3301|``), empty for all."""
    return f"|{'|'.join(codes)}|" if codes else ""


def locked(actor: InstitutionActor, version_id: str, expected_revision: int) -> ProductVersion:
    """A version of the actor's institution, its product held. Raises NotFound, Stale."""
    rows = ProductVersion.objects.for_viewer(actor)
    product_id = rows.filter(id=version_id).values_list("product_id", flat=True).first()
    if product_id is None:
        raise NotFound
    held = Product.objects.select_for_update().get(id=product_id)
    row = rows.get(id=version_id)
    row.product = held
    if row.revision != expected_revision:
        raise Stale("changed since it was shown")
    return row


@dataclass(frozen=True, slots=True)
class Happened:
    """What happened when, and the words given with it."""

    event: str
    at: datetime
    text: str = ""


def fire(
    row: ProductVersion, actor: InstitutionActor, event: VersionEvent, happened: Happened, *, role: Role = Role.INSTITUTION,
    **columns: object,
) -> None:  # fmt: skip
    """Move a version whose product is held, with its step and leaf. Raises ILLEGAL_MOVE, Stale."""
    state = PRODUCT.fire(VersionState(row.state), event, role)
    change(row, actor, happened, state=state.value, **columns)


def change(row: ProductVersion, actor: InstitutionActor, happened: Happened, **columns: object) -> None:
    """The conditional update with its step and leaf. Raises Stale when somebody was faster."""
    columns["revision"] = row.revision + 1
    rows = ProductVersion.objects.filter(id=row.id, state=row.state, revision=row.revision)
    if rows.update(**columns) != 1:
        raise Stale("changed meanwhile")
    for name, value in columns.items():
        setattr(row, name, value)
    note(row, actor, happened)


def note(row: ProductVersion, actor: InstitutionActor, happened: Happened) -> LeafRef:
    """The leaf and the step of what happened, in the transaction of its effect."""
    leaf = append_leaf(
        type="STATEMENT",
        at=happened.at,
        facts={
            "act": f"product_{happened.event}",
            "number": row.product.number,
            "version": row.no,
            "state": row.state,
            "digest": row.digest,
            "by": actor.user_id,
        },
        refs=Refs(institution=row.product.institution_id, object=row.id),
        personal={"text": happened.text},
    )
    ProductStep.objects.create(
        version=row,
        seq=ProductStep.objects.filter(version=row).count() + 1,
        event=happened.event,
        state=row.state,
        at=happened.at,
        actor_label=actor_columns(actor)[2][:120],
        text=happened.text,
        leaf_index=leaf.index,
    )
    return leaf


def tell(row: ProductVersion, what: str, at: datetime) -> None:
    """Leave word for the institution's people."""
    notify(
        audience=("institution", row.product.institution_id), kind=what, at=at,
        facts={"name": row.name, "number": row.product.number}, link=f"/i/products/versions/{row.id}",
    )  # fmt: skip
