"""政策找人: each open policy against every firm that wants to be found, as columns first and then firm by firm.

A firm agrees to this by itself (``PushConsent``) and takes it back at any time; from then on nothing is looked at and what
was found is gone. The verdicts of a stretch of firms are made by columns (``lake.judging.firms``); only for those whom a
policy fits or may fit are the reasons spelled out by the literal rules. Told is what is new or changed, at most twice in
seven days (the field's documents, 6), the best of it by name.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import batched

from django.db import transaction
from django.db.models import F

from xinqiao.domain.canonical import Json, canonical_bytes
from xinqiao.domain.errors import Stale
from xinqiao.domain.market.conditions import Condition, Tri, leaves
from xinqiao.domain.period import business_day
from xinqiao.domain.policies.claim import LIVE
from xinqiao.domain.policies.example import worked
from xinqiao.hub.actors import AgentScope, EnterpriseActor
from xinqiao.hub.apps.audit.services import Refs, append_leaf
from xinqiao.hub.apps.identity.models import Enterprise
from xinqiao.hub.apps.identity.services import require_capacity
from xinqiao.hub.apps.notices.services import notify
from xinqiao.hub.apps.policies.facts import firm_facts, with_missing
from xinqiao.hub.apps.policies.judged import Judged, judged
from xinqiao.hub.apps.policies.models import Claim, Hit, PolicyVersion, PushConsent
from xinqiao.hub.apps.policies.selectors import in_force, terms_of
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.lake.judging.firms import FirmTable

#: 频率上限: how often a firm is told within how long (the field's documents, 6).
MOST_TOLD, TOLD_WITHIN = 2, timedelta(days=7)
#: Firms judged together: their facts are held at once.
STRETCH = 500
_LIVE = sorted(state.value for state in LIVE)


def set_consent(*, actor: EnterpriseActor, on: bool, expected_version: int, at: datetime) -> PushConsent:
    """Agree to be found, or take it back. Saying the same again changes nothing; taking it back forgets what was found.

    Raises:
        Forbidden: ``SUBJECT_NOT_AUTHORISED``. Stale: changed since it was shown (0: never said).
    """
    with transaction.atomic(durable=True):
        require_capacity(actor, AgentScope.AUTHORISE, at)
        Enterprise.objects.select_for_update().get(id=actor.enterprise_id)
        row = PushConsent.objects.filter(enterprise_id=actor.enterprise_id).first()
        if (row.version if row else 0) != expected_version:
            raise Stale("changed since it was shown")
        if row is None:
            row = PushConsent(enterprise_id=actor.enterprise_id, version=0)
        elif row.on == on:
            return row
        row.on, row.version, row.changed_at = on, row.version + 1, at
        row.save()
        if not on:
            Hit.objects.filter(enterprise_id=actor.enterprise_id).delete()
        append_leaf(
            type="STATEMENT", at=at, facts={"act": "policy_push", "on": on, "version": row.version, "by": actor.person_id},
            refs=Refs(subject=actor.enterprise_id),
        )  # fmt: skip
    return row


def consent_of(actor: EnterpriseActor) -> PushConsent | None:
    """What the firm said; ``None``: it never said anything, which is a no."""
    return PushConsent.objects.filter(enterprise_id=actor.enterprise_id).first()


def hits(actor: EnterpriseActor, *, at: datetime) -> list[Hit]:
    """What was found for the firm and still stands, the sure and the large first."""
    standing = {row.id for row in in_force(business_day(at))}
    rows = Hit.objects.for_viewer(actor).select_related("version", "policy__department__institution")
    return [one for one in rows.order_by("-verdict", "-estimate_fen", "id") if one.version_id in standing]


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What one evaluation did."""

    policies: int
    firms: int
    fit: int
    unknown: int
    told: int


@dataclass(frozen=True, slots=True)
class _Asked:
    version: PolicyVersion
    condition: Condition
    estimate_fen: int


