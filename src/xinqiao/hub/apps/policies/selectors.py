"""Questions about policies: a department's own, what is in force for anybody, applications by who may see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import F, Q, QuerySet

from xinqiao.domain.errors import NotFound
from xinqiao.domain.market.product import PENDING, STANDING, VersionState
from xinqiao.domain.policies.policy import PolicyTerms
from xinqiao.domain.policies.policy_json import parse_policy
from xinqiao.hub.actors import Actor, EnterpriseActor, InstitutionActor
from xinqiao.hub.apps.policies.models import (
    Claim,
    ClaimStep,
    Department,
    FundEntry,
    FundLine,
    Payment,
    PolicyStep,
    PolicyVersion,
)


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """A policy as its department's list shows it: what stands for it, and what is being made."""

    policy_id: str
    number: str
    standing: PolicyVersion | None
    pending: PolicyVersion | None
    newest: PolicyVersion
    fund: FundLine | None

    @property
    def shown(self) -> PolicyVersion:
        """The version by which it is called: the standing one, else the one being made, else the last."""
        return self.standing or self.pending or self.newest


def is_department(institution_id: str) -> bool:
    """Whether an organisation is a policy department."""
    return Department.objects.filter(institution_id=institution_id).exists()


def policies(actor: InstitutionActor) -> list[PolicyRow]:
    """The department's policies, newest first; what ended stands last."""
    found: dict[str, list[PolicyVersion]] = {}
    rows = PolicyVersion.objects.for_viewer(actor).select_related("policy")
    for one in rows.order_by("policy__made_at", "policy_id", "no"):
        found.setdefault(one.policy_id, []).append(one)
    funds = {line.policy_id: line for line in FundLine.objects.filter(policy_id__in=found)}
    listed = [_policy(versions, funds) for versions in reversed(found.values())]
    return sorted(listed, key=lambda row: row.standing is None and row.pending is None)


def _policy(versions: Sequence[PolicyVersion], funds: dict[str, FundLine]) -> PolicyRow:
    by_state = {VersionState(one.state): one for one in versions}
    standing = next((by_state[state] for state in STANDING if state in by_state), None)
    pending = next((by_state[state] for state in PENDING if state in by_state), None)
    newest = versions[-1]
    return PolicyRow(
        newest.policy_id, newest.policy.number, standing, pending, newest, funds.get(newest.policy_id)
    )


def policy_version(actor: Actor, version_id: str) -> PolicyVersion:
    """One version. Raises NotFound for an absent or foreign one."""
    rows = PolicyVersion.objects.for_viewer(actor).select_related("policy__department__institution")
    found = rows.filter(id=version_id).first()
    if found is None:
        raise NotFound
    return found


def policy_versions(actor: Actor, policy_id: str) -> list[PolicyVersion]:
    """All versions of a policy, newest first."""
    return list(PolicyVersion.objects.for_viewer(actor).filter(policy_id=policy_id).order_by("-no"))


def terms_of(row: PolicyVersion) -> PolicyTerms:
    """What a version says."""
    return parse_policy(row.terms)


def policy_steps(row: PolicyVersion) -> list[PolicyStep]:
    """What happened to a version the caller was given, oldest first."""
    return list(PolicyStep.objects.filter(version=row).order_by("seq"))


def fund(policy_id: str) -> FundLine | None:
    """The fund of a policy the caller was given; ``None`` before it was published."""
    return FundLine.objects.filter(policy_id=policy_id).first()


def entries(line: FundLine, most: int = 200) -> list[FundEntry]:
    """The newest entries of a fund the caller was given."""
    return list(FundEntry.objects.filter(line=line).select_related("claim").order_by("-seq")[:most])


# what anybody sees


@dataclass(frozen=True, slots=True)
class Looked:
    """What somebody looks for in the library; nothing said, nothing left out. Codes may be beginnings of codes."""

    kind: str = ""
    region: str = ""
    industry: str = ""
    text: str = ""


def in_force(day: date) -> QuerySet[PolicyVersion]:
    """Every version that stands open on a day, the nearest deadline first."""
    rows = PolicyVersion.objects.filter(
        state=VersionState.PUBLISHED.value, policy__department__institution__status="active"
    )
    ended = Q(open_to=None) | Q(open_to__gte=day)
    rows = rows.filter(ended).select_related("policy__department__institution", "policy__fund")
    return rows.order_by(F("open_to").asc(nulls_last=True), "id")


def _reaches(column: str, code: str, ends: Sequence[int]) -> Q:
    found = Q(**{column: ""}) | Q(**{f"{column}__contains": f"|{code}"})
    for end in ends:
        if end < len(code):
            found |= Q(**{f"{column}__contains": f"|{code[:end]}|"})
    return found


def library(looked: Looked, day: date) -> QuerySet[PolicyVersion]:
    """The public library."""
    rows = in_force(day)
    if looked.kind:
        rows = rows.filter(kind=looked.kind)
    if looked.region:
        rows = rows.filter(_reaches("regions", looked.region, (2, 4)))
    if looked.industry:
        rows = rows.filter(_reaches("industries", looked.industry, (1, 3, 4)))
    if looked.text:
        department = Q(policy__department__institution__name__icontains=looked.text)
        rows = rows.filter(Q(title__icontains=looked.text) | department)
    return rows


def shown_version(policy_id: str, day: date) -> PolicyVersion:
    """The version of a policy that the library shows. Raises NotFound for every other."""
    found = in_force(day).filter(policy_id=policy_id).first()
    if found is None:
        raise NotFound
    return found


def open_version(policy_id: str, day: date) -> PolicyVersion:
    """The version under which applications are taken on a day. Raises NotFound."""
    found = in_force(day).filter(Q(open_from=None) | Q(open_from__lte=day), policy_id=policy_id).first()
    if found is None:
        raise NotFound
    return found


# applications


def claims(actor: EnterpriseActor | InstitutionActor, most: int = 200) -> list[Claim]:
    """The applications the actor sees, newest first."""
    rows = Claim.objects.for_viewer(actor).select_related("version", "enterprise", "policy")
    return list(rows.order_by("-applied_at", "-id")[:most])


def claim(actor: Actor, claim_id: str) -> Claim:
    """One application. Raises NotFound for an absent or foreign one."""
    rows = Claim.objects.for_viewer(actor).select_related(
        "version", "enterprise", "policy__department__institution"
    )
    found = rows.filter(id=claim_id).first()
    if found is None:
        raise NotFound
    return found


def claim_steps(row: Claim) -> list[ClaimStep]:
    """What happened to an application the caller was given, oldest first."""
    return list(ClaimStep.objects.filter(claim=row).order_by("seq"))


def payment(row: Claim) -> Payment | None:
    """What was paid for an application the caller was given."""
    return Payment.objects.filter(claim=row).first()


def notices(day: date) -> list[Claim]:
    """公示: what stands in public notice on a day, for anybody."""
    rows = Claim.objects.filter(state="in_notice", due_on__gte=day)
    return list(
        rows.select_related("version", "enterprise", "policy__department__institution").order_by(
            "due_on", "id"
        )[:200]
    )


def said_before(actor: EnterpriseActor, policy_id: str) -> Claim | None:
    """What a form is filled with: the firm's last application under the policy.

    This is the one place where facts of a loan come from elsewhere than the firm's typing; the app of loans, which lies
    below, can be asked here for what the lender reported.
    """
    rows = Claim.objects.for_viewer(actor).filter(policy_id=policy_id)
    return rows.order_by("-applied_at").first()
