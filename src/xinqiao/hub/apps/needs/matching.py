"""Running the matcher for a need, keeping what it was given and what it found, and giving the need to an adviser."""

from collections.abc import Callable, Mapping
from datetime import datetime

from django.db import transaction

from xinqiao.domain.errors import Code, Conflict
from xinqiao.domain.market.advising import Load, next_adviser
from xinqiao.domain.market.case import NeedEvent, NeedState
from xinqiao.domain.market.conditions import Tri
from xinqiao.domain.market.matching import Match, Offer, Weights
from xinqiao.domain.market.product_json import parse_terms, terms_digest
from xinqiao.domain.market.rerun import (
    Given,
    asked_of,
    found,
    pair_json,
    parse_facts,
    parse_need_of,
    parse_weights,
    result_digest,
)
from xinqiao.domain.period import business_day, parse_date
from xinqiao.hub.actors import EnterpriseActor, OperatorActor, OperatorRole, SystemActor
from xinqiao.hub.apps.identity.models import User
from xinqiao.hub.apps.market import selectors as market
from xinqiao.hub.apps.market.models import ProductVersion
from xinqiao.hub.apps.needs.facts import Known, facts_of
from xinqiao.hub.apps.needs.models import Need
from xinqiao.hub.apps.needs.rows import (
    Happened,
    change,
    fire,
    locked,
    require_firm,
    require_own_adviser,
    require_state,
    tell,
    terms_of,
)
from xinqiao.hub.apps.needs.work_models import MatchPair, MatchRun
from xinqiao.hub.ids import Prefix, new_id

#: Approved and decided cases of similar firms, by product: the app of cases tells them.
type History = Mapping[str, tuple[int, int]]
#: The same asked for a firm by its code, outside any lock.
type HistoryOf = Callable[[str, datetime], History]
_OPEN = [NeedState.ASSIGNED.value, NeedState.DISPATCHED.value]
_AGAIN = (NeedState.MATCHED, NeedState.ASSIGNED, NeedState.DISPATCHED)


def match_need(
    *,
    actor: SystemActor,
    need_id: str,
    at: datetime,
    facts: Known | None = None,
    history: HistoryOf | None = None,
) -> Need:
    """Look for products for a need that was handed in, and give it to the adviser whose turn it is.

    Raises:
        NotFound. Conflict: ``ILLEGAL_MOVE``: it was looked for already.
    """
    known, told = _looked_up(actor, need_id, at, facts, history)
    with transaction.atomic(durable=True):
        need = locked(actor, need_id)
        require_state(need, NeedState.SUBMITTED)
        run = _keep(need, known, told, at)
        digests = (("given", run.given_digest), ("result", run.result_digest))
        fire(need, actor, NeedEvent.MATCH, Happened("match", at, facts=digests))
        _assign(need, actor, at)
        tell(need, "enterprise", what="need_matched", at=at, count=run.fits)
    return need


def match_again(
    *, actor: EnterpriseActor | OperatorActor, need_id: str, expected_version: int, at: datetime, facts: Known | None = None,
    history: HistoryOf | None = None,
) -> Need:  # fmt: skip
    """Look once more, with what is known and on offer today; the earlier runs stay.

    Raises:
        NotFound. Stale. Forbidden: ``SUBJECT_NOT_AUTHORISED``, ``ROLE_FORBIDDEN``. Conflict: ``CONFLICT_STATE``.
    """
    known, told = _looked_up(actor, need_id, at, facts, history)
    with transaction.atomic(durable=True):
        if isinstance(actor, EnterpriseActor):
            require_firm(actor, at)
        need = locked(actor, need_id, expected_version)
        require_own_adviser(need, actor)
        require_state(need, *_AGAIN)
        run = _keep(need, known, told, at)
        digests = (("given", run.given_digest), ("result", run.result_digest))
        change(need, actor, Happened("match_again", at, facts=digests))
    return need


def match_waiting(*, at: datetime, history: HistoryOf | None = None, limit: int = 20) -> int:
    """Needs that were handed in and not looked at, the oldest first; returns how many. Safe to run twice at once."""
    actor, done = SystemActor("worker"), 0
    waiting = Need.objects.filter(state=NeedState.SUBMITTED.value).order_by("state_since", "id")
    for need_id in list(waiting.values_list("id", flat=True)[:limit]):
        try:
            match_need(actor=actor, need_id=need_id, at=at, history=history)
        except Conflict:
            continue  # somebody was faster
        done += 1
    return done


