"""Repair results of other platforms: what is read and shown, what leaves the answers, what stays in the list and why."""

from collections.abc import Callable
from datetime import date

import pytest
from tests.hub.cast import OWNER_USCC, STRANGER_USCC
from tests.hub.redress.bench import DOCUMENT, PENALTY, Bench, penalty

from xinqiao.domain.errors import Code, Forbidden, Invalid, NotFound, Stale, TooLarge, XinqiaoError
from xinqiao.domain.repair_results import Unmatched
from xinqiao.hub.actors import OperatorActor, OperatorRole
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.notices.models import Notice
from xinqiao.hub.apps.redress import imports, services
from xinqiao.hub.apps.redress.models import ImportedResult, RepairImport, Suppression
from xinqiao.trust.leaf import parse_leaf

HEADER = "统一社会信用代码,决定书文号,修复结果,修复日期"
ROW = f"{OWNER_USCC},{DOCUMENT},准予修复,2026-11-01"
SECURITY = OperatorActor("usr-guard", frozenset({OperatorRole.SECURITY}))


def read(bench: Bench, *rows: str, header: str = HEADER, name: str = "results.csv") -> RepairImport:
    content = "\n".join([header, *rows, ""]).encode()
    return services.read_results(
        actor=bench.desk, platform="信用中国", file_name=name, chunks=[content], at=bench.now
    ).row


def apply(bench: Bench, made: RepairImport) -> RepairImport:
    made.refresh_from_db()
    return services.apply_results(
        actor=bench.desk, import_id=made.id, expected_version=made.version, at=bench.now
    )


def reasons(made: RepairImport) -> list[str]:
    return [row.reason for row in made.rows.order_by("line")]


def test_reading_shows_the_match_and_changes_nothing_and_applying_is_one_moment(bench: Bench) -> None:
    bench.hold(penalty())
    made = read(bench, ROW)
    (row,) = made.rows.all()
    assert (row.reason, row.item, row.record_ref, row.line) == ("", PENALTY, bench.ref(), 2)
    assert len(bench.lines()) == 1
    apply(bench, made)
    assert bench.lines() == []
    gone = Suppression.objects.get()
    assert (gone.reason, gone.repair, gone.imported, gone.record_ref) == (
        "repaired",
        None,
        row,
        row.record_ref,
    )
    leaves = [parse_leaf(bytes(leaf.body)) for leaf in Leaf.objects.filter(type="CORRECT").order_by("index")]
    acts = [leaf.facts["act"] for leaf in leaves]
    assert acts == ["results_read", "result_applied"]
    assert leaves[1].facts["record"] == row.record_ref
    assert {one.audience_kind for one in Notice.objects.filter(kind="repair_imported")} == {
        "enterprise",
        "source",
    }
    (told,) = services.repair_results(at=bench.now)["results"]["entries"]  # type: ignore[index,call-overload]
    assert (told["record"], told["reason"]) == (row.record_ref, "repaired")  # type: ignore[index,call-overload]
    assert services.push_to_lake(at=bench.now) == 1
    apply(bench, made)
    assert Suppression.objects.count() == 1
    assert reasons(read(bench, ROW.replace("准予", "同意"))) == [Unmatched.GONE], (
        "also when the lake let it go"
    )


def test_the_same_bytes_are_one_file(bench: Bench) -> None:
    bench.hold(penalty())
    made = read(bench, ROW)
    apply(bench, made)
    leaves = Leaf.objects.count()
    again = services.read_results(
        actor=bench.desk,
        platform="别处",
        file_name="x.csv",
        chunks=[f"{HEADER}\n{ROW}\n".encode()],
        at=bench.now,
    )
    assert (again.row, again.repeated, again.row.platform) == (made, True, "信用中国")
    assert (Leaf.objects.count(), ImportedResult.objects.count()) == (leaves, 1)


def test_what_is_not_exact_stays_in_the_list_with_its_reason(bench: Bench) -> None:
    bench.hold(penalty())
    made = read(
        bench,
        f"{OWNER_USCC},澄市监罚[2026]12号,准予修复,2026-11-01",
        f"{OWNER_USCC},澄市监罚〔2026〕99号,准予修复,2026-11-01",
        f"{STRANGER_USCC},{DOCUMENT},准予修复,2026-11-01",
        f"{OWNER_USCC},{DOCUMENT},不予修复,2026-11-01",
        f"{OWNER_USCC},{DOCUMENT},大概修复了,2026-11-01",
        f"{OWNER_USCC},{DOCUMENT},准予修复,2026-11-31",
        f"{OWNER_USCC},{DOCUMENT},准予修复,2026-05-19",
        f"{OWNER_USCC[:-1]}*,{DOCUMENT},准予修复,2026-11-01",
        f"{OWNER_USCC},没有号码,准予修复,2026-11-01",
        f"{OWNER_USCC},{DOCUMENT},准予修复,2026-11-01,多出一格",
    )
    wanted = [
        Unmatched.CLOSE, Unmatched.NO_RECORD, Unmatched.NO_FIRM, Unmatched.NOT_GRANTED, Unmatched.DECISION,
        Unmatched.DATE, Unmatched.EARLY, Unmatched.USCC, Unmatched.DOCUMENT, Unmatched.DOCUMENT,
    ]  # fmt: skip
    assert reasons(made) == wanted
    apply(bench, made)
    assert (reasons(made), Suppression.objects.count(), len(bench.lines())) == (wanted, 0, 1)


