"""The figures of a portrait: what the collected items of the 2024 list really give, and nothing that is only guessed.

Of these the formulas of P03, P05, P09, P10, P12, P16 follow the derived indicators of the list's documentation; all are
proposals and carry a version. Revenue, tax and customs figures are not among them: those items are called at the source
for one authorised query and never stored. ``docs/rules/portrait.md`` says the same for people.
"""

from typing import Final

from xinqiao.domain.portrait.model import Figure, Part, Take, Theme, Unit

INSURED = "medical_insurance_basic"
WATER, POWER, GAS = "water_fee", "electricity_fee", "gas_fee"
WON = "public_resource_transaction"

#: The field by which a firm's headcount is known: it stands in for the persons employed when a size is told.
HEADCOUNT: Final = Part(INSURED, "period", "insured_count")

_DEAD = ("suspended", "revoked", "cancelled", "withdrawn")
_LICENCES = (
    Part("construction_qualification", "issued_on", until="valid_to", last_day=True, status="status", never=_DEAD),
    Part("medical_qualification", "issued_on", until="valid_to", last_day=True, status="status", never=_DEAD),
    Part("education_qualification", "valid_from", until="valid_to", last_day=True, status="status", never=_DEAD),
)  # fmt: skip
_PLEDGE_ENDS = ("released", "expired", "revoked")


def _pledged(field: str) -> Part:
    return Part("ip_pledge", "registered_on", field, until="released_on", status="status", ended=_PLEDGE_ENDS)


def _utility(field: str, late: str = "") -> tuple[Part, ...]:
    return tuple(Part(item, "period", late if late and item == POWER else field) for item in (WATER, POWER, GAS))  # fmt: skip


