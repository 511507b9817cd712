"""The document of a report: no trace of what was not authorised (a law), and read back as it was written."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.hub.cast import STRANGER_USCC
from tests.hub.reports.conftest import AT, WATER, make_holdings

from xinqiao.domain.canonical import canonical_bytes
from xinqiao.domain.errors import Invalid
from xinqiao.domain.report import (
    Answered,
    Availability,
    Beside,
    Call,
    Cell,
    Declared,
    Held,
    Inquiries,
    Inquiry,
    OwnProduct,
    Record,
    Said,
    SelfDeclared,
    Sight,
    beside_of,
    compose,
    report_of,
)
from xinqiao.hub.apps.reports.documents import Head, document

HOLDINGS = make_holdings()
HEAD = Head(
    "CR-20261101-0001", 1, "AAAA", "hub", "cat", "某企业", STRANGER_USCC, "institution", AT,
    AT + timedelta(days=30),
)  # fmt: skip


BESIDE = Beside(
    answers=(Answered("m", ("a", "b"), True, "VF-1", "某局", AT),),
    calls=(Call("i", "itq-1", answered=False), Call("j", "itq-2", True, "IA-1", 2, 1, True)),
    holdings=(Held("AU-1", "aut-1", ("6222****1",), ("FLOW_REPORT",), AT, "R-1", "d", "CODE", AT),),
    declared=(Declared("话", AT, ""),),
    inquiries=Inquiries("count", AT, (Inquiry("", "item", "i", "", AT, "denied", "X"),), 3, 4, 2),
    said=SelfDeclared(
        Availability.SHOWN,
        2,
        AT,
        (Said("staff", "员工", "Staff", Cell("36", 36)), Said("m", "手机", "M", Cell("1*", masked=True))),
    ),
    own_product=OwnProduct("6222****1", 24, "某行", "R-2", "d2", "C2", AT, {"head": {}}, "a.b.c"),
)


SIGHT = Sight(items=frozenset({"water_fee"}), fields={"water_fee": WATER.fields})
LOCKED = [
    item.id
    for item in HOLDINGS.catalogue.items.values()
    if not SIGHT.may_read(item) and item.mode.is_collected
]
RECORD = Record({"ent_name": "某企业", "status": "x"}, "某局", "B-9", None, AT)


@given(counts=st.dictionaries(st.sampled_from(LOCKED), st.integers(1, 3)))
def test_what_was_not_authorised_leaves_no_trace_in_the_document(counts: dict[str, int]) -> None:
    """Whatever records there are of items that were not granted: the report is the same to the last byte."""
    supplies = {**HOLDINGS.supplies, **dict.fromkeys(LOCKED, HOLDINGS.supplies["water_fee"])}

    def bytes_with(records: dict[str, list[Record]]) -> bytes:
        report = compose(HOLDINGS.catalogue, sight=SIGHT, records=records, supplies=supplies)
        return canonical_bytes(document(HEAD, report))

    shown = {"water_fee": list(HOLDINGS.records["water_fee"])}
    rows = {item: [RECORD] * count for item, count in counts.items()}
    assert bytes_with({**shown, **rows}) == bytes_with(shown)


def test_a_document_is_read_back_whole_and_a_broken_one_is_refused() -> None:
    report = compose(
        HOLDINGS.catalogue, sight=Sight(is_subject=True), records=HOLDINGS.records, supplies=HOLDINGS.supplies
    )
    made = document(replace(HEAD, beside=BESIDE), report)
    assert report_of(made, HOLDINGS.catalogue) == report
    assert beside_of(made) == BESIDE
    nobodys = replace(HOLDINGS.catalogue, items={})
    again = document(HEAD, report_of(made, nobodys))
    assert canonical_bytes(again["chapters"]) == canonical_bytes(made["chapters"])
    for member in ("query_record", "fundflow", "calls", "verifications", "self_declared", "statements"):
        with pytest.raises(Invalid):
            beside_of({**made, member: "x"})
    for wrong in ("x", ["x"], [{"id": "identity"}]):
        with pytest.raises(Invalid):
            report_of({**made, "chapters": wrong}, HOLDINGS.catalogue)