def _looked_up(
    actor: EnterpriseActor | OperatorActor | SystemActor, need_id: str, at: datetime, facts: Known | None,
    history: HistoryOf | None,
) -> tuple[Known, History]:  # fmt: skip
    """What is known about the firm and about similar ones, before any lock; nothing for a need the actor does not see."""
    need = Need.objects.for_viewer(actor).select_related("enterprise").filter(id=need_id).first()
    if need is None:
        return {}, {}
    known = facts if facts is not None else facts_of(need, at)
    return known, history(need.enterprise.uscc, at) if history else {}


def _keep(need: Need, known: Known, history: History, at: datetime) -> MatchRun:
    day = business_day(at)
    versions = {row.product_id: row for row in market.on_offer(market.Wanted(), day)}
    offers = tuple(_offer(row, history) for row in versions.values())
    given = Given(
        terms_of(need).asked(), asked_of(known, offers), offers,
        {product: row.digest for product, row in versions.items()}, Weights(), day,
    )  # fmt: skip
    pairs = found(given)
    counts = {verdict: sum(one.verdict is verdict for one in pairs) for verdict in Tri}
    run = MatchRun.objects.create(
        id=new_id(Prefix.MATCH_RUN), need=need, no=MatchRun.objects.filter(need=need).count() + 1, at=at, day=day,
        given=given.json() | {"versions": {product: row.id for product, row in sorted(versions.items())}},
        given_digest=given.digest(), result_digest=result_digest(pairs), fits=counts[Tri.YES],
        unknown=counts[Tri.UNKNOWN], not_fits=counts[Tri.NO],
    )  # fmt: skip
    MatchPair.objects.bulk_create(
        MatchPair(
            run=run, place=place, product_version=versions[one.product_id], verdict=int(one.verdict), score=one.score,
            found=pair_json(one),
        )
        for place, one in enumerate(pairs, start=1)
    )  # fmt: skip
    return run


def _offer(row: ProductVersion, history: History) -> Offer:
    approved, decided = history.get(row.product_id, (0, 0))
    return market.terms_of(row).offer(row.product_id, approved=approved, decided=decided)


def given_of(run: MatchRun) -> Given:
    """What a run was given, from its own row and the versions it names.

    Raises:
        Conflict: ``CONFLICT_STATE`` with the reason ``DIGEST``: a version no longer says what it said.
    """
    stored = run.given
    rows = ProductVersion.objects.in_bulk(list(stored["versions"].values()))
    offers, digests = [], {}
    for one in stored["offers"]:
        row = rows[stored["versions"][one["product"]]]
        terms = parse_terms(row.terms)
        if terms_digest(terms) != one["digest"]:
            raise Conflict(Code.CONFLICT_STATE, "a version changed", facts={"reason": "DIGEST"})
        digests[one["product"]] = one["digest"]
        offers.append(terms.offer(one["product"], approved=one["approved"], decided=one["decided"]))
    return Given(
        parse_need_of(stored["need"]), parse_facts(stored["facts"]), tuple(offers), digests,
        parse_weights(stored["weights"]), parse_date(stored["day"], field="day"),
    )  # fmt: skip


def found_again(run: MatchRun) -> list[Match]:
    """The same pairs, found anew from what the run was given alone."""
    return found(given_of(run))


# whose turn it is


def advisers() -> list[User]:
    """The platform's advisers in post, by id."""
    people = User.objects.filter(kind="operator", is_active=True).order_by("id")
    return [one for one in people if OperatorRole.ADVISER.value in one.roles]


def loads() -> list[Load]:
    """Each adviser with the open needs and the last one that came."""
    found: dict[str, tuple[int, datetime | None]] = {one.id: (0, None) for one in advisers()}
    rows = Need.objects.filter(adviser_id__in=list(found)).values_list("adviser_id", "state", "assigned_at")
    for adviser, state, assigned_at in rows:
        count, last = found[adviser]
        newer = assigned_at if last is None or (assigned_at and assigned_at > last) else last
        found[adviser] = (count + (state in _OPEN), newer)
    return [Load(adviser, count, last) for adviser, (count, last) in found.items()]


def _assign(need: Need, actor: SystemActor, at: datetime) -> None:
    # the advisers' rows are what two assignments wait at, so that both do not go to the same one
    list(User.objects.select_for_update().filter(kind="operator", is_active=True).order_by("id"))
    kept = need.adviser_id if need.adviser_id in {one.id for one in advisers()} else None
    adviser = kept or next_adviser(loads())
    if adviser is not None:
        assigned(need, actor, adviser, at)


def assigned(need: Need, actor: SystemActor, adviser: str, at: datetime, *, code: str = "") -> None:
    """A held need goes to an adviser. Raises ILLEGAL_MOVE."""
    happened = Happened("assign", at, code=code, facts=(("adviser", adviser),))
    fire(need, actor, NeedEvent.ASSIGN, happened, adviser_id=adviser, assigned_at=at)
    tell(need, "enterprise", "adviser", what="need_assigned", at=at)
