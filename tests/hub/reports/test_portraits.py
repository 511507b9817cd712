"""Portraits: the firm's own look is recorded, peers are counted from the lake, changes are told against the last report."""

import hashlib
import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction
from tests.hub.cast import OWNER_USCC, Cast
from tests.lake.portrait.made_up import MONTH, code, new_lake, publish

from xinqiao.catalogue import load
from xinqiao.domain.canonical import canonical_bytes
from xinqiao.domain.errors import Code, Forbidden
from xinqiao.domain.portrait import Group, Nil
from xinqiao.domain.portrait.changes import Kind
from xinqiao.domain.portrait.definitions import INSURED, POWER
from xinqiao.domain.portrait.whole import Portrait
from xinqiao.domain.report import Record, RecordStatus, Sight
from xinqiao.hub.actors import AgentScope
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.identity.models import EnterprisePerson
from xinqiao.hub.apps.reports import peers as counted
from xinqiao.hub.apps.reports import selectors
from xinqiao.hub.apps.reports.holdings import Holdings
from xinqiao.hub.apps.reports.lake import opened_lake
from xinqiao.hub.apps.reports.models import CreditReport, ReportKind
from xinqiao.hub.apps.reports.peers import refresh_peers
from xinqiao.hub.apps.reports.portraits import issue_own_portrait, look_at_own, portrait_of
from xinqiao.hub.apps.reports.services import issue_own
from xinqiao.hub.worker import Worker
from xinqiao.lake.firms import Firm, FirmIndex
from xinqiao.lake.store.locks import exclusive

#: The firm and its twelve neighbours of the same size, of whom the last two are of another province.
FIRMS = [OWNER_USCC, *(code(number) for number in range(12))]


