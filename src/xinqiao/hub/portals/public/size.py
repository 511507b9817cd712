"""The size calculator: which of large, medium, small and micro an enterprise is, and why. Nothing typed is kept."""

import unicodedata
from dataclasses import dataclass, field
from decimal import Decimal

from django.http import HttpRequest, HttpResponse, QueryDict
from django.views.decorators.http import require_GET

from xinqiao.catalogue.size import size_rule
from xinqiao.domain.identifiers import SubjectType
from xinqiao.domain.identifiers.gb4754 import DIVISIONS, SECTIONS, written
from xinqiao.domain.msme import Figures, Group, Indicator, Sizing, Unsized, classify, explain
from xinqiao.domain.msme.words import CLASS_WORDS, INDICATOR_WORDS, plain
from xinqiao.hub.portals.frame import page, public_shell
from xinqiao.hub.portals.posted import whole_number
from xinqiao.ui.i18n import Language, language
from xinqiao.ui.i18n import gettext as _

MOST_PEOPLE = 100_000_000
FIELDS = ("industry", "employees", "revenue", "total_assets")
_DIGITS, _DECIMALS = 12, 6


@dataclass(slots=True)
class SizeForm:
    """What was typed, kept when something is wrong; ``wrong`` has a sentence per field."""

    industry: str = ""
    employees: str = ""
    revenue: str = ""
    total_assets: str = ""
    individual: bool = False
    wrong: dict[str, str] = field(default_factory=lambda: dict.fromkeys(FIELDS, ""))

    @classmethod
    def read(cls, asked: QueryDict) -> "SizeForm":
        """The values of the address, full width made narrow, without separators."""
        typed = {name: unicodedata.normalize("NFKC", asked.get(name, "")[:64]).strip() for name in FIELDS}
        people, revenue, assets = (typed[name].replace(",", "") for name in FIELDS[1:])
        return cls(typed["industry"].upper(), people, revenue, assets, "individual" in asked)

    def sizing(self) -> Sizing | None:
        """The answer; ``None`` when something typed is wrong."""
        people = whole_number(self.employees, 0, MOST_PEOPLE) if self.employees else None
        if self.employees and people is None:
            self.wrong["employees"] = _("请填 0 或正整数。")
        money = {name: self._wan(name) for name in ("revenue", "total_assets")}
        subject = SubjectType.INDIVIDUAL_BUSINESS if self.individual else SubjectType.ENTERPRISE
        found = classify(size_rule(), self.industry, Figures(people, **money), subject)
        if found.why is Unsized.BAD_INDUSTRY:
            self.wrong["industry"] = _("没有这个行业代码。写门类字母加两到四位数字，如 C26、F52、G5910。")
        elif found.why is Unsized.TOO_COARSE:
            self.wrong["industry"] = _(
                "这个代码不够细，分不出用哪一组标准。请写到大类或中类，如 F51、F52、702。"
            )
        return None if any(self.wrong.values()) else found

    def _wan(self, name: str) -> Decimal | None:
        """An amount typed in 万元, in yuan."""
        text = str(getattr(self, name))
        whole, _point, decimals = text.partition(".")
        if not text:
            return None
        if not (whole + decimals).isascii() or not whole.isdigit() or (_point and not decimals.isdigit()):
            self.wrong[name] = _("请填数字，单位是万元，如 3000 或 3000.5。")
            return None
        if len(whole) > _DIGITS or len(decimals) > _DECIMALS:
            self.wrong[name] = _("数字太长：整数至多 {n} 位，小数至多 {m} 位。").format(
                n=_DIGITS, m=_DECIMALS
            )
            return None
        return Decimal(text).scaleb(4)


@require_GET
def size(request: HttpRequest) -> HttpResponse:
    """The form, and below it the size with its reason; everything is in the address, so an answer can be passed on."""
    form = SizeForm.read(request.GET)
    found = form.sizing() if form.industry else None
    context = {
        "form": form,
        "answer": _shown(found) if found else None,
        "industries": _industries(),
        "rule": size_rule(),
    }
    return page(
        request,
        "public/size.html",
        public_shell(request),
        context,
        status=422 if any(form.wrong.values()) else 200,
    )


def _english() -> bool:
    return language() is Language.EN


def _industries() -> list[tuple[str, str]]:
    """Suggestions for the industry: the divisions, and the groups the rule tells apart below them."""
    english = _english()
    found = [
        (written(code), SECTIONS[letter][1] if english else name)
        for code, (letter, name) in DIVISIONS.items()
        if code != "70"
    ]
    for group in size_rule().groups:
        below = [code for code in group.scope if len(code) == 3]
        found += [(written(code), group.label_en if english else group.label) for code in below]
    return sorted(found)


def _shown(found: Sizing) -> dict[str, object]:
    """The answer in the language in force."""
    place = 1 if _english() else 0
    said = explain(found)
    return {
        "size": CLASS_WORDS[found.size][place],
        "open": bool(found.deciding),
        "reason": said.en if place else said.zh,
        "clause": said.clause_en if place else said.clause_zh,
        "rows": _bounds(found.group, place) if found.group else [],
    }


def _bounds(group: Group, place: int) -> list[tuple[str, str, str, str]]:
    """The lower bounds of the group, for the little table: indicator with its unit, large, medium, small."""
    return [
        (
            INDICATOR_WORDS[one.indicator][place] + (_("（人）") if one.indicator is Indicator.EMPLOYEES else _("（万元）")),
            plain(one.large), plain(one.medium), plain(one.small),
        )
        for one in group.thresholds
    ]  # fmt: skip
