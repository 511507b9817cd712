"""Tickets: the rule asks once, the source answers, a batch ends them, the clock escalates, every step is a leaf."""

import json
from datetime import date, timedelta

import pytest
from tests.hub.collection.sources import ITEM, NOT_OURS, OTHER_ITEM
from tests.hub.quality.supply import PERFECT, Supply, found

from xinqiao.domain.collection import BatchEvent
from xinqiao.domain.coordination import TicketKind, TicketState
from xinqiao.domain.errors import Code, Conflict, Forbidden, Invalid, NotFound, Stale
from xinqiao.domain.period import business_day
from xinqiao.hub.actors import OperatorActor, OperatorRole
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.notices.models import Notice
from xinqiao.hub.apps.quality.models import Ticket, TicketStep
from xinqiao.hub.apps.quality.services import close_ticket, open_ticket, promise_ticket, watch_supply


def opened(supply: Supply, **changes: object) -> Ticket:
    """A ticket of the desk."""
    values = {
        "actor": supply.desk, "source_id": supply.suppliers.steward.source_id, "item": ITEM,
        "kind": TicketKind.STANDARDS, "text": "单位与目录不一致", "at": supply.now,
    }  # fmt: skip
    return open_ticket(**{**values, **changes})  # type: ignore[arg-type]


def promised(supply: Supply, row: Ticket, **changes: object) -> Ticket:
    """The steward's answer."""
    values = {
        "actor": supply.suppliers.steward, "ticket_id": row.id, "text": "下周补齐", "expected_version": row.version,
        "promised_on": business_day(supply.now) + timedelta(days=5), "at": supply.now,
    }  # fmt: skip
    return promise_ticket(**{**values, **changes})  # type: ignore[arg-type]


def closed(supply: Supply, row: Ticket, **changes: object) -> Ticket:
    """The desk's end."""
    values = {
        "actor": supply.desk, "ticket_id": row.id, "reason": "已线下说明", "expected_version": row.version, "at": supply.now,
    }  # fmt: skip
    return close_ticket(**{**values, **changes})  # type: ignore[arg-type]


def acts(row: Ticket) -> list[str]:
    """What the leaves of a ticket say happened, each in the order of its step."""
    steps = TicketStep.objects.filter(ticket=row).order_by("id").values_list("leaf_index", flat=True)
    return [json.loads(bytes(Leaf.objects.get(index=index).body))["facts"]["act"] for index in steps]


def told(supply: Supply) -> list[str]:
    """Kinds of the notices about tickets that the source has, oldest first."""
    rows = Notice.objects.for_viewer(supply.suppliers.steward).filter(kind__startswith="ticket")
    return list(rows.order_by("created_at", "id").values_list("kind", flat=True))


def test_the_rule_asks_once_for_what_never_came_and_a_batch_ends_it(supply: Supply) -> None:
    assert watch_supply(at=supply.now) == (0, 0)
    supply.pass_days(37)
    assert watch_supply(at=supply.now) == (4, 0)
    assert watch_supply(at=supply.now) == (0, 0)
    mine = Ticket.objects.get(source_id=supply.suppliers.steward.source_id, item=ITEM)
    assert (mine.kind, mine.state, mine.due_on) == (
        "missing",
        "open",
        business_day(supply.now) - timedelta(days=1),
    )
    supply.bring(found(("", PERFECT), event=BatchEvent.RETURN))
    mine.refresh_from_db()
    assert mine.state == TicketState.OPEN
    batch = supply.bring(found(("", PERFECT)))
    mine.refresh_from_db()
    assert (mine.state, mine.ended_by_batch_id) == (TicketState.ARRIVED, batch.id)
    assert acts(mine) == ["ticket_opened", "ticket_arrived"]
    assert "ticket_arrived" in told(supply)
    others = Ticket.objects.exclude(id=mine.id)
    assert {row.state for row in others} == {"open"}
    supply.pass_days(37)
    assert watch_supply(at=supply.now)[0] == 1
    assert Ticket.objects.get(source=mine.source, item=ITEM, state="open").kind == "late"


def test_a_suspended_source_and_an_item_without_a_term_are_not_asked(supply: Supply) -> None:
    source = supply.suppliers.steward.source_id
    row = Ticket._meta.get_field("source").related_model.objects.get(id=source)  # type: ignore[union-attr]
    row.items = ["ip_pledge", "not_an_item"]
    row.save()
    stranger = type(row).objects.get(id=supply.suppliers.stranger.source_id)
    stranger.status = "suspended"
    stranger.save()
    supply.pass_days(3)
    assert watch_supply(at=supply.now) == (1, 0)
    assert Ticket.objects.get().item == "ip_pledge"


def test_closing_does_not_make_the_rule_ask_again_for_the_same_day(supply: Supply) -> None:
    supply.pass_days(37)
    watch_supply(at=supply.now)
    for row in Ticket.objects.all():
        closed(supply, row)
    assert watch_supply(at=supply.now) == (0, 0)


