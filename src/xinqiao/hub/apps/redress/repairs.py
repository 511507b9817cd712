"""Verbs of the firm about credit repair: what is missing, apply, complete what was sent back, take back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction

from xinqiao.domain.adverse import dishonesty
from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Conflict, Invalid
from xinqiao.domain.machine import Role
from xinqiao.domain.period import business_day
from xinqiao.domain.repair import PENDING, REPAIR, Dishonesty, Missing, RepairEvent, RepairState, lacking
from xinqiao.hub.actors import AgentScope, EnterpriseActor
from xinqiao.hub.apps.consents.records import next_number
from xinqiao.hub.apps.consents.summary import Act, match_shown
from xinqiao.hub.apps.identity.models import Enterprise, Source
from xinqiao.hub.apps.identity.services import consume_second_factor, require_capacity
from xinqiao.hub.apps.redress.evidence import attach
from xinqiao.hub.apps.redress.lookups import one_of
from xinqiao.hub.apps.redress.matters import Happened, locked, move, tell, write_step
from xinqiao.hub.apps.redress.models import Evidence, Repair
from xinqiao.hub.apps.redress.promise import Promised, what_you_promise
from xinqiao.hub.apps.redress.standing import touch_standing
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.hub.runtime import runtime
from xinqiao.hub.typed import form_key, text_of
from xinqiao.trust.jws import ArtefactType, sign_jws
from xinqiao.trust.leaf import instant_text
from xinqiao.ui.i18n import Language

_PENDING = sorted(state.value for state in PENDING)


@dataclass(frozen=True, slots=True)
class Asked:
    """An application as the firm fills it in. ``evidence``: ids of files it added; ``key``: the form's."""

    item: str
    record_ref: str
    explanation: str
    performed: bool
    evidence: Sequence[str]
    key: str


@dataclass(frozen=True, slots=True)
class Signed:
    """The second factor over the promise, and the digest of the text that was shown."""

    factor: str
    digest: str


def prepare_repair(*, actor: EnterpriseActor, asked: Asked, at: datetime) -> Promised:
    """Check everything but the signature, and say what is to be promised. Nothing is written.

    Raises:
        Forbidden: ``SUBJECT_NOT_AUTHORISED``. NotFound: no such record of this firm in any answer. Invalid: naming the
            field; ``REPAIR_LACKING`` with everything that is missing.
    """
    require_capacity(actor, AgentScope.OBJECT, at)
    promised, record = _promised(actor, asked)
    _require(_missing(record, promised, asked, at, signed=True))
    return promised


def apply_repair(*, actor: EnterpriseActor, asked: Asked, signed: Signed | None, at: datetime) -> Repair:
    """申请信用修复: with the proof of performance and the signed promise. The same form once more is the same application.

    Raises:
        Forbidden: ``SUBJECT_NOT_AUTHORISED``, ``SECOND_FACTOR_REQUIRED``. NotFound: no such record of this firm in any
            answer. Invalid: naming the field; ``REPAIR_LACKING`` with everything that is missing; ``WHAT_YOU_SEE``.
        Conflict: ``CONFLICT_DUPLICATE``: an application for this record is pending.
    """
    require_capacity(actor, AgentScope.OBJECT, at)
    known = Repair.objects.for_viewer(actor).filter(key=asked.key).first()
    if known is not None:
        return known
    promised, record = _promised(actor, asked)
    _require(_missing(record, promised, asked, at, signed=signed is not None))
    assert signed is not None  # it would be missing
    with transaction.atomic(durable=True):
        person = require_capacity(actor, AgentScope.OBJECT, at)
        firm = Enterprise.objects.select_for_update().get(id=actor.enterprise_id)
        known = Repair.objects.filter(enterprise=firm, key=asked.key).first()
        if known is not None:
            return known
        shown = [what_you_promise(promised, language=one) for one in Language]
        seen = match_shown(shown, signed.digest)
        evidence = consume_second_factor(
            user_id=actor.user_id, factor_id=signed.factor, action=Act.PROMISE, object_id=asked.key,
            shown_digest=signed.digest, at=at,
        )  # fmt: skip
        row = _row(promised, record, at)
        row.commitment, row.commitment_digest = seen.text, seen.digest
        row.commitment_jws = _sign(row, person.id, evidence)
        _insert(row)
        attach(row, asked.evidence, actor)
        touch_standing(
            row.enterprise.uscc, at=at
        )  # nothing changes yet; from here on there is a row to wait at
        facts: dict[str, Json] = {
            "gravity": row.gravity,
            "determined_on": row.determined_on.isoformat(),
            "promise": seen.digest,
            "evidence": [*sorted(one.digest for one in promised.evidence)],
        }
        write_step(row, actor, Happened("repair_applied", "apply", at, row.explanation), facts)
        tell(row, "source", "operator", what="repair_applied", at=at)
    return row


