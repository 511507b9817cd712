"""The portrait: the worked example of the rules page, why figures are missing, who is compared with, what changed."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinqiao.catalogue import load
from xinqiao.catalogue.size import size_rule
from xinqiao.domain.catalogue.model import FieldType
from xinqiao.domain.msme import SizeClass
from xinqiao.domain.portrait import (
    FIGURES,
    Cell,
    Mark,
    Nil,
    Point,
    Reading,
    Take,
    Unit,
    blurred,
    change,
    compare_marks,
    compose_portrait,
    headcount_at,
    months_to,
    narrowest,
    outgoing,
    place_of,
    position,
    quarters,
    size_by_headcount,
    spoken,
    value_at,
)
from xinqiao.domain.portrait.changes import Kind
from xinqiao.domain.portrait.definitions import BY_ID, INSURED, POWER, WON
from xinqiao.domain.portrait.peers import QUANTILES, Group, quantile
from xinqiao.domain.report import Record, RecordStatus, Sight, Supply

MONTH = "2026-10"
AT = datetime(2026, 11, 1, tzinfo=UTC)
OWN = Sight(is_subject=True)
PAGE = (Path(__file__).parents[2] / "docs" / "rules" / "portrait.md").read_text(encoding="utf-8")
CATALOGUE = load()


def record(**values: object) -> Record:
    return Record(values, "演示数源", "B-1", date(2026, 10, 31), AT)  # type: ignore[arg-type]


def insured(period: str, count: int, base: int) -> Record:
    return record(period=period, insured_count=count, contribution_base=Decimal(base), payable_amount=Decimal(100), paid_amount=Decimal(100))  # fmt: skip


def won(day: date, amount: str) -> Record:
    return record(notice_date=day, project_amount=Decimal(amount))


def pledged(amount: str, released: date | None) -> Record:
    return record(registered_on=date(2026, 1, 5), released_on=released, secured_amount=Decimal(amount), status="released" if released else "active")  # fmt: skip


EXAMPLE = {
    INSURED: [insured("2026-10", 42, 252_000), insured("2025-10", 40, 200_000)],
    "medical_insurance_arrears": [
        record(due_date=date(2026, 10, 15), arrears_amount=Decimal("318.40"), status="owing"),
        record(due_date=date(2026, 9, 15), arrears_amount=Decimal("99.00"), cleared_on=date(2026, 10, 31), status="cleared"),
    ],
    POWER: [record(account_no="1", period=MONTH, usage_kwh=Decimal("5200")), record(account_no="2", period=MONTH, usage_kwh=Decimal("1300.5"))],
    WON: [won(date(2025, 11, 1), "1200000"), won(date(2026, 10, 31), "300000"), won(date(2025, 10, 31), "77")],
    "ip_pledge": [pledged("500000", date(2026, 10, 31)), pledged("800000", None)],
    "construction_qualification": [record(issued_on=date(2021, 11, 1), valid_to=date(2026, 10, 31), status="valid")],
}  # fmt: skip
SUPPLIES = {item.id: Supply(("演示数源",), date(2026, 10, 31)) for item in CATALOGUE.collected()}


def readings(sight: Sight = OWN, records: object = None, **more: object) -> dict[str, Reading]:
    made = compose_portrait(
        CATALOGUE, sight=sight, records=EXAMPLE if records is None else records, supplies=more.get("supplies", SUPPLIES), month=MONTH  # type: ignore[arg-type]
    )  # fmt: skip
    return {reading.figure.id: reading for reading in made}


# ------------------------------------------------------------------------------------------------ the rules page


def test_the_page_lists_every_definition_as_it_is() -> None:
    unit = {Unit.YUAN: "元", Unit.PERSONS: "人", Unit.KWH: "千瓦时", Unit.KVA: "千伏安", Unit.M3: "立方米", Unit.COUNT: "个", Unit.RATIO: "比"}  # fmt: skip
    listed = [line for line in PAGE.splitlines() if re.match(r"\| P\d\d \| [^|]+ \| \S+ \| ", line)]
    assert listed == [f"| {one.id} | {one.zh} | {unit[one.unit]} | {one.formula} |" for one in FIGURES]


def test_the_worked_example() -> None:
    found = readings()
    told = [line.split(" | ") for line in PAGE.splitlines() if re.fullmatch(r"\| P\d\d \| [^|]+ \|", line)]
    assert len(told) == 12
    for name, value in told:
        reading = found[name.removeprefix("| ")]
        said = reading.reason.value if reading.reason else f"{reading.value:f}"
        if reading.change is not None:
            said += f"，同比 {reading.change:f}"
        assert said == value.removesuffix(" |"), name


def test_the_numbers_of_the_groups() -> None:
    values = [Decimal(1000 + 37 * n) for n in range(12)]
    exact = [float(quantile(values, share)) for share in QUANTILES]
    assert exact == [1101.75, 1203.5, 1305.25]
    assert [blurred(Decimal(str(one))) for one in exact] == [1100, 1200, 1300]
    for value, said in (("12649", "13000"), ("0.7351", "0.74"), ("125", "120"), ("0", "0"), ("5", "5")):
        assert f"{blurred(Decimal(value)):f}" == said


# --------------------------------------------------------------------------------------------------- definitions


def test_every_definition_names_fields_that_there_are() -> None:
    for figure in FIGURES:
        for part in (*figure.parts, *figure.over):
            item = CATALOGUE.items[part.item]
            assert item.mode.is_collected, figure.id
            for name in part.fields:
                item.field(name)
            assert item.field(part.at).type in (FieldType.DATE, FieldType.STRING)
            if part.status:
                known = CATALOGUE.code_lists[item.field(part.status).code_list or ""].entries
                assert {*part.never, *part.ended} <= known.keys()
    assert len({figure.id for figure in FIGURES}) == len({figure.key for figure in FIGURES}) == len(FIGURES)
    assert all((figure.take is not Take.SUM) or all(part.field for part in figure.parts) for figure in FIGURES)  # fmt: skip


def test_adverse_figures_have_no_history() -> None:
    assert {figure.id for figure in FIGURES if not figure.history} == {"P04", "P09", "P10", "P16"}
    taken_off = {"dishonest_judgment_debtor": [record(published_on=date(2026, 1, 1), removed_on=date(2026, 9, 1))]}  # fmt: skip
    reading = readings(records=taken_off)["P16"]
    assert (reading.value, reading.series, reading.before, reading.change) == (0, (), None, None)


# ------------------------------------------------------------------------------------------------------- months


def test_a_bill_that_has_not_come_yet_is_not_nought() -> None:
    late = {POWER: [record(period="2026-08", usage_kwh=Decimal(900)), record(period="2025-08", usage_kwh=Decimal(600))]}  # fmt: skip
    reading = readings(records=late)["P05"]
    assert (reading.value, reading.month, reading.as_of) == (900, "2026-08", date(2026, 8, 31))
    assert (reading.before, reading.change) == (600, Decimal("0.5000"))
    assert [point.value for point in reading.series][-3:] == [900, None, None]


def test_a_year_of_silence_is_no_figure() -> None:
    reading = readings(records={POWER: [record(period="2025-10", usage_kwh=Decimal(900))]})["P05"]
    assert (reading.value, reading.reason, reading.month) == (None, Nil.NO_RECORD, MONTH)


def test_nought_is_told_of_lists_only_and_not_of_the_time_before_the_first_record() -> None:
    series = {point.month: point.value for point in readings()["P11"].series}
    assert (series["2025-09"], series["2025-10"], series["2025-11"], series[MONTH]) == (None, 1, 2, 2)
    none = readings(records={})
    assert (none["P11"].value, none["P11"].reason) == (0, None)
    assert all(point.value is None for point in none["P11"].series[:-1])
    assert none["P05"].reason is Nil.NO_RECORD


def test_a_span_is_compared_with_a_whole_one_only() -> None:
    older = {WON: [won(date(2024, 11, 3), "60"), *EXAMPLE[WON]]}
    assert (readings(records=older)["P11"].before, readings(records=older)["P11"].change) == (2, 0)
    assert readings()["P11"].before is None


def test_an_empty_field_is_not_nought() -> None:
    reading = readings(records={POWER: [record(period=MONTH, usage_kwh=None)]})["P05"]
    assert (reading.value, reading.reason) == (None, Nil.NOT_FILLED)
    nobody = readings(records={INSURED: [insured(MONTH, 0, 5000)]})
    assert (nobody["P01"].value, nobody["P02"].reason) == (0, Nil.ZERO_DENOMINATOR)


def test_months_paid_in_full_need_two_years() -> None:
    rows = [insured(month, 10, 1000) for month in months_to(MONTH, 24)]
    short = replace(rows[3], values={**rows[3].values, "paid_amount": Decimal("99.99")})
    figure = BY_ID["P03"]
    assert value_at(figure, {INSURED: rows}, MONTH) == Decimal(1)
    assert value_at(figure, {INSURED: [*rows[:3], short, *rows[4:]]}, MONTH) == Decimal("0.9583")
    assert value_at(figure, {INSURED: rows[1:]}, MONTH) is Nil.SHORT_HISTORY


@pytest.mark.parametrize(
    ("to", "status", "held"),
    [
        (date(2026, 10, 31), "valid", 1), (date(2026, 10, 30), "valid", 0), (date(9999, 12, 31), None, 1),
        (date(2027, 1, 1), "revoked", 0), (None, "valid", 1),
    ],
)  # fmt: skip
def test_a_licence_holds_to_its_last_day(to: date | None, status: str | None, held: int) -> None:
    row = record(issued_on=date(2020, 1, 1), valid_to=to, status=status)
    assert value_at(BY_ID["P13"], {"medical_qualification": [row]}, MONTH) == held


def test_repaired_and_withdrawn_rows_are_in_no_figure_and_objected_ones_are_marked() -> None:
    for status in (RecordStatus.REPAIRED, RecordStatus.WITHDRAWN, RecordStatus.EXPIRED):
        gone = [replace(row, status=status) for row in EXAMPLE[WON]]
        assert readings(records={WON: gone})["P11"].value == 0
    doubted = readings(records={WON: [replace(EXAMPLE[WON][1], status=RecordStatus.OBJECTED)]})["P12"]
    assert (doubted.value, doubted.objected) == (300_000, True)


def test_quarters_add_what_is_used_and_take_the_end_of_what_is_a_state() -> None:
    months = months_to("2026-09", 7)
    used = tuple(Point(month, Decimal(n)) for n, month in enumerate(months))
    power = replace(readings()["P05"], series=used)
    assert quarters(power) == (Point("2026Q2", Decimal(1 + 2 + 3)), Point("2026Q3", Decimal(4 + 5 + 6)))
    people = replace(readings()["P01"], series=used)
    assert quarters(people) == (Point("2026Q2", Decimal(3)), Point("2026Q3", Decimal(6)))
    hole = replace(power, series=(*used[:2], Point(months[2], None), *used[3:]))
    assert quarters(hole)[0] == Point("2026Q2", None)


def test_a_change_needs_a_base() -> None:
    assert change(Decimal(3), Decimal(2)) == Decimal("0.5000")
    for value, before in ((None, Decimal(1)), (Decimal(1), None), (Decimal(1), Decimal(0)), (Decimal(1), Decimal(-5))):  # fmt: skip
        assert change(value, before) is None


# -------------------------------------------------------------------------------------------------------- readers


def test_without_authorisation_a_portrait_looks_the_same_with_and_without_records() -> None:
    stranger = Sight()
    with_rows, without = readings(stranger), readings(stranger, {})
    secret = [figure.id for figure in FIGURES if figure.id not in ("P11", "P12", "P13")]
    for name in secret:
        assert with_rows[name] == without[name]
        assert with_rows[name].reason is Nil.NOT_AUTHORISED
    assert with_rows["P12"].value == 1_500_000


def test_an_institution_sees_the_items_it_was_authorised_for() -> None:
    found = readings(Sight(items=frozenset({POWER})))
    assert found["P05"].value == Decimal("6500.5")
    assert (found["P06"].reason, found["P01"].reason) == (Nil.NOT_AUTHORISED, Nil.NOT_AUTHORISED)
    assert (found["P09"].known, found["P09"].needed) == (1, 3)


def test_what_is_not_gathered_says_so_and_a_part_of_it_too() -> None:
    found = readings(supplies={POWER: SUPPLIES[POWER]})
    assert found["P01"].reason is Nil.NOT_COLLECTED
    assert found["P11"].reason is Nil.NOT_COLLECTED
    assert (found["P09"].known, found["P09"].needed, found["P09"].sources) == (1, 3, ("演示数源",))


# ---------------------------------------------------------------------------------------------------------- peers


def test_the_ladder_widens_the_region_then_the_industry_then_lets_the_size_go() -> None:
    place = place_of("I6510", "140105", SizeClass.SMALL)
    ladder = list(place.ladder())
    assert ladder[:4] == [Group("I65", "1401", "small"), Group("I65", "14", "small"), Group("I65", "", "small"), Group("I", "1401", "small")]  # fmt: skip
    assert ladder[6] == Group("I65", "1401", "")
    assert len(ladder) == len(set(ladder)) == 12
    found = narrowest(place, lambda group: "there" if group.region == "14" else None)
    assert found == (Group("I65", "14", "small"), "there")
    assert narrowest(place, lambda group: None) is None


@pytest.mark.parametrize(
    ("value", "where"),
    [(9, "below"), (10, "lower"), (19, "lower"), (20, "middle"), (21, "upper"), (30, "upper"), (31, "above")],
)
def test_a_value_lies_between_two_of_the_quantiles(value: int, where: str) -> None:
    assert position(Decimal(value), Cell(12, 20, Decimal(10), Decimal(20), Decimal(30))).value == where


@pytest.mark.parametrize(
    ("industry", "division", "ladder"),
    [
        ("", "140105", []),
        ("Z99", "140105", []),
        ("I", "14", [Group("I", "14", ""), Group("I", "", "")]),
        ("6510", "", [Group("I65", "", ""), Group("I", "", "")]),
        ("C38", "140000", [Group("C38", "14", ""), Group("C38", "", ""), Group("C", "14", ""), Group("C", "", "")]),
    ],
)  # fmt: skip
def test_what_the_register_does_not_say_makes_no_group(
    industry: str, division: str, ladder: list[Group]
) -> None:
    assert list(place_of(industry, division, None).ladder()) == ladder


def test_a_size_by_headcount_is_the_rules_own_and_absent_where_heads_do_not_decide() -> None:
    rule = size_rule()
    assert size_by_headcount(rule, "I6510", 42) is SizeClass.SMALL
    assert size_by_headcount(rule, "I6510", 9) is SizeClass.MICRO
    assert size_by_headcount(rule, "E4710", 42) is None
    assert size_by_headcount(rule, "J66", 42) is None
    assert size_by_headcount(rule, "I6510", None) is None
    assert headcount_at(EXAMPLE, MONTH) == 42
    assert headcount_at(EXAMPLE, "2026-09") == 40
    assert headcount_at(EXAMPLE, "2024-09") is None


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=4))
def test_two_digits_are_told_and_never_far_off(value: Decimal) -> None:
    said = blurred(value)
    assert len(said.normalize().as_tuple().digits) <= 2
    assert abs(said - value) <= abs(value) * Decimal("0.05")


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=30))
def test_a_quantile_lies_between_neighbours(values: list[int]) -> None:
    told = [quantile(list(map(Decimal, values)), share) for share in (Fraction(0), *QUANTILES, Fraction(1))]
    assert told == sorted(told)
    assert (told[0], told[-1]) == (min(values), max(values))


# -------------------------------------------------------------------------------------------------------- changes


def marks(records: dict[str, list[Record]]) -> dict[str, Mark]:
    return {item: Mark(outgoing(rows), spoken(rows).hex()) for item, rows in records.items() if outgoing(rows)}  # fmt: skip


def test_a_confirmed_record_is_no_change_and_another_value_is() -> None:
    later = datetime(2026, 12, 1, tzinfo=UTC)
    again = {WON: [replace(row, received_at=later, batch="B-2") for row in reversed(EXAMPLE[WON])]}
    assert marks(again)[WON] == marks({WON: EXAMPLE[WON]})[WON]
    corrected = replace(
        EXAMPLE[WON][0],
        values={**EXAMPLE[WON][0].values, "project_amount": Decimal(5)},
        version=2,
        received_at=later,
    )
    fresh = replace(won(date(2026, 10, 30), "9"), received_at=later)
    now = {WON: [corrected, *EXAMPLE[WON][1:], fresh], POWER: EXAMPLE[POWER]}
    before = {WON: EXAMPLE[WON], "ip_pledge": EXAMPLE["ip_pledge"]}
    found = compare_marks(CATALOGUE, sight=OWN, before=marks(before), now=marks(now), records=now, since=AT)
    told = [(one.item, one.kind, one.before, one.now, one.arrived, one.corrected) for one in found]
    assert told == [
        ("ip_pledge", Kind.GONE, 2, 0, 0, 0),
        (WON, Kind.CHANGED, 3, 4, 2, 1),
        (POWER, Kind.NEW, 0, 2, 0, 0),
    ]


def test_an_objection_is_a_change_and_a_repair_takes_the_row_out() -> None:
    objected = [replace(EXAMPLE[WON][0], status=RecordStatus.OBJECTED), *EXAMPLE[WON][1:]]
    assert marks({WON: objected})[WON] != marks({WON: EXAMPLE[WON]})[WON]
    repaired = [replace(EXAMPLE[WON][0], status=RecordStatus.REPAIRED), *EXAMPLE[WON][1:]]
    assert marks({WON: repaired})[WON] == marks({WON: EXAMPLE[WON][1:]})[WON]


def test_a_reader_is_told_of_changes_in_what_it_may_see_only() -> None:
    found = compare_marks(CATALOGUE, sight=Sight(items=frozenset({POWER})), before={}, now=marks(EXAMPLE), records=EXAMPLE, since=AT)  # type: ignore[arg-type]  # fmt: skip
    assert [one.item for one in found] == [WON, "construction_qualification", POWER]
