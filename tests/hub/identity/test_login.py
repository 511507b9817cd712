"""Log-in without registering, lock-out, agents, and the former representative (case A7)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.hub.cast import (
    CLERK_CLAIM,
    CLERK_ID,
    OWNER_CLAIM,
    OWNER_ID,
    OWNER_USCC,
    STRANGER_ID,
    Cast,
    claim_of,
    seed_identities,
)

from xinqiao.clock import AdjustableClock
from xinqiao.domain.errors import Code, Conflict, Forbidden, Unauthenticated, Unavailable, XinqiaoError
from xinqiao.hub.actors import AgentScope, PersonRole
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.identity import services as identity
from xinqiao.hub.apps.identity.models import Enterprise, EnterprisePerson, LoginAttempt, User
from xinqiao.hub.apps.identity.selectors import actor_for_user, enterprise_actor

pytestmark = pytest.mark.django_db


def test_the_first_log_in_makes_the_data_account_and_the_second_opens_it(clock: AdjustableClock) -> None:
    seed_identities()

    first = identity.login_enterprise(claim=OWNER_CLAIM, at=clock.now())
    second = identity.login_enterprise(claim=OWNER_CLAIM, at=clock.now())

    assert (first.created, second.created) == (True, False)
    assert first.enterprise == second.enterprise == Enterprise.objects.get(uscc=OWNER_USCC)
    assert first.user == second.user
    assert Leaf.objects.filter(type="LOGIN").count() == 2


def test_no_name_and_no_number_of_a_person_is_stored_in_clear(clock: AdjustableClock) -> None:
    seed_identities()
    identity.login_enterprise(claim=OWNER_CLAIM, at=clock.now())

    rows = str(list(EnterprisePerson.objects.values())) + str(list(User.objects.values()))
    rows += str(list(LoginAttempt.objects.values()))
    assert OWNER_ID not in rows
    assert "甲一" not in rows
    assert all(OWNER_ID.encode() not in bytes(leaf.body) for leaf in Leaf.objects.all())


@pytest.mark.parametrize("change", ["enterprise_name", "person_name", "id_no", "uscc"])
def test_whatever_is_wrong_the_refusal_reads_the_same(clock: AdjustableClock, change: str) -> None:
    seed_identities()
    claim = replace(OWNER_CLAIM, **{change: "x"})
    with pytest.raises(Unauthenticated) as refused:
        identity.login_enterprise(claim=claim, at=clock.now())
    assert str(refused.value) == "IDENTITY_NOT_VERIFIED: not verified"
    assert not refused.value.facts
    assert Enterprise.objects.count() == 0


def test_five_failures_lock_for_half_an_hour_and_a_locked_attempt_does_not_prolong_it(
    clock: AdjustableClock,
) -> None:
    seed_identities()
    wrong = replace(OWNER_CLAIM, person_name="乙")
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            identity.login_enterprise(claim=wrong, at=clock.now())
        clock.advance(timedelta(seconds=1))

    for _ in range(3):
        with pytest.raises(Unauthenticated) as locked:
            identity.login_enterprise(claim=OWNER_CLAIM, at=clock.advance(timedelta(minutes=9)))
        assert locked.value.code is Code.LOGIN_LOCKED
    clock.advance(timedelta(minutes=3))
    assert identity.login_enterprise(claim=OWNER_CLAIM, at=clock.now()).created


def test_four_failures_do_not_lock_and_a_success_forgets_them(clock: AdjustableClock) -> None:
    seed_identities()
    wrong = replace(OWNER_CLAIM, person_name="乙")
    for _ in range(2):
        for _ in range(4):
            with pytest.raises(Unauthenticated) as refused:
                identity.login_enterprise(claim=wrong, at=clock.advance(timedelta(seconds=1)))
            assert refused.value.code is Code.IDENTITY_NOT_VERIFIED
        identity.login_enterprise(claim=OWNER_CLAIM, at=clock.advance(timedelta(seconds=1)))


def test_a_verified_person_who_acts_for_nobody_is_refused(clock: AdjustableClock) -> None:
    seed_identities()
    identity.login_enterprise(claim=OWNER_CLAIM, at=clock.now())
    with pytest.raises(Forbidden) as refused:
        identity.login_enterprise(claim=CLERK_CLAIM, at=clock.now())
    assert refused.value.code is Code.SUBJECT_NOT_AUTHORISED


def test_the_demonstration_verifier_refuses_to_work_on_a_real_platform(
    clock: AdjustableClock, settings
) -> None:  # type: ignore[no-untyped-def]
    seed_identities()
    settings.DEMO = False
    with pytest.raises(Unavailable):
        identity.login_enterprise(claim=OWNER_CLAIM, at=clock.now())


def test_an_agent_acts_inside_scope_and_period_and_is_refused_at_the_very_end(cast: Cast) -> None:
    person = EnterprisePerson.objects.get(id=cast.clerk.person_id)
    assert identity.require_capacity(cast.clerk, AgentScope.AUTHORISE, cast.now) == person
    with pytest.raises(Forbidden):
        identity.require_capacity(cast.clerk, AgentScope.BIND, cast.now)
    end = person.valid_to
    assert end is not None
    identity.require_capacity(cast.clerk, AgentScope.AUTHORISE, end - timedelta(microseconds=1))
    with pytest.raises(Forbidden):
        identity.require_capacity(cast.clerk, AgentScope.AUTHORISE, end)


def test_ending_an_agent_is_effective_at_once_for_open_sessions(cast: Cast) -> None:
    identity.end_agent(actor=cast.owner, person_id=cast.clerk.person_id, at=cast.now)
    with pytest.raises(Forbidden):
        identity.require_capacity(cast.clerk, AgentScope.AUTHORISE, cast.now)
    user = User.objects.get(id=cast.clerk.user_id)
    assert actor_for_user(user=user, person_id=cast.clerk.person_id, at=cast.now) is None


def test_only_the_legal_representative_names_agents_and_at_most_five(cast: Cast) -> None:
    def name(actor: object, number: int) -> None:
        identity.name_agent(
            actor=actor,  # type: ignore[arg-type]
            name=f"丁{number}",
            id_no=f"33010219900101{number:04d}",
            scopes=frozenset({AgentScope.QUERY}),
            valid_to=cast.now + timedelta(days=1),
            at=cast.now,
        )

    with pytest.raises(Forbidden):
        name(cast.clerk, 1)
    for number in range(3):
        name(cast.owner, number)
    with pytest.raises(Conflict):
        name(cast.owner, 9)


def test_the_mask_of_a_long_name_fits_its_column(cast: Cast) -> None:
    agent = identity.name_agent(
        actor=cast.owner,
        name="买" + "买提" * 40,
        id_no=STRANGER_ID,
        scopes=frozenset({AgentScope.QUERY}),
        valid_to=cast.now + timedelta(days=1),
        at=cast.now,
    )
    agent.full_clean()
    assert agent.name_masked == "买" + "*" * 39


def test_a_former_representative_is_refused_from_the_effective_date_on(cast: Cast) -> None:
    """Case A7: the registration names another person; the old session can do nothing any more."""
    change = cast.now + timedelta(days=3)
    identity.seed_demo_identity(
        uscc=OWNER_USCC,
        enterprise_name="远山农机有限公司",
        people=[
            {"name": "甲九", "id_no": "330102197001010099", "role": "legal_rep", "since": change.isoformat()},
            {"name": "甲一", "id_no": OWNER_ID, "role": "other"},
        ],
    )
    cast.clock.set(change + timedelta(days=1))
    new = identity.login_enterprise(
        claim=claim_of(OWNER_USCC, "远山农机有限公司", "甲九", "330102197001010099"), at=cast.now
    )

    assert enterprise_actor(new.person).role is PersonRole.LEGAL_REP
    identity.require_capacity(cast.owner, AgentScope.AUTHORISE, change - timedelta(microseconds=1))
    with pytest.raises(Forbidden) as refused:
        identity.require_capacity(cast.owner, AgentScope.AUTHORISE, change)
    assert refused.value.code is Code.SUBJECT_NOT_AUTHORISED
    with pytest.raises(XinqiaoError):
        cast.presented(actor=cast.owner)
    with pytest.raises(Forbidden):
        identity.login_enterprise(claim=OWNER_CLAIM, at=cast.now)


def test_a_person_authorised_for_one_enterprise_cannot_act_for_another(cast: Cast) -> None:
    """Case A7: the capacity row, the user and the enterprise must belong together."""
    crossed = replace(cast.stranger, enterprise_id=cast.owner.enterprise_id)
    borrowed = replace(cast.stranger, enterprise_id=cast.owner.enterprise_id, person_id=cast.owner.person_id)
    for actor in (crossed, borrowed):
        with pytest.raises(Forbidden) as refused:
            identity.require_capacity(actor, None, cast.now)
        assert refused.value.code is Code.SUBJECT_NOT_AUTHORISED


def test_a_clerk_of_two_firms_is_one_user(cast: Cast) -> None:
    person = identity.name_agent(
        actor=cast.stranger,
        name="甲二",
        id_no=CLERK_ID,
        scopes=frozenset({AgentScope.BIND}),
        valid_to=cast.now + timedelta(days=1),
        at=cast.now,
    )
    assert person.user_id == cast.clerk.user_id


def test_staff_log_in_by_password_and_a_wrong_one_reads_like_a_wrong_name(cast: Cast) -> None:
    assert (
        identity.login_staff(username="bank", password="long-enough-password", at=cast.now).kind
        == "institution"
    )
    texts = set()
    for name, password in (("bank", "wrong"), ("nobody", "long-enough-password")):
        with pytest.raises(Unauthenticated) as refused:
            identity.login_staff(username=name, password=password, at=cast.now)
        texts.add(str(refused.value))
    assert len(texts) == 1


def test_a_member_who_left_cannot_log_in(cast: Cast) -> None:
    assert cast.bank.user_id
    identity.end_member(actor=cast.operator, user_id=cast.bank.user_id, at=cast.now)
    with pytest.raises(Unauthenticated):
        identity.login_staff(username="bank", password="long-enough-password", at=cast.now)
