"""The report as people read it, from a product of the real engine."""

import copy
import re
from typing import Any

import pytest

from xinqiao.domain.errors import Code, Invalid
from xinqiao.ui import gallery_report
from xinqiao.ui.environment import make_environment
from xinqiao.ui.i18n import Language, use_language
from xinqiao.ui.report.view import FigureView, ReportView
from xinqiao.ui.report.words import NULL_REASONS
from xinqiao.ui.report_view import build_summary_view, build_view

PAGE = make_environment().from_string(
    '{% from "report/fundflow.html" import report %}{{ report(view, used="1 / 3") }}'
)


@pytest.fixture(scope="module")
def product() -> dict[str, Any]:
    return gallery_report.product()


def _figures(view: ReportView) -> list[FigureView]:
    return [
        *view.overview,
        *view.totals,
        *view.concentration,
        *view.cash,
        *view.features,
        *(s.figure for s in view.signals),
    ]


@pytest.mark.parametrize("language", list(Language))
def test_every_figure_opens_its_definition(product: dict[str, Any], language: Language) -> None:
    with use_language(language):
        view = build_view(product)
        page = PAGE.render(view=view)
    for figure in _figures(view):
        assert figure.definition.sentence
        assert figure.definition.formula
        assert f'popovertarget="{figure.uid}"' in page
        assert page.count(f'id="{figure.uid}"') == 1
    assert len(re.findall(r'class="xq-fig[ "]', page)) == len(
        re.findall(r'class="xq-fig(?: \w+)?">\s*<button', page)
    )


def test_english_pages_show_no_chinese_but_names(product: dict[str, Any]) -> None:
    with use_language(Language.EN):
        view = build_view(product)
    names = "澄州禾木家具有限公司 岚江农商银行 远山银行 小企业信贷部"
    for text in [
        *(f.label for f in _figures(view)),
        *(f.definition.formula for f in _figures(view)),
        str(view.finding),
        view.flow.sentence,
        view.head.period,
    ]:
        assert not set(re.findall(r"[\u4e00-\u9fff]", text)) - set(names), text


def test_every_card_of_data_ends_with_its_provenance(product: dict[str, Any]) -> None:
    page = PAGE.render(view=build_view(product))
    cards = re.findall(r'<section class="xq-card.*?</section>', page, flags=re.DOTALL)
    assert len(cards) > 5
    assert [card for card in cards if "xq-src" not in card] == []


def test_the_sentence_says_growth_months_and_what_was_missed(product: dict[str, Any]) -> None:
    text = build_view(product).finding.striptags()
    assert "比前 12 个月多 10.9%" in text
    assert "22 个月收大于支" in text
    assert "2月最低" in text
    assert "水电缺 1 个月" in text


def test_a_withheld_balance_is_words_and_never_zero() -> None:
    view = build_view(gallery_report.product(include_balance=False))
    assert view.balance is None
    (balance,) = [f for f in view.overview if f.name == "avg_daily_balance"]
    assert balance.quantity is None
    assert balance.reason == "企业没有给出"
    page = PAGE.render(view=view)
    assert "企业没有给出" in page
    assert "0.00<small>万元" not in re.findall(r"日均余额</button>.*?</div>", page, flags=re.DOTALL)[0]


@pytest.mark.parametrize("reason", sorted(NULL_REASONS))
def test_every_null_reason_has_words(product: dict[str, Any], reason: str) -> None:
    changed = copy.deepcopy(product)
    changed["features"]["growth_12m"] |= {"value": None, "null_reason": reason}
    (growth,) = [f for f in build_view(changed).features if f.name == "growth_12m"]
    assert growth.quantity is None
    assert growth.reason
    assert growth.reason != reason


def test_late_and_missing_payments_are_told_apart(product: dict[str, Any]) -> None:
    rows = {row.name: row for row in build_view(product).calendar.rows}
    assert [cell[0] for cell in rows["社保公积金"].cells].count("late") == 1
    assert [cell[0] for cell in rows["水电"].cells].count("miss") == 1
    assert "miss" not in [cell[0] for cell in rows["房租"].cells]
    assert rows["房租"].summary.endswith("季")


def test_statements_marks_and_disputed_months_are_shown(product: dict[str, Any]) -> None:
    view = build_view(product)
    page = PAGE.render(view=view)
    assert "OB-20261112-0003" in page
    assert "企业的声明，未经核实" in page
    assert any("有异议" in row[0] for row in view.flow.rows)


def test_a_statement_cannot_bring_markup(product: dict[str, Any]) -> None:
    changed = copy.deepcopy(product)
    changed["head"]["statements"][0]["text"] = "<script>alert(1)</script>"
    changed["head"]["subject_name"] = "</script><b>"
    page = PAGE.render(view=build_view(changed))
    assert "<script>alert" not in page


@pytest.mark.parametrize(
    "path",
    [("head", "as_of"), ("overview", "operating_in"), ("features", "growth_12m"), ("concentration", "in")],
)
def test_a_product_of_another_shape_is_refused_with_its_path(
    product: dict[str, Any], path: tuple[str, str]
) -> None:
    changed = copy.deepcopy(product)
    del changed[path[0]][path[1]]
    with pytest.raises(Invalid) as caught:
        build_view(changed)
    assert caught.value.facts["field"] == f"product.{path[0]}.{path[1]}"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("overview", "operating_in", "value"), "NaN"),
        (("overview", "operating_in", "value"), "1e999999"),
        (("overview", "operating_in", "value"), "some money"),
        (("head", "as_of"), "2026-02-30"),
        (("head", "generated_at"), "yesterday"),
        (("monthly", 0, "month"), "soon"),
        (("counterparties", 0, "counterparty_kind"), "martian"),
        (("obligations", 0, "kind"), "tribute"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_and_not_quoted(
    product: dict[str, Any], path: tuple[str | int, ...], value: str
) -> None:
    changed: Any = copy.deepcopy(product)
    place = changed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(Invalid) as caught:
        build_view(changed)
    assert caught.value.code is Code.MALFORMED
    assert value not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_month_that_is_none_is_refused_in_the_summary() -> None:
    product: Any = gallery_report.summary_product()
    product["rows"][0]["month"] = "soon"
    with pytest.raises(Invalid):
        build_summary_view(product)


def test_the_detail_summary_lists_every_row_newest_month_first() -> None:
    product = gallery_report.summary_product()
    rows = product["rows"]
    assert isinstance(rows, list)
    view = build_summary_view(product)
    assert sum(len(group.rows) for group in view.groups) == view.count == len(rows)
    months = [group.month for group in view.groups]
    assert months == sorted(months, reverse=True)
    assert all(len(row) == len(view.columns) for group in view.groups for row in group.rows)
