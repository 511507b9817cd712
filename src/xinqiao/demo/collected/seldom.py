"""Makers of what comes now and then: lists of the courts, pledges, farms, tenders, licences."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from xinqiao.demo.collected import tables
from xinqiao.demo.collected.draw import Draw, month_starts
from xinqiao.demo.collected.firms import CITIES
from xinqiao.demo.collected.plan import Numbers
from xinqiao.demo.collected.tables import Cells, Column, Texts
from xinqiao.demo.ids import invented_uscc
from xinqiao.domain.identifiers.patent import WEIGHTS as _PATENT_WEIGHTS

_PERSONS = tuple(a + "某" + b for a in "陈林周吴郑沈许何罗梁宋唐" for b in "禾远舟澄宁川岚溪朗衡砚庭")
_COURTS = tuple(f"{city}市演示人民法院" for city in CITIES)
_HEALTH = tuple(f"{city}市演示卫生健康局" for city in CITIES)
_BUILDERS = ("建筑工程", "市政公用工程", "机电工程", "公路工程", "水利水电工程", "电力工程", "地基基础工程", "防水工程",
             "消防设施工程", "建筑装修装饰工程", "钢结构工程", "环保工程")  # fmt: skip
_WORKS = (
    "道路改造",
    "校舍维修",
    "水渠整治",
    "办公设备采购",
    "路灯更新",
    "绿化养护",
    "信息系统建设",
    "医疗设备采购",
)
_PLEDGEES = tuple(invented_uscc(serial=910 + n, division="990100") for n in range(6))
_OWNERS = tuple(invented_uscc(serial=920 + n, kind="11", division="990100") for n in range(6))
_HIDDEN = tables.table(["", *(f"14{n:04d}***********{n * 7 % 1000:03d}X" for n in range(100, 300))])
_CHECKS = tables.table([*"0123456789X"])
_BATCHES = tables.table(f"第{n}批" for n in range(1, 100))
_CROPS = ("小麦", "玉米", "水稻", "大豆", "马铃薯", "谷子", "苹果", "露地蔬菜", "油菜", "棉花")


def _joined(*parts: Column | str) -> Texts:
    return Texts(
        pc.binary_join_element_wise(*(one if isinstance(one, str) else one.render() for one in parts), "")
    )


def _year_of(days: Numbers) -> Numbers:
    years: Numbers = (np.datetime64(tables.FIRST_DAY) + days).astype("datetime64[Y]").astype(np.int64) + 1970
    return years


def dishonest_judgment_debtor(d: Draw) -> dict[str, Column]:
    """失信被执行人信息: three of ten are persons, published without a code and with a hidden number."""
    person = d.even(1, 10) < 3
    somebody = Cells(tables.few(_PERSONS), d.even(2, len(_PERSONS)).astype(np.int32)).render()
    names = Texts(pc.if_else(pa.array(person), somebody, d.names().values))
    codes = Texts(pc.if_else(pa.array(person), "", d.usccs().values))
    hidden = Cells(
        _HIDDEN,
        np.where(person, 1 + d.any_of(200), 0).astype(np.int32),
    )
    filed = d.today - 40 - d.even(3, 2200)
    published = np.minimum(filed + 3 + d.any_of(300), d.today)
    removed = d.often(0.25)
    case = _joined(
        "（",
        d.whole(_year_of(filed)),
        "）演01",
        d.whole(10 + d.even(4, 80)),
        "执",
        d.counted(1, d.numbers),
        "号",
    )
    return {
        "subject_name": names, "subject_kind": d.coded_as("subject_kind", np.where(person, 0, 1)), "uscc": codes,
        "subject_id_no": hidden, "legal_rep_name": d.one_of(_PERSONS, blank=0.4), "case_no": case,
        "executing_court": d.one_of(_COURTS), "province": d.code("province"),
        "basis_document_no": d.counted(1, d.numbers, "演示民初字第"), "basis_issuer": d.one_of(_COURTS),
        "obligations": d.one_of(("支付货款及利息，演示数据", "返还借款本金", "支付工程款；承担诉讼费", "交付房屋", "支付劳动报酬")),
        "performance": d.code("performance"), "amount_performed": d.amount(20_000, 1.4, blank=0.6),
        "amount_unperformed": d.amount(180_000, 1.5, blank=0.2), "conduct": _conduct(d),
        "filed_on": d.days(filed), "published_on": d.days(published),
        "listed_until": d.days(published + 730, absent=d.often(0.3)),
        "removed_on": d.days(np.minimum(published + d.any_of(700), d.today), absent=~removed),
        "removal_reason": d.only(d.code("removal_reason"), removed),
    }  # fmt: skip


def _conduct(d: Draw) -> Cells:
    """One kind of conduct, or two in one cell."""
    entries = d.catalogue.code_lists["dishonest_conduct"].entries
    codes, labels = list(entries), list(entries.values())
    two = [f"{a};{b}" for a in codes for b in codes if a != b] + [
        f"{labels[0]}；{label}" for label in labels[1:]
    ]
    return d.one_of((*labels * 12, *two))


def ip_pledge(d: Draw) -> dict[str, Column]:
    """专利商标质押信息."""
    kind, year = d.even(1, 4), 2010 + d.even(2, 14)
    body = year * 10**8 + np.minimum(kind + 1, 3) * 10**7 + d.numbers % 10**7
    digits = body[:, None] // 10 ** np.arange(11, -1, -1) % 10
    check = Cells(_CHECKS, (digits @ np.array(_PATENT_WEIGHTS) % 11).astype(np.int32))
    patent = _joined(d.counted(0, body, "ZL"), ".", check).values
    right = pc.if_else(pa.array(kind == 3), d.counted(10_000_000, d.even(3, 80_000_000)).values, patent)
    registered = d.today - 5 - d.any_of(2000)
    released = np.minimum(registered + 30 + d.any_of(900), d.today)
    return {
        "ent_name": d.names(), "uscc": d.usccs(), "pledge_reg_no": d.counted(980_000_000_000, d.numbers, "Y"),
        "right_kind": d.coded_as("ip_right_kind", kind), "right_no": Texts(right),
        "right_title": d.one_of(("一种演示装置", "一种演示方法", "演示外观（盒）", "演示商标", "一种节能\"演示\"设备")),
        "pledgee_name": d.one_of(("澄湖银行股份有限公司（演示）", "远山银行股份有限公司（演示）", "演示融资担保有限公司")),
        "pledgee_uscc": d.one_of(_PLEDGEES, blank=0.2),
        "registered_on": d.days(registered), "effective_on": d.days(registered),
        "secured_amount": d.amount(2_000_000, 1.0, blank=0.1), "term_from": d.days(registered, absent=d.often(0.2)),
        "term_to": d.days(registered + 365 * 3, absent=d.often(0.2)), "status": d.code("pledge_status"),
        "released_on": d.days(released, absent=d.often(0.7)),
    }  # fmt: skip


def agri_insurance(d: Draw) -> dict[str, Column]:
    """保险信息: a farm without insurance has one record that says so."""
    kind, number = d.owners()
    insured = ~((d.turn == 0) & (d.firm % 10 == 0))
    policy = d.counted(10**15, d.firm.astype(np.int64) * 1_000_000 + d.turn, "演保").values
    start = d.today - d.any_of(1500)
    return {
        "operator_name": d.names(), "id_type": kind, "id_no": number, "is_insured": d.yes_no(insured),
        "policy_no": Texts(pc.if_else(pa.array(insured), policy, "")),
        "insurance_kind": d.only(d.code("agri_insurance_kind"), insured), "insured_scale": d.amount(120, 1.2, blank=0.1),
        "scale_unit": d.code("scale_unit", blank=0.1), "insured_amount": d.amount(60_000, 1.1, blank=0.1),
        "premium": d.amount(3_000, 1.0, blank=0.1), "subsidy_premium": d.amount(2_100, 1.0, blank=0.1),
        "policy_from": d.days(start, absent=~insured), "policy_to": d.days(start + 364, absent=~insured),
        "insurer": d.one_of(("演示农业保险公司", "澄州演示财产保险公司"), blank=0.1),
        "claim_count": d.whole(np.where(d.often(0.8), 0, d.any_of(4))), "claim_amount": d.amount(4_000, 1.1, zero=0.8),
        "last_claim_on": d.days(d.today - d.any_of(1400), absent=d.often(0.8)),
    }  # fmt: skip


def agri_subsidy(d: Draw) -> dict[str, Column]:
    """补贴信息: seven kinds, ten years, and batches for who had more."""
    kind, number = d.owners()
    year = d.as_of.year - d.turn // 7 % 10
    paid = month_starts()[(year * 12 - tables.FIRST_MONTH)] + d.any_of(360)
    return {
        "operator_name": d.names(), "id_type": kind, "id_no": number,
        "subsidy_kind": d.coded_as("agri_subsidy_kind", d.turn % 7), "subsidy_amount": d.amount(2_600, 1.3),
        "year": d.whole(year), "batch": Cells(_BATCHES, d.turn // np.int32(70)),
        "paid_on": d.days(np.minimum(paid, d.today), absent=d.often(0.1)),
        "granting_dept": d.one_of(tuple(f"{city}市演示农业农村局" for city in CITIES), blank=0.1),
    }  # fmt: skip


def large_grower_list(d: Draw) -> dict[str, Column]:
    """种植大户清单: once a year."""
    kind, number = d.owners()
    return {
        "grower_name": d.names(), "id_type": kind, "id_no": number, "crop": d.one_of(_CROPS),
        "planted_area_mu": d.amount(260, 0.8), "location": d.addresses(), "division_code": d.divisions(),
        "year": d.whole(d.as_of.year - d.turn),
        "contact_phone": d.one_of(tuple(f"100000{n:05d}" for n in range(400)), blank=0.3),
        "listed_by": d.one_of(("演示农业农村局", "演示乡镇人民政府"), blank=0.1),
    }  # fmt: skip


def public_resource_transaction(d: Draw) -> dict[str, Column]:
    """公共资源交易信息."""
    notice = d.today - d.even(1, 1800)
    works = Cells(tables.few(_WORKS), d.even(2, len(_WORKS)).astype(np.int32))
    return {
        "ent_name": d.names(), "uscc": d.usccs(), "transaction_kind": d.code("public_transaction_kind"),
        "project_no": d.counted(10**9, d.numbers, "YS-"),
        "project_name": _joined("演示省", works, "项目（第", d.counted(1, d.numbers), "号）"),
        "project_amount": d.amount(900_000, 1.6), "owner_org_name": d.one_of(("演示市住房城乡建设局", "演示市教育局", "演示县水务局")),
        "owner_org_uscc": d.one_of(_OWNERS, blank=0.3),
        "source_url": d.counted(1, d.numbers, "https://ggzy.example.cn/notice/"), "notice_date": d.days(notice),
        "notice_kind": d.code("notice_kind", blank=0.1),
        "contract_signed_on": d.days(np.minimum(notice + d.any_of(60), d.today), absent=d.often(0.3)),
        "division_code": d.divisions(),
    }  # fmt: skip


def construction_qualification(d: Draw) -> dict[str, Column]:
    """建筑资质信息: a firm has each category of a series once."""
    issued = d.today - d.any_of(2000)
    return {
        "ent_name": d.names(), "uscc": d.usccs(), "qualification_cert_no": d.counted(214_000_000, d.numbers, "D"),
        "series": d.coded_as("construction_series", d.turn % 8),
        "category": Cells(tables.few(_BUILDERS), d.turn // np.int32(8)),
        "grade": d.coded_as("construction_grade", d.even(1, 5)),
        "issued_by": d.one_of(("演示省住房和城乡建设厅", "演示市住房和城乡建设局")), "issued_on": d.days(issued),
        "valid_to": d.days(issued + 1826), "status": d.code("licence_status", blank=0.1),
    }  # fmt: skip


def medical_qualification(d: Draw) -> dict[str, Column]:
    """医疗资质信息."""
    issued = d.today - d.any_of(3000)
    return {
        "ent_name": d.names(), "uscc": d.usccs(), "licence_no": d.counted(10**11, d.numbers, "PDY"),
        "institution_kind": d.code("medical_institution_kind", blank=0.05),
        "operating_nature": d.code("medical_operating_nature", blank=0.05),
        "subjects": d.one_of(("内科；外科", "中医科", "口腔科", "全科医疗科\n预防保健科", "眼科"), blank=0.1),
        "issued_by": d.one_of(_HEALTH), "issued_on": d.days(issued, absent=d.often(0.1)),
        "valid_to": d.days(issued + 5479), "status": d.code("licence_status", blank=0.1),
    }  # fmt: skip


def education_qualification(d: Draw) -> dict[str, Column]:
    """教育资质信息."""
    start = d.today - d.any_of(3000)
    penalties = (
        "[]",
        '[{"decision_no":"演教罚1","reason":"超范围培训","decided_on":"2023-05-01","result":"责令改正"}]',
    )
    return {
        "ent_name": d.names(), "uscc": d.usccs(), "licence_no": d.counted(10**11, d.numbers, "教民"),
        "admin_licence_no": d.counted(10**11, d.numbers), "school_kind": d.code("school_kind", blank=0.2),
        "training_kind": d.code("training_kind", blank=0.2), "school_content": d.one_of(("学前教育", "职业技能"), blank=0.5),
        "training_content": d.one_of(("美术、书法", "编程", "篮球、游泳"), blank=0.3),
        "competent_dept": d.one_of(tuple(f"{city}市演示教育局" for city in CITIES)),
        "valid_from": d.days(start, absent=d.often(0.1)), "valid_to": d.days(start + 1826),
        "penalty_records": d.one_of(penalties, blank=0.7), "status": d.code("licence_status", blank=0.1),
    }  # fmt: skip


def _designated(d: Draw, letter: str) -> dict[str, Column]:
    start = d.today - d.any_of(1200)
    return {
        "ent_name": d.names(), "uscc": d.usccs(), "licence_no": d.counted(10**11, d.numbers, letter + "演"),
        "institution_code": d.counted(14_000_000_000, d.numbers % 10**9, letter),
        "agreement_from": d.days(start, absent=d.often(0.1)), "agreement_to": d.days(start + 730, absent=d.often(0.1)),
        "agreement_status": d.code("agreement_status", blank=0.05), "division_code": d.divisions(),
    }  # fmt: skip


def designated_private_medical_institution(d: Draw) -> dict[str, Column]:
    """医保定点民营医疗机构信息."""
    return _designated(d, "H") | {
        "institution_grade": d.code("hospital_grade", blank=0.1),
        "annual_settlement_amount": d.amount(700_000, 1.4, blank=0.1),
    }


def designated_retail_pharmacy(d: Draw) -> dict[str, Column]:
    """医保定点零售药店信息."""
    return _designated(d, "P") | {"licence_valid_to": d.days(d.today + d.any_of(1800), absent=d.often(0.1))}
