"""产品超市: what is on offer, for anybody: found by what somebody needs, compared by its real yearly cost, worked out.

The order is the lowest rate first; no payment moves a place. Pages are counted by visitor as other public ones are.
"""

from collections.abc import Container
from dataclasses import dataclass
from decimal import Decimal

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.views.decorators.http import require_GET

from xinqiao.domain.errors import Code, NotFound, TooMany
from xinqiao.domain.identifiers.gb2260 import PROVINCES
from xinqiao.domain.identifiers.gb4754 import SECTIONS
from xinqiao.domain.loans.plan import MOST_MONTHS, Method, Terms
from xinqiao.domain.market.product import Charge, ChargeBasis, ChargeKind, ProductKind, ProductTerms, Zone
from xinqiao.domain.market.quote import Quote, Wish, cost_range, fits, price, quote
from xinqiao.domain.period import business_day
from xinqiao.hub.apps.market import selectors
from xinqiao.hub.apps.market.models import ProductVersion
from xinqiao.hub.apps.market.selectors import Wanted
from xinqiao.hub.portals.frame import page, public_shell
from xinqiao.hub.portals.posted import whole_number
from xinqiao.hub.portals.product_cards import ProductCard, charge_lines, rate, told
from xinqiao.hub.rate import PerMinute
from xinqiao.hub.runtime import runtime
from xinqiao.ui import market_words as words
from xinqiao.ui.i18n import gettext as _

#: Pages of products that one visitor may open in a minute: each may work out some plans.
LOOKS_PER_MINUTE = 60
PAGE = 20
MOST_COMPARED = 4
_looks = PerMinute(LOOKS_PER_MINUTE)
_MOST_WAN = 10_000_000


def count_look(request: HttpRequest) -> None:
    """One look of an address at public pages. Raises ``RATE_LIMITED``."""
    if not _looks.allows(request.META["REMOTE_ADDR"], runtime.clock.now()):
        raise TooMany(Code.RATE_LIMITED, "too many pages", facts={"retry_after": 60})


@dataclass(frozen=True, slots=True)
class Typed:
    """The amount (万元) and the term (months) somebody typed; ``wrong`` a sentence by field."""

    amount: str
    months: str
    amount_fen: int | None
    term: int | None
    wrong: dict[str, str]

    @classmethod
    def read(cls, asked: QueryDict) -> "Typed":
        """The two of the address."""
        amount, months = (asked.get(name, "").strip()[:16] for name in ("amount", "months"))
        fen, term = _wan(amount), whole_number(months, 1, MOST_MONTHS)
        wrong = {}
        if amount and fen is None:
            wrong["amount"] = _("请填数字，单位是万元，如 50 或 120.5。")
        if months and term is None:
            wrong["months"] = _("请填 1 到 {n} 的整数。").format(n=MOST_MONTHS)
        return cls(amount, months, fen, term, wrong)

    @property
    def wish(self) -> Wish | None:
        """What to work out, when both are there."""
        if self.amount_fen is None or self.term is None:
            return None
        return Wish(self.amount_fen, self.term, business_day(runtime.clock.now()))

    @property
    def query(self) -> str:
        """The two as the end of an address."""
        return f"&amount={self.amount}&months={self.months}" if self.wish else ""


def _wan(text: str) -> int | None:
    """An amount typed in 万元, in fen; ``None`` for anything that is no such amount."""
    plain = _decimal(text, 6)
    return int(plain.scaleb(6)) if plain is not None and 0 < plain <= _MOST_WAN else None


def _decimal(text: str, digits: int) -> Decimal | None:
    plain = text.replace(",", "")
    whole, point, decimals = plain.partition(".")
    if not (whole + decimals).isascii() or not whole.isdigit() or (point and not decimals.isdigit()):
        return None
    return Decimal(plain) if len(whole) <= 10 and len(decimals) <= digits else None


def _one_of(asked: QueryDict, name: str, known: Container[str]) -> str:
    value = asked.get(name, "")
    return value if value in known else ""


@dataclass(frozen=True, slots=True)
class Line:
    """A product of the list; ``cost`` from the lowest to the highest, where an amount and a term were typed."""

    card: ProductCard
    href: str
    cost: str


