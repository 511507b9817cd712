"""The verbs of a need, each: works, wrong role, another organisation, wrong state, stale, repeated key."""

from collections.abc import Callable
from functools import partial

import pytest
from django.db import IntegrityError, transaction
from tests.hub.market.desk import said
from tests.hub.needs.stage import KEY, Stage, asked

from xinqiao.domain.errors import Code, Conflict, Forbidden, Invalid, NotFound, Stale, TooMany
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.needs import rows, services
from xinqiao.hub.apps.needs.models import Need, NeedStep, RecipientState
from xinqiao.hub.apps.notices.models import Notice

pytestmark = pytest.mark.django_db

type Verb = Callable[..., Need]
SAVE = partial(services.save_need, terms=asked(amount="900000.00"))
SUBMIT = partial(services.submit_need, agreed=True)
RETURN = partial(services.return_need, reason="请补充用途")
CLOSE = partial(services.close_need, code="capacity", text="")
CANCEL = services.cancel_need


def test_a_need_goes_from_the_draft_to_two_institutions_and_its_end(stage: Stage) -> None:
    before = Leaf.objects.count()
    need = stage.assigned()
    assert (need.state, need.number[:3], need.adviser_id) == ("assigned", "FN-", stage.adviser.user_id)
    assert (need.due_on, need.contact_enc.find("138")) == (stage.now.date().replace(day=23), -1)
    assert rows.terms_of(need).contact == "甲一 138****0000"
    version = stage.makers.published()
    with transaction.atomic():
        held = rows.locked(stage.cast.owner, need.id)
        sent = services.dispatched(
            held, actor=stage.cast.owner, institution_id=stage.cast.bank.institution_id, product_version=version,
            at=stage.now,
        )  # fmt: skip
    assert (sent.state, held.state, held.due_on) == (RecipientState.SENT, "dispatched", None)
    with transaction.atomic():
        held = rows.locked(stage.cast.system, need.id)
        services.closed(held, actor=stage.cast.system, code="financed", at=stage.now)
    steps = [(one.event, one.state, one.actor_kind, one.code) for one in NeedStep.objects.order_by("seq")]
    assert steps == [
        ("write", "draft", "enterprise", ""),
        ("submit", "submitted", "enterprise", ""),
        ("match", "matched", "system", ""),
        ("assign", "assigned", "system", ""),
        ("dispatch", "dispatched", "enterprise", ""),
        ("close", "closed", "system", "financed"),
    ]
    leaves = list(Leaf.objects.filter(index__gte=before).values_list("index", flat=True))
    assert set(NeedStep.objects.values_list("leaf_index", flat=True)) <= set(leaves)
    assert set(Notice.objects.values_list("kind", flat=True)) >= {"need_dispatched", "need_closed"}


def test_a_draft_leaves_out_what_it_likes_and_is_not_handed_in_so(stage: Stage) -> None:
    need = services.draft_need(actor=stage.cast.owner, terms={"amount": "1.00"}, key=KEY, at=stage.now)
    with pytest.raises(Invalid) as refused:
        stage.submitted(need)
    assert refused.value.facts == {"field": "months", "reason": "MISSING"}
    with pytest.raises(Invalid) as refused:
        services.submit_need(
            actor=stage.cast.owner, need_id=need.id, agreed=False, expected_version=1, at=stage.now
        )
    assert refused.value.facts["field"] == "agreed"
    assert Need.objects.get().state == "draft"


def test_the_same_form_once_more_is_the_same_need(stage: Stage) -> None:
    first = stage.draft()
    assert (stage.draft(amount="7.00").id, Need.objects.count()) == (first.id, 1)
    foreign = services.draft_need(actor=stage.cast.stranger, terms=asked(), key=KEY, at=stage.now)
    assert foreign.id != first.id
    for count in range(services.MOST_OPEN - 1):
        stage.draft(f"need-form-x{count}")
    with pytest.raises(TooMany):
        stage.draft("need-form-too-many")


def test_a_need_may_start_from_a_product_on_offer_only(stage: Stage) -> None:
    version = stage.makers.published()
    need = services.draft_need(
        actor=stage.cast.owner, terms={}, key=KEY, product_id=version.product_id, at=stage.now
    )
    assert need.product_version_id == version.id
    draft = stage.makers.draft("form-0002", **said(name="没有发布"))
    with pytest.raises(NotFound):
        services.draft_need(
            actor=stage.cast.owner, terms={}, key="need-form-2", product_id=draft.product_id, at=stage.now
        )