@pytest.fixture
def platform(tmp_path: Path, settings: object, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A platform with a lake and a register of software firms; of the months it counts, the last four."""
    monkeypatch.setattr(counted, "MONTHS", 4)
    settings.XINQIAO_LAKE = tmp_path / "lake"  # type: ignore[attr-defined]
    settings.XINQIAO_FIRMS = tmp_path / "firms.sqlite3"  # type: ignore[attr-defined]
    settings.XINQIAO_PEERS = tmp_path / "peers.sqlite3"  # type: ignore[attr-defined]
    items, lake = load().items, new_lake(tmp_path / "lake")
    publish(lake, items[INSURED], [{"_subject": u, "uscc": u, "period": "2026-09", "insured_count": 42} for u in FIRMS])  # fmt: skip
    used = [
        {"_subject": uscc, "uscc": uscc, "account_no": uscc, "period": month, "usage_kwh": Decimal(1000 + 100 * n)}
        for n, uscc in enumerate(FIRMS) for month in ("2026-09", MONTH)
    ]  # fmt: skip
    publish(lake, items[POWER], used)
    with FirmIndex.create(tmp_path / "firms.sqlite3") as register:
        register.add(
            Firm(uscc, f"演示{n}号有限公司", division="330100" if n < 11 else "140100", industry="I6510")
            for n, uscc in enumerate(FIRMS)
        )
    return tmp_path


@pytest.fixture
def known(holdings: Holdings) -> Holdings:
    """The firm's own records as the lake of ``platform`` has them, beside those of ``holdings``."""

    def record(**values: object) -> Record:
        return Record(values, "演示数源", "B1", date(2026, 10, 31), holdings.records["water_fee"][0].received_at)  # type: ignore[arg-type]  # fmt: skip

    own = {
        INSURED: [record(period=MONTH, insured_count=42)],
        POWER: [record(period=month, account_no=OWNER_USCC, usage_kwh=Decimal(1000)) for month in ("2026-09", MONTH)],
    }  # fmt: skip
    supply = holdings.supplies["water_fee"]
    return replace(holdings, records={**holdings.records, **own}, supplies={**holdings.supplies, INSURED: supply, POWER: supply})  # fmt: skip


def portrait(cast: Cast, held: Holdings, sight: Sight) -> Portrait:
    return portrait_of(uscc=OWNER_USCC, name="远山农机", reader="subject", sight=sight, held=held, at=cast.clock.now())  # fmt: skip


# ----------------------------------------------------------------------------------------------------- one's own


def test_a_look_is_recorded_with_the_digest_of_what_was_shown(cast: Cast, known: Holdings) -> None:
    looked = look_at_own(actor=cast.owner, holdings=known, at=cast.clock.now())
    leaf = json.loads(bytes(Leaf.objects.get(index=looked.leaf_index).body))
    assert leaf["type"] == "SELF_USE"
    assert leaf["facts"] == {"act": "portrait", "month": MONTH, "digest": looked.digest}
    assert leaf["ids"] == {"subject": cast.owner.enterprise_id}
    assert looked.digest == hashlib.sha256(canonical_bytes(looked.document)).hexdigest()


def test_one_taken_away_has_a_number_of_its_own_kind_and_a_code(cast: Cast, known: Holdings) -> None:
    at = cast.clock.now()
    report = issue_own(actor=cast.owner, holdings=known, at=at)
    first, second = (issue_own_portrait(actor=cast.owner, holdings=known, at=at) for _ in range(2))
    assert first.given is not None
    assert second.given is not None
    assert (first.given.number, first.given.version) == (f"EP-{at:%Y%m%d}-0001", 1)
    assert (second.given.number, second.given.version) == (f"EP-{at:%Y%m%d}-0002", 2)
    assert report.head.version == 1
    assert first.document["number"] == first.given.number
    assert first.document["verify_code"] == first.given.verify_code != second.given.verify_code
    row = CreditReport.objects.get(number=first.given.number)
    assert (row.kind, row.reader, row.digest, row.marks) == ("portrait", "subject", first.digest, None)
    assert row.valid_until == at + timedelta(days=30)
    found = selectors.by_code(first.given.verify_code, first.digest)
    assert found is not None
    assert (found.kind, found.number, found.digest_matches) == (ReportKind.PORTRAIT, row.number, True)
    # a portrait is no report: neither among the reports nor what the next portrait is compared with
    assert [one.number for one in selectors.issued(cast.owner)] == [report.head.number]
    assert second.portrait.since is not None
    assert second.portrait.since.number == report.head.number
    for other in (cast.stranger, cast.bank):
        assert selectors.issued(other, kind=ReportKind.PORTRAIT) == []


def test_an_agent_without_the_scope_takes_none_away(cast: Cast, known: Holdings) -> None:
    EnterprisePerson.objects.filter(id=cast.clerk.person_id).update(scopes=[AgentScope.AUTHORISE.value])
    with pytest.raises(Forbidden):
        issue_own_portrait(actor=cast.clerk, holdings=known, at=cast.clock.now())
    assert not CreditReport.objects.exists()


def test_what_is_handed_out_is_a_report_or_a_portrait(cast: Cast, known: Holdings) -> None:
    issue_own_portrait(actor=cast.owner, holdings=known, at=cast.clock.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        CreditReport.objects.update(kind="score")


def test_nothing_of_a_portrait_is_kept(cast: Cast, known: Holdings) -> None:
    before = set(connection.introspection.table_names())
    look_at_own(actor=cast.owner, holdings=known, at=cast.clock.now())
    issue_own_portrait(actor=cast.owner, holdings=known, at=cast.clock.now())
    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM audit_leaf")
        kept = "".join(bytes(row[0]).decode() for row in cursor.fetchall())
        cursor.execute("SELECT * FROM reports_creditreport")
        kept += str(cursor.fetchall())
    assert "insured_count" not in kept
    assert "1200000" not in kept
    assert set(connection.introspection.table_names()) == before


def test_an_agent_without_the_scope_sees_none(cast: Cast, known: Holdings) -> None:
    EnterprisePerson.objects.filter(id=cast.clerk.person_id).update(scopes=[AgentScope.AUTHORISE.value])
    leaves = Leaf.objects.count()
    with pytest.raises(Forbidden) as refused:
        look_at_own(actor=cast.clerk, holdings=known, at=cast.clock.now())
    assert refused.value.code is Code.SUBJECT_NOT_AUTHORISED
    assert Leaf.objects.count() == leaves


# --------------------------------------------------------------------------------------------------------- peers


def test_the_firm_is_shown_beside_its_narrowest_group(cast: Cast, platform: Path, known: Holdings) -> None:
    months = refresh_peers(at=cast.clock.now())
    assert (months[0], len(months)) == (MONTH, 4)
    found = portrait(cast, known, Sight(is_subject=True))
    assert found.place is not None
    assert (found.place.division, found.place.city, found.place.size, found.insured) == ("I65", "3301", "small", 42)  # fmt: skip
    power = found.peers["P05"]
    # 11 firms in the city are ten others; figures of 1000 to 2000 in steps of 100
    assert power.group == Group("I65", "3301", "small")
    assert (power.cell.firms, power.cell.p25, power.cell.p50, power.cell.p75) == (11, 1200, 1500, 1800)
    assert sorted(power.months) == ["2026-09", MONTH]
    assert found.counted_at == cast.clock.now()
    assert "P06" not in found.peers


def test_a_size_known_by_what_is_not_authorised_does_not_choose_the_group(
    cast: Cast, platform: Path, known: Holdings
) -> None:
    refresh_peers(at=cast.clock.now())
    found = portrait(cast, known, Sight(items=frozenset({POWER})))
    assert (found.insured, found.place and found.place.size) == (None, "")
    assert found.peers["P05"].group.size == ""
    assert "P01" not in found.peers
    heads = {one.figure.id: one for one in found.readings}["P01"]
    assert (heads.value, heads.reason) == (None, Nil.NOT_AUTHORISED)


def test_without_a_register_there_are_no_peers_and_the_figures_are_there(cast: Cast, platform: Path, known: Holdings) -> None:  # fmt: skip
    (platform / "firms.sqlite3").unlink()
    assert refresh_peers(at=cast.clock.now()) == []
    found = portrait(cast, known, Sight(is_subject=True))
    assert (found.place, found.peers, found.counted_at) == (None, {}, None)
    assert {one.figure.id: one.value for one in found.readings}["P01"] == 42


def test_months_are_counted_again_when_something_came_the_open_ones_sooner(
    cast: Cast, platform: Path
) -> None:
    at = cast.clock.now()
    assert len(refresh_peers(at=at)) == 4
    assert refresh_peers(at=at + timedelta(days=2)) == []
    publish(opened_lake(), load().items[POWER], [{"_subject": FIRMS[3], "uscc": FIRMS[3], "account_no": "Z", "period": MONTH, "usage_kwh": Decimal(1)}])  # fmt: skip
    assert refresh_peers(at=at + timedelta(hours=1)) == []
    assert refresh_peers(at=at + timedelta(days=1)) == [MONTH, "2026-09", "2026-08"]
    assert refresh_peers(at=at + timedelta(days=8)) == ["2026-07"]
    assert refresh_peers(at=at + timedelta(days=9)) == []


def test_a_larger_least_number_counts_everything_anew(cast: Cast, platform: Path, settings: object) -> None:
    at = cast.clock.now()
    refresh_peers(at=at)
    settings.PEERS_LEAST = 11  # type: ignore[attr-defined]
    assert len(refresh_peers(at=at)) == 4
    file = counted.peers()
    assert file is not None
    assert {made.least for made in file.made().values()} == {11}


def test_the_worker_counts_them(cast: Cast, platform: Path) -> None:
    Worker.make(cast.client).run_once()
    file = counted.peers()
    assert file is not None
    assert MONTH in file.made()


# ------------------------------------------------------------------------------------------------------- changes


def test_changes_are_told_against_the_last_report(cast: Cast, holdings: Holdings) -> None:
    at = cast.clock.now()
    assert look_at_own(actor=cast.owner, holdings=holdings, at=at).portrait.since is None
    issued = issue_own(actor=cast.owner, holdings=holdings, at=at)
    same = look_at_own(actor=cast.owner, holdings=holdings, at=at).portrait.since
    assert same is not None
    assert (same.number, same.changes) == (issued.head.number, ())
    first, second = holdings.records["public_resource_transaction"]
    later = at + timedelta(days=1)
    now = {
        "public_resource_transaction": [replace(first, status=RecordStatus.REPAIRED), replace(second, version=2, received_at=later, values={"project_name": "别的"})],
        "water_fee": holdings.records["water_fee"],
    }  # fmt: skip
    since = look_at_own(actor=cast.owner, holdings=replace(holdings, records=now), at=later).portrait.since
    assert since is not None
    assert [
        (one.item, one.kind, one.before, one.now, one.arrived, one.corrected) for one in since.changes
    ] == [("public_resource_transaction", Kind.CHANGED, 2, 1, 1, 1)]


def test_a_report_of_a_firm_without_records_leaves_marks_too(cast: Cast, holdings: Holdings) -> None:
    at = cast.clock.now()
    issue_own(actor=cast.owner, holdings=replace(holdings, records={}), at=at)
    since = look_at_own(actor=cast.owner, holdings=holdings, at=at).portrait.since
    assert since is not None
    assert {one.item: one.kind for one in since.changes} == dict.fromkeys(holdings.records, Kind.NEW)


def test_a_report_for_an_institution_is_not_compared_with(cast: Cast, holdings: Holdings) -> None:
    at = cast.clock.now()
    issued = issue_own(actor=cast.owner, holdings=holdings, at=at)
    row = CreditReport.objects.get()
    row.pk, row.number, row.verify_code = "crp-" + "1" * 32, "CR-20261121-9999", "AAAA-BBBB-CCCC-DDDD"
    row.reader, row.institution_id, row.marks = "institution", cast.bank.institution_id, None
    row.generated_at = at + timedelta(hours=1)
    row.save(force_insert=True)
    since = look_at_own(actor=cast.owner, holdings=holdings, at=at + timedelta(hours=2)).portrait.since
    assert since is not None
    assert since.number == issued.head.number


def test_another_firms_report_is_not_compared_with(cast: Cast, holdings: Holdings) -> None:
    at = cast.clock.now()
    issue_own(actor=cast.stranger, holdings=holdings, at=at)
    assert look_at_own(actor=cast.owner, holdings=holdings, at=at).portrait.since is None


def test_nobody_counts_while_another_process_does(cast: Cast, platform: Path) -> None:
    with exclusive(platform / "peers.sqlite3.lock", wait_seconds=0):
        assert refresh_peers(at=cast.clock.now()) == []
    assert refresh_peers(at=cast.clock.now(), most=1) == [MONTH]
    assert len(refresh_peers(at=cast.clock.now())) == 3


def test_an_adverse_figure_has_no_history_of_its_peers_either(cast: Cast, platform: Path, known: Holdings) -> None:  # fmt: skip
    items = load().items
    owed = [{"_subject": u, "uscc": u, "period": "2026-09", "due_date": date(2026, 9, 15), "arrears_amount": Decimal(100), "status": "owing"} for u in FIRMS]  # fmt: skip
    publish(opened_lake(), items["medical_insurance_arrears"], owed)
    refresh_peers(at=cast.clock.now())
    supply = known.supplies["water_fee"]
    more = replace(known, supplies={**known.supplies, "medical_insurance_arrears": supply})
    found = portrait(cast, more, Sight(is_subject=True)).peers["P04"]
    assert (found.cell.p50, sorted(found.months)) == (100, [MONTH])
