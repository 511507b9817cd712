"""A report for an institution: what was authorised and nothing more, called at that moment, counted, proved, not kept."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from tests.hub.cast import STRANGER_USCC, Cast
from tests.hub.gateway.department import ARREARS_CANARY, NODE_ID, OFFICE_CANARY, DepartmentNode
from tests.hub.gateway.desk import LoopThread
from tests.hub.items_cast import ARREARS, MARRIAGE, TAX, ItemCast, marriage
from tests.hub.reports.conftest import WATER

from xinqiao.domain.canonical import canonical_bytes
from xinqiao.domain.consent import Purpose
from xinqiao.domain.errors import Code, Forbidden, Invalid
from xinqiao.domain.items import ItemGrant
from xinqiao.domain.report import Availability, Section, Sight
from xinqiao.hub.actors import InstitutionActor, InstitutionRole
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.audit.services import make_checkpoint
from xinqiao.hub.apps.fundflow.protocol import Refused
from xinqiao.hub.apps.fundflow.services import add_statement
from xinqiao.hub.apps.identity.models import Node
from xinqiao.hub.apps.items.models import ItemAuthorisation, ItemQuery
from xinqiao.hub.apps.items.scopes import all_terms
from xinqiao.hub.apps.items.selectors import granted_value
from xinqiao.hub.apps.reports import selectors
from xinqiao.hub.apps.reports.holdings import Holdings
from xinqiao.hub.apps.reports.models import CreditReport, ReportQuery
from xinqiao.hub.apps.reports.protocol import ReportRequest
from xinqiao.hub.apps.reports.services import Issued, issue_for_institution, issue_own
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.hub.node_client import NodeClient
from xinqiao.trust.findings import Findings
from xinqiao.trust.keys import SigningKey
from xinqiao.trust.leaf import instant_text, parse_leaf
from xinqiao.trust.order import BusinessOrder


@dataclass
class Bank:
    """The bank, what it was granted, and a department it may call through the platform."""

    cast: Cast
    items: ItemCast
    holdings: Holdings

    def granted(self, *grants: ItemGrant, report: bool = True, **changes) -> ItemAuthorisation:
        return self.items.confirm(
            self.items.requested(grants=frozenset(grants or (TAX, WATER)), report=report, **changes)
        )

    def ask(
        self, *rows: ItemAuthorisation, actor: InstitutionActor | None = None, **changes
    ) -> Issued | Refused:
        who = actor or self.cast.bank
        ask = ReportRequest(
            query_id=new_id(Prefix.REPORT_QUERY),
            institution_id=who.institution_id,
            authorisations=tuple(row.id for row in rows),
            purpose=Purpose.LOAN_APPLICATION,
            operator_name="丙一",
            department="普惠金融部",
            via="portal",
        )
        client = NodeClient(clock=self.cast.clock, call_seconds=2)
        try:
            made = issue_for_institution(
                actor=who, ask=replace(ask, **changes), holdings_of=lambda uscc: self.holdings, client=client,
                clock=self.cast.clock,
            )  # fmt: skip
        finally:
            client.close()
        assert isinstance(made, Issued | Refused)
        return made

    def issued(self, *rows: ItemAuthorisation, **changes) -> Issued:
        made = self.ask(*rows, **changes)
        assert isinstance(made, Issued), made
        return made

    def refused(self, *rows: ItemAuthorisation, **changes) -> Code:
        made = self.ask(*rows, **changes)
        assert isinstance(made, Refused)
        assert made.leaf is not None
        assert not CreditReport.objects.filter(reader="institution", query=None).exists()
        return made.code


@pytest.fixture
def bank(cast: Cast, holdings: Holdings) -> Bank:
    return Bank(cast, ItemCast(cast), holdings)


@pytest.fixture
def department(cast: Cast, tmp_path: Path) -> Iterator[DepartmentNode]:
    """A department's real node that serves the arrears of the owner's firm."""
    loop, node = LoopThread(), DepartmentNode(tmp_path / "department", cast)
    loop.run(node.start())
    node.open()
    yield node
    loop.run(node.stop())
    loop.close()


def sections(issued: Issued) -> dict[str, Section]:
    return {section.item.id: section for section in issued.report.sections}


def uses(row: ItemAuthorisation) -> int:
    return ItemAuthorisation.objects.get(id=row.id).uses


def test_a_report_shows_what_was_authorised_called_or_collected_and_says_why_not_of_the_rest(
    bank: Bank, department: DepartmentNode
) -> None:
    row = bank.granted()
    issued = bank.issued(row)
    found = sections(issued)
    arrears = found[ARREARS]
    assert (arrears.availability, arrears.sources) == (Availability.SHOWN, ("演示部门（演示数据）",))
    assert {field.name for field in arrears.fields} == TAX.fields - {"uscc"}
    assert "76,543.21" in [cell.text for cell in arrears.lines[0].cells]
    water = found["water_fee"]
    assert [field.name for field in water.fields] == ["arrears_amount"]
    assert found["public_resource_transaction"].availability is Availability.SHOWN
    assert found["ip_pledge"].availability is Availability.NOT_AUTHORISED
    assert found[MARRIAGE].availability is Availability.NOT_AUTHORISED
    assert found["gas_fee"].availability is Availability.NOT_COLLECTED
    assert OFFICE_CANARY not in json.dumps(issued.document, ensure_ascii=False)


def test_it_is_numbered_digested_in_the_log_and_counted_and_the_call_by_itself(
    bank: Bank, department: DepartmentNode
) -> None:
    row = bank.granted()
    before = Leaf.objects.count()
    issued = bank.issued(row)
    made = CreditReport.objects.get()
    assert made.digest == issued.digest == hashlib.sha256(canonical_bytes(issued.document)).hexdigest()
    leaves = [parse_leaf(bytes(leaf.body)) for leaf in Leaf.objects.order_by("index")[before:]]
    assert [leaf.type for leaf in leaves] == ["PERMIT", "USE", "PERMIT", "USE"]
    use = json.loads(bytes(Leaf.objects.get(index=issued.leaf_index).body))
    assert use["facts"]["product"] == "credit_report"
    assert (use["facts"]["digest"], use["facts"]["number"]) == (made.digest, made.number)
    assert use["facts"]["coverage"] == made.coverage
    assert (use["ids"]["authorisation"], use["ids"]["institution"]) == (row.id, bank.cast.bank.institution_id)
    assert (uses(row), issued.uses_left) == (2, 4)
    asked = ReportQuery.objects.get()
    assert (asked.state, asked.report_id, asked.calls) == ("released", made.id, [ARREARS])


def test_the_log_is_in_order_for_the_offline_verifier(bank: Bank, department: DepartmentNode) -> None:
    row = bank.granted()
    bank.issued(row)
    bank.items.withdraw(row)
    bank.refused(row)
    findings = Findings()
    order = BusinessOrder(findings)
    for leaf in Leaf.objects.order_by("index"):
        read = parse_leaf(bytes(leaf.body))
        order.feed(leaf.index, instant_text(leaf.at), read.type, read.ids, read.facts)
    order.finish()
    assert findings.problems == []


def test_nothing_of_the_content_is_kept_anywhere(bank: Bank, department: DepartmentNode) -> None:
    bank.issued(bank.granted())
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        kept = ""
        for table in tables:
            cursor.execute(f'SELECT * FROM "{table}"')
            kept += str(cursor.fetchall())
        cursor.execute("SELECT body FROM audit_leaf")
        kept += "".join(bytes(one[0]).decode() for one in cursor.fetchall())
    for mark in (ARREARS_CANARY, OFFICE_CANARY, "某桥加固", "W0001"):
        assert mark not in kept


@pytest.mark.parametrize("how", ["away", "another's key"])
def test_a_silent_source_is_said_to_be_silent_and_costs_no_use(
    bank: Bank, department: DepartmentNode, how: str
) -> None:
    row = bank.granted()
    if how == "away":
        Node.objects.filter(id=NODE_ID).update(base_url="http://127.0.0.1:9")
    else:
        department.app.service.key = SigningKey.generate()
    issued = bank.issued(row)
    assert sections(issued)[ARREARS].availability is Availability.SOURCE_SILENT
    (call,) = issued.head.beside.calls
    assert (call.item, call.answered) == (ARREARS, False)
    assert uses(row) == 1
    assert ItemQuery.objects.get().state == "failed"


def test_a_source_without_a_record_and_one_that_was_not_called_are_two_things(
    bank: Bank, department: DepartmentNode
) -> None:
    asked = bank.items.requested(grants=frozenset({TAX}), report=True, subject_uscc=STRANGER_USCC)
    row = bank.items.confirm(asked, actor=bank.cast.stranger)
    assert sections(bank.issued(row))[ARREARS].availability is Availability.NO_RECORD
    assert uses(row) == 2
    assert sections(bank.issued(row, calls=frozenset()))[ARREARS].availability is Availability.NOT_CALLED
    assert uses(row) == 3


@pytest.mark.parametrize("case", ["revoked", "expired", "early", "purpose", "no report", "exhausted", "item"])
def test_every_no_has_its_code_a_leaf_and_no_report(
    bank: Bank, department: DepartmentNode, case: str
) -> None:
    changes: dict[str, object] = {}
    row = bank.granted(report=case != "no report", max_queries=1 if case == "exhausted" else 6)
    match case:
        case "revoked":
            bank.items.withdraw(row)
            wanted = Code.CONSENT_REVOKED
        case "expired":
            bank.cast.clock.advance(timedelta(days=30))
            make_checkpoint(at=bank.cast.now)
            wanted = Code.CONSENT_EXPIRED
        case "early":
            row = bank.items.requested(grants=frozenset({WATER}), report=True)
            wanted = Code.CONSENT_MISSING
        case "purpose":
            changes["purpose"] = Purpose.POST_LOAN
            wanted = Code.PURPOSE_MISMATCH
        case "exhausted":
            wanted = Code.CONSENT_EXHAUSTED  # one use is left: too few for a call and the report
        case "item":
            changes["calls"] = frozenset({"deferred_tax"})
            wanted = Code.SCOPE_EXCEEDED
        case _:
            wanted = Code.SCOPE_EXCEEDED
    assert bank.refused(row, **changes) is wanted
    denied = ReportQuery.objects.get()
    told = json.loads(bytes(Leaf.objects.get(index=denied.leaf_index).body))
    assert (told["type"], told["facts"]["code"], denied.code) == ("DENY", wanted, wanted)
    assert uses(row) == 0
    assert department.calls == 0


def test_a_foreign_authorisation_is_refused_and_does_not_lead_to_its_firm(bank: Bank) -> None:
    row = bank.granted()
    assert bank.refused(row, actor=bank.cast.outsider) is Code.CONSENT_GRANTEE_MISMATCH
    (seen,) = selectors.asked(bank.cast.outsider)
    assert (seen.authorisation_id, seen.uscc, seen.enterprise_name) == (None, "", "")
    assert [one.institution_id for one in selectors.asked(bank.cast.owner)] == [
        bank.cast.outsider.institution_id
    ]
    assert selectors.asked(bank.cast.bank) == []


def test_a_withdrawal_while_the_sources_are_asked_stops_the_report(bank: Bank) -> None:
    row = bank.granted(WATER)
    late = bank.holdings

    def withdrawn_meanwhile(uscc: str) -> Holdings:
        bank.items.withdraw(row)
        return late

    client = NodeClient(clock=bank.cast.clock)
    ask = ReportRequest(
        new_id(Prefix.REPORT_QUERY), bank.cast.bank.institution_id, (row.id,), Purpose.LOAN_APPLICATION, "丙一", "", "portal"
    )  # fmt: skip
    made = issue_for_institution(
        actor=bank.cast.bank, ask=ask, holdings_of=withdrawn_meanwhile, client=client, clock=bank.cast.clock
    )
    assert isinstance(made, Refused)
    assert made.code is Code.REVOKED_BEFORE_RELEASE
    assert not CreditReport.objects.exists()


def test_only_a_query_operator_asks_and_names_its_authorisations_once(bank: Bank) -> None:
    row = bank.granted(WATER)
    with pytest.raises(Forbidden):
        bank.ask(row, actor=replace(bank.cast.bank, roles=frozenset({InstitutionRole.AUDITOR})))
    for rows in ((), (row, row)):
        with pytest.raises(Invalid):
            bank.ask(*rows)


def test_two_authorisations_of_one_firm_make_one_report_and_each_counts(
    bank: Bank, department: DepartmentNode
) -> None:
    tax, water = bank.granted(TAX), bank.granted(WATER)
    issued = bank.issued(tax, water)
    found = sections(issued)
    assert (found[ARREARS].availability, found["water_fee"].availability) == (Availability.SHOWN,) * 2
    assert (uses(tax), uses(water)) == (2, 1)
    assert issued.document["authorisations"] == [tax.id, water.id]


def test_authorisations_of_two_firms_make_none(bank: Bank) -> None:
    ours = bank.granted(WATER)
    theirs = bank.items.requested(grants=frozenset({WATER}), report=True, subject_uscc=STRANGER_USCC)
    theirs = bank.items.confirm(theirs, actor=bank.cast.stranger)
    assert bank.refused(ours, theirs) is Code.CONSENT_MISSING
    assert (uses(ours), uses(theirs)) == (0, 0)


def test_what_stands_beside_the_records_is_marked_and_only_the_readers_own(bank: Bank) -> None:
    cast = bank.cast
    add_statement(actor=cast.owner, text="欠费已在十月缴清", binding_id=None, at=cast.now)
    account = cast.bound()
    flow = cast.confirmed(account)
    other = bank.items.confirm(
        bank.items.requested(grants=frozenset({WATER}), report=True, bank=cast.outsider)
    )
    bank.issued(other, actor=cast.outsider)
    row = bank.granted(WATER)
    made = bank.issued(row).document
    (said,) = made["statements"]
    assert (said["text"], said["verified"], said["mode"]) == ("欠费已在十月缴清", False, "self_declared")
    (held,) = made["fundflow"]
    assert (held["authorisation_id"], held["report_no"]) == (flow.id, None)
    assert "accounts" in held
    record = made["query_record"]
    assert record["scope"] == "own"
    assert record["lines"] == []
    assert record["others"] is None
    again = bank.issued(row).document["query_record"]
    assert [line["what"] for line in again["lines"]] == ["credit_report"]
    own = issue_own(actor=cast.owner, holdings=bank.holdings, at=cast.now).document["query_record"]
    assert own["scope"] == "all"
    assert len({line["institution"] for line in own["lines"]}) == 2
    assert len(own["lines"]) == 3


def test_how_much_of_the_others_an_institution_learns_is_the_operators_to_say(bank: Bank, settings) -> None:
    other = bank.items.confirm(
        bank.items.requested(grants=frozenset({WATER}), report=True, bank=bank.cast.outsider)
    )
    bank.issued(other, actor=bank.cast.outsider)
    row = bank.granted(WATER)
    settings.REPORT_INQUIRIES = "count"
    counted = bank.issued(row).document["query_record"]
    assert (counted["others"], counted["institutions"], counted["lines"]) == (1, 1, [])
    settings.REPORT_INQUIRIES = "none"
    assert bank.issued(row).document["query_record"]["scope"] == "none"


def test_an_answered_verification_stands_in_the_report_as_yes_or_no(bank: Bank) -> None:
    claim = bank.items.stated(MARRIAGE, marriage())
    row = bank.items.confirm(bank.items.requested(claim, grants=frozenset({WATER}), report=True))
    ItemQuery.objects.create(
        id=new_id(Prefix.ITEM_QUERY), kind="verification", authorisation=row, enterprise=row.enterprise,
        institution=row.institution, item=MARRIAGE, fields=sorted(claim.claim.fields), purpose=row.purpose,
        operator_name="丙一", state="released", permit_jti="prm-t", end_leaf=0, answer_digest="0" * 64, result="not",
        answer_no="VF-1", asked_at=bank.cast.now, answered_at=bank.cast.now,
    )  # fmt: skip
    issued = bank.issued(row)
    assert sections(issued)[MARRIAGE].availability is Availability.ON_CLAIM
    (answer,) = issued.document["verifications"]
    assert (answer["item"], answer["answer"], answer["answer_no"]) == (MARRIAGE, "no", "VF-1")
    other = bank.granted(WATER)
    assert bank.issued(other).document["verifications"] == []


def test_versions_are_counted_by_reader_so_that_nobody_learns_of_the_others(bank: Bank) -> None:
    issue_own(actor=bank.cast.owner, holdings=bank.holdings, at=bank.cast.now)
    other = bank.items.confirm(
        bank.items.requested(grants=frozenset({WATER}), report=True, bank=bank.cast.outsider)
    )
    bank.issued(other, actor=bank.cast.outsider)
    row = bank.granted(WATER)
    assert [bank.issued(row).head.version for _ in range(2)] == [1, 2]


def test_a_report_is_not_longer_good_than_its_authorisation(bank: Bank) -> None:
    row = bank.granted(WATER, valid_days=7)
    issued = bank.issued(row)
    assert issued.head.valid_until == row.valid_to


def test_what_an_institution_sees_is_what_its_authorisations_say(bank: Bank) -> None:
    crops = all_terms()["large_grower_list"]
    grown = bank.granted(ItemGrant("large_grower_list", crops.fields - crops.personal), WATER)
    value = granted_value(grown)
    assert value is not None
    sight = Sight.of([value], all_terms())
    assert sight.items == {"large_grower_list", "water_fee"}
    assert sight.personal == frozenset()
    assert sight.fields["water_fee"] == WATER.fields
