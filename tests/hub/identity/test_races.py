"""Getting in and registering, several at once: what is counted holds, and who comes second is told so."""

import contextlib
import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError
from tests.hub.cast import CLERK_ID, OWNER_CLAIM, Cast, uscc
from tests.hub.together import together

from xinqiao.domain.errors import Code, Conflict, Unauthenticated, Unavailable, XinqiaoError
from xinqiao.hub.actors import AgentScope, InstitutionRole, SystemActor
from xinqiao.hub.apps.identity import login
from xinqiao.hub.apps.identity import services as identity
from xinqiao.hub.apps.identity.models import (
    EnterprisePerson,
    Institution,
    InstitutionKey,
    LoginAttempt,
    Node,
    NodeKey,
    User,
)
from xinqiao.hub.apps.identity.once import only_once
from xinqiao.hub.apps.identity.people import user_for_person
from xinqiao.hub.apps.identity.verifier import IdentityClaim, VerifiedIdentity
from xinqiao.trust.keys import SigningKey

SYSTEM = SystemActor("test")
MANY = 8


class Slow:
    """A register that answers no, once everybody who may ask is there (or after a while)."""

    def __init__(self) -> None:
        self.asked = 0
        self._all = threading.Barrier(MANY)

    def verify(self, claim: IdentityClaim, at: object) -> VerifiedIdentity:
        """No."""
        self.asked += 1
        with contextlib.suppress(threading.BrokenBarrierError):
            self._all.wait(1)
        raise Unauthenticated(Code.IDENTITY_NOT_VERIFIED, "not verified")


class Away:
    """A register that cannot be asked."""

    def verify(self, claim: IdentityClaim, at: object) -> VerifiedIdentity:
        """Neither yes nor no."""
        raise Unavailable(Code.IDENTITY_NOT_VERIFIED, "the register is away")


def test_of_attempts_at_once_just_five_get_to_guess(stage: Cast) -> None:
    LoginAttempt.objects.all().delete()
    register = Slow()
    results = together(
        *[lambda: identity.login_enterprise(claim=OWNER_CLAIM, at=stage.now, verifier=register)] * MANY
    )
    codes = [result.code for result in results if isinstance(result, XinqiaoError)]
    assert len(codes) == MANY, results
    assert register.asked == 5
    assert codes.count(Code.LOGIN_LOCKED) == MANY - register.asked
    assert sorted(set(LoginAttempt.objects.values_list("outcome", flat=True))) == ["failed", "locked"]


def test_an_attempt_that_could_not_be_judged_is_not_counted(stage: Cast) -> None:
    before = LoginAttempt.objects.count()
    for _ in range(6):
        try:
            identity.login_enterprise(claim=OWNER_CLAIM, at=stage.now, verifier=Away())
        except Unavailable:
            continue
        raise AssertionError
    assert LoginAttempt.objects.count() == before
    identity.login_enterprise(claim=OWNER_CLAIM, at=stage.now)


def test_an_attempt_whose_process_died_counts_as_a_failure(stage: Cast) -> None:
    attempts = LoginAttempt.objects.all()
    handle = attempts.latest("id").handle
    stage.clock.advance(timedelta(seconds=1))
    for _ in range(5):
        LoginAttempt.objects.create(handle=handle, at=stage.now, outcome="begun")
    row = LoginAttempt.objects.create(handle=handle, at=stage.now, outcome="begun")
    assert login._others(row) == 5


def _one_wins(results: list[object]) -> None:
    """One did it, the others were told that it is done."""
    lost = [result for result in results if isinstance(result, Exception)]
    assert len(lost) == len(results) - 1, results
    assert all(isinstance(one, Conflict) and one.code is Code.CONFLICT_DUPLICATE for one in lost), results


def test_what_the_table_refuses_is_a_duplicate_or_the_fault_it_is(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loser of a race in slow motion: nothing was there when it looked."""
    bank = Institution.objects.get(id=cast.bank.institution_id)
    known = Institution.objects.filter(uscc=bank.uscc)
    look, answers = known.exists, [False]
    monkeypatch.setattr(known, "exists", lambda: answers.pop() if answers else look())
    bank.id, bank._state.adding = "ins-" + "3" * 32, True
    with pytest.raises(Conflict), only_once(known, "known"):
        bank.save(force_insert=True)
    with pytest.raises(IntegrityError), only_once(Institution.objects.filter(uscc="none"), "known"):
        bank.save(force_insert=True)


def test_the_account_of_a_person_another_firm_named_at_this_moment_is_taken(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(User.objects, "filter", lambda **_: User.objects.none())
    assert user_for_person(CLERK_ID, "甲二").id == cast.clerk.user_id


def test_an_institution_is_registered_once(stage: Cast) -> None:
    code = uscc("91330600MA2XQF006")

    def register() -> object:
        return identity.register_institution(
            actor=SYSTEM,
            uscc=code,
            name="甲银行",
            short_name="甲",
            is_user=True,
            is_provider=True,
            at=stage.now,
        )

    _one_wins(together(*[register] * MANY))
    assert Institution.objects.filter(uscc=code).count() == 1


def test_a_log_in_name_is_given_once(stage: Cast) -> None:
    def add() -> object:
        return identity.add_member(
            actor=SYSTEM,
            institution_id=stage.bank.institution_id,
            username="two-of-us",
            password="long-enough-password",
            display_name="丁一",
            department="",
            roles=frozenset({InstitutionRole.QUERY_OPERATOR}),
            at=stage.now,
        )

    _one_wins(together(*[add] * MANY))
    assert User.objects.filter(username="two-of-us").count() == 1


def test_a_key_and_a_node_are_known_once(stage: Cast) -> None:
    key = SigningKey.generate().public.to_jwk()
    since, until = stage.now, stage.now + timedelta(days=9)

    def propose() -> object:
        return identity.propose_key(
            actor=SYSTEM,
            institution_id=stage.bank.institution_id,
            jwk=key,
            not_before=since,
            not_after=until,
            at=stage.now,
        )

    def add() -> object:
        return identity.add_node_key(
            actor=SYSTEM, node_id=stage.node.id, jwk=key, not_before=since, not_after=until, at=stage.now
        )

    def node() -> object:
        return identity.register_node(
            actor=SYSTEM,
            institution_id=stage.provider.institution_id,
            name="二号",
            base_url="http://two.test",
            jwk=SigningKey.generate().public.to_jwk(),
            not_before=since,
            not_after=until,
            at=stage.now,
            node_id="nod-" + "2" * 32,
        )

    _one_wins(together(*[propose] * MANY))
    _one_wins(together(*[add] * MANY))
    _one_wins(together(*[node] * MANY))
    assert InstitutionKey.objects.filter(jwk=key).count() == 1
    assert NodeKey.objects.filter(jwk=key).count() == 1
    assert Node.objects.filter(base_url="http://two.test").count() == 1


def test_two_firms_name_the_same_new_person_at_once(stage: Cast) -> None:
    def name(actor: object) -> object:
        return identity.name_agent(
            actor=actor,  # type: ignore[arg-type]
            name="戊一",
            id_no="330102198501010077",
            scopes=frozenset({AgentScope.QUERY}),
            valid_to=stage.now + timedelta(days=1),
            at=stage.now,
        )

    results = together(lambda: name(stage.owner), lambda: name(stage.stranger))
    assert all(isinstance(result, EnterprisePerson) for result in results), results
    assert len({result.user_id for result in results if isinstance(result, EnterprisePerson)}) == 1
