"""脱敏: what is shown of a value to somebody who may not see all of it (the platform rules' table of desensitisation).

Each function takes the text and gives the shown text; an empty text stays empty, and what is too short for its rule is
hidden whole rather than shown. Identity and account numbers have their own in ``identifiers``.
"""

import re
from decimal import Decimal

from xinqiao.domain.identifiers import mask_account, mask_resident_id

_HIDDEN = "****"
#: Province, prefecture, county, each at most once and none of them running into a street.
_DIVISIONS = re.compile(
    r"(?:[^\d镇乡街路村号]{1,10}?(?:省|自治区))?(?:[^\d镇乡街路村号]{1,12}?(?:自治州|地区|盟|市))?"
    r"(?:[^\d镇乡街路村号]{1,12}?(?:县|(?<!自治)区|旗))?"
)
_BANDS = ((1, "<1万"), (10, "1–10万"), (50, "10–50万"), (100, "50–100万"), (500, "100–500万"), (1000, "500–1000万"), (5000, "1000–5000万"))  # fmt: skip
#: Forms an enterprise's name can end with, longest first.
_FORMS = (
    "有限责任公司", "股份有限公司", "农民专业合作社", "专业合作社", "合伙企业", "有限公司", "经营部", "服务部", "合作社",
    "商行", "工厂", "公司", "中心", "商店", "超市", "饭店", "厂", "店", "部", "行", "社",
)  # fmt: skip
_MOBILE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
_RESIDENT = re.compile(r"(?<![0-9A-Za-z])[1-9]\d{16}[0-9Xx](?![0-9A-Za-z])")
_MAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_ACCOUNT = re.compile(r"(?<![0-9A-Za-z])\d{12,30}(?![0-9A-Za-z])")


def mask_name(name: str) -> str:
    """A person's name: its first character, and a ``*`` for each that follows (王小明 → 王**)."""
    name = name.strip()
    return name[:1] + "*" * max(len(name) - 1, 0) if len(name) > 1 else "*" * len(name)


def mask_mobile(number: str) -> str:
    """A mobile number: three digits, ``****``, four digits."""
    digits = number.strip()
    return f"{digits[:3]}{_HIDDEN}{digits[-4:]}" if len(digits) >= 11 else _HIDDEN if digits else ""


def mask_email(address: str) -> str:
    """An e-mail address: its first character, ``***`` and the domain."""
    local, at, domain = address.strip().rpartition("@")
    if not at or not local or not domain:
        return _HIDDEN if address.strip() else ""
    return f"{local[0]}***@{domain}"


def mask_address(address: str) -> str:
    """An address down to its county or district, as far as it names them; one that names none is hidden."""
    text = address.strip()
    found = _DIVISIONS.match(text)
    return f"{found[0] if found else ''}{_HIDDEN}" if text else ""


def mask_company(name: str, division: str = "") -> str:
    """A company's name in samples: its division (when it begins with it), ``**``, and its form."""
    text = name.strip()
    if not text:
        return ""
    form = next((form for form in _FORMS if text.endswith(form) and text != form), "")
    start = division if division and text.startswith(division) else ""
    return f"{start}**{form}"


def band(amount_yuan: Decimal) -> str:
    """An amount somebody may not see, as its band. Bands include their lower end; a negative amount says so."""
    sign = "-" if amount_yuan < 0 else ""
    ten_thousands = abs(amount_yuan) / 10_000
    for top, text in _BANDS:
        if ten_thousands < top:
            return sign + text
    return f"{sign}≥5000万"


def mask_text(text: str) -> str:
    """Free text: identity, mobile, account numbers and e-mail addresses found in it are masked where they stand."""
    text = _MAIL.sub(lambda found: mask_email(found[0]), text)
    text = _RESIDENT.sub(lambda found: mask_resident_id(found[0]), text)
    text = _MOBILE.sub(lambda found: mask_mobile(found[0]), text)
    return _ACCOUNT.sub(lambda found: mask_account(found[0]), text)