def test_an_answer_keeps_the_clock_away_until_its_day(supply: Supply) -> None:
    row = opened(supply)  # a Saturday: three working days are over on Wednesday
    assert (row.answer_by, row.state) == (date(2026, 11, 25), TicketState.OPEN)
    row = promised(supply, row)
    assert (row.state, row.promised_on) == (TicketState.PROMISED, date(2026, 11, 26))
    again = promised(supply, row, promised_on=date(2026, 11, 28))
    supply.pass_days(7)
    assert watch_supply(at=supply.now) == (0, 0)
    supply.pass_days(1)
    assert watch_supply(at=supply.now) == (0, 1)
    row.refresh_from_db()
    assert (row.state, row.escalations) == (TicketState.ESCALATED, 1)
    row = promised(supply, row, promised_on=business_day(supply.now))
    assert (row.state, row.escalations, again.version < row.version) == (TicketState.PROMISED, 1, True)
    assert acts(row) == [
        "ticket_opened", "ticket_promised", "ticket_promised", "ticket_escalated", "ticket_promised",
    ]  # fmt: skip
    desk = Notice.objects.filter(audience_kind="operator", kind="ticket_promised_by_source")
    assert desk.count() == 3


def test_no_answer_is_escalated_once(supply: Supply) -> None:
    row = opened(supply)
    supply.pass_days(4)
    assert watch_supply(at=supply.now) == (0, 0)
    supply.pass_days(1)
    assert watch_supply(at=supply.now) == (0, 1)
    assert watch_supply(at=supply.now) == (0, 0)
    row.refresh_from_db()
    assert told(supply) == ["ticket_open", "ticket_escalated"]
    assert not Notice.objects.for_viewer(supply.suppliers.stranger).exists()


def test_an_early_promise_that_was_not_kept_is_escalated_before_the_last_day_of_answers(
    supply: Supply,
) -> None:
    promised(supply, opened(supply), promised_on=business_day(supply.now))
    supply.pass_days(1)
    assert watch_supply(at=supply.now) == (0, 1)


def test_what_a_batch_cannot_put_right_is_not_ended_by_one(supply: Supply) -> None:
    row = opened(supply)
    supply.bring(found(("", PERFECT)))
    row.refresh_from_db()
    assert row.state == TicketState.OPEN


def test_an_old_batch_ends_no_later_ticket(supply: Supply) -> None:
    batch = supply.bring(found(("", PERFECT)))
    supply.pass_days(1)
    row = opened(supply, kind=TicketKind.LATE)
    from xinqiao.hub.apps.quality.services import batch_settled

    batch_settled(batch_id=batch.id, at=supply.now)
    row.refresh_from_db()
    assert row.state == TicketState.OPEN


# -- who, when, what ---------------------------------------------------------------------------------------------------


def test_opening_is_the_desks_for_an_item_of_the_source_and_once(supply: Supply) -> None:
    security = OperatorActor("usr-x", frozenset({OperatorRole.SECURITY}))
    for changes, kind in (
        ({"actor": security}, Forbidden),
        ({"source_id": "src-nobody"}, NotFound),
        ({"item": NOT_OURS}, Invalid),
        ({"text": "  "}, Invalid),
        ({"text": "长" * 501}, Invalid),
    ):
        with pytest.raises(kind):
            opened(supply, **changes)
    assert not Ticket.objects.exists()
    opened(supply)
    with pytest.raises(Conflict) as again:
        opened(supply)
    assert again.value.code is Code.CONFLICT_DUPLICATE
    opened(supply, kind=TicketKind.UNSTABLE)
    opened(supply, item=OTHER_ITEM)
    assert Ticket.objects.count() == Leaf.objects.filter(type="STATEMENT").count() == 3


def test_answering_is_the_stewards_of_that_source_as_it_was_shown(supply: Supply) -> None:
    row = opened(supply)
    leaves = Leaf.objects.count()
    for changes, kind in (
        ({"actor": supply.suppliers.supplier}, Forbidden),
        ({"actor": supply.suppliers.stranger}, NotFound),
        ({"ticket_id": "tkt-nothing"}, NotFound),
        ({"expected_version": 7}, Stale),
        ({"promised_on": business_day(supply.now) - timedelta(days=1)}, Invalid),
        ({"promised_on": business_day(supply.now) + timedelta(days=91)}, Invalid),
        ({"text": "长" * 501}, Invalid),
    ):
        with pytest.raises(kind):
            promised(supply, row, **changes)
    assert Leaf.objects.count() == leaves
    promised(supply, row)
    with pytest.raises(Stale):
        promised(supply, row)  # the same form again
    row = closed(supply, Ticket.objects.get(id=row.id))
    with pytest.raises(Conflict) as refused:
        promised(supply, row)
    assert refused.value.code is Code.ILLEGAL_MOVE


def test_closing_is_the_desks_with_a_reason_as_it_was_shown(supply: Supply) -> None:
    row = opened(supply)
    security = OperatorActor("usr-x", frozenset({OperatorRole.SECURITY}))
    for changes, kind in (
        ({"actor": security}, Forbidden),
        ({"ticket_id": "tkt-nothing"}, NotFound),
        ({"expected_version": 7}, Stale),
        ({"reason": ""}, Invalid),
    ):
        with pytest.raises(kind):
            closed(supply, row, **changes)
    row = closed(supply, row)
    assert (row.state, row.ended_at) == (TicketState.CLOSED, supply.now)
    assert sorted(told(supply)) == ["ticket_closed", "ticket_open"]
    with pytest.raises(Conflict):
        closed(supply, row)
