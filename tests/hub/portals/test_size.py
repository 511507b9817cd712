"""The size calculator: the answer with its reason in both languages, mistakes beside their field."""

import pytest
from django.test import Client
from django.urls import reverse
from tests.hub.cast import Cast
from tests.hub.portals.conftest import text_of


def asked(language: str = "zh", **typed: str) -> tuple[int, str]:
    response = Client().get(reverse("public:size"), {"lang": language, **typed})
    return response.status_code, text_of(response)


def test_the_answer_and_why(cast: Cast) -> None:
    status, page = asked(industry="c26", employees="120", revenue="3,000")
    assert status == 200
    assert "结果：小型" in page
    assert (
        "从业人员 120 人，达到 20 人，为小型；营业收入 3,000 万元，达到 2,000 万元，为中型；取最低的一档，所以是小型。"
        in page
    )
    assert "国统字〔2017〕213号" in page
    assert '<td class="n">1,000</td><td class="n">300</td><td class="n">20</td>' in page


def test_the_answer_in_english(cast: Cast) -> None:
    _, page = asked("en", industry="C26", employees="120", revenue="3000.5")
    assert "small" in page
    assert "Employees 120, at least 20: small; revenue 3,000.5 × 10,000 yuan" in page
    assert "Revenue" in page or "revenue (10,000 yuan)" in page


def test_a_missing_figure_is_provisional(cast: Cast) -> None:
    _, page = asked(industry="F52", revenue="800")
    assert "暂定：补齐数字才能定。" in page
    assert "还缺从业人员：可能是微型到中型，补上才能定。" in page


def test_an_industry_the_rule_does_not_cover(cast: Cast) -> None:
    status, page = asked(industry="J66", employees="5")
    assert status == 200
    assert "不在划分范围" in page


def test_an_individual_business(cast: Cast) -> None:
    _, page = asked(industry="F52", employees="3", revenue="40", individual="on")
    assert "个体工商户参照本办法划分。" in page


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"industry": "X9"}, "没有这个行业代码"),
        ({"industry": "F"}, "不够细"),
        ({"industry": "C26", "employees": "-1"}, "请填 0 或正整数"),
        ({"industry": "C26", "employees": "1.5"}, "请填 0 或正整数"),
        ({"industry": "C26", "employees": "٣"}, "请填 0 或正整数"),
        ({"industry": "C26", "revenue": "1e9"}, "单位是万元"),
        ({"industry": "C26", "revenue": "-3"}, "单位是万元"),
        ({"industry": "C26", "revenue": "3."}, "单位是万元"),
        ({"industry": "C26", "revenue": "1.2.3"}, "单位是万元"),
        ({"industry": "C26", "total_assets": "9" * 13}, "数字太长"),
        ({"industry": "C26", "revenue": "1." + "9" * 7}, "数字太长"),
    ],
)
def test_a_mistake_is_said_beside_its_field_and_kept(cast: Cast, typed: dict[str, str], said: str) -> None:
    response = Client().get(reverse("public:size"), typed)
    page = response.content.decode()
    assert response.status_code == 422
    assert said in page
    assert 'aria-invalid="true"' in page
    assert "结果" not in text_of(response)
    assert f'value="{typed["industry"]}"' in page


def test_what_is_typed_is_shown_as_text(cast: Cast) -> None:
    page = Client().get(reverse("public:size"), {"industry": "<script>"}).content.decode()
    assert "<script>" not in page.split("<main", 1)[1].split("</main>", 1)[0]
