"""Names of enterprises side by side: one normal form, what two names share, which characters deserve a look.

The identity of an enterprise is its code. Two names that agree in their normal form are the same *writing*; anything
less is a likeness with its reasons, for a person to judge: ``有限公司`` and ``有限责任公司`` are two names.
"""

import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from xinqiao.domain.fundflow.normal import normal_name
from xinqiao.domain.identifiers.gb2260 import PROVINCES

#: Legal forms, longest first, so that ``股份有限公司`` is not read as ``有限公司``. Equal values are one family.
FORMS: dict[str, str] = {
    "股份有限责任公司": "company_by_shares",
    "集团股份有限公司": "company_by_shares",
    "农民专业合作社": "cooperative",
    "集团有限公司": "limited_company",
    "有限责任公司": "limited_company",
    "股份有限公司": "company_by_shares",
    "专业合作社": "cooperative",
    "有限合伙": "partnership",
    "普通合伙": "partnership",
    "有限公司": "limited_company",
    "合伙企业": "partnership",
    "分公司": "branch",
    "合作社": "cooperative",
    "事务所": "firm",
    "经营部": "individual",
    "商行": "individual",
    "公司": "company",
    "集团": "group",
    "厂": "works",
    "店": "individual",
}

#: Words of a trade that stand between the trade name and the legal form; the longest that fits is taken.
INDUSTRY_WORDS = tuple(
    sorted(
        [
            "科技",
            "技术",
            "信息技术",
            "信息科技",
            "网络科技",
            "电子",
            "软件",
            "商贸",
            "贸易",
            "国际贸易",
            "进出口",
            "实业",
            "投资",
            "咨询",
            "管理",
            "企业管理",
            "物业管理",
            "文化传播",
            "广告",
            "传媒",
            "建筑",
            "建设",
            "建筑工程",
            "工程",
            "装饰",
            "装饰工程",
            "建材",
            "房地产",
            "房地产开发",
            "置业",
            "机械",
            "机械制造",
            "制造",
            "机电",
            "设备",
            "汽车",
            "汽车销售",
            "汽车服务",
            "运输",
            "物流",
            "仓储",
            "食品",
            "餐饮",
            "餐饮管理",
            "酒店",
            "酒店管理",
            "农业",
            "农业科技",
            "农业开发",
            "种植",
            "养殖",
            "畜牧",
            "医药",
            "药业",
            "医疗器械",
            "生物",
            "生物科技",
            "化工",
            "纺织",
            "服装",
            "服饰",
            "家具",
            "矿业",
            "煤业",
            "能源",
            "新能源",
            "电力",
            "环保",
            "环保科技",
            "材料",
            "新材料",
            "塑料",
            "橡胶",
            "金属",
            "五金",
            "钢铁",
            "包装",
            "印刷",
            "旅游",
            "教育",
            "教育科技",
            "人力资源",
            "劳务",
            "保安服务",
            "电子商务",
            "供应链",
            "供应链管理",
            "融资担保",
            "担保",
            "小额贷款",
            "保险",
            "租赁",
            "服务",
            "工贸",
            "经贸",
        ],
        key=len,
        reverse=True,
    )
)

_PROVINCE_SUFFIXES = ("维吾尔自治区", "壮族自治区", "回族自治区", "自治区", "特别行政区", "省", "市")
_PLACE_ENDS = ("自治州", "自治县", "地区", "市", "县", "区", "盟", "旗")


def comparison_form(name: str) -> str:
    """The form in which two writings of one name are equal: NFKC, no spaces, one case, one kind of bracket.

    It is the form the fund flow rules compare counterparties by (:func:`~xinqiao.domain.fundflow.normal.normal_name`).
    """
    return normal_name(name)


def search_form(name: str) -> str:
    """The comparison form in small letters without any sign: what somebody types who does not mind the brackets."""
    return "".join(char for char in normal_name(name).lower() if char.isalnum() or _is_private(char))


class Oddity(StrEnum):
    """Why a character of a name deserves a look. It is reported, never replaced."""

    #: private use: a character of an older national standard, which every machine may draw differently
    PRIVATE_USE = "PRIVATE_USE"
    #: beyond the basic plane: right, and missing from many fonts and old systems
    EXTENSION = "EXTENSION"
    #: a compatibility ideograph; normal forms replace it by its twin
    COMPATIBILITY = "COMPATIBILITY"
    #: the sign that something could not be read
    REPLACEMENT = "REPLACEMENT"


@dataclass(frozen=True, slots=True)
class OddCharacter:
    """One such character: its 1-based position in the name as written, its code point, the reason."""

    position: int
    character: str
    why: Oddity

    @property
    def code_point(self) -> str:
        """``U+20BB7``, to look it up by."""
        return f"U+{ord(self.character):04X}"


def odd_characters(name: str) -> list[OddCharacter]:
    """The characters of a name that another system may not show or may show as another one, in their order."""
    found = []
    for position, char in enumerate(name, start=1):
        why = _oddity(char)
        if why is not None:
            found.append(OddCharacter(position, char, why))
    return found


def _is_private(char: str) -> bool:
    return unicodedata.category(char) == "Co"


def _oddity(char: str) -> Oddity | None:
    code = ord(char)
    if code == 0xFFFD:
        return Oddity.REPLACEMENT
    if _is_private(char):
        return Oddity.PRIVATE_USE
    if 0xF900 <= code <= 0xFAFF or 0x2F800 <= code <= 0x2FA1F:
        return Oddity.COMPATIBILITY
    return Oddity.EXTENSION if code > 0xFFFF else None