def test_a_record_known_by_its_reference_and_rows_said_twice(bench: Bench) -> None:
    bench.hold(penalty())
    row = f"{OWNER_USCC},{bench.ref()},repaired,2026-11-01"
    made = read(bench, row, row, header="uscc,record,decision,decided_on")
    assert reasons(made) == ["", Unmatched.REPEATED]
    apply(bench, made)
    assert bench.lines() == []


def test_a_pending_application_is_not_overtaken_and_time_lifts_reasons(bench: Bench) -> None:
    bench.hold(penalty())
    repair = bench.applied()
    made = read(bench, ROW, f"{OWNER_USCC},澄市监罚〔2026〕13号,准予修复,2026-11-01")
    apply(bench, made)
    assert reasons(made) == [Unmatched.PENDING, Unmatched.NO_RECORD]
    services.withdraw_repair(
        actor=bench.cast.owner, repair_id=repair.id, expected_version=repair.version, at=bench.now
    )
    bench.hold(penalty(document_no="澄市监罚〔2026〕13号"))
    apply(bench, made)
    assert (reasons(made), bench.lines()) == (["", ""], [])


def test_what_is_in_no_answer_already_is_told_and_left(bench: Bench) -> None:
    bench.hold(penalty(), penalty(document_no="澄市监罚〔2025〕1号", decided_on=date(2025, 5, 20)))
    first = read(bench, f"{OWNER_USCC},澄市监罚〔2025〕1号,准予修复,2026-05-01")
    assert reasons(first) == [Unmatched.GONE], "its term is over"
    made = read(bench, ROW)
    services.expire_published(at=bench.now)
    other = read(bench, ROW, ROW.replace("准予", "同意"))
    apply(bench, made)
    apply(bench, other)
    assert reasons(other) == [Unmatched.GONE, Unmatched.GONE], "another file was faster"


def test_a_decision_here_follows_where_the_term_ended_meanwhile(bench: Bench) -> None:
    bench.hold(penalty())
    row = bench.accepted()
    bench.cast.clock.set(bench.now.replace(year=2027))
    assert services.expire_published(at=bench.now) == 1
    services.grant_repair(
        actor=bench.unit, repair_id=row.id, answer="已履行", expected_version=row.version, at=bench.now
    )
    live = Suppression.objects.get(ended_at=None)
    assert (live.reason, live.repair_id) == ("repaired", row.id)


def test_who_may_and_what_is_stale_or_absent(bench: Bench) -> None:
    bench.hold(penalty())
    with pytest.raises(Forbidden):
        services.read_results(
            actor=SECURITY, platform="信用中国", file_name="a.csv", chunks=[b"x"], at=bench.now
        )
    made = read(bench, ROW)
    with pytest.raises(Forbidden):
        services.apply_results(actor=SECURITY, import_id=made.id, expected_version=1, at=bench.now)
    with pytest.raises(NotFound):
        services.apply_results(
            actor=bench.desk, import_id="rim-" + "0" * 32, expected_version=1, at=bench.now
        )
    apply(bench, made)
    with pytest.raises(Stale):
        services.apply_results(actor=bench.desk, import_id=made.id, expected_version=1, at=bench.now)
    for nobody in (bench.cast.owner, bench.unit, bench.cast.bank):
        assert not RepairImport.objects.for_viewer(nobody).exists()


@pytest.mark.parametrize(
    ("content", "error", "code"),
    [
        (b"", Invalid, Code.FILE_EMPTY),
        (f"{HEADER}\n".encode(), Invalid, Code.FILE_EMPTY),
        ("企业,结果\n甲,乙\n".encode(), Invalid, Code.HEADER_MISMATCH),
        (f"{HEADER},案号\n{ROW},x1\n".encode(), Invalid, Code.HEADER_MISMATCH),
        (b"\x00\xff" * 40, XinqiaoError, None),
    ],
)
def test_a_file_that_is_no_list_of_results_leaves_nothing(
    bench: Bench, content: bytes, error: type[XinqiaoError], code: Code | None
) -> None:
    bench.hold(penalty())
    with pytest.raises(error) as caught:
        services.read_results(
            actor=bench.desk, platform="信用中国", file_name="a.csv", chunks=[content], at=bench.now
        )
    assert code in (None, caught.value.code)
    assert not RepairImport.objects.exists()


def test_too_many_rows_and_bytes_are_refused_and_a_platform_has_a_name(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(error: type[XinqiaoError], act: Callable[[], object]) -> None:
        with pytest.raises(error):
            act()

    bench.hold(penalty())
    monkeypatch.setattr(imports, "MOST_ROWS", 1)
    refused(TooLarge, lambda: read(bench, ROW, ROW))
    monkeypatch.setattr(imports, "MOST_BYTES", 10)
    refused(TooLarge, lambda: read(bench, ROW))
    refused(
        Invalid,
        lambda: services.read_results(
            actor=bench.desk, platform=" ", file_name="a.csv", chunks=[b"x"], at=bench.now
        ),
    )


def test_lines_of_json_and_another_encoding_are_read_too(bench: Bench) -> None:
    bench.hold(penalty())
    line = f'{{"uscc":"{OWNER_USCC}","document_no":"{DOCUMENT}","decision":"repaired","decided_on":"2026-11-01"}}\n'
    twin = f"{HEADER}\n{ROW}\n".encode("gb18030")
    for name, content in (("r.jsonl", line.encode()), ("r.csv", twin)):
        made = services.read_results(
            actor=bench.desk, platform="信用中国", file_name=name, chunks=[content], at=bench.now
        ).row
        assert reasons(made) == [""], name
