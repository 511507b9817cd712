"""The platform's own people: what must hold when two do the same at the same moment."""

import pytest
from tests.hub.cast import Cast
from tests.hub.consents.test_storm import together

from xinqiao.domain.errors import Code, Conflict, Forbidden
from xinqiao.hub.actors import OperatorActor, OperatorRole
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.identity import services as identity
from xinqiao.hub.apps.identity.models import User

PASSWORD = "oak-river-lantern-7"


def administrator(stage: Cast, login: str) -> OperatorActor:
    made = identity.add_operator(
        actor=stage.system,
        login=login,
        password=PASSWORD,
        roles=frozenset({OperatorRole.ADMIN}),
        at=stage.now,
    )
    return OperatorActor(made.id, frozenset({OperatorRole.ADMIN}))


def test_two_administrators_who_end_each_other_leave_one(stage: Cast) -> None:
    for round_ in range(4):
        one, two = (administrator(stage, f"{name}{round_}") for name in ("one", "two"))
        results = together(
            lambda one=one, n=round_: identity.end_operator(actor=one, login=f"two{n}", at=stage.now),
            lambda two=two, n=round_: identity.end_operator(actor=two, login=f"one{n}", at=stage.now),
        )
        refused = [result for result in results if result is not None]
        assert [type(result) for result in refused] == [Conflict]
        left = User.objects.filter(username__in=(f"one{round_}", f"two{round_}"), is_active=True)
        assert left.count() == 1
        left.update(is_active=False)


def test_a_login_that_two_add_at_once_is_made_once(stage: Cast) -> None:
    before = Leaf.objects.count()
    results = together(*[lambda: administrator(stage, "new")] * 4)
    refused = [result for result in results if not isinstance(result, OperatorActor)]
    assert [getattr(result, "code", result) for result in refused] == [Code.CONFLICT_DUPLICATE] * 3
    assert Leaf.objects.count() == before + 1


def test_only_an_administrator_adds_and_ends(cast: Cast) -> None:
    before = Leaf.objects.count()
    for act in (
        lambda: identity.add_operator(
            actor=cast.security, login="x", password=PASSWORD, auditor=True, at=cast.now
        ),
        lambda: identity.end_operator(actor=cast.security, login="aud", at=cast.now),
    ):
        with pytest.raises(Forbidden):
            act()
    assert (Leaf.objects.count(), User.objects.filter(username="x").exists()) == (before, False)
