"""Issuing a firm's own credit report: numbered, proved, and nothing of it kept."""

import hashlib
import json
from datetime import timedelta

import pytest
from django.db import connection
from tests.hub.cast import Cast

from xinqiao.domain.canonical import canonical_bytes
from xinqiao.domain.errors import Code, Forbidden
from xinqiao.hub.actors import AgentScope
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.fundflow.services import add_statement
from xinqiao.hub.apps.identity.models import EnterprisePerson
from xinqiao.hub.apps.reports import selectors
from xinqiao.hub.apps.reports.holdings import Holdings
from xinqiao.hub.apps.reports.models import CreditReport
from xinqiao.hub.apps.reports.services import issue_own


def test_a_report_has_a_number_a_code_a_leaf_and_the_digest_of_what_it_says(
    cast: Cast, holdings: Holdings
) -> None:
    at = cast.clock.now()
    issued = issue_own(actor=cast.owner, holdings=holdings, at=at)
    row = CreditReport.objects.get()
    assert row.number == issued.head.number == f"CR-{at:%Y%m%d}-0001"
    assert row.digest == issued.digest == hashlib.sha256(canonical_bytes(issued.document)).hexdigest()
    assert row.valid_until == at + timedelta(days=30)
    leaf = Leaf.objects.get(index=row.leaf_index)
    told = json.loads(bytes(leaf.body))
    assert (told["type"], told["facts"]["digest"], told["ids"]["subject"]) == (
        "SELF_USE", row.digest, cast.owner.enterprise_id,
    )  # fmt: skip
    assert row.coverage["shown"] == 2
    assert row.coverage["no_record"] == 1
    assert sum(row.coverage.values()) == 37


def test_nothing_a_report_says_is_kept(cast: Cast, holdings: Holdings) -> None:
    issue_own(actor=cast.owner, holdings=holdings, at=cast.clock.now())
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM reports_creditreport")
        kept = str(cursor.fetchall())
        cursor.execute("SELECT body FROM audit_leaf")
        kept += "".join(bytes(row[0]).decode() for row in cursor.fetchall())
    for mark in ("某桥加固", "某路养护", "W0001", "1200000"):
        assert mark not in kept


def test_reports_of_a_firm_are_counted_and_each_has_its_own_number(cast: Cast, holdings: Holdings) -> None:
    first, second = (issue_own(actor=cast.owner, holdings=holdings, at=cast.clock.now()) for _ in range(2))
    other = issue_own(actor=cast.stranger, holdings=holdings, at=cast.clock.now())
    assert (first.head.version, second.head.version, other.head.version) == (1, 2, 1)
    assert len({first.head.number, second.head.number, other.head.number}) == 3
    assert len({first.head.verify_code, second.head.verify_code, other.head.verify_code}) == 3


def test_an_agent_without_the_scope_gets_none(cast: Cast, holdings: Holdings) -> None:
    EnterprisePerson.objects.filter(id=cast.clerk.person_id).update(scopes=[AgentScope.AUTHORISE.value])
    with pytest.raises(Forbidden) as refused:
        issue_own(actor=cast.clerk, holdings=holdings, at=cast.clock.now())
    assert refused.value.code is Code.SUBJECT_NOT_AUTHORISED
    assert not CreditReport.objects.exists()


def test_another_firm_sees_none_of_it(cast: Cast, holdings: Holdings) -> None:
    issue_own(actor=cast.owner, holdings=holdings, at=cast.clock.now())
    assert len(selectors.issued(cast.owner)) == 1
    for other in (cast.stranger, cast.bank):
        assert selectors.issued(other) == []


def test_statements_go_out_with_the_report(cast: Cast, holdings: Holdings) -> None:
    at = cast.clock.now()
    add_statement(actor=cast.owner, text="欠费已在十月缴清", binding_id=None, at=at)
    issued = issue_own(actor=cast.owner, holdings=holdings, at=at)
    assert [one.text for one in issued.head.beside.declared] == ["欠费已在十月缴清"]
    assert json.dumps(issued.document, ensure_ascii=False).count("欠费已在十月缴清") == 1


def test_anybody_may_check_a_code_and_learns_no_content(cast: Cast, holdings: Holdings) -> None:
    issued = issue_own(actor=cast.owner, holdings=holdings, at=cast.clock.now())
    known = selectors.by_code(issued.head.verify_code.lower(), issued.digest)
    assert known is not None
    assert (known.authentic, known.number, known.digest_matches) == (True, issued.head.number, True)
    wrong = selectors.by_code(issued.head.verify_code, "0" * 64)
    assert wrong is not None
    assert (wrong.authentic, wrong.digest_matches) == (False, False)
    assert selectors.by_code("AAAA-AAAA-AAAA-AAAA") is None
