"""The verbs of products: write, submit, decide with four eyes, take off offer. Used by portal and interface alike.

All of a product happens under the lock of its row, so that two people never make two versions of it or decide twice.
"""

from datetime import datetime

from django.db import transaction

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Conflict, NotFound
from xinqiao.domain.machine import Role
from xinqiao.domain.market.product import PENDING, STANDING, VersionEvent, VersionState, check_reviewer
from xinqiao.domain.market.product_json import parse_terms
from xinqiao.hub.actors import InstitutionActor
from xinqiao.hub.apps.consents.records import next_number
from xinqiao.hub.apps.identity.models import Institution
from xinqiao.hub.apps.market.models import Product, ProductVersion
from xinqiao.hub.apps.market.rows import (
    Happened,
    change,
    columns_of,
    fire,
    locked,
    note,
    read_terms,
    require_reviewer,
    require_writer,
    tell,
)
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.hub.typed import form_key, text_of

_STANDING = [state.value for state in STANDING]
_PENDING = [state.value for state in PENDING]


def create_product(*, actor: InstitutionActor, terms: Json, key: str, at: datetime) -> ProductVersion:
    """Design a product: its first version as a draft. The same form once more is the same product.

    Raises:
        Forbidden: ``ROLE_FORBIDDEN``. Invalid: naming the field.
    """
    require_writer(actor)
    read, key = read_terms(terms), form_key(key)
    with transaction.atomic(durable=True):
        # the institution's row is what two forms of one key wait at
        institution = Institution.objects.select_for_update().get(id=actor.institution_id)
        known = ProductVersion.objects.for_viewer(actor).filter(no=1, product__key=key).first()
        if known is not None:
            return known
        product = Product.objects.create(
            id=new_id(Prefix.PRODUCT),
            number=next_number("FP", at),
            institution=institution,
            key=key,
            made_at=at,
        )
        row = ProductVersion(product=product, no=1, key=key, **columns_of(read))
        _insert(row, actor, at)
    return row


def revise_product(*, actor: InstitutionActor, product_id: str, key: str, at: datetime) -> ProductVersion:
    """Begin the next version of a product on offer, as a draft that says what the present one says.

    Raises:
        NotFound: absent or foreign. Forbidden: ``ROLE_FORBIDDEN``. Conflict: ``CONFLICT_DUPLICATE``: one is being made;
            ``CONFLICT_STATE``: the product is not on offer and never will be again.
    """
    with transaction.atomic(durable=True):
        rows = ProductVersion.objects.for_viewer(actor).filter(product_id=product_id)
        if not rows.exists():
            raise NotFound
        require_writer(actor)
        product = Product.objects.select_for_update().get(id=product_id)
        known = rows.filter(key=form_key(key)).first()
        if known is not None:
            return known
        if rows.filter(state__in=_PENDING).exists():
            raise Conflict(Code.CONFLICT_DUPLICATE, "a version is being made", facts={"field": "product"})
        standing = rows.filter(state__in=_STANDING).first()
        if standing is None:
            raise Conflict(Code.CONFLICT_STATE, "not on offer", facts={"field": "product"})
        row = ProductVersion(
            product=product, no=rows.count() + 1, key=key, **columns_of(parse_terms(standing.terms))
        )
        _insert(row, actor, at)
    return row


def _insert(row: ProductVersion, actor: InstitutionActor, at: datetime) -> None:
    row.id, row.writers, row.written_at = new_id(Prefix.PRODUCT_VERSION), [actor.user_id], at
    row.save(force_insert=True)
    note(row, actor, Happened("write", at))


def save_draft(
    *, actor: InstitutionActor, version_id: str, terms: Json, expected_revision: int, at: datetime
) -> ProductVersion:
    """Write a draft anew. What it said before stays in the log as its digest.

    Raises:
        NotFound. Forbidden: ``ROLE_FORBIDDEN``. Stale. Invalid: naming the field. Conflict: ``CONFLICT_STATE``: no draft.
    """
    with transaction.atomic(durable=True):
        row = locked(actor, version_id, expected_revision)
        require_writer(actor)
        if row.state != VersionState.DRAFT.value:
            raise Conflict(Code.CONFLICT_STATE, "only a draft is written", facts={"state": row.state})
        read = read_terms(terms)
        change(
            row, actor, Happened("write", at), **columns_of(read), writers=_with(row, actor), written_at=at
        )
    return row


def submit_version(
    *, actor: InstitutionActor, version_id: str, expected_revision: int, at: datetime
) -> ProductVersion:
    """Hand a draft in for review. From here on its words are fixed.

    Raises:
        NotFound. Forbidden: ``ROLE_FORBIDDEN``. Stale. Conflict: ``ILLEGAL_MOVE``. Invalid: an item was dropped meanwhile.
    """
    with transaction.atomic(durable=True):
        row = locked(actor, version_id, expected_revision)
        require_writer(actor)
        read_terms(row.terms)
        fire(
            row, actor, VersionEvent.SUBMIT, Happened("submit", at), submitted_at=at, writers=_with(row, actor), refusal=""
        )  # fmt: skip
        tell(row, "product_submitted", at)
    return row


