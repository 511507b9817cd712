"""State machines as one table each, and who may fire what.

A machine knows only states, events and moves. Guards (who, when, how much) are plain functions beside the values they
judge; writing the new state under a condition on the old one is the service's work. Buttons, API links, the tests of
the whole matrix and the diagrams in the documents are read from these tables, so nothing about transitions lives
anywhere else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from xinqiao.domain.errors import Code, Conflict, Forbidden


class Role(StrEnum):
    """Who can make something happen; the finer roles inside an organisation are the identity app's."""

    ENTERPRISE = "enterprise"
    INSTITUTION = "institution"
    PROVIDER = "provider"
    OPERATOR = "operator"
    #: 融资顾问: a person of the platform who helps firms to the money and may promise nothing
    ADVISER = "adviser"
    #: 担保机构: stands in for a firm
    GUARANTOR = "guarantor"
    #: a government department with a policy and a fund
    DEPARTMENT = "department"
    #: a data source that sends in batches
    SOURCE = "source"
    #: the hub itself, in answer to what a node said or what a release found
    HUB = "hub"
    #: a moment that came
    CLOCK = "clock"


@dataclass(frozen=True)
class Machine[S: StrEnum, E: StrEnum]:
    """A table of moves read aloud: in ``state``, ``event`` leads to the new state.

    Attributes:
        name: for messages and diagrams.
        start: the first state.
        moves: the whole table; a pair that is absent is illegal.
        may_fire: which roles may fire each event; every event of ``moves`` has an entry.
    """

    name: str
    start: S
    moves: Mapping[tuple[S, E], S]
    may_fire: Mapping[E, frozenset[Role]]

    def __post_init__(self) -> None:
        reached = {self.start} | set(self.moves.values())
        orphans = {state for state, _ in self.moves} - reached
        if orphans:
            raise ValueError(f"{self.name}: nothing leads to {sorted(orphans)}")
        if {event for _, event in self.moves} != set(self.may_fire):
            raise ValueError(f"{self.name}: the tables of moves and of roles name different events")

    @property
    def states(self) -> frozenset[S]:
        """Every state of the table."""
        return frozenset({self.start, *self.moves.values()})

    @property
    def final(self) -> frozenset[S]:
        """States that nothing leaves."""
        return self.states - {state for state, _ in self.moves}

    def next(self, state: S, event: E) -> S:
        """The state that follows. Raises ``Conflict`` ``ILLEGAL_MOVE``; nothing is changed by asking."""
        try:
            return self.moves[state, event]
        except KeyError:
            raise Conflict(
                Code.ILLEGAL_MOVE,
                f"{self.name}: {event} is not possible in {state}",
                facts={"machine": self.name, "state": str(state), "event": str(event)},
            ) from None

    def allowed(self, state: S, role: Role | None = None) -> list[E]:
        """Events that are legal in ``state``, in table order; with ``role``, only those that it may fire."""
        return [
            event
            for (source, event) in self.moves
            if source == state and (role is None or role in self.may_fire[event])
        ]

    def fire(self, state: S, event: E, role: Role) -> S:
        """:meth:`next` for a role. Raises ``Forbidden`` ``ROLE_FORBIDDEN`` before it looks at the state."""
        if role not in self.may_fire.get(event, frozenset()):
            raise Forbidden(Code.ROLE_FORBIDDEN, f"{role} may not fire {event}", facts={"event": str(event)})
        return self.next(state, event)


def diagram[S: StrEnum, E: StrEnum](machine: Machine[S, E]) -> str:
    """The machine as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {machine.start}"]
    lines += [f"    {source} --> {target}: {event}" for (source, event), target in machine.moves.items()]
    lines += [f"    {state} --> [*]" for state in sorted(machine.final)]
    return "\n".join(lines) + "\n"
