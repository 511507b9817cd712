"""政策库: every policy that is in force, for anybody; one policy with its formula in numbers and what stands in public notice."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from xinqiao.domain.identifiers.gb2260 import PROVINCES
from xinqiao.domain.identifiers.gb4754 import SECTIONS
from xinqiao.domain.period import business_day
from xinqiao.domain.policies.example import worked
from xinqiao.domain.policies.policy import PolicyKind
from xinqiao.hub.apps.policies import selectors
from xinqiao.hub.apps.policies.selectors import Looked
from xinqiao.hub.portals.frame import page, public_shell
from xinqiao.hub.portals.policy_cards import PolicyCard, example_lines, told
from xinqiao.hub.portals.posted import whole_number
from xinqiao.hub.portals.public.products import PAGE, count_look
from xinqiao.hub.runtime import runtime
from xinqiao.ui import market_words, policy_words
from xinqiao.ui.i18n import gettext as _


def _choices() -> dict[str, list[tuple[str, str]]]:
    everything = ("", _("不限"))
    return {
        "kinds": [everything, *((one.value, policy_words.policy_kind_word(one)) for one in PolicyKind)],
        "regions": [everything, *((code, market_words.region_word(code)) for code in PROVINCES)],
        "industries": [everything, *((code, market_words.industry_word(code)) for code in SECTIONS)],
    }


@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    """Everything in force that fits what was said, the nearest deadline first."""
    count_look(request)
    asked, choices = request.GET, _choices()

    def one_of(name: str, known: str) -> str:
        value = asked.get(name, "")
        return value if value in dict(choices[known]) else ""

    looked = Looked(
        one_of("kind", "kinds"), one_of("region", "regions"), one_of("industry", "industries"), asked.get("q", "").strip()[:40]
    )  # fmt: skip
    day = business_day(runtime.clock.now())
    rows = selectors.library(looked, day)
    total = rows.count()
    number = min(whole_number(asked.get("page", ""), 1, 999) or 1, max(1, -(-total // PAGE)))
    first = (number - 1) * PAGE
    query = asked.copy()

    def to(place: int) -> str:
        query["page"] = str(place)
        return f"?{query.urlencode()}"

    cards = [PolicyCard.of(row, day, row.policy.fund) for row in rows[first : first + PAGE]]
    context = {
        "cards": [(card, reverse("public:policy", args=[card.policy_id])) for card in cards], "looked": looked,
        "choices": choices, "narrowed": looked != Looked(), "total": total, "first": first + 1,
        "pages": (to(number - 1) if number > 1 else "", to(number + 1) if number * PAGE < total else ""),
    }  # fmt: skip
    return page(request, "public/policies.html", public_shell(request, "policies"), context)


@require_GET
def one(request: HttpRequest, policy_id: str) -> HttpResponse:
    """One policy: everything it says, the formula in numbers, the fund, and who stands in public notice."""
    count_look(request)
    day = business_day(runtime.clock.now())
    row = selectors.shown_version(policy_id, day)
    terms = selectors.terms_of(row)
    example = worked(terms, day)
    context = {
        "row": row, "card": PolicyCard.of(row, day, row.policy.fund), "told": told(terms),
        "example": example_lines(terms, example) if example else (),
        "notices": [one for one in selectors.notices(day) if one.policy_id == policy_id],
    }  # fmt: skip
    return page(request, "public/policy.html", public_shell(request, "policies"), context)
