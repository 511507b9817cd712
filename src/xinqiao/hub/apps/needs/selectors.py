"""Questions about needs: a firm's own, the advisers' queue, what a run found, and the advisers' figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Min, Q

from xinqiao.domain.consent import VisibleState
from xinqiao.domain.errors import NotFound
from xinqiao.domain.market.advising import Compared, OverrideKind, Work, compare_overrides, median_minutes
from xinqiao.domain.market.case import NEED, NEED_WORKDAYS, NeedState
from xinqiao.domain.market.need import FINANCED
from xinqiao.domain.period import business_day
from xinqiao.hub.actors import Actor, EnterpriseActor
from xinqiao.hub.apps.consents import selectors as consents
from xinqiao.hub.apps.items import selectors as items
from xinqiao.hub.apps.needs.matching import advisers
from xinqiao.hub.apps.needs.models import (
    Contact,
    MatchOverride,
    MatchPair,
    MatchRun,
    Need,
    NeedGrant,
    NeedRecipient,
    NeedStep,
    RecipientState,
    ReturnVisit,
)
from xinqiao.hub.runtime import runtime

_FINAL = sorted(state.value for state in NEED.final)
_OPEN = [NeedState.ASSIGNED.value, NeedState.DISPATCHED.value]


def needs(actor: Actor, *, limit: int = 100) -> list[Need]:
    """The actor's needs, open ones first, then the newest."""
    rows = Need.objects.for_viewer(actor).select_related("enterprise", "adviser", "product_version")
    found = list(rows.order_by("-created_at", "-id")[:limit])
    return sorted(found, key=lambda one: one.state in _FINAL)


def need(actor: Actor, need_id: str) -> Need:
    """One need. Raises NotFound for an absent or foreign one."""
    rows = Need.objects.for_viewer(actor).select_related("enterprise", "adviser", "product_version__product")
    found = rows.filter(id=need_id).first()
    if found is None:
        raise NotFound
    return found


def queue(actor: Actor, *, whose: str = "", limit: int = 100) -> list[Need]:
    """The advisers' queue: of one adviser, or with an empty ``whose`` what nobody follows; what is due first stands first."""
    rows = Need.objects.for_viewer(actor).select_related("enterprise", "adviser")
    if whose:
        rows = rows.filter(adviser_id=whose).exclude(state__in=_FINAL)
    else:
        waiting = Q(state__in=[NeedState.SUBMITTED.value, NeedState.MATCHED.value])
        rows = rows.filter(waiting | (Q(state__in=_OPEN) & ~Q(adviser_id__in=[one.id for one in advisers()])))
    found = list(rows.order_by("state_since", "id")[:limit])
    return sorted(found, key=lambda one: (one.due_on or date.max, one.state_since, one.id))


def steps(row: Need) -> list[NeedStep]:
    """What happened to a need the caller was given, oldest first."""
    return list(NeedStep.objects.filter(need=row).order_by("seq"))


def newest_run(row: Need) -> MatchRun | None:
    """The last run for a need the caller was given."""
    return MatchRun.objects.filter(need=row).order_by("-no").first()


@dataclass(frozen=True, slots=True)
class Placed:
    """A pair as it is shown: where the matcher put it, and what an adviser made of that."""

    pair: MatchPair
    override: MatchOverride | None

    @property
    def group(self) -> int:
        """Put forward first, put back last; the matcher's order inside each."""
        kind = self.override.kind if self.override else ""
        return {OverrideKind.FORWARD.value: 0, "": 1, OverrideKind.BACK.value: 2}[kind]


def placed(run: MatchRun, *, limit: int | None = None) -> list[Placed]:
    """All pairs of a run the caller was given, with the adviser's moves applied beside them."""
    moved = {one.product_version_id: one for one in MatchOverride.objects.filter(run=run)}
    rows = MatchPair.objects.filter(run=run).select_related("product_version__product__institution")
    found = [Placed(one, moved.get(one.product_version_id)) for one in rows.order_by("place")]
    return sorted(found, key=lambda one: (one.group, one.pair.place))[:limit]


@dataclass(frozen=True, slots=True)
class GrantRow:
    """An authorisation as it belongs to a need: ``bound`` by the firm, or only fit to be."""

    kind: str
    id: str
    number: str
    state: VisibleState
    live: bool
    valid_to: datetime | None
    bound: bool


