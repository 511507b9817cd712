"""A portrait for an institution: what was granted and nothing more, by the decisions, leaves and count of a report."""

import hashlib
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.hub.cast import Cast
from tests.hub.items_cast import ItemCast
from tests.hub.reports.conftest import WATER
from tests.hub.reports.test_portraits import known, platform  # noqa: F401 - fixtures

from xinqiao.domain.canonical import canonical_bytes
from xinqiao.domain.consent import Purpose
from xinqiao.domain.errors import Code, Forbidden, Invalid, Stale
from xinqiao.domain.items import ItemGrant
from xinqiao.domain.portrait import Nil
from xinqiao.domain.portrait.definitions import INSURED, POWER
from xinqiao.domain.portrait.reading import portrait_of_document
from xinqiao.hub.actors import InstitutionActor, InstitutionRole
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.audit.services import make_checkpoint
from xinqiao.hub.apps.collection.usage import USED
from xinqiao.hub.apps.fundflow.protocol import Refused
from xinqiao.hub.apps.items.models import ItemAuthorisation
from xinqiao.hub.apps.notices.models import OutboxEvent
from xinqiao.hub.apps.reports import selectors
from xinqiao.hub.apps.reports.holdings import Holdings
from xinqiao.hub.apps.reports.models import CreditReport, ReportKind, ReportQuery
from xinqiao.hub.apps.reports.peers import refresh_peers
from xinqiao.hub.apps.reports.portraits_asked import Handed, portrait_for_institution
from xinqiao.hub.apps.reports.protocol import ReportRequest
from xinqiao.hub.ids import Prefix, new_id

USED_POWER = ItemGrant(POWER, frozenset({"uscc", "account_no", "period", "usage_kwh"}))


class Bank:
    """The bank and what it may ask."""

    def __init__(self, cast: Cast, holdings: Holdings) -> None:
        self.cast, self.items, self.holdings = cast, ItemCast(cast), holdings

    def granted(self, *grants: ItemGrant, report: bool = True, **changes) -> ItemAuthorisation:
        wanted = frozenset(grants or (USED_POWER, WATER))
        return self.items.confirm(self.items.requested(grants=wanted, report=report, **changes))

    def ask(
        self, *rows: ItemAuthorisation, actor: InstitutionActor | None = None, holdings_of=None, **changes
    ):
        who = actor or self.cast.bank
        ask = ReportRequest(
            new_id(Prefix.REPORT_QUERY), who.institution_id, tuple(row.id for row in rows),
            Purpose.LOAN_APPLICATION, "丙一", "普惠金融部", "portal",
        )  # fmt: skip
        return portrait_for_institution(
            actor=who, ask=replace(ask, **changes), holdings_of=holdings_of or (lambda _uscc: self.holdings),
            clock=self.cast.clock,
        )  # fmt: skip

    def handed(self, *rows: ItemAuthorisation, **changes) -> Handed:
        made = self.ask(*rows, **changes)
        assert isinstance(made, Handed), made
        return made


@pytest.fixture
def bank(cast: Cast, known: Holdings) -> Bank:  # noqa: F811
    return Bank(cast, known)


def test_figures_of_what_was_granted_are_there_and_the_others_say_why_not(bank: Bank) -> None:
    found = {one.figure.id: one for one in bank.handed(bank.granted()).looked.portrait.readings}
    assert (found["P05"].value, found["P05"].reason) == (1000, None)
    assert (found["P01"].value, found["P01"].reason) == (None, Nil.NOT_AUTHORISED)
    assert found["P14"].reason is Nil.NOT_AUTHORISED
    assert found["P16"].reason is Nil.NOT_COLLECTED
    # public, so it needs nobody's word
    assert found["P11"].value == 0


def test_a_figure_is_not_made_of_a_field_that_was_not_granted(bank: Bank) -> None:
    # the arrears of the water bill are granted, its month is not
    found = {one.figure.id: one for one in bank.handed(bank.granted(WATER)).looked.portrait.readings}
    assert found["P09"].reason is Nil.NOT_AUTHORISED
    only = ItemGrant(POWER, frozenset({"uscc", "period"}))
    found = {one.figure.id: one for one in bank.handed(bank.granted(only)).looked.portrait.readings}
    assert found["P05"].reason is Nil.NOT_AUTHORISED


def test_it_is_numbered_digested_in_the_log_and_counted(bank: Bank) -> None:
    row, before = bank.granted(), Leaf.objects.count()
    made = bank.handed(row)
    kept = CreditReport.objects.get()
    assert (kept.kind, kept.reader, kept.version) == ("portrait", "institution", 1)
    assert kept.number == made.given.number
    assert kept.number.startswith("EP-")
    assert kept.digest == made.looked.digest == hashlib.sha256(canonical_bytes(made.looked.document)).hexdigest()  # fmt: skip
    assert (kept.verify_code, kept.marks) == (made.given.verify_code, None)
    told = [json.loads(bytes(leaf.body)) for leaf in Leaf.objects.order_by("index")[before:]]
    assert [leaf["type"] for leaf in told] == ["PERMIT", "USE"]
    assert told[1]["facts"]["product"] == "portrait"
    assert told[1]["facts"]["digest"] == kept.digest
    assert told[1]["ids"]["authorisation"] == row.id
    assert (ItemAuthorisation.objects.get(id=row.id).uses, made.uses_left) == (1, 5)
    asked = ReportQuery.objects.get()
    assert (asked.kind, asked.state, asked.report_id, asked.calls) == ("portrait", "released", kept.id, [])
    known_by_code = selectors.by_code(kept.verify_code, kept.digest)
    assert known_by_code is not None
    assert known_by_code.kind is ReportKind.PORTRAIT
    assert bank.handed(row).given.version == 2


