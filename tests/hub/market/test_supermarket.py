"""The supermarket as a visitor without an account sees it."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from tests.hub.market.desk import Makers
from tests.hub.portals.conftest import text_of

from xinqiao.domain.loans.plan import Method
from xinqiao.domain.market.quote import Wish, cost_range, quote
from xinqiao.domain.period import business_day
from xinqiao.hub.apps.market import selectors, services
from xinqiao.hub.portals.public import products
from xinqiao.ui import format as fmt

pytestmark = pytest.mark.django_db
LIST, COMPARE, CALCULATOR = (reverse(f"public:{name}") for name in ("products", "compare", "calculator"))


@pytest.fixture(autouse=True)
def _fresh_minute() -> Iterator[None]:
    """Nobody has looked at anything yet in this minute."""
    products._looks.clear()
    yield
    products._looks.clear()


@pytest.fixture
def anybody() -> Client:
    """Nobody in particular."""
    return Client(HTTP_ACCEPT_LANGUAGE="zh-CN")


def test_only_what_is_on_offer_is_listed_and_found(makers: Makers, anybody: Client) -> None:
    shown = makers.published(name="云税贷")
    hidden = makers.submitted(key="form-0002", name="未发布的")
    page = text_of(anybody.get(LIST))
    assert "云税贷" in page
    assert "未发布的" not in page
    assert anybody.get(reverse("public:product", args=[hidden.product_id])).status_code == 404
    for query, found in (
        ({"zone": "first_loan"}, True), ({"zone": "agri"}, False), ({"kind": "pledge"}, False), ({"region": "33"}, False),
        ({"amount": "200", "months": "24"}, True), ({"amount": "201"}, False), ({"industry": "C"}, True), ({"q": "海棠"}, False),
        ({"kind": "nonsense"}, True), ({"page": "999"}, True),
    ):  # fmt: skip
        assert ("云税贷" in text_of(anybody.get(LIST, query))) is found, query
    services.suspend_product(
        actor=makers.second,
        version_id=shown.id,
        reason="额度用完",
        expected_revision=shown.revision,
        at=makers.now,
    )
    assert "没有符合的产品" in text_of(anybody.get(LIST))
    assert anybody.get(reverse("public:product", args=[shown.product_id])).status_code == 404


def test_a_product_page_works_out_the_real_plan(makers: Makers, anybody: Client) -> None:
    row = makers.published(charges=[{"kind": "guarantee", "basis": "yearly_rate", "value": "0.005"}])
    address = reverse("public:product", args=[row.product_id])
    assert anybody.get(address).status_code == 200
    page = text_of(anybody.get(address, {"amount": "120", "months": "12", "method": "interest_first"}))
    terms, wish = selectors.terms_of(row), Wish(120_000_000, 12, business_day(makers.now))
    made = quote(terms, wish, rate=Decimal("0.052"), method=Method.INTEREST_FIRST)
    cheap, dear = cost_range(terms, wish)
    for word in (fmt.money(made.interest_fen), fmt.money(made.fees_fen), fmt.money(made.total_fen)):
        assert word in page
    assert f"{cheap.annual_cost * 100:.2f}% 至 {dear.annual_cost * 100:.2f}%" in page
    assert page.count("1,200,000.00") >= 11  # interest first: the principal is owed to the last day
    half = text_of(
        anybody.get(address, {"amount": "60"})
    )  # the term is the usual one, the amount the typed one
    assert "600,000.00" in half
    assert "不在这个范围里" in text_of(anybody.get(address, {"amount": "500", "months": "12"}))


def test_compared_by_what_they_really_cost(makers: Makers, anybody: Client) -> None:
    dressed = makers.published(
        name="低息高费", rate_min="0.03", rate_max="0.035", charges=[{"kind": "other", "basis": "once_rate", "value": "0.03"}]
    )  # fmt: skip
    plain = makers.published(key="form-0002", name="明码实价", rate_min="0.045", rate_max="0.05")
    small = makers.published(key="form-0003", name="只贷小额", amount_max="20000.00")
    asked = {
        "id": [dressed.product_id, plain.product_id, small.product_id, "prd-absent"],
        "amount": "50",
        "months": "12",
    }
    page = text_of(anybody.get(COMPARE, asked))
    assert page.index("明码实价") < page.index("低息高费") < page.index("只贷小额")
    assert "不办理这个金额或期限" in page
    # in the list the nominal rate decides
    listed = text_of(anybody.get(LIST))
    assert listed.index("低息高费") < listed.index("明码实价")
    assert "还没有选产品" in text_of(anybody.get(COMPARE))


def test_four_at_most(makers: Makers, anybody: Client) -> None:
    rows = [makers.published(key=f"form-000{n}", name=f"产品{n}号") for n in range(5)]
    page = text_of(anybody.get(COMPARE, {"id": [row.product_id for row in rows]}))
    assert [f"产品{n}号" in page for n in range(5)] == [True, True, True, True, False]


def test_the_calculator_by_four_methods(anybody: Client) -> None:
    page = text_of(
        anybody.get(
            CALCULATOR, {"amount": "120", "months": "12", "rate": "3.85", "fee": "0.5", "method": "bullet"}
        )
    )
    for word in ("等额本息", "等额本金", "先息后本", "一次性还本付息", "46,200.00", "1,246,200.00"):
        assert word in page


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"amount": "很多"}, "请填数字，单位是万元"),
        ({"amount": "0"}, "请填数字，单位是万元"),
        ({"amount": "١٢"}, "请填数字，单位是万元"),
        ({"amount": "1e5"}, "请填数字，单位是万元"),
        ({"months": "601"}, "请填 1 到 600 的整数"),
        ({"months": "-3"}, "请填 1 到 600 的整数"),
        ({"rate": "101"}, "请填 0 到 100 的数字"),
        ({"fee": "21"}, "请填 0 到 20 的数字"),
    ],
)
def test_what_cannot_be_read_is_said_at_its_field(query: dict[str, str], words: str, anybody: Client) -> None:
    answer = anybody.get(CALCULATOR, query)
    assert answer.status_code == 422
    assert words in text_of(answer)


def test_a_visitor_who_copies_everything_is_slowed(anybody: Client) -> None:
    answers = [anybody.get(CALCULATOR).status_code for _ in range(products.LOOKS_PER_MINUTE + 1)]
    assert answers[-2:] == [200, 429]


def test_pages_of_twenty_and_the_other_language(makers: Makers, anybody: Client) -> None:
    rows = [makers.published(key=f"form-{n:04}", name=f"产品{n:02}号") for n in range(21)]
    first, second = (text_of(anybody.get(LIST, {"page": page})) for page in (1, 2))
    shown = [(f"产品{n:02}号" in first, f"产品{n:02}号" in second) for n in range(21)]
    assert sorted(shown) == [(False, True), *[(True, False)] * 20]
    english = text_of(anybody.get(reverse("public:product", args=[rows[0].product_id]), {"lang": "en"}))
    for word in (
        "All-in yearly cost",
        "Months since founding: at least 24",
        "Unsecured loan",
        "3.85% to 5.20%",
    ):
        assert word in english
