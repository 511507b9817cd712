"""Runs of the matcher: what is kept, that the same is found again, whose turn it is; and to whom a need may go."""

from decimal import Decimal

import pytest
from tests.hub.market.desk import said
from tests.hub.needs.stage import Stage

from xinqiao.domain.errors import Code, Conflict, Forbidden, Invalid, NotFound, Stale, TooMany
from xinqiao.domain.market.conditions import Missing
from xinqiao.domain.market.rerun import result_digest
from xinqiao.hub.apps.identity.models import User
from xinqiao.hub.apps.market.models import ProductVersion
from xinqiao.hub.apps.needs import advising, matching, recipients, selectors
from xinqiao.hub.apps.needs.facts import Known, facts_of
from xinqiao.hub.apps.needs.models import MatchPair, MatchRun, Need, NeedGrant, RecipientState, ReturnVisit

pytestmark = pytest.mark.django_db

OPEN = {"all": [{"field": "firm.size", "one_of": ["micro", "small"]}]}
KNOWN: Known = {
    "firm.size": "small",
    "firm.age_months": Decimal(12),
    "firm.region": "330100",
    "firm.industry": "C3824",
}


def on_offer(stage: Stage, count: int = 1) -> ProductVersion:
    """A product everybody small may have; more of them are of the same bank."""
    free = {"regions": [], "industries": [], "sizes": [], "zones": [], "condition": OPEN}
    for place in range(count):
        row = stage.makers.published(None, f"form-open-{place}", **{**free, "name": f"开门贷{place}"})  # type: ignore[arg-type]
    return row


def matched(stage: Stage, need: Need | None = None) -> Need:
    """A need the platform looked at, with these facts."""
    need = need or stage.submitted()
    return matching.match_need(actor=stage.cast.system, need_id=need.id, at=stage.now, facts=dict(KNOWN))


def test_a_run_keeps_what_it_was_given_and_finds_the_same_again(stage: Stage) -> None:
    on_offer(stage)
    stage.makers.published(None, "form-strict", **said(name="云税贷"))
    need = matched(stage)
    run = MatchRun.objects.get(need=need)
    assert (run.fits, run.unknown, run.not_fits) == (1, 0, 1)
    again = matching.found_again(run)
    assert result_digest(again) == run.result_digest
    assert matching.given_of(run).digest() == run.given_digest
    assert set(run.given["facts"]) == {
        "firm.size", "firm.age_months", "firm.region", "firm.industry", "records.water_fee"
    }  # fmt: skip
    first, second = selectors.placed(run)
    assert (first.pair.verdict, second.pair.verdict) == (2, 0)
    outcomes = {one["leaf"]["field"]: one["outcome"] for one in second.pair.found["reasons"]}
    assert (outcomes["firm.region"], outcomes["records.water_fee"], outcomes["firm.size"]) == (0, 1, 2)
    # nobody moves a firm to Shanxi for a loan
    assert second.pair.found["change"] is None


def test_a_version_that_no_longer_says_what_it_said_is_found_out(stage: Stage) -> None:
    version, need = on_offer(stage), stage.submitted()
    run = MatchRun.objects.get(need=matched(stage, need))
    terms = dict(version.terms, rate_max="0.01", rate_min="0.01")
    ProductVersion.objects.filter(id=version.id).update(terms=terms)
    with pytest.raises(Conflict) as refused:
        matching.found_again(run)
    assert refused.value.facts["reason"] == "DIGEST"