def _cost(terms: ProductTerms, wish: Wish | None) -> str:
    if wish is None or not fits(terms, wish):
        return ""
    low, high = (rate(one.annual_cost.quantize(Decimal("0.0001"))) for one in cost_range(terms, wish))
    return low if low == high else _("{low} 至 {high}").format(low=low, high=high)


@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    """Everything on offer that fits what was said."""
    count_look(request)
    asked, typed = request.GET, Typed.read(request.GET)
    wanted = Wanted(
        kind=_one_of(asked, "kind", set(ProductKind)), zone=_one_of(asked, "zone", set(Zone)),
        region=_one_of(asked, "region", PROVINCES), industry=_one_of(asked, "industry", SECTIONS),
        amount_fen=typed.amount_fen, months=typed.term, text=asked.get("q", "").strip()[:40],
    )  # fmt: skip
    day = business_day(runtime.clock.now())
    rows = selectors.on_offer(wanted, day)
    total = rows.count()
    number = min(whole_number(asked.get("page", ""), 1, 999) or 1, max(1, -(-total // PAGE)))
    shown = rows[(number - 1) * PAGE : number * PAGE]
    context = {
        "lines": [_line(one, typed) for one in shown], "total": total, "typed": typed, "wanted": wanted,
        "first": (number - 1) * PAGE + 1, "pages": _pages(asked, number, total), "choices": _choices(),
        "zones": _zones(asked, wanted), "narrowed": wanted != Wanted(), "most": MOST_COMPARED,
    }  # fmt: skip
    return _page(request, "public/products.html", context, 422 if typed.wrong else 200)


def _page(request: HttpRequest, template: str, context: dict[str, object], status: int = 200) -> HttpResponse:
    return page(request, template, public_shell(request, "products"), context, status=status)


def _line(row: ProductVersion, typed: Typed) -> Line:
    href = reverse("public:product", args=[row.product_id])
    ending = typed.query.replace("&", "?", 1)
    return Line(ProductCard.of(row), href + ending, _cost(selectors.terms_of(row), typed.wish))


def _pages(asked: QueryDict, number: int, total: int) -> tuple[str, str]:
    def to(place: int) -> str:
        query = asked.copy()
        query["page"] = str(place)
        return f"?{query.urlencode()}"

    return (to(number - 1) if number > 1 else "", to(number + 1) if number * PAGE < total else "")


def _choices() -> dict[str, list[tuple[str, str]]]:
    everything = ("", _("不限"))
    return {
        "kinds": [everything, *((one.value, words.kind_word(one)) for one in ProductKind)],
        "regions": [everything, *((code, words.region_word(code)) for code in PROVINCES)],
        "industries": [everything, *((code, words.industry_word(code)) for code in SECTIONS)],
    }


def _zones(asked: QueryDict, wanted: Wanted) -> list[tuple[str, str, bool]]:
    found = []
    for value, word in [("", _("全部")), *((one.value, words.zone_word(one)) for one in Zone)]:
        query = asked.copy()
        query.pop("page", None)
        query["zone"] = value
        found.append((word, f"?{query.urlencode()}", wanted.zone == value))
    return found


def _default(terms: ProductTerms, typed: Typed) -> Wish:
    """What is worked out: what was typed; for the rest a million and a year, or what the product offers nearest to it."""
    low, high = terms.amount_fen
    least, most = terms.months
    fen = min(high, max(low, 100_000_000)) if typed.amount_fen is None else typed.amount_fen
    months = min(most, max(least, 12)) if typed.term is None else typed.term
    return Wish(fen, months, business_day(runtime.clock.now()))


@require_GET
def one(request: HttpRequest, product_id: str) -> HttpResponse:
    """One product: everything it says, and what it costs for an amount and a term."""
    count_look(request)
    row = selectors.offered(product_id, business_day(runtime.clock.now()))
    terms, typed = selectors.terms_of(row), Typed.read(request.GET)
    wish = _default(terms, typed)
    method = next((m for m in terms.methods if m.value == request.GET.get("method")), terms.methods[0])
    fitting = fits(terms, wish)
    context = {
        "row": row, "card": ProductCard.of(row), "told": told(terms), "typed": typed, "wish": wish,
        "wan": format(Decimal(wish.amount_fen).scaleb(-6).normalize(), "f"), "method": method.value,
        "methods": [(one.value, words.method_word(one)) for one in terms.methods],
        "quote": quote(terms, wish, rate=terms.rate[1], method=method) if fitting else None,
        "cost": _cost(terms, wish), "highest": rate(terms.rate[1]), "charges": charge_lines(terms),
    }  # fmt: skip
    return _page(request, "public/product.html", context, 422 if typed.wrong else 200)


@dataclass(frozen=True, slots=True)
class Compared:
    """A product beside others: the price at its highest rate and dearest method, or why there is none."""

    card: ProductCard
    href: str
    cost: str
    dear: Quote | None
    method: str
    charges: tuple[str, ...]
    told: tuple[object, ...]


@require_GET
def compare(request: HttpRequest) -> HttpResponse:
    """Up to four products on what they really cost, the cheapest first; what does not offer the wish stands last."""
    count_look(request)
    typed, day = Typed.read(request.GET), business_day(runtime.clock.now())
    ids = list(dict.fromkeys(request.GET.getlist("id")))[:MOST_COMPARED]
    found = [_compared(one, typed) for one in _offered(ids)]
    found.sort(key=lambda one: (one.dear is None, one.dear.annual_cost if one.dear else 0, one.card.id))
    context = {
        "found": found,
        "typed": typed,
        "ids": [one.card.id for one in found],
        "most": MOST_COMPARED,
        "day": day,
    }
    return _page(request, "public/compare.html", context, 422 if typed.wrong else 200)


def _offered(ids: list[str]) -> list[ProductVersion]:
    day, found = business_day(runtime.clock.now()), []
    for one in ids:
        try:
            found.append(selectors.offered(one, day))
        except NotFound:
            continue  # it went off offer since the list was shown
    return found


def _compared(row: ProductVersion, typed: Typed) -> Compared:
    terms, wish = selectors.terms_of(row), typed.wish
    dear = cost_range(terms, wish)[1] if wish and fits(terms, wish) else None
    line = _line(row, typed)
    method = words.method_word(dear.terms.method) if dear else ""
    return Compared(
        line.card, line.href, line.cost, dear, method, tuple(charge_lines(terms)), tuple(told(terms))
    )


@require_GET
def calculator(request: HttpRequest) -> HttpResponse:
    """Any loan by the four methods, with a charge at the drawdown: totals, the yearly cost, one plan."""
    count_look(request)
    typed = Typed.read(request.GET)
    texts = {name: request.GET.get(name, "").strip()[:12] for name in ("rate", "fee")}
    yearly, fee = _decimal(texts["rate"], 4), _decimal(texts["fee"] or "0", 4)
    if texts["rate"] and (yearly is None or yearly > 100):
        typed.wrong["rate"] = _("请填 0 到 100 的数字，如 3.85。")
    if texts["fee"] and (fee is None or fee > 20):
        typed.wrong["fee"] = _("请填 0 到 20 的数字，如 0.5。")
    method = next((m for m in Method if m.value == request.GET.get("method")), Method.EQUAL_INSTALMENTS)
    prices: list[tuple[str, str, Quote]] = []
    if typed.wish and yearly is not None and fee is not None and not typed.wrong:
        charges = (Charge(ChargeKind.OTHER, ChargeBasis.ONCE_RATE, fee.scaleb(-2)),) if fee else ()
        prices = [(m.value, words.method_word(m), _price(typed.wish, yearly, m, charges)) for m in Method]
    chosen = next((one for value, _word, one in prices if value == method.value), None)
    context = {"typed": typed, "texts": texts, "prices": prices, "method": method.value, "chosen": chosen, "methods": [(m.value, words.method_word(m)) for m in Method]}  # fmt: skip
    return _page(request, "public/calculator.html", context, 422 if typed.wrong else 200)


def _price(wish: Wish, yearly: Decimal, method: Method, charges: tuple[Charge, ...]) -> Quote:
    return price(Terms(wish.amount_fen, yearly.scaleb(-2), wish.drawn_on, wish.months, method), charges)