def grants(actor: EnterpriseActor, one: NeedRecipient, *, at: datetime) -> list[GrantRow]:
    """What the firm authorised an institution of its list: bound to the need, and what is live and free to be bound.

    A request in which the institution itself named the need's number belongs to it without being bound.
    """
    bound = set(NeedGrant.objects.filter(recipient=one).values_list("kind", "authorisation_id"))
    taken = set(NeedGrant.objects.values_list("kind", "authorisation_id")) - bound if one.pk else set()
    found = []
    rows = [("items", row) for row in items.authorisations(actor, at=at)]
    rows += [
        ("fundflow", row)  # type: ignore[misc]  # the two rows share every field that is read
        for row in consents.authorisations(actor, at=at, institution_id=one.institution_id)
    ]
    for kind, row in rows:
        if row.institution_id != one.institution_id or (kind, row.id) in taken:
            continue
        belongs = (kind, row.id) in bound or row.business_ref == one.need.number
        if belongs or row.live:
            number = row.authorisation_no or row.request_no
            found.append(GrantRow(kind, row.id, number, row.visible, row.live, row.valid_to, belongs))
    return found


def recipients(row: Need) -> list[NeedRecipient]:
    """The institutions on the list of a need the caller was given, what was sent first."""
    order = {RecipientState.SENT.value: 0, RecipientState.LISTED.value: 1, RecipientState.PROPOSED.value: 2}
    rows = NeedRecipient.objects.filter(need=row).exclude(state=RecipientState.REMOVED)
    found = rows.select_related("institution", "product_version__product", "need")
    return sorted(found, key=lambda one: (order[one.state], one.since, one.id))


def contacts(row: Need) -> list[Contact]:
    """Every contact about a need the caller was given, newest first."""
    return list(Contact.objects.filter(need=row).select_related("adviser").order_by("-at", "-id"))


def visits(actor: Actor, *, whose: str, limit: int = 50) -> list[ReturnVisit]:
    """Return visits an adviser still has to make, the first due first."""
    seen = Need.objects.for_viewer(actor)
    rows = ReturnVisit.objects.filter(need__in=seen, adviser_id=whose, done_at=None)
    return list(rows.select_related("need__enterprise").order_by("due_on", "id")[:limit])


def visits_of(row: Need) -> list[ReturnVisit]:
    """The return visits of a need the caller was given."""
    return list(ReturnVisit.objects.filter(need=row).select_related("adviser").order_by("due_on", "id"))


def work(*, at: datetime) -> list[Work]:
    """工作量与成效: the figures of every adviser in post, by id; a need counts for who follows it now."""
    return [_work(one.id, one.display_name or one.username, business_day(at)) for one in advisers()]


def _work(adviser: str, name: str, today: date) -> Work:
    rows = list(
        Need.objects.filter(adviser_id=adviser)
        .annotate(first=Min("contacts__at", filter=Q(contacts__adviser_id=adviser)))
        .values_list("state", "end_code", "assigned_at", "first")
    )
    met = [(since, first) for _state, _code, since, first in rows if first and since and first >= since]
    mine = ReturnVisit.objects.filter(adviser_id=adviser)
    stars = list(mine.filter(stars__isnull=False).values_list("stars", flat=True))
    return Work(
        adviser, name, assigned=len(rows), open=sum(row[0] in _OPEN for row in rows), contacted=len(met),
        in_time=sum(business_day(first) <= _contact_by(since) for since, first in met),
        response_minutes=median_minutes(first - since for since, first in met),
        financed=sum(row[1] == FINANCED for row in rows), stars=sum(one or 0 for one in stars), rated=len(stars),
        visits_due=mine.filter(Q(due_on__lte=today) | Q(done_at__isnull=False)).count(),
        visits_done=mine.filter(done_at__isnull=False).count(),
    )  # fmt: skip


def _contact_by(since: datetime) -> date:
    return runtime.redress_rules.calendar.add(business_day(since), NEED_WORKDAYS[NeedState.ASSIGNED])


#: Whether the case of a need for a product ended with money, by need and product; the app of cases tells them.
type Outcomes = Mapping[tuple[str, str], bool]


def overrides_compared(outcomes: Outcomes) -> Compared:
    """How often advisers were right against the matcher, of the overrides whose product has an outcome."""
    rows = MatchOverride.objects.values_list("kind", "run__need_id", "product_version__product_id")
    told = [
        (OverrideKind(kind), outcomes[need_id, product])
        for kind, need_id, product in rows
        if (need_id, product) in outcomes
    ]
    return compare_overrides(told)