def test_matching_again_keeps_the_earlier_run(stage: Stage) -> None:
    on_offer(stage)
    need = matched(stage)
    stage.makers.published(None, "form-strict", **said(name="云税贷"))
    owner = {"actor": stage.cast.owner, "need_id": need.id, "at": stage.now, "facts": dict(KNOWN)}
    for actor, error in ((stage.cast.stranger, NotFound), (stage.cast.reader, Forbidden)):
        with pytest.raises(error):
            matching.match_again(**{**owner, "actor": actor}, expected_version=need.version)  # type: ignore[arg-type]
    with pytest.raises(Stale):
        matching.match_again(**owner, expected_version=1)  # type: ignore[arg-type]
    later = matching.match_again(**owner, expected_version=need.version)  # type: ignore[arg-type]
    assert (later.state, MatchRun.objects.filter(need=need).count()) == (need.state, 2)
    assert MatchPair.objects.filter(run__need=need).count() == 3
    with pytest.raises(Conflict):
        matched(stage, need)
    draft = stage.draft("need-form-2")
    with pytest.raises(Conflict):
        matching.match_again(**{**owner, "need_id": draft.id}, expected_version=1)  # type: ignore[arg-type]


def test_needs_go_to_advisers_in_turn_and_wait_when_there_is_none(stage: Stage) -> None:
    firsts = [matched(stage, stage.submitted(stage.draft(f"need-form-{n}"))) for n in range(3)]
    turn = [one.adviser_id for one in firsts]
    assert sorted(turn[:2]) == sorted([stage.adviser.user_id, stage.other.user_id])
    assert turn[2] == turn[0]  # as many open, idle for longer or the same: the id decides
    User.objects.filter(kind="operator").update(is_active=False)
    waiting = matched(stage, stage.submitted(stage.draft("need-form-9")))
    assert (waiting.state, waiting.adviser_id) == ("matched", None)
    User.objects.filter(id=stage.adviser.user_id).update(is_active=True)
    assert {one.id for one in selectors.queue(stage.adviser)} >= {waiting.id}
    taken = advising.take_need(
        actor=stage.adviser, need_id=waiting.id, expected_version=waiting.version, at=stage.now
    )
    assert (taken.state, taken.adviser_id) == ("assigned", stage.adviser.user_id)


def test_the_worker_looks_at_what_waits_once(stage: Stage) -> None:
    need = stage.submitted()
    assert matching.match_waiting(at=stage.now) == 1
    assert matching.match_waiting(at=stage.now) == 0
    assert Need.objects.get(id=need.id).state == "assigned"


def test_facts_are_known_or_say_why_not(stage: Stage) -> None:
    facts = facts_of(stage.submitted(zones=["green", "first_loan"]), stage.now)
    assert facts["firm.tags"] == frozenset({"green", "first_loan"})
    assert (facts["firm.first_loan"], facts["firm.subject_type"]) == ("yes", "enterprise")
    assert facts["firm.tax_grade"] is Missing.NOT_COLLECTED
    assert facts["fundflow.F01"] is Missing.NOT_AUTHORISED
    assert facts["records.water_fee"] is Missing.NOT_COLLECTED
    assert facts["records.real_estate_registration"] is Missing.NOT_AUTHORISED


# to whom a need may go


def test_the_firm_lists_and_takes_off_and_the_adviser_only_proposes(stage: Stage) -> None:
    version, need = on_offer(stage), matched(stage)
    adviser = stage.adviser if need.adviser_id == stage.adviser.user_id else stage.other
    other = stage.other if adviser is stage.adviser else stage.adviser
    about = {"need_id": need.id, "product_id": version.product_id, "reason": "利率最低", "at": stage.now}
    with pytest.raises(Forbidden):
        recipients.propose_recipient(actor=other, expected_version=need.version, **about)  # type: ignore[arg-type]
    with pytest.raises(Invalid):
        recipients.propose_recipient(actor=adviser, expected_version=need.version, **{**about, "reason": " "})  # type: ignore[arg-type]
    need = recipients.propose_recipient(actor=adviser, expected_version=need.version, **about)  # type: ignore[arg-type]
    assert [one.state for one in selectors.recipients(need)] == [RecipientState.PROPOSED]
    pick = {"need_id": need.id, "product_id": version.product_id, "at": stage.now}
    for actor, error in ((stage.cast.stranger, NotFound), (stage.cast.reader, Forbidden)):
        with pytest.raises(error):
            recipients.list_recipient(actor=actor, expected_version=need.version, **pick)  # type: ignore[arg-type]
    with pytest.raises(Stale):
        recipients.list_recipient(actor=stage.cast.owner, expected_version=1, **pick)  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        recipients.list_recipient(
            actor=stage.cast.owner, expected_version=need.version, **{**pick, "product_id": "no"}
        )  # type: ignore[arg-type]
    need = recipients.list_recipient(actor=stage.cast.owner, expected_version=need.version, **pick)  # type: ignore[arg-type]
    with pytest.raises(Conflict):
        recipients.propose_recipient(actor=adviser, expected_version=need.version, **about)  # type: ignore[arg-type]
    off = {"need_id": need.id, "institution_id": stage.cast.bank.institution_id, "at": stage.now}
    need = recipients.unlist_recipient(actor=stage.cast.owner, expected_version=need.version, **off)  # type: ignore[arg-type]
    assert selectors.recipients(need) == []
    with pytest.raises(NotFound):
        recipients.unlist_recipient(actor=stage.cast.owner, expected_version=need.version, **off)  # type: ignore[arg-type]


