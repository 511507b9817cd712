"""Questions about issued reports, for a given actor or for anybody who holds a code."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from xinqiao.domain.errors import NotFound
from xinqiao.hub.actors import Actor, EnterpriseActor
from xinqiao.hub.apps.reports.models import CreditReport, ReportKind, ReportQuery


@dataclass(frozen=True, slots=True)
class IssuedRow:
    """An issued report as a list shows it; never content."""

    id: str
    number: str
    version: int
    generated_at: datetime
    valid_until: datetime
    verify_code: str
    digest: str
    coverage: dict[str, int]
    leaf_index: int


def issued(actor: Actor, *, kind: ReportKind = ReportKind.REPORT, limit: int = 20) -> list[IssuedRow]:
    """Those about the actor's enterprise that it made itself, or those made for the actor's institution, newest first."""
    rows = CreditReport.objects.for_viewer(actor).filter(kind=kind)
    if isinstance(actor, EnterpriseActor):
        rows = rows.filter(reader="subject")
    return [
        IssuedRow(
            row.id, row.number, row.version, row.generated_at, row.valid_until, row.verify_code, row.digest,
            row.coverage, row.leaf_index,
        )
        for row in rows.order_by("-generated_at", "-version")[:limit]
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class AskedRow:
    """One time an institution asked for a report or a portrait; ``issued`` when it got one. Never content."""

    id: str
    kind: ReportKind
    state: str
    code: str
    reason: str
    institution_id: str
    institution_name: str
    enterprise_id: str | None
    enterprise_name: str
    uscc: str
    authorisation_id: str | None
    authorisation_no: str
    purpose: str
    operator_name: str
    department: str
    via: str
    calls: tuple[str, ...]
    uses_left: int | None
    asked_at: datetime
    leaf_index: int
    leaf_hash: str
    issued: IssuedRow | None


def asked(
    actor: Actor,
    *,
    enterprise_id: str | None = None,
    authorisation_id: str | None = None,
    state: str | None = None,
    since: datetime | None = None,
    limit: int = 100,
) -> list[AskedRow]:
    """Reports asked for and refused that the actor may see, newest first: an enterprise all about itself."""
    wanted: dict[str, object] = {
        "enterprise_id": enterprise_id, "authorisation_id": authorisation_id, "state": state, "asked_at__gte": since
    }  # fmt: skip
    rows = ReportQuery.objects.for_viewer(actor).select_related(*_JOINED)
    rows = rows.filter(**{name: value for name, value in wanted.items() if value is not None})
    return [_asked(row) for row in rows.order_by("-asked_at", "-id")[:limit]]


def one_asked(actor: Actor, query_id: str) -> AskedRow:
    """One of them. Raises NotFound for an absent or foreign one."""
    row = ReportQuery.objects.for_viewer(actor).select_related(*_JOINED).filter(id=query_id).first()
    if row is None:
        raise NotFound
    return _asked(row)


def askers(*, enterprise_id: str, since: datetime) -> Counter[str]:
    """How often each institution asked about an enterprise, refusals included; for counts, never for names."""
    rows = ReportQuery.objects.filter(enterprise_id=enterprise_id, asked_at__gte=since)
    return Counter(dict(rows.values_list("institution_id").annotate(times=Count("id")).order_by()))


_JOINED = ("institution", "enterprise", "authorisation", "report")


def _asked(row: ReportQuery) -> AskedRow:
    made, enterprise, authorisation = row.report, row.enterprise, row.authorisation
    return AskedRow(
        id=row.id,
        kind=ReportKind(row.kind),
        state=row.state,
        code=row.code,
        reason=row.reason,
        institution_id=row.institution_id,
        institution_name=row.institution.name,
        # who only guessed an id does not learn whose it is
        enterprise_id=row.enterprise_id if authorisation else None,
        enterprise_name=enterprise.name if enterprise and authorisation else "",
        uscc=enterprise.uscc if enterprise and authorisation else "",
        authorisation_id=row.authorisation_id,
        authorisation_no=(authorisation.authorisation_no or authorisation.request_no)
        if authorisation
        else "",
        purpose=row.purpose,
        operator_name=row.operator_name,
        department=row.operator_department,
        via=row.via,
        calls=tuple(row.calls),
        uses_left=row.uses_left,
        asked_at=row.asked_at,
        leaf_index=row.leaf_index,
        leaf_hash=row.leaf_hash,
        issued=None
        if made is None
        else IssuedRow(
            made.id, made.number, made.version, made.generated_at, made.valid_until, made.verify_code, made.digest,
            made.coverage, made.leaf_index,
        ),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Known:
    """What anybody may learn of a report by its code. ``digest_matches`` is ``None`` when no digest was given."""

    kind: ReportKind
    authentic: bool
    number: str
    generated_at: datetime
    leaf_index: int
    digest_matches: bool | None


def by_code(code: str, digest: str | None = None) -> Known | None:
    """The report of a verification code, or ``None``. Callers limit how often a visitor may ask (abuse case E11)."""
    found = CreditReport.objects.filter(verify_code=code.strip().upper()).first()
    if found is None:
        return None
    matches = None if not digest else digest.strip().lower() == found.digest
    return Known(
        ReportKind(found.kind),
        matches is not False,
        found.number,
        found.generated_at,
        found.leaf_index,
        matches,
    )