def _promised(actor: EnterpriseActor, asked: Asked) -> tuple[Promised, Dishonesty]:
    firm = Enterprise.objects.get(id=actor.enterprise_id)
    found = one_of(firm.uscc, asked.item, asked.record_ref)
    record = dishonesty(found.item, found.record.values)
    if record is None:
        raise Invalid(
            Code.INVALID, "no dishonest information", facts={"field": "record", "reason": "NOT_ADVERSE"}
        )
    mine = Evidence.objects.for_viewer(actor).filter(
        id__in=asked.evidence, objection__isnull=True, repair__isnull=True
    )
    evidence = list(mine.order_by("added_at", "id"))
    explanation = text_of(asked.explanation, field="explanation")
    return Promised(firm, found, evidence, explanation, form_key(asked.key)), record


def _missing(
    record: Dishonesty, promised: Promised, asked: Asked, at: datetime, *, signed: bool
) -> list[Missing]:
    # performing is said by the firm and shown by at least one file
    return lacking(
        record,
        day=business_day(at),
        duty_performed=asked.performed and bool(promised.evidence),
        commitment_signed=signed,
        terms=runtime.redress_rules.terms,
    )


def _require(missing: list[Missing]) -> None:
    if missing:
        raise Invalid(
            Code.REPAIR_LACKING, "conditions are missing", facts={"missing": [str(one) for one in missing]}
        )


def _row(promised: Promised, record: Dishonesty, at: datetime) -> Repair:
    found, rules = promised.found, runtime.redress_rules
    return Repair(
        id=new_id(Prefix.REPAIR),
        number=next_number("RP", at),
        enterprise=promised.firm,
        source=Source.objects.get(code=found.record.source_code),
        item=found.item.id,
        record_ref=found.record.ref,
        record_key=found.key,
        label=found.label,
        gravity=record.gravity.value,
        determined_on=record.determined_on,
        key=promised.key,
        explanation=promised.explanation,
        applied_at=at,
        accept_by=rules.calendar.add(business_day(at), rules.accept_workdays),
    )


def _sign(row: Repair, person_id: str, evidence: dict[str, Json]) -> str:
    """The platform's signature over the promise and how it was confirmed: the artefact of the application."""
    claims: dict[str, Json] = {
        "iss": settings.XINQIAO_HUB_ID,
        "jti": row.id,
        "sub": row.enterprise.uscc,
        "person": person_id,
        "number": row.number,
        "record": row.record_ref,
        "text": row.commitment_digest,
        "at": instant_text(row.applied_at),
        "evidence": evidence,
    }
    return sign_jws(claims, runtime.hub_key, ArtefactType.CREDIT_PROMISE)


def _insert(row: Repair) -> None:
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        pending = Repair.objects.filter(
            enterprise=row.enterprise, record_ref=row.record_ref, state__in=_PENDING
        )
        number = pending.values_list("number", flat=True).first() or ""
        raise Conflict(
            Code.CONFLICT_DUPLICATE, "an application is pending", facts={"field": "record", "number": number}
        ) from None


def resubmit_repair(
    *,
    actor: EnterpriseActor,
    repair_id: str,
    explanation: str,
    evidence: Sequence[str],
    expected_version: int,
    at: datetime,
) -> Repair:
    """补正: complete what was sent back; the days for accepting count anew.

    Raises:
        NotFound, Stale, SUBJECT_NOT_AUTHORISED, ILLEGAL_MOVE. Invalid: ``explanation``, ``evidence``.
    """
    words = text_of(explanation, field="explanation")
    rules = runtime.redress_rules
    with transaction.atomic(durable=True):
        require_capacity(actor, AgentScope.OBJECT, at)
        row = locked(Repair, actor, repair_id, expected_version)
        state = REPAIR.fire(RepairState(row.state), RepairEvent.RESUBMIT, Role.ENTERPRISE)
        due = rules.calendar.add(business_day(at), rules.accept_workdays)
        move(row, RepairState.RETURNED, state=state.value, accept_by=due, late_told_at=None)
        files = attach(row, evidence, actor)
        digests: list[Json] = [*sorted(one.digest for one in files)]
        happened = Happened("repair_resubmitted", "resubmit", at, words)
        write_step(row, actor, happened, {"evidence": digests})
        tell(row, "source", "operator", what="repair_resubmitted", at=at)
    return row


def withdraw_repair(*, actor: EnterpriseActor, repair_id: str, expected_version: int, at: datetime) -> Repair:
    """撤回申请. Raises NotFound, Stale, SUBJECT_NOT_AUTHORISED, ILLEGAL_MOVE."""
    with transaction.atomic(durable=True):
        require_capacity(actor, AgentScope.OBJECT, at)
        row = locked(Repair, actor, repair_id, expected_version)
        before = RepairState(row.state)
        state = REPAIR.fire(before, RepairEvent.WITHDRAW, Role.ENTERPRISE)
        move(row, before.value, state=state.value, decided_at=at)
        write_step(row, actor, Happened("repair_withdrawn", "withdraw", at))
        tell(row, "source", "operator", what="repair_withdrawn", at=at)
    return row
