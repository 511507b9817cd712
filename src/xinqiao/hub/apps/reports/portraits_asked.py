"""A firm's portrait for an institution it authorised: the same permission, decisions, leaves and count as its report.

What the firm did not grant is not computed and is told as that. Nothing is called at a source for it, because figures are
made of collected items only; it is kept nowhere.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings

from xinqiao.clock import Clock
from xinqiao.domain.canonical import Json
from xinqiao.domain.portrait.compose import may_measure
from xinqiao.domain.portrait.whole import Portrait
from xinqiao.domain.report import Sight
from xinqiao.hub.actors import InstitutionActor
from xinqiao.hub.apps.fundflow.protocol import Refused, Repeated
from xinqiao.hub.apps.fundflow.transaction import run_now
from xinqiao.hub.apps.identity.models import Enterprise, Institution
from xinqiao.hub.apps.items.scopes import all_terms
from xinqiao.hub.apps.reports.asking import again_when_stale, asked
from xinqiao.hub.apps.reports.holdings import Holdings
from xinqiao.hub.apps.reports.jobs import Sealed, SealReport
from xinqiao.hub.apps.reports.models import ReportKind
from xinqiao.hub.apps.reports.own import VALID
from xinqiao.hub.apps.reports.portrait_document import portrait_document
from xinqiao.hub.apps.reports.portraits import Looked, coverage_of, digest_of, portrait_of
from xinqiao.hub.apps.reports.protocol import Asker, Numbered, Opened, ReportRequest
from xinqiao.hub.runtime import runtime


@dataclass(frozen=True, slots=True)
class Handed:
    """A portrait just made for an institution, kept in memory for this one answer."""

    looked: Looked
    given: Numbered
    asker: Asker
    valid_until: datetime
    query_id: str
    uses_left: int


def portrait_for_institution(
    *,
    actor: InstitutionActor,
    ask: ReportRequest,
    holdings_of: Callable[[str], Holdings],
    clock: Clock | None = None,
) -> Handed | Refused | Repeated:
    """Make the portrait of a firm for an institution under live authorisations for one purpose.

    An authorisation that lets a report be made lets a portrait be made; each counts one use.

    Args:
        ask: who wants it, under which authorisations, for what. That it is a portrait is set here.
        holdings_of: what is collected about a firm, by its code.

    Raises:
        Forbidden: ``ROLE_FORBIDDEN``. Invalid: no authorisation named, too many, or one twice.
    """
    clock = clock or runtime.clock

    def make(opened: Opened) -> Handed | Refused:
        firm = Enterprise.objects.get(id=opened.enterprise_id)
        return again_when_stale(lambda: _sealed(opened, firm, holdings_of(firm.uscc), clock))

    wanted = replace(ask, kind=ReportKind.PORTRAIT, calls=frozenset())
    return asked(actor=actor, ask=wanted, clock=clock, make=make)


def _sealed(opened: Opened, firm: Enterprise, held: Holdings, clock: Clock) -> Handed | Refused:
    ask, sight = opened.ask, Sight.of(opened.grants, all_terms())
    portrait = portrait_of(
        uscc=firm.uscc, name=firm.name, reader="institution", sight=sight, held=held, at=clock.now()
    )
    asker = Asker(
        ask.institution_id,
        Institution.objects.get(id=ask.institution_id).name,
        ask.purpose.value,
        " ".join(part for part in (ask.department, ask.operator_name) if part),
        tuple(grant.id for grant in opened.grants),
    )
    ends: list[tuple[Numbered, datetime]] = []

    def write(given: Numbered) -> tuple[dict[str, Json], str, datetime]:
        until = min(given.at + VALID, *(grant.valid_to for grant in opened.grants))
        ends.append((given, until))
        made = portrait_document(portrait, settings.XINQIAO_HUB_ID, given, until, asker)
        return made, digest_of(made), until

    sealed = run_now(
        SealReport(
            opened, write, coverage_of(portrait), held.catalogue.id, _shown(portrait, held, sight), firm.uscc,
            held.standing, declared=None,
        ),
        clock=clock,
    )  # fmt: skip
    if not isinstance(sealed, Sealed):
        return sealed
    given, until = ends[-1]
    looked = Looked(
        portrait, sealed.document, sealed.digest, sealed.leaf.index, sealed.leaf.hash, sealed.numbered
    )
    return Handed(looked, given, asker, until, ask.query_id, sealed.uses_left)


def _shown(portrait: Portrait, held: Holdings, sight: Sight) -> Mapping[str, frozenset[str]]:
    """The items whose records are behind a figure that is told, with the sources of those records."""
    told = {
        (name, one.figure)
        for one in portrait.readings
        if one.value is not None
        for name in one.figure.items
        if name in held.catalogue.items and may_measure(one.figure, held.catalogue.items[name], sight)
    }
    sources = {
        name: frozenset(row.source for row in held.records.get(name, ()) if row.status.goes_out)
        for name, _figure in told
    }
    return {name: found for name, found in sources.items() if found}
