"""Random lives of authorisations against a model of a few lines: same answers, same codes, same state, same history."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.conftest import START
from tests.hub.cast import Cast

from xinqiao.domain.errors import XinqiaoError
from xinqiao.hub.apps.consents import services as consents
from xinqiao.hub.apps.consents.models import Artefact, Authorisation, Binding, History

OK = "ok"


@dataclass
class Known:
    """What the model knows of one request."""

    id: str
    asked_at: datetime
    state: str = "requested"
    months: int = 0
    valid_to: datetime | None = None
    artefacts: int = 0
    events: list[str] = field(default_factory=lambda: ["request"])


def outcome(act: Callable[[], object]) -> str:
    try:
        act()
    except XinqiaoError as error:
        return str(error.code)
    return OK


class ConsentLife(RuleBasedStateMachine):
    """Several requests of one bank to one firm, with time passing and the account bound or not."""

    cast: Cast
    binding_id: str

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Known] = []
        self.bound = True
        self.cast.clock.set(START)
        self.block = transaction.atomic()
        self.block._from_testcase = True  # type: ignore[attr-defined]
        self.block.__enter__()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.block.__exit__(None, None, None)

    @property
    def now(self) -> datetime:
        return self.cast.now

    def stored(self, known: Known) -> Authorisation:
        return Authorisation.objects.select_related("institution", "enterprise").get(id=known.id)

    def scope(self, months: int) -> object:
        return self.cast.scope(Binding.objects.get(id=self.binding_id), months_back=months)

    @rule()
    def request(self) -> None:
        if len(self.rows) < 4:
            row = self.cast.requested(ref=f"SQ-{len(self.rows)}")
            self.rows.append(Known(row.id, self.now))

    @precondition(lambda self: self.rows)
    @rule(data=st.data(), months=st.sampled_from([3, 12, 24, 24, 36]))
    def confirm(self, data: st.DataObject, months: int) -> None:
        known = data.draw(st.sampled_from(self.rows))
        scope = self.scope(months)
        said = outcome(lambda: self.cast.confirm(self.cast.owner, self.stored(known), scope))  # type: ignore[arg-type]
        if known.state != "requested":
            expected = "ILLEGAL_MOVE"
        elif self.now >= known.asked_at + timedelta(days=15):
            expected = "CONFLICT_STATE"
        elif not self.bound:
            expected = "INVALID"
        elif months > 24:
            expected = "SCOPE_EXCEEDED"
        else:
            expected = OK
            known.state, known.months, known.artefacts = "confirmed", months, 1
            known.valid_to = self.now + timedelta(days=30)
            known.events.append("confirm")
        assert said == expected

    @precondition(lambda self: self.rows)
    @rule(data=st.data())
    def refuse(self, data: st.DataObject) -> None:
        known = data.draw(st.sampled_from(self.rows))
        said = outcome(
            lambda: consents.refuse_authorisation(
                actor=self.cast.clerk,
                authorisation_id=known.id,
                expected_version=self.stored(known).version,
                at=self.now,
            )
        )
        if known.state == "requested":
            known.state = "refused"
            known.events.append("refuse")
            assert said == OK
        else:
            assert said == "ILLEGAL_MOVE"

    @precondition(lambda self: self.rows)
    @rule(data=st.data(), months=st.sampled_from([3, 12, 24, 24, 36]))
    def append(self, data: st.DataObject, months: int) -> None:
        known = data.draw(st.sampled_from(self.rows))
        scope = self.scope(months)
        said = outcome(lambda: self.cast.append(self.cast.owner, self.stored(known), scope))  # type: ignore[arg-type]
        until = self.now + timedelta(days=30)
        if known.state != "confirmed":
            expected = "ILLEGAL_MOVE"
        elif not self.bound:
            expected = "INVALID"
        elif known.valid_to is not None and self.now >= known.valid_to:
            expected = "CONFLICT_STATE"
        elif months <= known.months and until == known.valid_to:
            expected = "INVALID"
        else:
            expected = OK
            known.months, known.valid_to = max(known.months, months), until
            known.artefacts += 1
            known.events.append("append")
        assert said == expected

    @precondition(lambda self: self.rows)
    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        known = data.draw(st.sampled_from(self.rows))
        said = outcome(lambda: self.cast.withdraw(self.cast.owner, self.stored(known)))
        if known.state == "confirmed":
            known.state = "withdrawn"
            known.artefacts += 1
            known.events.append("withdraw")
            assert said == OK
        else:
            assert said == "ILLEGAL_MOVE"

    @precondition(lambda self: self.bound and len(self.rows) > 2)
    @rule()
    def unbind(self) -> None:
        consents.unbind(actor=self.cast.owner, binding_id=self.binding_id, at=self.now)
        self.bound = False

    @rule(days=st.sampled_from([1, 1, 5, 14, 15, 30]))
    def time_passes(self, days: int) -> None:
        self.cast.clock.advance(timedelta(days=days))

    @rule()
    def worker_lapses(self) -> None:
        late = [
            known
            for known in self.rows
            if known.state == "requested" and self.now >= known.asked_at + timedelta(days=15)
        ]
        assert consents.lapse_requests(actor=self.cast.system, at=self.now) == len(late)
        for known in late:
            known.state = "lapsed"
            known.events.append("lapse")

    @invariant()
    def the_rows_are_as_the_model_says(self) -> None:
        for known in self.rows:
            row = self.stored(known)
            assert (row.state, row.months, row.valid_to) == (known.state, known.months, known.valid_to)
            assert Artefact.objects.filter(owner_id=known.id).count() == known.artefacts
            events = (
                History.objects.filter(object_id=known.id).order_by("seq").values_list("event", flat=True)
            )
            assert list(events) == known.events


@pytest.mark.slow
def test_random_lives_of_authorisations_agree_with_the_model(cast: Cast) -> None:
    life = type("Life", (ConsentLife,), {"cast": cast, "binding_id": cast.bound().id})
    run_state_machine_as_test(
        life,
        settings=settings(
            max_examples=20,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