def test_no_more_than_three_are_picked(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    version, need = on_offer(stage), matched(stage)
    monkeypatch.setattr(recipients, "MOST_RECIPIENTS", 0)
    with pytest.raises(TooMany):
        recipients.list_recipient(
            actor=stage.cast.owner, need_id=need.id, product_id=version.product_id, expected_version=need.version,
            at=stage.now,
        )  # fmt: skip


def test_an_authorisation_is_bound_to_one_need_and_withdrawn_by_its_own_verb(stage: Stage) -> None:
    cast, version, need = stage.cast, on_offer(stage), matched(stage)
    need = recipients.list_recipient(
        actor=cast.owner,
        need_id=need.id,
        product_id=version.product_id,
        expected_version=need.version,
        at=stage.now,
    )
    row = cast.confirmed(cast.bound())
    bank = cast.bank.institution_id
    (listed,) = selectors.recipients(need)
    assert [(one.id, one.bound) for one in selectors.grants(cast.owner, listed, at=stage.now)] == [
        (row.id, False)
    ]
    about = {
        "need_id": need.id,
        "institution_id": bank,
        "kind": "fundflow",
        "authorisation_id": row.id,
        "at": stage.now,
    }
    for changed, error in (
        ({"kind": "soul"}, Invalid),
        ({"authorisation_id": "aut-none"}, NotFound),
        ({"institution_id": cast.outsider.institution_id}, NotFound),
        ({"actor": cast.stranger}, NotFound),
        ({"actor": cast.reader}, Forbidden),
        ({"expected_version": 1}, Stale),
    ):
        with pytest.raises(error):
            recipients.bind_grant(
                **{"actor": cast.owner, "expected_version": need.version, **about, **changed}  # type: ignore[arg-type]
            )
    need = recipients.bind_grant(actor=cast.owner, expected_version=need.version, **about)  # type: ignore[arg-type]
    same = recipients.bind_grant(actor=cast.owner, expected_version=need.version, **about)  # type: ignore[arg-type]
    assert (same.version, NeedGrant.objects.count()) == (need.version, 1)
    assert [(one.bound, one.live) for one in selectors.grants(cast.owner, listed, at=stage.now)] == [
        (True, True)
    ]
    cast.withdraw(cast.owner, row)
    assert [(one.bound, one.live) for one in selectors.grants(cast.owner, listed, at=stage.now)] == [
        (True, False)
    ]
    NeedGrant.objects.all().delete()
    with pytest.raises(Conflict) as refused:
        recipients.bind_grant(actor=cast.owner, expected_version=need.version, **about)  # type: ignore[arg-type]
    assert refused.value.code is Code.CONFLICT_STATE


def test_no_visit_without_an_adviser_and_one_for_each_cause(stage: Stage) -> None:
    from django.db import transaction

    from xinqiao.hub.apps.needs import rows, services

    need = stage.assigned()
    for _again in range(2):
        with transaction.atomic():
            services.due_visit(rows.locked(stage.cast.system, need.id), "drawn:1", stage.now)
    assert ReturnVisit.objects.count() == 1
