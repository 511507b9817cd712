"""Files of applications: firms' evidence, kept as the evidence of objections is; here only which file is whose."""

from collections.abc import Sequence

from django.conf import settings

from xinqiao.domain.errors import Code, Fact, Invalid, NotFound
from xinqiao.hub.actors import Actor, EnterpriseActor
from xinqiao.hub.apps.policies.claim_models import Claim, ClaimFile
from xinqiao.hub.apps.redress.evidence import content_of
from xinqiao.hub.apps.redress.models import Evidence


def attached(evidence_ids: Sequence[str]) -> set[str]:
    """Which of these files belong to applications."""
    return set(ClaimFile.objects.filter(evidence_id__in=evidence_ids).values_list("evidence_id", flat=True))


def attach_files(claim: Claim, evidence_ids: Sequence[str], actor: EnterpriseActor) -> list[Evidence]:
    """Attach loose files of the firm, inside the application's transaction; all files it has then.

    Raises:
        Invalid: too many, or one that is not the firm's own or attached elsewhere.
    """
    wanted = list(dict.fromkeys(evidence_ids))
    rows = Evidence.objects.for_viewer(actor).filter(id__in=wanted, objection=None, repair=None)
    if rows.count() != len(wanted) or attached(wanted):
        raise Invalid(Code.INVALID, "no such file of yours", facts={"field": "evidence"})
    ClaimFile.objects.bulk_create([ClaimFile(evidence_id=one, claim=claim) for one in wanted])
    found = claim_files(claim)
    if len(found) > settings.EVIDENCE_PER_MATTER:
        facts: dict[str, Fact] = {"field": "evidence", "max": settings.EVIDENCE_PER_MATTER}
        raise Invalid(Code.INVALID, "too many files", facts=facts)
    return found


def claim_files(claim: Claim) -> list[Evidence]:
    """The files of an application its caller may see, in the order in which they came."""
    ids = ClaimFile.objects.filter(claim=claim).values_list("evidence_id", flat=True)
    return list(Evidence.objects.filter(id__in=list(ids)).order_by("added_at", "id"))


def claim_file(actor: Actor, evidence_id: str) -> tuple[Evidence, bytes]:
    """A file of an application the actor sees, and its content. Raises NotFound for every other."""
    claims = Claim.objects.for_viewer(actor)
    held = (
        ClaimFile.objects.filter(evidence_id=evidence_id, claim__in=claims).select_related("evidence").first()
    )
    if held is None:
        raise NotFound
    return held.evidence, content_of(held.evidence)