FIGURES: Final[tuple[Figure, ...]] = (
    Figure(
        "P01", "insured_count", Theme.PEOPLE, Unit.PERSONS, (HEADCOUNT,),
        "参保人数", "Insured employees",
        "这个月给多少人缴了职工医疗保险。", "职工医疗保险费基本信息：当月「参保人数」",
    ),
    Figure(
        "P02", "base_per_head", Theme.PEOPLE, Unit.YUAN, (Part(INSURED, "period", "contribution_base"),),
        "人均缴费基数", "Contribution base per head",
        "按多高的工资给每个人缴保险，大体看得出工资水平。", "职工医疗保险费基本信息：当月「缴费基数合计」÷ 当月「参保人数」",
        over=(HEADCOUNT,),
    ),
    Figure(
        "P03", "insurance_continuity", Theme.PEOPLE, Unit.RATIO,
        (Part(INSURED, "period", reaches=("paid_amount", "payable_amount")),),
        "足额缴费月份占比", "Months paid in full",
        "最近 24 个月里，有几成的月份把该缴的都缴了。",
        "职工医疗保险费基本信息：近 24 个月里「实缴金额」不少于「应缴金额」的月数 ÷ 24；没有满 24 个月的不算",
        span=24, take=Take.MONTHS,
    ),
    Figure(
        "P04", "insurance_arrears", Theme.PEOPLE, Unit.YUAN,
        (Part("medical_insurance_arrears", "due_date", "arrears_amount", until="cleared_on", status="status", ended=("cleared", "written_off")),),
        "医保费欠缴", "Medical insurance owed",
        "到这个月底，还有多少医保费没有补上。", "职工医疗保险费欠缴信息：应缴日期不晚于月底、月底尚未补缴的「欠缴金额」之和；欠缴清单里没有的记 0",
        zero=True, history=False,
    ),
    Figure(
        "P05", "electricity", Theme.UTILITIES, Unit.KWH, (Part(POWER, "period", "usage_kwh"),),
        "用电量", "Electricity used", "这个月用了多少电，几个电表加在一起。", "电费信息：当月各户号「用电量」之和",
    ),
    Figure(
        "P06", "water", Theme.UTILITIES, Unit.M3, (Part(WATER, "period", "usage_m3"),),
        "用水量", "Water used", "这个月用了多少水，几个水表加在一起。", "水费信息：当月各户号「用水量」之和",
    ),
    Figure(
        "P07", "gas", Theme.UTILITIES, Unit.M3, (Part(GAS, "period", "usage_m3"),),
        "用气量", "Gas used", "这个月用了多少气，几个气表加在一起。", "燃气费信息：当月各户号「用气量」之和",
    ),
    Figure(
        "P08", "contract_capacity", Theme.UTILITIES, Unit.KVA, (Part(POWER, "period", "contract_capacity_kva"),),
        "合同容量", "Contract capacity", "和供电企业约定的用电容量，反映设备规模。", "电费信息：当月各户号「合同容量」之和",
    ),
    Figure(
        "P09", "utility_arrears", Theme.UTILITIES, Unit.YUAN, _utility("arrears_amount"),
        "水电气欠费", "Utility bills owed", "这个月的账上，水、电、气一共欠多少。", "水费、电费、燃气费信息：当月各户号「欠费金额」之和",
        history=False,
    ),
    Figure(
        "P10", "utility_late", Theme.UTILITIES, Unit.COUNT, _utility("late_count_24m", "default_count_24m"),
        "水电气逾期次数", "Late utility payments", "近两年水、电、气一共晚缴过几次。", "水费、燃气费「近24个月逾期次数」与电费「近两年违约次数」，当月各户号之和",
        history=False,
    ),
    Figure(
        "P11", "wins_12m", Theme.DEALINGS, Unit.COUNT, (Part(WON, "notice_date"),),
        "公共资源交易次数", "Public resource transactions", "近 12 个月在公共资源交易里成交的次数。", "公共资源交易信息：公告日期在近 12 个月内的条数；没有公告的记 0",
        span=12, take=Take.COUNT, zero=True,
    ),
    Figure(
        "P12", "won_amount_12m", Theme.DEALINGS, Unit.YUAN, (Part(WON, "notice_date", "project_amount"),),
        "公共资源交易金额", "Amount of public resource transactions", "近 12 个月在公共资源交易里成交的项目，一共多少钱。", "公共资源交易信息：公告日期在近 12 个月内的「项目金额」之和；没有公告的记 0",
        span=12, zero=True,
    ),
    Figure(
        "P13", "licences", Theme.RIGHTS, Unit.COUNT, _LICENCES,
        "有效资质", "Valid qualifications", "月底还有效的建筑、医疗、教育资质有几个。", "建筑、医疗、教育资质信息：月底在有效期内的证书数；暂扣、吊销、注销、撤销的不计；没有证书的记 0",
        take=Take.COUNT, zero=True,
    ),
    Figure(
        "P14", "pledged_rights", Theme.RIGHTS, Unit.COUNT, (_pledged(""),),
        "质押中的专利商标", "Patents and marks under pledge", "月底还质押着的专利和商标有几件。", "专利商标质押信息：质押登记日不晚于月底、月底尚未解除的权利数；没有登记的记 0",
        take=Take.COUNT, zero=True,
    ),
    Figure(
        "P15", "pledge_secured", Theme.RIGHTS, Unit.YUAN, (_pledged("secured_amount"),),
        "专利商标质押担保额", "Amount secured by pledged rights", "这些质押一共担保多少债。", "专利商标质押信息：同上各件「担保债权金额」之和；一件也没有填的，没有这个数",
    ),
    Figure(
        "P16", "dishonest_listings", Theme.ADVERSE, Unit.COUNT,
        (Part("dishonest_judgment_debtor", "published_on", until="removed_on"),),
        "失信被执行人记录", "Listings as dishonest debtor", "法院现在公布的、关于本企业的失信被执行人信息有几条。", "失信被执行人信息：发布时间不晚于月底、没有删除的条数；没有发布的记 0",
        take=Take.COUNT, zero=True, history=False,
    ),
    Figure(
        "P17", "agri_insured", Theme.FARMING, Unit.YUAN, (Part("agri_insurance", "policy_from", "insured_amount", until="policy_to", last_day=True),),
        "农业保险金额", "Agricultural sum insured", "月底还在保的农业保险，一共保多少钱。", "农业保险信息：月底在保单有效期内的「保险金额」之和",
    ),
    Figure(
        "P18", "agri_subsidy_12m", Theme.FARMING, Unit.YUAN, (Part("agri_subsidy", "paid_on", "subsidy_amount"),),
        "农业补贴", "Agricultural subsidies", "近 12 个月收到的农业补贴一共多少。", "农业补贴信息：发放日期在近 12 个月内的「补贴金额」之和；没有写发放日期的不计",
        span=12,
    ),
)  # fmt: skip

BY_ID: Final = {figure.id: figure for figure in FIGURES}
