"""Real company registrations in a supplier's form, at demonstration time; never shipped, and never cleaned.

The set (``enterprise_registry_cn``) is dirty: broken codes, capital as free text, ``N/A`` for whatever is not known. All
of it goes into the files as it stands, for the pipeline to find. Two forms: the columns of the national item
``legal_representative`` (where nearly every row breaks a rule), and :data:`REGISTRATION`, an item of the province
``x_demo`` that takes capital and type as the texts they are.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from xinqiao.demo.collected.reading import Table
from xinqiao.domain.catalogue.headers import header_key
from xinqiao.domain.catalogue.model import Catalogue
from xinqiao.domain.catalogue.parse import extend_catalogue

FILE = "enterprise_registry_cn/enterprise_registrations_120k.csv.gz"
ORIGIN = "demo"
REGISTRATION = "x_demo_registration"

#: Column of the source → header of the national item. What the source has no column for stays away.
NATIONAL = {
    "企业名称": "企业名称", "统一社会信用代码": "统一社会信用代码", "法人代表": "法定代表人姓名", "企业类型": "企业类型",
    "注册日期": "成立日期", "注册资金": "注册资本(元)", "注册地址": "住所", "经营范围": "经营范围",
}  # fmt: skip
#: Required by the national item and not in the source: without these columns a file is refused as a whole.
ABSENT = ("登记状态",)

_TOML = """\
id = "x_demo_registration"
no = 1101
version = 1
name = "企业登记公开信息"
name_en = "Public company registrations"
category_no = 1
mode = "local_collected"
authorisation_required = false
providers = ["市场监管"]
frequency = "on_request"
natural_key = ["uscc"]
subject = ["uscc"]

[[fields]]
name = "ent_name"
label = "企业名称"
type = "string"
required = true
sensitivity = "public"
max_length = 200

[[fields]]
name = "uscc"
label = "统一社会信用代码"
type = "uscc"
required = true
sensitivity = "public"

[[fields]]
name = "established_on"
label = "注册日期"
type = "date"
required = true
sensitivity = "public"

[[fields]]
name = "ent_type"
label = "企业类型"
type = "string"
sensitivity = "public"
max_length = 100

[[fields]]
name = "legal_rep_name"
label = "法人代表"
type = "string"
sensitivity = "personal"
max_length = 100

[[fields]]
name = "registered_capital"
label = "注册资金"
type = "string"
sensitivity = "public"
max_length = 100
note = "原文，自由文字"

[[fields]]
name = "business_scope"
label = "经营范围"
type = "text"
sensitivity = "public"
max_length = 1000

[[fields]]
name = "province"
label = "所在省份"
type = "string"
sensitivity = "public"
max_length = 20

[[fields]]
name = "region"
label = "地区"
type = "string"
sensitivity = "public"
max_length = 20

[[fields]]
name = "registered_address"
label = "注册地址"
type = "string"
sensitivity = "commercial_secret"
max_length = 300

[[rules]]
id = "established_on_not_future"
kind = "not_future"
fields = ["established_on"]
"""


def extension_texts() -> dict[str, str]:
    """The item as a data file of a province's folder."""
    return {f"{REGISTRATION}.toml": _TOML}


def extended(catalogue: Catalogue) -> Catalogue:
    """The catalogue with this item."""
    return extend_catalogue(catalogue, extension_texts(), origin=ORIGIN)


def available(data_dir: Path | None) -> bool:
    """Whether the set is there."""
    return data_dir is not None and (data_dir / FILE).is_file()


def is_register(header: Sequence[str]) -> bool:
    """Whether a table is of this set, by its columns: names, codes and one more of the set's own."""
    there = {header_key(name) for name in header}
    return {"企业名称", "统一社会信用代码"} < there & set(NATIONAL)


def registration_rows(table: Table) -> Iterator[list[str]]:
    """Header and rows of :data:`REGISTRATION`: the table's own columns, whichever they are."""
    yield list(table.header)
    yield from table.rows()


def national_rows(table: Table) -> Iterator[list[str]]:
    """Header and rows in the form of ``legal_representative``; columns the source lacks are there and empty."""
    yield [*NATIONAL.values(), *ABSENT]
    for row in _by_name(table):
        yield [*(row.get(column, "") for column in NATIONAL), *("" for _ in ABSENT)]


def firm_rows(table: Table) -> Iterator[list[str]]:
    """Header and rows of ``firms.csv`` for the name index. The division is the one inside a code of 18 characters; old
    names, industry and status are not in the set."""
    yield ["uscc", "name", "old_names", "division", "industry", "established_on", "status"]
    for row in _by_name(table):
        code = row.get("统一社会信用代码", "")
        day = row.get("注册日期", "")
        yield [code, row.get("企业名称", ""), "", code[2:8] if len(code) == 18 else "", "", day, ""]


def _by_name(table: Table) -> Iterator[dict[str, str]]:
    names = [header_key(name) for name in table.header]
    for cells in table.rows():
        yield dict(zip(names, cells, strict=False))