def recall_version(
    *, actor: InstitutionActor, version_id: str, expected_revision: int, at: datetime
) -> ProductVersion:
    """Take a version back from review to write on. Raises as :func:`submit_version`."""
    with transaction.atomic(durable=True):
        row = locked(actor, version_id, expected_revision)
        require_writer(actor)
        fire(row, actor, VersionEvent.RECALL, Happened("recall", at))
    return row


def drop_version(
    *, actor: InstitutionActor, version_id: str, expected_revision: int, at: datetime
) -> ProductVersion:
    """Give up a version that was never published. Raises as :func:`submit_version`."""
    with transaction.atomic(durable=True):
        row = locked(actor, version_id, expected_revision)
        require_writer(actor)
        fire(row, actor, VersionEvent.DROP, Happened("drop", at), ended_at=at)
    return row


def refuse_version(
    *, actor: InstitutionActor, version_id: str, reason: str, expected_revision: int, at: datetime
) -> ProductVersion:
    """A second person sends a version back, with the reason.

    Raises:
        NotFound. Forbidden: ``ROLE_FORBIDDEN``; with the reason ``FOUR_EYES`` to one of its writers. Stale.
        Invalid: no reason. Conflict: ``ILLEGAL_MOVE``.
    """
    with transaction.atomic(durable=True):
        row = _reviewed(actor, version_id, expected_revision)
        said = text_of(reason, field="reason")
        fire(
            row, actor, VersionEvent.REFUSE, Happened("refuse", at, said), refusal=said, decided_at=at,
            decided_by=actor.user_id,
        )  # fmt: skip
        tell(row, "product_refused", at)
    return row


def publish_version(
    *, actor: InstitutionActor, version_id: str, expected_revision: int, at: datetime
) -> ProductVersion:
    """A second person agrees: the version is on offer, and the one before it no more. Cases keep the version they have.

    Raises: as :func:`refuse_version`.
    """
    with transaction.atomic(durable=True):
        row = _reviewed(actor, version_id, expected_revision)
        before = ProductVersion.objects.filter(product=row.product, state__in=_STANDING).first()
        if before is not None and row.state == VersionState.IN_REVIEW.value:
            before.product = row.product
            fire(before, actor, VersionEvent.SUPERSEDE, Happened("supersede", at), role=Role.HUB, ended_at=at)
        fire(
            row, actor, VersionEvent.PUBLISH, Happened("publish", at), published_at=at, decided_at=at,
            decided_by=actor.user_id,
        )  # fmt: skip
        tell(row, "product_published", at)
    return row


def _reviewed(actor: InstitutionActor, version_id: str, expected_revision: int) -> ProductVersion:
    row = locked(actor, version_id, expected_revision)
    require_reviewer(actor)
    check_reviewer(row.writers, actor.user_id or "")
    return row


def suspend_product(
    *, actor: InstitutionActor, version_id: str, reason: str, expected_revision: int, at: datetime
) -> ProductVersion:
    """停售: off offer from now on, until it is resumed. One person suffices to stop.

    Raises: NotFound. Forbidden: ``ROLE_FORBIDDEN``. Stale. Invalid: no reason. Conflict: ``ILLEGAL_MOVE``.
    """
    with transaction.atomic(durable=True):
        row = locked(actor, version_id, expected_revision)
        require_reviewer(actor)
        fire(row, actor, VersionEvent.SUSPEND, Happened("suspend", at, text_of(reason, field="reason")))
        tell(row, "product_suspended", at)
    return row


def resume_product(
    *, actor: InstitutionActor, version_id: str, expected_revision: int, at: datetime
) -> ProductVersion:
    """On offer again, with the words that were reviewed. Raises as :func:`submit_version`."""
    with transaction.atomic(durable=True):
        row = locked(actor, version_id, expected_revision)
        require_reviewer(actor)
        fire(row, actor, VersionEvent.RESUME, Happened("resume", at))
    return row


def withdraw_product(
    *, actor: InstitutionActor, version_id: str, reason: str, expected_revision: int, at: datetime
) -> ProductVersion:
    """下架: off offer for good; a version that is being made is given up with it.

    Raises: as :func:`suspend_product`.
    """
    with transaction.atomic(durable=True):
        row = locked(actor, version_id, expected_revision)
        require_reviewer(actor)
        fire(
            row,
            actor,
            VersionEvent.WITHDRAW,
            Happened("withdraw", at, text_of(reason, field="reason")),
            ended_at=at,
        )
        pending = ProductVersion.objects.filter(product=row.product, state__in=_PENDING).first()
        if pending is not None:
            pending.product = row.product
            fire(pending, actor, VersionEvent.DROP, Happened("drop", at), ended_at=at)
        tell(row, "product_withdrawn", at)
    return row


def _with(row: ProductVersion, actor: InstitutionActor) -> list[str]:
    return sorted({*row.writers, actor.user_id or ""})
