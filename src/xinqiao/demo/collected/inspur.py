"""Real record kinds about small firms of one city, mapped into items at demonstration time; never shipped.

The set (``inspur_sme_credit_tables``) names firms by a hash and holds mostly counts. None of its kinds says enough for
a national item (:data:`NOT_NATIONAL` says what is missing), so each becomes an item of the province ``x_demo``: the
schemas here are ours, the data are read where they lie. Nothing is cleaned: a text goes into the supplier's file as it
stands, save the two writings of a day that no supplier's file has (Chinese numerals, milliseconds), which are told in
digits. Every line becomes a row, also one that no rule can like: the receipt says what was wrong, and counts it.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from xinqiao.clock import SHANGHAI
from xinqiao.domain.catalogue.headers import header_key
from xinqiao.domain.catalogue.model import Catalogue
from xinqiao.domain.catalogue.parse import extend_catalogue
from xinqiao.domain.catalogue.values import OUTER
from xinqiao.domain.identifiers import normalise
from xinqiao.domain.identifiers.orgcode import org_code_check
from xinqiao.domain.identifiers.uscc import CHARSET, uscc_check

FOLDER = "inspur_sme_credit_tables"
ORIGIN = "demo"

#: National items that come to mind, and why the kind is not one of them.
NOT_NATIONAL = {
    "justice_credit": "dishonest_judgment_debtor：没有案号、法院、发布时间 no case number, court, day of publication",
    "ent_bid": "public_resource_transaction：只有次数，没有项目、金额、链接、日期 a count, no project, sum, link, day",
    "intangible_patent": "ip_pledge：是申请次数，不是质押 applications, not pledges",
    "business_risk_taxunpaid": "historical_tax_arrears：不是归集事项；没有税种和所属期 not collected; no tax, no period",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the source as a field: what its TOML says besides name and label. ``days``: how it writes a day."""

    source: str
    name: str
    label: str
    spec: str
    days: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """A record kind as an item. ``listed``: several records a firm, told apart by their line in the source."""

    file: str
    item: str
    name: str
    name_en: str
    category: int
    provider: str
    columns: tuple[Column, ...]
    listed: bool = False


_COUNT = 'type = "integer"\nrequired = true\nminimum = "0"'
_MONEY = 'type = "decimal"\nprecision = 18\nscale = 2\nminimum = "0"\nunit = "yuan"'
_SHARE = 'type = "decimal"\nprecision = 5\nscale = 4\nminimum = "0"\nmaximum = "1"'
_WORD = 'type = "string"\nmax_length = 200'
_DAY = 'type = "date"'


def _count(file: str, source: str, name: str, name_en: str, category: int, provider: str, label: str) -> Kind:
    columns = (Column(source, "record_count", label, _COUNT),)
    return Kind(file, f"x_{ORIGIN}_{file.removeprefix('jn_')}", name, name_en, category, provider, columns)


def _one(
    file: str, name: str, name_en: str, category: int, provider: str, *columns: Column, listed: bool = False
) -> Kind:
    item = f"x_{ORIGIN}_{file.removeprefix('jn_')}"
    return Kind(file, item, name, name_en, category, provider, columns, listed)


