"""The verbs of advisers, each: works, wrong role, another's need, wrong state, stale, repeated key."""

from collections.abc import Callable

import pytest
from tests.hub.needs.stage import Stage
from tests.hub.needs.test_matching import matched, on_offer

from xinqiao.domain.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from xinqiao.hub.actors import OperatorActor
from xinqiao.hub.apps.identity.models import User
from xinqiao.hub.apps.needs import advising, selectors, services
from xinqiao.hub.apps.needs.models import Contact, Need, ReturnVisit

pytestmark = pytest.mark.django_db


def whose(stage: Stage, need: Need) -> tuple[OperatorActor, OperatorActor]:
    """Its adviser, and the other one."""
    pair = (stage.adviser, stage.other)
    return pair if need.adviser_id == stage.adviser.user_id else (pair[1], pair[0])


def test_a_need_is_handed_over_with_its_history(stage: Stage) -> None:
    need = matched(stage)
    mine, other = whose(stage, need)
    steps = len(selectors.steps(need))

    def give(actor: OperatorActor, to: str, version: int = need.version, reason: str = "休假") -> Need:
        return advising.hand_over(
            actor=actor, need_id=need.id, to=to, reason=reason, expected_version=version, at=stage.now
        )

    for actor in (other, stage.cast.operator):
        with pytest.raises(Forbidden):
            give(actor, other.user_id)
    with pytest.raises(Stale):
        give(mine, other.user_id, 1)
    for to in (mine.user_id, stage.cast.operator.user_id, "usr-none"):
        with pytest.raises(Invalid):
            give(mine, to)
    with pytest.raises(Invalid):
        give(mine, other.user_id, reason="")
    given = give(mine, other.user_id)
    assert (given.adviser_id, given.state) == (other.user_id, "assigned")
    assert len(selectors.steps(given)) == steps + 1
    assert [one.id for one in selectors.queue(other, whose=other.user_id)] == [need.id]
    with pytest.raises(NotFound):
        advising.hand_over(
            actor=mine, need_id="ned-none", to=other.user_id, reason="x", expected_version=1, at=stage.now
        )


def test_what_somebody_follows_is_not_taken_until_they_left(stage: Stage) -> None:
    need = matched(stage)
    mine, other = whose(stage, need)

    def take(actor: OperatorActor, version: int = need.version) -> Need:
        return advising.take_need(actor=actor, need_id=need.id, expected_version=version, at=stage.now)

    with pytest.raises(Conflict):
        take(other)
    with pytest.raises(Forbidden):
        take(stage.cast.operator)
    User.objects.filter(id=mine.user_id).update(is_active=False)
    with pytest.raises(Stale):
        take(other, 1)
    assert take(other).adviser_id == other.user_id


def test_contacts_are_kept_once_and_count_for_the_response(stage: Stage) -> None:
    need = matched(stage)
    mine, other = whose(stage, need)

    def log(actor: OperatorActor = mine, key: str = "contact-1", **changed: str) -> Contact:
        given = {"channel": "phone", "text": "确认了金额和用途", **changed}
        return advising.log_contact(actor=actor, need_id=need.id, key=key, at=stage.now, **given)

    for actor in (other, stage.cast.operator):
        with pytest.raises(Forbidden):
            log(actor)
    for changed in ({"channel": "telepathy"}, {"text": ""}):
        with pytest.raises(Invalid):
            log(**changed)
    assert (log().id, Contact.objects.count()) == (log().id, 1)
    figures = {one.adviser: one for one in selectors.work(at=stage.now)}[mine.user_id]
    assert (figures.assigned, figures.contacted, figures.in_time, figures.response_minutes) == (1, 1, 1, 0)
    services.cancel_need(
        actor=stage.cast.owner,
        need_id=need.id,
        expected_version=Need.objects.get(id=need.id).version,
        at=stage.now,
    )
    with pytest.raises(Conflict):
        log(key="contact-2")


def test_an_override_has_a_reason_and_moves_the_list_not_the_result(stage: Stage) -> None:
    on_offer(stage, 2)
    need = matched(stage)
    mine, other = whose(stage, need)
    run = selectors.newest_run(need)
    assert run is not None
    last = selectors.placed(run)[-1].pair

    def move(actor: OperatorActor = mine, **changed: object) -> object:
        given = {
            "product_id": last.product_version.product_id,
            "kind": "forward",
            "reason": "担保已谈好",
            **changed,
        }
        given.setdefault("expected_version", Need.objects.get(id=need.id).version)
        return advising.override(actor=actor, need_id=need.id, at=stage.now, **given)  # type: ignore[arg-type]

    for actor in (other, stage.cast.operator):
        with pytest.raises(Forbidden):
            move(actor)
    for changed, error in (
        ({"kind": "sideways"}, Invalid), ({"reason": " "}, Invalid), ({"product_id": "none"}, NotFound),
        ({"expected_version": 1}, Stale),
    ):  # fmt: skip
        with pytest.raises(error):
            move(**changed)
    move()
    assert selectors.placed(run)[0].pair.id == last.id
    assert [one.pair.place for one in selectors.placed(run)] == [2, 1]
    with pytest.raises(Conflict):
        move(kind="back")
    outcome = {(need.id, last.product_version.product_id): True}
    told = selectors.overrides_compared(outcome)
    assert (told.forward_good, told.forward, told.back) == (1, 1, 0)
    assert selectors.overrides_compared({}).forward == 0


def test_a_closed_need_is_visited_a_week_later(stage: Stage) -> None:
    need = matched(stage)
    mine, other = whose(stage, need)
    services.close_need(
        actor=mine, need_id=need.id, code="financed", text="", expected_version=need.version, at=stage.now
    )
    (visit,) = selectors.visits(mine, whose=mine.user_id)
    assert (visit.due_on - stage.now.date()).days == 7
    act: Callable[..., ReturnVisit] = advising.visit_done
    for actor in (other, stage.cast.operator):
        with pytest.raises(Forbidden):
            act(actor=actor, visit_id=visit.id, stars=5, text="很好", at=stage.now)
    with pytest.raises(Invalid):
        act(actor=mine, visit_id=visit.id, stars=6, text="很好", at=stage.now)
    with pytest.raises(NotFound):
        act(actor=mine, visit_id=0, stars=5, text="很好", at=stage.now)
    done = act(actor=mine, visit_id=visit.id, stars=4, text="很快", at=stage.now)
    assert (done.stars, selectors.visits(mine, whose=mine.user_id)) == (4, [])
    with pytest.raises(Conflict):
        act(actor=mine, visit_id=visit.id, stars=4, text="很快", at=stage.now)
    figures = {one.adviser: one for one in selectors.work(at=stage.now)}[mine.user_id]
    assert (figures.conversion, figures.satisfaction_tenths, figures.visit_share) == ((1, 1), 40, (1, 1))