def evaluate(*, at: datetime) -> Evaluated:
    """Look for every firm that agreed; run nightly by the worker, and by hand. Safe to run twice: it finds the same."""
    asked = list(_open(at))
    names = sorted({leaf.field.name for one in asked for leaf in leaves(one.condition)})
    firms = fit = unknown = told = 0
    wanted = (
        PushConsent.objects.filter(on=True).order_by("enterprise_id").values_list("enterprise_id", flat=True)
    )
    for stretch in batched(list(wanted), STRETCH):
        rows = list(Enterprise.objects.filter(id__in=stretch).order_by("id"))
        facts = [with_missing(firm_facts(firm, at=at), names) for firm in rows]
        table = FirmTable.of(facts, names)
        verdicts = [table.verdicts(one.condition) for one in asked]
        for place, firm in enumerate(rows):
            mine = [
                (one, judged(one.condition, facts[place]))
                for one, column in zip(asked, verdicts, strict=True)
                if column[place] != Tri.NO
            ]
            firms += 1
            fit += sum(found.verdict is Tri.YES for _, found in mine)
            unknown += sum(found.verdict is Tri.UNKNOWN for _, found in mine)
            told += _keep(firm, mine, at)
    if firms:
        with transaction.atomic(durable=True):
            counted: dict[str, Json] = {
                "policies": len(asked),
                "firms": firms,
                "fit": fit,
                "unknown": unknown,
                "told": told,
            }
            append_leaf(type="STATEMENT", at=at, facts={"act": "policies_evaluated", **counted}, refs=Refs())
    return Evaluated(len(asked), firms, fit, unknown, told)


def _open(at: datetime) -> Iterator[_Asked]:
    day = business_day(at)
    for version in in_force(day):
        terms = terms_of(version)
        example = worked(terms, day)
        if example is not None:
            yield _Asked(version, terms.admission(), example.paid.fen)


def _keep(firm: Enterprise, found: Sequence[tuple[_Asked, Judged]], at: datetime) -> bool:
    """Store what was found for a firm that still wants it, and tell it what is new; whether it was told."""
    with transaction.atomic(durable=True):
        agreed = PushConsent.objects.select_for_update().filter(enterprise=firm, on=True)
        if not agreed.update(looked_at=at):
            return False
        rows = {row.policy_id: row for row in Hit.objects.filter(enterprise=firm)}
        kept = [_hit(firm, one, result, rows.pop(one.version.policy_id, None), at) for one, result in found]
        Hit.objects.filter(id__in=[row.id for row in rows.values()]).delete()
        return _tell(firm, kept, at)


def _hit(firm: Enterprise, one: _Asked, result: Judged, known: Hit | None, at: datetime) -> Hit:
    said: dict[str, Json] = {
        "version": one.version.id, "verdict": int(result.verdict), "reasons": result.reasons, "change": result.change,
        "estimate": one.estimate_fen,
    }  # fmt: skip
    digest = sha256(canonical_bytes(said)).hexdigest()
    if known is not None and known.digest == digest:
        return known
    row = known or Hit(id=new_id(Prefix.POLICY_HIT), enterprise=firm, policy_id=one.version.policy_id)
    row.version, row.verdict, row.reasons, row.change = (
        one.version,
        int(result.verdict),
        result.reasons,
        result.change,
    )
    row.estimate_fen, row.digest, row.found_at = one.estimate_fen, digest, at
    row.save()
    return row


def _tell(firm: Enterprise, kept: Sequence[Hit], at: datetime) -> bool:
    """One notice for everything that is new and sure. What the cap holds back is told on a later night."""
    asked = set(Claim.objects.filter(enterprise=firm, state__in=_LIVE).values_list("policy_id", flat=True))
    fresh = [
        row
        for row in kept
        if row.verdict == Tri.YES and row.digest != row.told_digest and row.policy_id not in asked
    ]
    lately = Hit.objects.filter(enterprise=firm, told_at__gt=at - TOLD_WITHIN).values("told_at").distinct()
    if not fresh or lately.count() >= MOST_TOLD:
        return False
    best = max(fresh, key=lambda row: (row.estimate_fen, row.id))
    notify(
        audience=("enterprise", firm.id), kind="policy_found", at=at,
        facts={"name": best.version.title, "number": len(fresh)}, link="/e/policies",
    )  # fmt: skip
    Hit.objects.filter(id__in=[row.id for row in fresh]).update(told_at=at, told_digest=F("digest"))
    return True
