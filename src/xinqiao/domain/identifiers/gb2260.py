"""行政区划代码 administrative divisions (GB/T 2260): levels, parents, the province table.

The full list changes every year and is data of the catalogue (code, name, valid from, valid to, superseded by). Here
are only the rules that hold for every edition, and the 34 province prefixes. A retired code stays legal: old credit
codes and identity numbers embed it.
"""

from enum import StrEnum

from xinqiao.domain.identifiers._common import DIGITS, Finding, Reason, normalise, shape

PROVINCES: dict[str, str] = {
    "11": "北京市",
    "12": "天津市",
    "13": "河北省",
    "14": "山西省",
    "15": "内蒙古自治区",
    "21": "辽宁省",
    "22": "吉林省",
    "23": "黑龙江省",
    "31": "上海市",
    "32": "江苏省",
    "33": "浙江省",
    "34": "安徽省",
    "35": "福建省",
    "36": "江西省",
    "37": "山东省",
    "41": "河南省",
    "42": "湖北省",
    "43": "湖南省",
    "44": "广东省",
    "45": "广西壮族自治区",
    "46": "海南省",
    "50": "重庆市",
    "51": "四川省",
    "52": "贵州省",
    "53": "云南省",
    "54": "西藏自治区",
    "61": "陕西省",
    "62": "甘肃省",
    "63": "青海省",
    "64": "宁夏回族自治区",
    "65": "新疆维吾尔自治区",
    "71": "台湾省",
    "81": "香港特别行政区",
    "82": "澳门特别行政区",
}
MUNICIPALITIES = frozenset({"11", "12", "31", "50"})


class Level(StrEnum):
    """The three levels."""

    PROVINCE = "province"
    PREFECTURE = "prefecture"
    COUNTY = "county"


def known_prefix(two: str) -> bool:
    """Whether two digits are a province."""
    return two in PROVINCES


def check_division(text: str) -> str | Finding:
    """The six digits, or ``LENGTH``, ``CHARSET``, ``DIVISION`` (place 1: no such province; place 3: a county without
    prefecture)."""
    code = normalise(text)
    wrong = shape(code, [DIGITS] * 6)
    if wrong is not None:
        return wrong
    if not known_prefix(code[:2]):
        return Finding(Reason.DIVISION, 1, normalised=code)
    if code[2:4] == "00" and code[4:] != "00":
        return Finding(Reason.DIVISION, 3, normalised=code)
    return code


def level(code: str) -> Level:
    """The level of a valid code."""
    if code.endswith("0000"):
        return Level.PROVINCE
    return Level.PREFECTURE if code.endswith("00") else Level.COUNTY


def parent(code: str) -> str | None:
    """The code one level up; ``None`` above a province."""
    match level(code):
        case Level.PROVINCE:
            return None
        case Level.PREFECTURE:
            return code[:2] + "0000"
        case Level.COUNTY:
            return code[:4] + "00"


def shown_parent(code: str) -> str | None:
    """The parent to show people: counties of the four municipalities, and those directly under a province (``90``),
    skip the level that is only a heading."""
    skips = code[:2] in MUNICIPALITIES or code[2:4] == "90"
    return code[:2] + "0000" if level(code) is Level.COUNTY and skips else parent(code)


def is_place(code: str) -> bool:
    """Whether the code names a place rather than a heading (市辖区, 县, 直辖县级)."""
    prefecture, county = code[2:4], code[4:]
    if level(code) is Level.PREFECTURE:
        return prefecture != "90" and code[:2] not in MUNICIPALITIES
    in_city = 1 <= int(prefecture) <= 20 or 51 <= int(prefecture) <= 70
    heading = county == "01" and in_city and code[:2] not in MUNICIPALITIES
    return not heading


def province_name(code: str) -> str | None:
    """The name of the province a division lies in."""
    return PROVINCES.get(code[:2])
