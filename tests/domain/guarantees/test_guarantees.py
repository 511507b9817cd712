"""Limits of the regulation and the table of states."""

from decimal import Decimal

from xinqiao.domain.guarantees.limits import Book, Limit, Limits, broken_by, multiple_of, room
from xinqiao.domain.guarantees.states import GUARANTEE, GuaranteeEvent, GuaranteeState


def test_ten_times_fifteen_times_a_tenth_and_fifteen_hundredths() -> None:
    book = Book(net_assets_fen=1_000, total_fen=9_990, party_fen=95, related_fen=140)
    assert room(book, Limits()) == {Limit.TOTAL: 10, Limit.ONE_PARTY: 5, Limit.RELATED: 10}
    assert broken_by(5, book, Limits()) == []
    assert broken_by(6, book, Limits()) == [Limit.ONE_PARTY]
    assert broken_by(11, book, Limits()) == [Limit.TOTAL, Limit.ONE_PARTY, Limit.RELATED]
    small = Book(1_000, 9_990, 0, 0, mainly_small=True)
    assert room(small, Limits())[Limit.TOTAL] == 5_010
    assert multiple_of(small) == Decimal("9.99")


def test_without_assets_nothing_may_be_guaranteed() -> None:
    gone = Book(-5, 0, 0, 0)
    assert set(room(gone, Limits()).values()) == {0}
    assert multiple_of(gone) is None


def test_money_is_paid_only_after_a_claim_and_only_once() -> None:
    before = {state for (state, event) in GUARANTEE.moves if event is GuaranteeEvent.COMPENSATE}
    assert before == {GuaranteeState.CLAIM}
    assert {str(state) for state in GUARANTEE.final} == {"released", "closed", "declined", "lapsed"}
