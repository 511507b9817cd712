"""Questions about issued reports, for a given actor or for anybody who holds a code."""

from dataclasses import dataclass
from datetime import datetime

from xinqiao.hub.actors import Actor
from xinqiao.hub.apps.reports.models import CreditReport


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


def issued(actor: Actor, *, limit: int = 20) -> list[IssuedRow]:
    """Reports about the actor's enterprise, newest first."""
    rows = CreditReport.objects.for_viewer(actor).order_by("-generated_at", "-version")[:limit]
    return [
        IssuedRow(
            row.id, row.number, row.version, row.generated_at, row.valid_until, row.verify_code, row.digest,
            row.coverage, row.leaf_index,
        )
        for row in rows
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Known:
    """What anybody may learn of a report by its code. ``digest_matches`` is ``None`` when no digest was given."""

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
    return Known(matches is not False, found.number, found.generated_at, found.leaf_index, matches)