#: Each verb with the state it works from, who does it, the state that follows, and a state it does not work from.
VERBS: list[tuple[str, Verb, str, str, str, str]] = [
    ("save", SAVE, "draft", "owner", "draft", "submitted"),
    ("submit", SUBMIT, "draft", "clerk", "submitted", "matched"),
    ("cancel", CANCEL, "draft", "owner", "cancelled", ""),
    ("cancel late", CANCEL, "assigned", "owner", "cancelled", ""),
    ("return", RETURN, "assigned", "adviser", "returned", ""),
    ("close", CLOSE, "assigned", "adviser", "closed", ""),
]


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb[0])
def test_each_verb_by_whom_and_from_where(verb: tuple[str, Verb, str, str, str, str], stage: Stage) -> None:
    _name, act, state, who, after, wrong = verb
    people = {"owner": stage.cast.owner, "clerk": stage.cast.clerk, "adviser": stage.adviser}
    need: Need = getattr(stage, state)()

    def fire(actor: object, version: int = need.version) -> Need:
        return act(actor=actor, need_id=need.id, expected_version=version, at=stage.now)

    strangers = [stage.cast.stranger] if who != "adviser" else []
    for actor in strangers:
        with pytest.raises(NotFound):
            fire(actor)
    wrong_role = stage.cast.reader if who != "adviser" else stage.cast.operator
    with pytest.raises(Forbidden):
        fire(wrong_role)
    if who == "adviser":
        with pytest.raises(Forbidden) as refused:
            fire(stage.other)
        assert refused.value.facts["reason"] == "NOT_YOURS"
    with pytest.raises(Stale):
        fire(people[who], need.version + 1)
    done = fire(people[who])
    assert (done.state, Need.objects.get(id=need.id).state) == (after, after)
    if done.state in ("closed", "cancelled"):
        with pytest.raises(Conflict) as ended:
            fire(people[who], done.version)
        assert ended.value.code is Code.ILLEGAL_MOVE
    if wrong == "submitted":
        later = stage.submitted(done)
    elif wrong == "matched":
        later = stage.matched(done)
    else:
        return
    with pytest.raises(Conflict):
        fire(people[who], later.version)


def test_what_was_sent_back_is_written_anew_and_handed_in_again(stage: Stage) -> None:
    need = stage.assigned()
    back = RETURN(actor=stage.adviser, need_id=need.id, expected_version=need.version, at=stage.now)
    first = back.submitted_at
    with pytest.raises(Invalid):
        services.save_need(
            actor=stage.cast.owner, need_id=need.id, terms={}, expected_version=back.version, at=stage.now
        )
    saved = SAVE(actor=stage.cast.owner, need_id=need.id, expected_version=back.version, at=stage.now)
    again = stage.submitted(saved)
    assert (again.state, again.submitted_at, again.amount_fen) == ("submitted", first, 90_000_000)


def test_nothing_is_sent_to_whom_the_firm_did_not_list_nor_twice(stage: Stage) -> None:
    need, version = stage.assigned(), stage.makers.published()
    bank = stage.cast.bank.institution_id

    def send(actor: object) -> None:
        with transaction.atomic():
            held = rows.locked(actor, need.id)  # type: ignore[arg-type]
            services.dispatched(held, actor=actor, institution_id=bank, at=stage.now)  # type: ignore[arg-type]

    with pytest.raises(NotFound):
        send(stage.adviser)
    with transaction.atomic():
        services.listed(
            rows.locked(stage.cast.system, need.id), version, stage.now, state=RecipientState.PROPOSED
        )
    with pytest.raises(NotFound):
        send(stage.adviser)
    with transaction.atomic():
        services.listed(rows.locked(stage.cast.system, need.id), version, stage.now)
    with pytest.raises(Forbidden):
        send(stage.other)
    send(stage.adviser)
    with pytest.raises(Conflict) as refused:
        send(stage.adviser)
    assert refused.value.code is Code.CONFLICT_DUPLICATE


def test_a_draft_is_the_firms_alone(stage: Stage) -> None:
    need = stage.draft()
    assert not Need.objects.for_viewer(stage.adviser).exists()
    assert not Need.objects.for_viewer(stage.cast.bank).exists()
    assert Need.objects.for_viewer(stage.cast.owner).get().id == need.id


@pytest.mark.parametrize(
    "columns",
    [
        {"state": "submitted", "contact_enc": ""},
        {"state": "closed"},
        {"state": "draft", "end_code": "other"},
        {"least_fen": 10**12},
        {"rate": 2},
        {"state": "elsewhere"},
    ],
)
def test_the_table_itself_refuses_what_cannot_be(stage: Stage, columns: dict[str, object]) -> None:
    need = stage.draft()
    with pytest.raises(IntegrityError), transaction.atomic():
        Need.objects.filter(id=need.id).update(**columns)
