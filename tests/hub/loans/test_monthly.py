"""Monthly files: taken row by row, refused with reasons, corrected and sent again, the same bytes once."""

import csv
from datetime import timedelta
from io import BytesIO, StringIO

import pytest
import xlsxwriter
from tests.hub.cast import OWNER_USCC
from tests.hub.loans.desk import Lenders

from xinqiao.domain.errors import Forbidden, Invalid, NotFound, TooLarge
from xinqiao.domain.loans.monthly import COLUMNS
from xinqiao.domain.period import add_months
from xinqiao.hub.actors import InstitutionActor
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.loans import monthly, selectors
from xinqiao.hub.apps.loans.models import LoanContract, LoanFile, LoanFileRow, ReportedPosition

pytestmark = pytest.mark.django_db


def line(lenders: Lenders, **changed: str) -> dict[str, str]:
    """One loan of 远山农机 as a bank would write it."""
    drawn = lenders.today - timedelta(days=100)
    return {
        "as_of": lenders.today.isoformat(), "contract_no": "M-1", "uscc": OWNER_USCC, "amount": "1200000.00",
        "drawn_amount": "1200000.00", "drawn_on": drawn.isoformat(), "due_on": add_months(drawn, 12).isoformat(),
        "annual_rate": "3.85", "method": "先息后本", "guarantee_fee_rate": "0.5%", "first_loan": "是",
        "balance": "1200000.00", "five_class": "正常", "overdue_days": "0", "overdue_amount": "0.00", **changed,
    }  # fmt: skip