def test_the_document_names_its_reader_and_reads_back_as_it_was(bank: Bank, platform) -> None:  # noqa: F811
    refresh_peers(at=bank.cast.clock.now())
    made = bank.handed(bank.granted())
    document = made.looked.document
    assert document["institution"] == {"id": bank.cast.bank.institution_id, "name": made.asker.institution_name}  # fmt: skip
    assert (document["purpose"], document["operator"]) == ("loan_application", "普惠金融部 丙一")
    assert document["since"] is None
    read, wrote = portrait_of_document(document), made.looked.portrait
    assert (read.readings, read.peers, read.absent) == (wrote.readings, dict(wrote.peers), wrote.absent)
    assert (
        read.peers["P05"].group.size == ""
    )  # the headcount was not granted, so it does not choose the group
    assert (read.insured, read.least, read.counted_at) == (None, wrote.least, wrote.counted_at)


def test_what_was_shown_is_told_to_the_suppliers_as_a_report_is(bank: Bank) -> None:
    bank.handed(bank.granted())
    payload = OutboxEvent.objects.filter(topic=USED).latest("created_at").payload
    # the bids are behind the public figures, the bill of electricity behind the use; water tells no figure
    assert (payload["kind"], set(payload["items"])) == ("report", {POWER, "public_resource_transaction"})
    assert INSURED not in payload["items"]


@pytest.mark.parametrize("case", ["revoked", "expired", "early", "purpose", "no report", "exhausted"])
def test_every_no_has_its_code_a_leaf_and_no_portrait(bank: Bank, case: str) -> None:
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
            bank.handed(row)
            wanted = Code.CONSENT_EXHAUSTED
        case _:
            wanted = Code.SCOPE_EXCEEDED
    before = CreditReport.objects.count()
    made = bank.ask(row, **changes)
    assert isinstance(made, Refused)
    assert made.code is wanted
    denied = ReportQuery.objects.get(state="denied")
    told = json.loads(bytes(Leaf.objects.get(index=denied.leaf_index).body))
    assert (told["type"], told["facts"]["product"], told["facts"]["code"]) == ("DENY", "portrait", wanted)
    assert denied.kind == "portrait"
    assert CreditReport.objects.count() == before


def test_a_foreign_authorisation_is_refused_and_does_not_lead_to_its_firm(bank: Bank) -> None:
    made = bank.ask(bank.granted(), actor=bank.cast.outsider)
    assert isinstance(made, Refused)
    assert made.code is Code.CONSENT_GRANTEE_MISMATCH
    (seen,) = selectors.asked(bank.cast.outsider)
    assert (seen.kind, seen.authorisation_id, seen.uscc) == (ReportKind.PORTRAIT, None, "")


def test_a_withdrawal_meanwhile_stops_it_and_a_repair_has_it_made_again(bank: Bank) -> None:
    row = bank.granted()

    def withdrawn(_uscc: str) -> Holdings:
        bank.items.withdraw(row)
        return bank.holdings

    made = bank.ask(row, holdings_of=withdrawn)
    assert isinstance(made, Refused)
    assert made.code is Code.REVOKED_BEFORE_RELEASE
    other, tried = bank.granted(), []

    def repaired(_uscc: str) -> Holdings:
        tried.append(1)
        return replace(bank.holdings, standing=99)

    with pytest.raises(Stale):
        bank.ask(other, holdings_of=repaired)
    assert len(tried) == 3
    assert not CreditReport.objects.exists()


def test_only_a_query_operator_asks_and_names_its_authorisations_once(bank: Bank) -> None:
    row = bank.granted()
    with pytest.raises(Forbidden):
        bank.ask(row, actor=replace(bank.cast.bank, roles=frozenset({InstitutionRole.AUDITOR})))
    for rows in ((), (row, row)):
        with pytest.raises(Invalid):
            bank.ask(*rows)


def test_a_report_and_a_portrait_are_counted_apart_and_the_firm_sees_who_had_which(bank: Bank) -> None:
    made = bank.handed(bank.granted())
    assert selectors.issued(bank.cast.bank) == []
    (own,) = selectors.issued(bank.cast.bank, kind=ReportKind.PORTRAIT)
    assert own.number == made.given.number
    assert [one.kind for one in selectors.asked(bank.cast.owner)] == [ReportKind.PORTRAIT]
    assert selectors.issued(bank.cast.owner, kind=ReportKind.PORTRAIT) == []
