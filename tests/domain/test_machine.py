"""The engine of tables, and the whole matrix of every lifecycle."""

import runpy
from enum import StrEnum
from itertools import product
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from xinqiao.domain.errors import Code, Conflict, Forbidden
from xinqiao.domain.lifecycles import (
    ALL,
    AUTHORISATION,
    BATCH,
    BINDING,
    FINANCING,
    OBJECTION,
    PRODUCT,
    QUERY,
    RECORD_OBJECTION,
    REPAIR,
    TICKET,
    AuthEvent,
    AuthState,
    BindingEvent,
    BindingState,
)
from xinqiao.domain.machine import Machine, Role, diagram

PAGE = Path(__file__).parents[2] / "docs" / "rules" / "lifecycles.md"
EVERY = (*ALL, *FINANCING)
MATRIX = [
    pytest.param(machine, state, event, id=f"{machine.name}-{state}-{event}")
    for machine in EVERY
    for state, event in product(sorted(machine.states), sorted(machine.may_fire))
]


@pytest.mark.parametrize(("machine", "state", "event"), MATRIX)
def test_each_pair_moves_as_the_table_says_or_is_refused(machine, state, event):
    target = machine.moves.get((state, event))
    assert (event in machine.allowed(state)) == (target is not None)
    if target is not None:
        assert machine.next(state, event) is target
    else:
        with pytest.raises(Conflict) as refusal:
            machine.next(state, event)
        assert refusal.value.code is Code.ILLEGAL_MOVE
        assert refusal.value.facts == {"machine": machine.name, "state": state, "event": event}


@pytest.mark.parametrize(("machine", "state", "event"), MATRIX)
def test_only_the_named_roles_may_fire_whatever_the_state(machine, state, event):
    for role in Role:
        if role not in machine.may_fire[event]:
            with pytest.raises(Forbidden) as refusal:
                machine.fire(state, event, role)
            assert refusal.value.code is Code.ROLE_FORBIDDEN
            assert event not in machine.allowed(state, role)
        elif (state, event) in machine.moves:
            assert machine.fire(state, event, role) is machine.moves[state, event]
            assert event in machine.allowed(state, role)


@pytest.mark.parametrize("machine", EVERY, ids=lambda m: m.name)
def test_every_declared_state_can_be_reached_and_the_type_declares_no_other(machine):
    reached, edge = {machine.start}, [machine.start]
    while edge:
        state = edge.pop()
        for event in machine.allowed(state):
            target = machine.next(state, event)
            if target not in reached:
                reached.add(target)
                edge.append(target)
    assert reached == machine.states == frozenset(type(machine.start))


def test_the_ends_are_the_published_ones():
    assert {m.name: sorted(m.final) for m in ALL} == {
        "binding": ["rejected", "unbound"],
        "authorisation": ["lapsed", "refused", "withdrawn"],
        "query": ["denied", "failed", "released"],
        "objection": ["corrected", "not_accepted", "unresolved", "upheld"],
        "record_objection": ["corrected", "not_accepted", "unresolved", "upheld", "withdrawn"],
        "repair": ["not_repaired", "revoked", "withdrawn"],
        "batch": ["returned", "withdrawn"],
        "ticket": ["arrived", "closed"],
        "product": ["dropped", "superseded", "withdrawn"],
    }


def test_only_the_subject_decides_about_its_own_information():
    for event in (AuthEvent.CONFIRM, AuthEvent.REFUSE, AuthEvent.APPEND, AuthEvent.WITHDRAW):
        assert AUTHORISATION.may_fire[event] == {Role.ENTERPRISE}
    for event in (BindingEvent.SIGN, BindingEvent.UNBIND):
        assert BINDING.may_fire[event] == {Role.ENTERPRISE}


def test_nothing_leaves_a_withdrawn_authorisation():
    assert AUTHORISATION.allowed(AuthState.WITHDRAWN) == []


def test_an_account_is_bound_only_after_check_signature_and_the_providers_copy():
    path = [BindingEvent.CHECK, BindingEvent.PASS, BindingEvent.SIGN, BindingEvent.ACTIVATE]
    state = BINDING.start
    for event in path:
        assert state is not BindingState.BOUND
        state = BINDING.next(state, event)
    assert state is BindingState.BOUND
    assert [s for (s, e), t in BINDING.moves.items() if t is BindingState.BOUND] == [
        BindingState.AGREEMENT_SIGNED
    ]


class Light(StrEnum):
    ON = "on"
    OFF = "off"
    BROKEN = "broken"


class Switch(StrEnum):
    PRESS = "press"
    HIT = "hit"


def test_a_table_with_an_unreachable_state_or_a_forgotten_role_is_not_a_machine():
    with pytest.raises(ValueError, match="nothing leads to"):
        Machine("light", Light.ON, {(Light.OFF, Switch.PRESS): Light.ON}, {Switch.PRESS: frozenset()})
    with pytest.raises(ValueError, match="different events"):
        Machine("light", Light.ON, {(Light.ON, Switch.PRESS): Light.OFF}, {Switch.HIT: frozenset()})


def test_the_diagram_is_drawn_from_the_table():
    machine = Machine(
        "light", Light.ON, {(Light.ON, Switch.PRESS): Light.OFF}, {Switch.PRESS: frozenset({Role.CLOCK})}
    )
    assert diagram(machine) == "stateDiagram-v2\n    [*] --> on\n    on --> off: press\n    off --> [*]\n"


@pytest.mark.parametrize("machine", EVERY, ids=lambda m: m.name)
def test_each_move_is_in_the_diagram_once(machine):
    lines = diagram(machine).splitlines()
    for (source, event), target in machine.moves.items():
        assert lines.count(f"    {source} --> {target}: {event}") == 1


def test_the_page_of_lifecycles_is_fresh():
    page = runpy.run_path(str(PAGE.with_suffix(".py")))["page"]
    assert PAGE.read_text("utf-8") == page(), "run: python docs/rules/lifecycles.py"


def test_the_page_of_financing_is_fresh():
    made = runpy.run_path(str(PAGE.with_suffix(".py")))["financing_page"]()
    assert PAGE.with_name("financing.md").read_text("utf-8") == made, "run: python docs/rules/lifecycles.py"


class RandomLives(RuleBasedStateMachine):
    """Random events on all machines: never an undeclared state, a refused event changes nothing, history replays."""

    def __init__(self) -> None:
        super().__init__()
        self.states = {m.name: m.start for m in ALL}
        self.history = {m.name: [] for m in ALL}

    @rule(data=st.data(), machine=st.sampled_from(ALL))
    def fire(self, data, machine):
        event = data.draw(st.sampled_from(sorted(machine.may_fire)))
        before = self.states[machine.name]
        try:
            self.states[machine.name] = machine.next(before, event)
        except Conflict:
            assert self.states[machine.name] is before
        else:
            self.history[machine.name].append(event)

    @invariant()
    def declared_and_replayable(self):
        for machine in ALL:
            state = machine.start
            for event in self.history[machine.name]:
                state = machine.next(state, event)
            assert state is self.states[machine.name]
            assert state in machine.states


TestRandomLives = RandomLives.TestCase
TestRandomLives.settings = settings(max_examples=30, stateful_step_count=20)


def test_the_machines_are_the_ones_published():
    assert ALL == (BINDING, AUTHORISATION, QUERY, OBJECTION, RECORD_OBJECTION, REPAIR, BATCH, TICKET, PRODUCT)
