"""What every verb of the app does alike: who acts, the need under its lock, the move with its step and leaf, the word."""

from dataclasses import dataclass
from datetime import date, datetime

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Conflict, Forbidden, NotFound, Stale
from xinqiao.domain.machine import Role
from xinqiao.domain.market.case import NEED, NEED_WORKDAYS, NeedEvent, NeedState
from xinqiao.domain.market.need import NeedTerms
from xinqiao.domain.period import business_day
from xinqiao.hub.actors import (
    Actor,
    AgentScope,
    EnterpriseActor,
    OperatorActor,
    OperatorRole,
    SystemActor,
)
from xinqiao.hub.apps.audit.services import LeafRef, Refs, append_leaf
from xinqiao.hub.apps.consents.records import actor_columns
from xinqiao.hub.apps.identity.services import require_capacity
from xinqiao.hub.apps.needs.models import Need, NeedStep
from xinqiao.hub.apps.notices.services import Audience, notify
from xinqiao.hub.runtime import runtime

_TABLE, _COLUMN = "needs_need", "contact"


def require_firm(actor: EnterpriseActor, at: datetime) -> None:
    """Who asks for money in the firm's name: its legal representative, or an agent who may authorise.

    Raises:
        Forbidden: ``SUBJECT_NOT_AUTHORISED``.
    """
    require_capacity(actor, AgentScope.AUTHORISE, at)


def role_of(actor: Actor) -> Role:
    """The actor as the table of moves knows it. Raises ROLE_FORBIDDEN for everybody who has no part in needs."""
    match actor:
        case EnterpriseActor():
            return Role.ENTERPRISE
        case OperatorActor(roles=roles) if OperatorRole.ADVISER in roles:
            return Role.ADVISER
        case SystemActor():
            return Role.HUB
        case _:
            raise Forbidden(Code.ROLE_FORBIDDEN, "the role is missing")


def require_own_adviser(need: Need, actor: Actor) -> Role:
    """The role; an adviser has to be this need's. Raises ROLE_FORBIDDEN, with the reason ``NOT_YOURS``."""
    role = role_of(actor)
    if role is Role.ADVISER and need.adviser_id != actor_id(actor):
        raise Forbidden(Code.ROLE_FORBIDDEN, "another adviser's need", facts={"reason": "NOT_YOURS"})
    return role


def actor_id(actor: Actor) -> str:
    """The id under which a step names its actor; empty for the platform itself."""
    return actor_columns(actor)[1]


def columns_of(terms: NeedTerms, need_id: str) -> dict[str, object]:
    """What of a row follows from what was said, but the digest."""
    return {
        "amount_fen": terms.amount_fen, "least_fen": terms.least_fen, "months": terms.months,
        "least_months": terms.least_months, "purpose": terms.purpose, "security": [*terms.security],
        "rate": terms.rate, "wanted_by": terms.wanted_by,
        "zones": f"|{'|'.join(terms.zones)}|" if terms.zones else "", "note": terms.note,
        "contact_enc": runtime.protect(terms.contact, table=_TABLE, column=_COLUMN, row=need_id)
        if terms.contact else "",
    }  # fmt: skip


def terms_of(need: Need) -> NeedTerms:
    """What a need says, its contact opened: for those only who may read the need."""
    contact = ""
    if need.contact_enc:
        contact = runtime.reveal(need.contact_enc, table=_TABLE, column=_COLUMN, row=need.id)
    return NeedTerms(
        need.amount_fen, need.least_fen, need.months, need.least_months, need.purpose, tuple(need.security),
        need.rate, need.wanted_by, tuple(one for one in need.zones.split("|") if one), need.note, contact,
    )  # fmt: skip


def locked(actor: Actor, need_id: str, expected_version: int | None = None) -> Need:
    """A need the actor may see, held until the transaction ends. Raises NotFound, Stale."""
    rows = Need.objects.for_viewer(actor).select_related("enterprise")
    need = rows.select_for_update(of=("self",)).filter(id=need_id).first()
    if need is None:
        raise NotFound
    if expected_version is not None and need.version != expected_version:
        raise Stale("changed since it was shown")
    return need


@dataclass(frozen=True, slots=True)
class Happened:
    """What happened when, with the code and the words given for it, and further facts for the leaf."""

    event: str
    at: datetime
    text: str = ""
    code: str = ""
    facts: tuple[tuple[str, Json], ...] = ()


def fire(need: Need, actor: Actor, event: NeedEvent, happened: Happened, **columns: object) -> None:
    """Move a held need by the table, with its step and leaf. Raises ROLE_FORBIDDEN, ILLEGAL_MOVE, Stale."""
    state = NEED.fire(NeedState(need.state), event, require_own_adviser(need, actor))
    if state.value != need.state:
        columns = {**columns, "state_since": happened.at, "due_on": _due(state, happened.at)}
    change(need, actor, happened, state=state.value, **columns)


def _due(state: NeedState, at: datetime) -> date | None:
    days = NEED_WORKDAYS.get(state)
    return None if days is None else runtime.redress_rules.calendar.add(business_day(at), days)


def change(need: Need, actor: Actor, happened: Happened, **columns: object) -> None:
    """The conditional update of a held need, with its step and leaf. Raises Stale when somebody was faster."""
    before, columns["version"] = need.state, need.version + 1
    rows = Need.objects.filter(id=need.id, state=before, version=need.version)
    if rows.update(**columns) != 1:
        raise Stale("changed meanwhile")
    for name, value in columns.items():
        setattr(need, name, value)
    note(need, actor, happened, before, dict(happened.facts))


def note(need: Need, actor: Actor, happened: Happened, before: str, more: dict[str, Json]) -> LeafRef:
    """The leaf and the step of what happened, in the transaction of its effect; ``more`` is said in the leaf alone."""
    kind, who, label = actor_columns(actor)
    leaf = append_leaf(
        type="STATEMENT",
        at=happened.at,
        facts={
            "act": f"need_{happened.event}",
            "number": need.number,
            "state": need.state,
            "digest": need.digest,
            "by": who,
            "code": happened.code,
            **more,
        },
        refs=Refs(subject=need.enterprise_id, object=need.id),
        personal={"text": happened.text},
    )
    NeedStep.objects.create(
        need=need, seq=NeedStep.objects.filter(need=need).count() + 1, event=happened.event, from_state=before,
        state=need.state, at=happened.at, actor_kind=kind, actor_id=who, actor_label=label[:120], code=happened.code,
        text=happened.text, leaf_index=leaf.index,
    )  # fmt: skip
    return leaf


def tell(need: Need, *parties: str, what: str, at: datetime, **facts: Json) -> None:
    """Leave word for the firm, for the platform's people; ``what`` becomes a sentence at the edge."""
    places: dict[str, tuple[Audience, str]] = {
        "enterprise": (("enterprise", need.enterprise_id), f"/e/needs/{need.id}"),
        "adviser": (("operator", ""), f"/o/needs/{need.id}"),
    }
    for party in parties:
        audience, link = places[party]
        notify(audience=audience, kind=what, at=at, facts={"number": need.number, **facts}, link=link)


def require_state(need: Need, *states: NeedState) -> None:
    """A need in one of these states. Raises CONFLICT_STATE."""
    if NeedState(need.state) not in states:
        raise Conflict(Code.CONFLICT_STATE, "not in this state", facts={"state": need.state})