@dataclass(frozen=True, slots=True)
class NameParts:
    """How a name seems to be built (《企业名称登记管理规定》: region, trade name, industry, legal form).

    A guess by words and suffixes, good enough to explain a likeness; nothing else may depend on it. Parts may be empty.
    """

    region: str
    trade: str
    industry: str
    form: str

    @property
    def family(self) -> str:
        """The family of the legal form, ``limited_company`` for both ``有限公司`` and ``有限责任公司``."""
        return FORMS.get(self.form, "")


def split_name(name: str) -> NameParts:
    """Take a name apart. A region in brackets after the trade name, ``远山(山西)有限公司``, is found as well."""
    rest = comparison_form(name)
    form = next((one for one in FORMS if rest.rstrip(")").endswith(one)), "")
    if form:
        rest = rest.rstrip(")")[: -len(form)].rstrip("(")
    region, rest = _take_region(rest)
    rest = rest.strip("()")
    industry = next((one for one in INDUSTRY_WORDS if rest.endswith(one) and len(rest) > len(one)), "")
    trade = rest[: len(rest) - len(industry)]
    return NameParts(region, trade, industry, form)


def _take_region(rest: str) -> tuple[str, str]:
    opening = rest.find("(")
    closing = rest.find(")", opening)
    if 0 < opening < closing:
        inside = rest[opening + 1 : closing]
        region, left = _leading_region(inside)
        if region and not left:
            return region, rest[:opening] + rest[closing + 1 :]
    return _leading_region(rest)


def _leading_region(rest: str) -> tuple[str, str]:
    """The province in its short form, then one or two places below it, ``山西 太原市``."""
    region = ""
    for full in PROVINCES.values():
        short = _short_province(full)
        if rest.startswith(short):
            region, rest = short, rest[len(short) :]
            rest = next((rest[len(s) :] for s in _PROVINCE_SUFFIXES if rest.startswith(s)), rest)
            break
    for _ in range(2):
        place = _place(rest)
        if not place:
            break
        region, rest = region + place, rest[len(place) :]
    return region, rest


def _place(rest: str) -> str:
    """A place of two to four characters before its suffix at the beginning, with at least two characters after it."""
    for length in (3, 4, 5):
        head = rest[:length]
        if len(rest) >= length + 2 and head.endswith(_PLACE_ENDS) and len(head) > 2:
            return head
    return ""


def _short_province(full: str) -> str:
    for suffix in _PROVINCE_SUFFIXES:
        if full.endswith(suffix):
            return full.removesuffix(suffix)
    return full


class Agreement(StrEnum):
    """How a part of two names compares."""

    SAME = "same"
    #: related, not equal: one family of legal forms, one region inside the other, most characters
    ALIKE = "alike"
    #: one of the two does not say
    UNSAID = "unsaid"
    DIFFERENT = "different"


#: What each part weighs in the score, in hundredths. Our own proportions: the trade name tells firms apart.
WEIGHTS = {"trade": 60, "region": 15, "industry": 15, "form": 10}


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two names are.

    ``same_writing``: their comparison forms are equal, the only thing that may be called "the same name".
    ``score``: 0 to 100, of use for ordering a list and nothing else. ``parts``: each part with its agreement.
    """

    same_writing: bool
    score: int
    parts: dict[str, Agreement]


def likeness(one: str, other: str) -> Likeness:
    """Compare two names part by part. The order of the two does not matter."""
    left, right = split_name(one), split_name(other)
    same = comparison_form(one) == comparison_form(other)
    share = _overlap(left.trade, right.trade)
    parts = {
        "trade": _trade(left.trade, right.trade, share),
        "region": _text(left.region, right.region),
        "industry": _text(left.industry, right.industry),
        "form": _form(left, right),
    }
    if same:
        return Likeness(True, 100, dict.fromkeys(parts, Agreement.SAME))
    score = WEIGHTS["trade"] * share // 100
    for part in ("region", "industry", "form"):
        score += WEIGHTS[part] * _POINTS[parts[part]] // 100
    return Likeness(False, min(score, 99), parts)


_POINTS = {Agreement.SAME: 100, Agreement.ALIKE: 70, Agreement.UNSAID: 40, Agreement.DIFFERENT: 0}


def _trade(one: str, other: str, share: int) -> Agreement:
    if not one or not other:
        return Agreement.UNSAID
    if one == other:
        return Agreement.SAME
    return Agreement.ALIKE if share >= 50 else Agreement.DIFFERENT


def _text(one: str, other: str) -> Agreement:
    if one == other:
        return Agreement.SAME if one else Agreement.UNSAID
    if not one or not other:
        return Agreement.UNSAID
    return Agreement.ALIKE if one in other or other in one else Agreement.DIFFERENT


def _form(left: NameParts, right: NameParts) -> Agreement:
    if left.form == right.form:
        return Agreement.SAME if left.form else Agreement.UNSAID
    if not left.form or not right.form:
        return Agreement.UNSAID
    return Agreement.ALIKE if left.family == right.family else Agreement.DIFFERENT


def _overlap(one: str, other: str) -> int:
    """Hundredths of the longest common subsequence over both lengths (the Sørensen-Dice share of characters)."""
    if not one or not other:
        return 0
    row = [0] * (len(other) + 1)
    for a in one:
        before = 0
        for place, b in enumerate(other, start=1):
            before, row[place] = row[place], before + 1 if a == b else max(row[place], row[place - 1])
    return 200 * row[-1] // (len(one) + len(other))