#: The record kinds, in the words of the publisher's dictionary.
KINDS: tuple[Kind, ...] = (
    _one("jn_credit_info", "市信用信息", "City credit grade", 1, "发展改革",
         Column("credit_grade", "credit_grade", "信用等级", 'type = "string"\nrequired = true\nmax_length = 4\n'
                                                    'pattern = "^(N|N[+]|A|A-|B|B-|C)$"')),
    _count("exception_list", "is_except", "异常名单", "Exception list", 1, "市场监管", "列入次数"),
    _count("business_risk_abnormal", "is_bra", "经营异常", "Abnormal operation", 1, "市场监管", "列入次数"),
    _count("business_risk_all_punish", "is_brap", "行政处罚（综合）", "Penalties, all offices", 1, "市场监管", "处罚次数"),
    _count("administrative_punishment", "is_punish", "行政处罚", "Penalties", 1, "市场监管", "处罚次数"),
    _count("business_risk_rightpledge", "pledgenum", "股权出质", "Pledged shares", 1, "市场监管", "出质次数"),
    _one("business_risk_taxunpaid", "欠税公告", "Announced tax arrears", 3, "税务",
         Column("taxunpaidnum", "owed_amount", "累计欠税额(元)", _MONEY)),
    _count("justice_credit", "is_justice_credit", "失信黑名单", "Dishonest list", 4, "法院", "列入次数"),
    _count("justice_credit_aic", "is_justice_creditaic", "失信企业（工商）", "Dishonest firms", 4, "市场监管", "列入次数"),
    _one("justice_declare", "开庭公告", "Announcements of hearings", 4, "法院",
         Column("declaredate", "announced_on", "公告时间", _DAY),
         Column("appellant", "is_appellant", "是否上诉方", 'type = "boolean"'),
         Column("defendant", "is_defendant", "是否被诉方", 'type = "boolean"'),
         Column("declarestyle", "kind", "公告类型", _WORD), listed=True),
    _one("justice_enforced", "被执行人", "Enforcement", 4, "法院",
         Column("record_date", "filed_on", "立案日期", _DAY),
         Column("enforce_amount", "amount", "执行标的(元)", _MONEY), listed=True),
    _one("justice_judge_new", "裁判文书", "Judgments", 4, "法院",
         Column("time", "decided_on", "裁判时间", _DAY, days="words"),
         Column("casetype", "kind", "文书类型", _WORD), Column("casecause", "cause", "案由", _WORD),
         Column("courtrank", "court_rank", "法院等级", _WORD), Column("datatype", "data_kind", "数据类型", _WORD),
         listed=True),
    _one("ent_guarantee", "年报对外担保", "Guarantees given", 1, "市场监管",
         Column("priclaseckind", "debt_kind", "主债权种类", _WORD),
         Column("pefperfrom", "term_from", "履行期限自", _DAY, days="milliseconds"),
         Column("pefperto", "term_to", "履行期限至", _DAY, days="milliseconds"),
         Column("iftopub", "is_public", "是否公示", 'type = "boolean"'),
         Column("priclasecam", "debt_amount", "主债权数额", 'type = "decimal"\nprecision = 18\nscale = 2\nminimum = "0"'),
         Column("guaranperiod", "period", "保证期间", _WORD), Column("gatype", "way", "保证方式", _WORD),
         Column("rage", "extent", "保证范围", _WORD), listed=True),
    _count("ent_investment", "investnum", "年报对外投资", "Investments", 1, "市场监管", "对外投资次数"),
    _count("ent_branch", "branchnum", "分支机构", "Branches", 1, "市场监管", "分支机构数"),
    _count("ent_bid", "bidnum", "中标", "Tenders won", 13, "公共资源交易中心", "中标次数"),
    _count("ent_onlineshop", "shopnum", "年报网店", "Online shops", 1, "市场监管", "网店个数"),
    _count("enterprise_keep_contract", "is_kcont", "守合同重信用", "Keeps its contracts", 1, "市场监管", "认定次数"),
    _count("intangible_brand", "ibrand_num", "商标", "Trade marks", 8, "知识产权", "申请次数"),
    _count("intangible_copyright", "icopy_num", "软件著作权", "Software copyrights", 8, "知识产权", "登记次数"),
    _count("intangible_patent", "ipat_num", "专利", "Patents", 8, "知识产权", "申请次数"),
    _count("web_record_info", "idom_num", "域名", "Domains", 8, "通信管理", "域名个数"),
    _one("product_checkinfo_connect", "产品抽查", "Product checks", 1, "市场监管",
         Column("passpercent", "pass_share", "合格率", _SHARE)),
    _count("recruit_qcwy", "qcwynum", "招聘（前程无忧）", "Job adverts, site 1", 1, "人力资源社会保障", "招聘条数"),
    _count("recruit_zhyc", "zhycnum", "招聘（中华英才）", "Job adverts, site 2", 1, "人力资源社会保障", "招聘条数"),
    _count("recruit_zlzp", "zlzpnum", "招聘（智联招聘）", "Job adverts, site 3", 1, "人力资源社会保障", "招聘条数"),
    _count("jn_special_new_info", "is_jnsn", "专精特新", "Specialised and new", 10, "工业和信息化", "认定次数"),
    _one("jn_tech_center", "企业技术中心", "Technology centres", 10, "工业和信息化",
         Column("level_rank", "level", "级别", _WORD)),
    _count("trademark_infoa", "is_infoa", "驰名商标", "Well-known marks", 8, "知识产权", "认定次数"),
    _count("trademark_infob", "is_infob", "著名商标", "Famous marks", 8, "知识产权", "认定次数"),
)  # fmt: skip


