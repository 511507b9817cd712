"""The verbs of referrals: prepare, record how far it has come, make the package. Only the side that refers a case records."""

import hashlib
from datetime import datetime
from io import BufferedRandom, BytesIO

from django.db import IntegrityError, transaction

from xinqiao.domain.disputes import DISPUTE, DisputeEvent, DisputeKind, DisputeState
from xinqiao.domain.errors import Code, Conflict, Forbidden, Invalid, NotFound, Stale
from xinqiao.domain.machine import Role
from xinqiao.hub.actors import EnterpriseActor, InstitutionActor
from xinqiao.hub.apps.audit.services import Refs, append_leaf
from xinqiao.hub.apps.cases.models import Case
from xinqiao.hub.apps.cases.rows import require_firm, require_handler
from xinqiao.hub.apps.consents.records import actor_columns, next_number
from xinqiao.hub.apps.disputes.models import Dispute, DisputeStep
from xinqiao.hub.apps.disputes.package import write_package
from xinqiao.hub.apps.notices.services import notify
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.hub.typed import form_key, text_of

type Side = EnterpriseActor | InstitutionActor


def _side(actor: Side) -> str:
    return "enterprise" if isinstance(actor, EnterpriseActor) else "institution"


def _require(actor: Side, at: datetime) -> Role:
    """Who acts for its side in cases. Raises ROLE_FORBIDDEN, SUBJECT_NOT_AUTHORISED."""
    return require_firm(actor, at) if isinstance(actor, EnterpriseActor) else require_handler(actor)


def may_refer(actor: Side, at: datetime) -> bool:
    """Whether buttons are shown; the verbs decide."""
    try:
        _require(actor, at)
    except Forbidden:
        return False
    return True


def prepare_dispute(*, actor: Side, case_id: str, kind: str, body: str, key: str, at: datetime) -> Dispute:
    """Begin a referral of a case of the actor's. The same form once more is the same referral.

    Raises:
        NotFound. Forbidden: ``ROLE_FORBIDDEN``, ``SUBJECT_NOT_AUTHORISED``. Invalid: naming the field.
        Conflict: ``CONFLICT_DUPLICATE``: this side refers the case to such a body already.
    """
    with transaction.atomic(durable=True):
        case = Case.objects.for_viewer(actor).filter(id=case_id).first()
        if case is None:
            raise NotFound
        _require(actor, at)
        if kind not in set(DisputeKind):
            raise Invalid(Code.INVALID, "no such kind", facts={"field": "kind"})
        said, form = text_of(body, field="body", most=120), form_key(key)
        known = Dispute.objects.filter(case=case, side=_side(actor), key=form).first()
        if known is not None:
            return known
        row = Dispute(
            id=new_id(Prefix.DISPUTE), number=next_number("JF", at), case=case, side=_side(actor), kind=kind, body=said,
            key=form, prepared_at=at,
        )  # fmt: skip
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError:
            raise Conflict(Code.CONFLICT_DUPLICATE, "referred already", facts={"field": "kind"}) from None
        _note(row, actor, "prepare", "", at)
    return row


def record_dispute(
    *, actor: Side, dispute_id: str, event: str, words: str = "", body_no: str = "", expected_revision: int, at: datetime
) -> Dispute:  # fmt: skip
    """Record what the body did: filed, accepted, refused, heard, decided, enforced, or that the side gave it up.

    Raises:
        NotFound. Forbidden: ``ROLE_FORBIDDEN``: the other side's referral too. Stale. Invalid: naming the field;
            a decision needs words. Conflict: ``ILLEGAL_MOVE``.
    """
    with transaction.atomic(durable=True):
        row = _locked(actor, dispute_id, expected_revision)
        role = _require(actor, at)
        if event not in set(DisputeEvent):
            raise Invalid(Code.INVALID, "no such event", facts={"field": "event"})
        state = DISPUTE.fire(DisputeState(row.state), DisputeEvent(event), role)
        said = text_of(words, field="words", least=1 if event == DisputeEvent.DECIDE else 0)
        row.body_no = text_of(body_no, field="body_no", most=64, least=0) or row.body_no
        row.state, row.revision = state.value, row.revision + 1
        if event == DisputeEvent.FILE:
            row.filed_at = at
        row.save(update_fields=["state", "revision", "body_no", "filed_at"])
        _note(row, actor, event, said, at)
        _tell(row, event, at)
    return row


def pack_dispute(*, actor: Side, dispute_id: str, out: BufferedRandom | BytesIO, at: datetime) -> str:
    """Write the package of the case for the body and keep its digest; returns the digest (SHA-256, hex).

    Raises: NotFound. Forbidden. Unavailable: a file cannot be read, or the log cannot be proved.
    """
    row = Dispute.objects.for_viewer(actor).select_related("case").filter(id=dispute_id).first()
    if row is None:
        raise NotFound
    if row.side != _side(actor):
        raise Forbidden(Code.ROLE_FORBIDDEN, "the side that refers it packs it")
    _require(actor, at)
    write_package(row, actor, out, at)
    out.seek(0)
    digest = hashlib.file_digest(out, "sha256").hexdigest()
    out.seek(0)
    with transaction.atomic(durable=True):
        held = Dispute.objects.select_for_update().select_related("case").get(id=row.id)
        held.package_digest, held.packed_at = digest, at
        held.save(update_fields=["package_digest", "packed_at"])
        _note(held, actor, "pack", "", at)
    return digest


def _locked(actor: Side, dispute_id: str, expected_revision: int) -> Dispute:
    rows = Dispute.objects.for_viewer(actor)
    if not rows.filter(id=dispute_id).exists():
        raise NotFound
    row = Dispute.objects.select_for_update(of=("self",)).select_related("case").get(id=dispute_id)
    if row.side != _side(actor):
        raise Forbidden(Code.ROLE_FORBIDDEN, "the side that refers it records")
    if row.revision != expected_revision:
        raise Stale("changed since it was shown")
    return row


def _note(row: Dispute, actor: Side, act: str, text: str, at: datetime) -> None:
    leaf = append_leaf(
        type="STATEMENT",
        at=at,
        facts={
            "act": f"dispute_{act}",
            "number": row.number,
            "case": row.case.number,
            "kind": row.kind,
            "state": row.state,
            "package": row.package_digest,
        },
        refs=Refs(subject=row.case.enterprise_id, institution=row.case.institution_id, object=row.id),
        personal={"text": text},
    )
    DisputeStep.objects.create(
        dispute=row, seq=DisputeStep.objects.filter(dispute=row).count() + 1, event=act, state=row.state, at=at,
        actor_label=actor_columns(actor)[2][:120], text=text, leaf_index=leaf.index,
    )  # fmt: skip


def _tell(row: Dispute, event: str, at: datetime) -> None:
    """The other side learns of it from the day it is filed; what was given up before that stays unsaid."""
    if row.filed_at is None:
        return
    if row.side == "enterprise":
        notify(
            audience=("institution", row.case.institution_id), kind="dispute_recorded", at=at,
            facts={"number": row.number}, link=f"/i/disputes/{row.id}",
        )  # fmt: skip
    else:
        notify(
            audience=("enterprise", row.case.enterprise_id), kind="dispute_recorded", at=at,
            facts={"number": row.number}, link=f"/e/disputes/{row.id}",
        )  # fmt: skip
