"""Questions about guarantees: whoever is party to one sees it; a guarantor's book and room."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Sum

from xinqiao.domain.errors import NotFound
from xinqiao.domain.guarantees.figures import Figures, Held, figures_of
from xinqiao.domain.guarantees.limits import Book, Limit, multiple_of, room
from xinqiao.domain.guarantees.states import GuaranteeState
from xinqiao.hub.actors import Actor, EnterpriseActor, InstitutionActor
from xinqiao.hub.apps.cases.models import Case
from xinqiao.hub.apps.guarantees.models import (
    BatchAgreement,
    Claim,
    Guarantee,
    GuaranteeStep,
    Guarantor,
    Recovery,
)
from xinqiao.hub.apps.guarantees.rows import HELD
from xinqiao.hub.apps.guarantees.services import ASKABLE, LIMITS
from xinqiao.hub.apps.identity.models import Institution

#: A page of the list.
PAGE = 20
_STANDS = frozenset({GuaranteeState.IN_FORCE.value, GuaranteeState.CLAIM.value})


def guarantors() -> list[Guarantor]:
    """Those in service, by name, for whoever looks for one."""
    rows = Guarantor.objects.filter(institution__status="active").select_related("institution")
    return list(rows.order_by("institution__name"))


def own_guarantor(actor: InstitutionActor) -> Guarantor | None:
    """The actor's institution as a guarantor, if it is one."""
    return Guarantor.objects.filter(institution_id=actor.institution_id).first()


def guarantees(actor: Actor, *, state: str = "", page: int = 1) -> tuple[list[Guarantee], int]:
    """A page of those the actor may see, newest first, and how many there are."""
    rows = Guarantee.objects.for_viewer(actor)
    if state:
        rows = rows.filter(state=state)
    count = rows.count()
    start = (page - 1) * PAGE
    shown = rows.select_related("enterprise", "institution", "guarantor__institution", "case")
    return list(shown.order_by("-applied_at", "-id")[start : start + PAGE]), count


def guarantee(actor: Actor, guarantee_id: str) -> Guarantee:
    """One guarantee. Raises NotFound for an absent or foreign one."""
    rows = Guarantee.objects.for_viewer(actor).select_related(
        "enterprise", "institution", "guarantor__institution", "case", "agreement"
    )
    row = rows.filter(id=guarantee_id).first()
    if row is None:
        raise NotFound
    return row


def askable_cases(actor: EnterpriseActor) -> list[Case]:
    """The firm's applications to which a promise may be taken, newest first."""
    rows = Case.objects.for_viewer(actor).filter(state__in=sorted(ASKABLE)).select_related("institution")
    return list(rows.order_by("-dispatched_at"))


def possible_banks(actor: InstitutionActor) -> list[Institution]:
    """Whom a guarantor may offer an agreement, by name."""
    rows = Institution.objects.filter(status="active", is_user=True, guarantor=None)
    return list(rows.exclude(id=actor.institution_id).order_by("name"))


def of_case(actor: Actor, case_id: str) -> list[Guarantee]:
    """The guarantees of a case, newest first."""
    rows = Guarantee.objects.for_viewer(actor).filter(case_id=case_id)
    return list(rows.select_related("guarantor__institution").order_by("-applied_at"))


def steps(row: Guarantee) -> list[GuaranteeStep]:
    """What happened, newest first."""
    return list(row.steps.order_by("-seq"))


def claims(row: Guarantee) -> list[Claim]:
    """What the bank asked for, newest first."""
    return list(row.claims.order_by("-asked_at"))


def recoveries(row: Guarantee) -> list[Recovery]:
    """What came back, newest first."""
    return list(row.recoveries.order_by("-at", "-id"))


def agreements(actor: InstitutionActor) -> list[BatchAgreement]:
    """Those of the actor's institution, on either side, newest first."""
    rows = BatchAgreement.objects.for_viewer(actor).select_related("institution", "guarantor__institution")
    return list(rows.order_by("-proposed_at", "-id"))


@dataclass(frozen=True, slots=True)
class Position:
    """A guarantor's book on a day: what is left under the limit of all, the multiple, the figures of a period."""

    held_fen: int
    left_fen: int
    one_party_fen: int
    related_fen: int
    multiple: Decimal | None
    figures: Figures


def position(guarantor: Guarantor, *, begin: date, end: date) -> Position:
    """The book of a guarantor; compensated and recovered in ``[begin, end)``, in force now."""
    rows = Guarantee.objects.filter(guarantor=guarantor)
    held = rows.filter(state__in=HELD).aggregate(fen=Sum("liability_fen"))["fen"] or 0
    book = Book(guarantor.net_assets_fen, held, 0, 0, guarantor.mainly_small)
    left = room(book, LIMITS)
    found = figures_of(
        Held(
            one.amount_fen, one.liability_fen, one.fee_rate, in_force=one.state in _STANDS,
            over=one.started_on is not None and one.over_on is not None and begin <= one.over_on < end,
            compensated_fen=one.compensated_fen if one.over_on and begin <= one.over_on < end else 0,
            recovered_fen=one.recovered_fen if one.over_on and begin <= one.over_on < end else 0,
        )
        for one in rows.filter(started_on__isnull=False)
    )  # fmt: skip
    return Position(
        held, left[Limit.TOTAL], left[Limit.ONE_PARTY], left[Limit.RELATED], multiple_of(book), found
    )