def demo_uscc(hashed: str) -> str:
    """A credit code for a hashed name, for demonstrations only; the same one every time.

    ``91`` + ``99`` and four digits + ``DH`` and six characters out of SHA-256 of the hash + both check characters. Division
    99 does not exist, so the code is nobody's; ``DH`` keeps it apart from the generator's (``DEM``) and the
    demonstration's own (``MADEM``).
    """
    number = int.from_bytes(hashlib.sha256(hashed.encode()).digest()[:8])
    number, division = divmod(number, 10_000)
    org = "DH" + "".join(CHARSET[number // 31**place % 31] for place in range(6))
    body = f"9199{division:04d}{org}{org_code_check(org)}"
    return body + uscc_check(body)


# ------------------------------------------------------------------------------------------------------- the schemas


def extension_texts() -> dict[str, str]:
    """The items as data files of a province's folder: file name → TOML."""
    return {f"{kind.item}.toml": _toml(kind, 1001 + at) for at, kind in enumerate(KINDS)}


def extended(catalogue: Catalogue) -> Catalogue:
    """The catalogue with these items."""
    return extend_catalogue(catalogue, extension_texts(), origin=ORIGIN)


def _toml(kind: Kind, no: int) -> str:
    key = '["uscc", "record_no"]' if kind.listed else '["uscc"]'
    lines = [
        f'id = "{kind.item}"', f"no = {no}", "version = 1", f'name = "{kind.name}"', f'name_en = "{kind.name_en}"',
        f"category_no = {kind.category}", 'mode = "local_collected"', "authorisation_required = false",
        f'providers = ["{kind.provider}"]', 'frequency = "on_request"', f"natural_key = {key}", 'subject = ["uscc"]',
        *_field("ent_name", "企业名称", 'type = "string"\nrequired = true\nmax_length = 200'),
        *_field("uscc", "统一社会信用代码", 'type = "uscc"\nrequired = true'),
    ]  # fmt: skip
    if kind.listed:
        lines += _field("record_no", "来源序号", 'type = "integer"\nrequired = true\nminimum = "1"')
    for column in kind.columns:
        lines += _field(column.name, column.label, column.spec)
    return "\n".join(lines) + "\n"


def _field(name: str, label: str, spec: str) -> list[str]:
    return ["", "[[fields]]", f'name = "{name}"', f'label = "{label}"', 'sensitivity = "public"', spec]


# ---------------------------------------------------------------------------------------------------------- the rows


def available(data_dir: Path | None) -> bool:
    """Whether the set is there."""
    return data_dir is not None and (data_dir / FOLDER).is_dir()


def kind_of(header: Sequence[str]) -> Kind | None:
    """The kind a table is of, by its columns: ``entname`` and most of a kind's own; ``None`` when no kind has any."""
    there = {header_key(name) for name in header}
    found = max(KINDS, key=lambda kind: sum(column.source in there for column in kind.columns))
    return found if "entname" in there and any(column.source in there for column in found.columns) else None


def columns_of(kind: Kind, header: Sequence[str]) -> dict[str, str]:
    """Column of the table → header of the item, for those that are there."""
    names = {column.source: column.label for column in kind.columns}
    return {name: names[header_key(name)] for name in header if header_key(name) in names}


def map_rows(
    kind: Kind, header: Sequence[str], rows: Iterable[Sequence[str]], *, first: int = 1
) -> Iterator[list[str]]:
    """Header and rows of the kind's item, a row for every row. ``first``: number of the first row of a listed kind.

    A row of another width than its header keeps its cells and is of another width here, too.
    """
    places = {header_key(name): place for place, name in enumerate(header)}
    columns = [(places[one.source], one) for one in kind.columns if one.source in places]
    labels = [
        "企业名称",
        "统一社会信用代码",
        *(["来源序号"] if kind.listed else []),
        *(one.label for _, one in columns),
    ]
    yield labels
    for line, cells in enumerate(rows, start=first):
        if len(cells) != len(header):
            short = len(cells) < len(header)
            yield [*cells[: len(labels) - 1]] if short else [*cells, *[""] * (len(labels) + 1 - len(cells))]
            continue
        name, code = _subject(cells[places["entname"]])
        number = [str(line)] if kind.listed else []
        yield [name, code, *number, *(_cell(one, cells[place]) for place, one in columns)]


def _subject(cell: str) -> tuple[str, str]:
    """Name and code for a hash of 32 hexadecimal digits, read as a code is read; anything else as it stands."""
    hashed = normalise(cell).lower()
    if len(hashed) != 32 or not set(hashed) <= set("0123456789abcdef"):
        return cell, cell
    return f"演示企业{hashed[:12]}", demo_uscc(hashed)


def _cell(column: Column, cell: str) -> str:
    """The cell as it stands, save a day in numerals or milliseconds."""
    reader = {"words": _day_in_words, "milliseconds": _day_in_milliseconds}.get(column.days)
    return (reader(cell) if reader else None) or cell


_NUMERALS = {char: value for value, char in enumerate("〇一二三四五六七八九")} | {
    "零": 0,
    "○": 0,
    "Ｏ": 0,
    "O": 0,
}


def _day_in_words(text: str) -> str | None:
    """``二〇一七年十月二十三日`` as ``2017年10月23日``; whether there is such a day is for the checker to say."""
    year, found, rest = text.strip(OUTER).partition("年")
    month, found_month, rest = rest.partition("月")
    day, found_day, end = rest.partition("日")
    if not (found and found_month and found_day) or end or not set(year) <= set(_NUMERALS) or len(year) != 4:
        return None
    numbers = _tens(month), _tens(day)
    if None in numbers:
        return None
    return f"{''.join(str(_NUMERALS[char]) for char in year)}年{numbers[0]}月{numbers[1]}日"


def _tens(text: str) -> int | None:
    """``十`` 10, ``二十三`` 23, ``三`` 3."""
    tens, ten, ones = text.rpartition("十")
    if any(part and part not in _NUMERALS for part in (tens, ones)) or not text:
        return None
    return (_NUMERALS.get(tens, 1) * 10 if ten else 0) + _NUMERALS.get(ones, 0)


def _day_in_milliseconds(text: str) -> str | None:
    """Milliseconds since 1970 as the day they fall on in Shanghai.

    Twelve or thirteen digits, 1973 to 2286: fewer may as well be seconds, a day without dashes or a spreadsheet's number.
    """
    number = text.strip(OUTER)
    if not (number.isascii() and number.isdecimal() and len(number) in (12, 13)):
        return None
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(number))
    return moment.astimezone(SHANGHAI).date().isoformat()