def as_csv(*rows: dict[str, str]) -> bytes:
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow([words[0] for words in COLUMNS.values()])
    writer.writerows([row.get(name, "") for name in COLUMNS] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def send(
    lenders: Lenders, data: bytes, *, who: InstitutionActor | None = None, name: str = "月报.csv"
) -> monthly.Sent:
    return monthly.send_file(actor=who or lenders.manager, file_name=name, chunks=[data], at=lenders.now)


def refused(sent: monthly.Sent) -> list[tuple[int, str, str]]:
    rows = LoanFileRow.objects.filter(source_file=sent.row).exclude(code="").order_by("line")
    return [(row.line, row.field, row.reason) for row in rows]


def test_an_institution_may_report_by_its_file_alone(lenders: Lenders) -> None:
    leaves = Leaf.objects.count()
    sent = send(lenders, as_csv(line(lenders)))
    assert (sent.repeated, sent.row.rows, sent.row.taken, sent.row.refused, refused(sent)) == (
        False,
        1,
        1,
        0,
        [],
    )
    row = LoanContract.objects.get(contract_no="M-1")
    seen = selectors.whole(row, lenders.today)
    assert (row.state, row.first_loan, row.balance_fen) == ("outstanding", True, 120_000_000)
    assert str(seen.all_in) == "0.0435000000"
    # the file speaks: the plan alone would call three instalments overdue
    assert (seen.position.overdue_days, seen.position.reported_on) == (0, lenders.today)
    # the file, the contract, the drawdown, the portion
    assert Leaf.objects.count() == leaves + 4
    assert not LoanFileRow.objects.get(source_file=sent.row).cells


def test_the_same_bytes_again_change_nothing(lenders: Lenders) -> None:
    data = as_csv(line(lenders))
    first, leaves = send(lenders, data), Leaf.objects.count()
    again = send(lenders, data, name="又一次.csv", who=lenders.second)
    assert (again.repeated, again.row.id, Leaf.objects.count()) == (True, first.row.id, leaves)
    assert LoanFile.objects.count() == ReportedPosition.objects.count() == 1
    # what was cut off in the middle goes on when the file is sent once more
    LoanFile.objects.filter(id=first.row.id).update(done_at=None)
    LoanFileRow.objects.filter(source_file=first.row).update(
        contract=None, code="", cells=line(lenders, contract_no="M-9")
    )
    assert send(lenders, data).row.taken == 1
    assert LoanContract.objects.filter(contract_no="M-9").exists()


WRONG: list[tuple[dict[str, str], str, str]] = [
    ({"as_of": "2026年11月"}, "as_of", "SHAPE"),
    ({"uscc": "91330100"}, "uscc", ""),
    ({"annual_rate": "385"}, "annual_rate", "RATE"),
    ({"method": "按周"}, "method", "WORD"),
    ({"five_class": "良好"}, "five_class", "WORD"),
    ({"balance": "1200000.01"}, "balance", "OVER"),
    ({"drawn_amount": "1200000.01"}, "drawn_amount", "OVER"),
    ({"overdue_days": "3"}, "overdue_amount", "BOTH"),
    ({"overdue_days": "x"}, "overdue_days", "RANGE"),
    ({"due_on": "2031-01-22"}, "due_on", "TERM"),
    ({"no_principal_renewal": "是"}, "renews", "NEEDED"),
    ({"first_loan": "也许"}, "first_loan", "WORD"),
]


def test_rows_are_refused_with_their_reasons_and_come_back_corrected(lenders: Lenders) -> None:
    bad = [line(lenders, contract_no=f"W-{n}", **changed) for n, (changed, _field, _why) in enumerate(WRONG)]
    sent = send(lenders, as_csv(line(lenders), *bad))
    assert (sent.row.taken, sent.row.refused) == (1, len(WRONG))
    assert [(field, why) for _line, field, why in refused(sent) if field != "uscc"] == [
        (field, why) for _changed, field, why in WRONG if field != "uscc"
    ]
    _row, rows = monthly.one_file(lenders.manager, sent.row.id)
    back = list(csv.DictReader(StringIO(monthly.refused_file(rows).decode("utf-8-sig"))))
    assert len(back) == len(WRONG)
    assert back[0][monthly.REASON_COLUMN].endswith("报告日期 SHAPE")
    good = line(lenders)
    fixed = [
        {
            **one,
            **{COLUMNS[name][0]: good.get(name, "") for name in [*changed, "overdue_amount", "overdue_days"]},
        }
        for one, (changed, _field, _why) in zip(back, WRONG, strict=True)
    ]
    out = StringIO()
    writer = csv.DictWriter(out, list(back[0]))
    writer.writeheader()
    writer.writerows(fixed)
    again = send(lenders, out.getvalue().encode("utf-8-sig"))
    assert (again.row.taken, again.row.refused) == (len(WRONG), 0)
    assert LoanContract.objects.count() == len(WRONG) + 1


def test_what_was_reported_before_must_agree(lenders: Lenders) -> None:
    row = lenders.in_state("outstanding", "M-1")
    lenders.in_state("settled", "M-2")
    lenders.contract(contract_no="M-3", amount="1500000.00")
    sent = send(
        lenders,
        as_csv(
            line(lenders),
            line(lenders),
            line(lenders, contract_no="M-2"),
            line(lenders, contract_no="M-3"),
            line(lenders, contract_no="M-4", as_of=(lenders.today + timedelta(1)).isoformat()),
        ),
    )
    assert [(field, why) for _line, field, why in refused(sent)] == [
        ("contract_no", "TWICE"), ("contract_no", "ENDED"), ("amount", "DIFFERS"), ("as_of", "FUTURE"),
    ]  # fmt: skip
    other = send(lenders, as_csv(line(lenders, drawn_amount="900000.00", balance="900000.00")))
    assert refused(other)[0][1:] == ("drawn_amount", "DIFFERS")
    row.refresh_from_db()
    assert row.state == "outstanding"


def test_events_follow_from_what_the_months_say(lenders: Lenders) -> None:
    days = [lenders.today - timedelta(n) for n in (60, 30, 0)]
    late = {"overdue_days": "5", "overdue_amount": "3850.00", "five_class": "关注"}
    states = []
    for day, words in zip(days, (late, {}, {"balance": "0.00"}), strict=True):
        send(lenders, as_csv(line(lenders, as_of=day.isoformat(), **words)))
        row = LoanContract.objects.get()
        states.append((row.state, row.five_class, row.balance_fen))
    assert states == [
        ("overdue", "special_mention", 120_000_000), ("outstanding", "normal", 120_000_000), ("settled", "normal", 0),
    ]  # fmt: skip
    at = [selectors.whole(row, day).position for day in days]
    assert [(one.overdue_days, one.balance_fen) for one in at] == [(5, 120_000_000), (0, 120_000_000), (0, 0)]
    assert selectors.whole(row, days[0] + timedelta(3)).position.overdue_days == 8


def test_an_older_month_says_nothing_about_today(lenders: Lenders) -> None:
    send(lenders, as_csv(line(lenders)))
    before = lenders.today - timedelta(30)
    late = {"overdue_days": "5", "overdue_amount": "3850.00"}
    sent = send(lenders, as_csv(line(lenders, as_of=before.isoformat(), **late)))
    assert sent.row.taken == 1
    row = LoanContract.objects.get()
    assert row.state == "outstanding"
    assert selectors.whole(row, before).position.overdue_days == 5


def test_a_workbook_is_read_as_well(lenders: Lenders) -> None:
    out, said = BytesIO(), line(lenders)
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, [words[0] for words in COLUMNS.values()])
        sheet.write_row(1, 0, [said.get(name, "") for name in COLUMNS])
    assert send(lenders, out.getvalue(), name="月报.xlsx").row.taken == 1


def test_who_may_and_what_is_no_file(lenders: Lenders) -> None:
    data = as_csv(line(lenders))
    for without in (lenders.clerk, lenders.admin):
        with pytest.raises(Forbidden):
            send(lenders, data, who=without)
    sent = send(lenders, data)
    with pytest.raises(NotFound):
        monthly.one_file(lenders.foreign, sent.row.id)
    assert monthly.files(lenders.foreign) == []
    # another institution's same bytes are its own file
    assert not send(lenders, data, who=lenders.foreign).repeated
    for wrong in (b"", b"a,b\n1,2\n", monthly.template_file()):
        with pytest.raises(Invalid):
            send(lenders, wrong)
    with pytest.raises(TooLarge):
        send(lenders, b"x" * (monthly.MOST_BYTES + 1))
    assert LoanFile.objects.count() == 2


def test_a_cell_that_a_program_would_run_is_quoted(lenders: Lenders) -> None:
    sent = send(lenders, as_csv(line(lenders, contract_no="=1+1")))
    _row, rows = monthly.one_file(lenders.manager, sent.row.id)
    assert "'=1+1" in monthly.refused_file(rows).decode()
