"""Numbers and words of the portrait: exact for the firm, no more digits than told for its peers."""

from decimal import Decimal

import pytest

from xinqiao.domain.portrait.definitions import BY_ID
from xinqiao.ui.i18n import Language, use_language
from xinqiao.ui.report.portrait_peers import industry_word, region_word
from xinqiao.ui.report.portrait_words import quantity, rounded


@pytest.mark.parametrize(
    ("figure", "value", "exact", "told"),
    [
        ("P04", "318.40", "318.40 元", "318.4 元"),
        ("P12", "2100000", "210.00 万元", "210 万元"),
        ("P12", "120000000", "1.20 亿元", "1.2 亿元"),
        ("P12", "0", "0.00 元", "0 元"),
        ("P03", "0.9583", "95.8%", "95.83%"),
        ("P05", "17000", "17,000 千瓦时", "17,000 千瓦时"),
        ("P06", "12.5", "12.50 立方米", "12.5 立方米"),
        ("P01", "42", "42 人", "42 人"),
        ("P11", "2", "2 次", "2 次"),
    ],
)
def test_values_in_chinese(figure: str, value: str, exact: str, told: str) -> None:
    with use_language(Language.ZH):
        assert str(quantity(BY_ID[figure], Decimal(value))) == exact
        assert str(rounded(BY_ID[figure], Decimal(value))) == told


def test_money_in_english_is_whole_yuan() -> None:
    with use_language(Language.EN):
        assert str(rounded(BY_ID["P12"], Decimal(2_100_000))) == "CNY 2,100,000"


def test_places_and_trades_are_named() -> None:
    with use_language(Language.ZH):
        assert region_word("14") == "山西省"
        assert region_word("1410") == "山西省 141000"
        assert industry_word("I65") == "I65 软件和信息技术服务业"
    with use_language(Language.EN):
        assert (region_word("14"), region_word("1410")) == ("140000", "141000")
        assert industry_word("C") == "C Manufacturing"
        assert industry_word("C33") == "C33 Manufacturing"
