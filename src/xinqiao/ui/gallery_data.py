"""Invented contents of the gallery: no real person, firm or bank, and nothing a program computes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from markupsafe import Markup

from xinqiao.ui import format as fmt
from xinqiao.ui.figures import Definition
from xinqiao.ui.i18n import Language, ngettext
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.shell import FootLink, NavGroup, NavItem, Person, Search, Shell
from xinqiao.ui.states import STATES

OPERATING_IN: Final = (426000, 451000, 302000, 279000, 398000, 443000, 460000, 432000, 417000, 459000, 488000, 472000,
                       463000, 495000, 437000, 228000, 449000, 482000, 516000, 473000, 458000, 504000, 541000, 527000)  # fmt: skip
OPERATING_OUT: Final = (401000, 438000, 335000, 292000, 360000, 387000, 412000, 399000, 404000, 408000, 426000, 441000,
                        430000, 452000, 449000, 296000, 378000, 415000, 447000, 438000, 429000, 436000, 470000, 461000)  # fmt: skip
BALANCES: Final = (
    (48, 150, 261), (62, 172, 288), (56, 152, 236), (32, 97, 137), (48, 173, 265), (49, 182, 299), (47, 157, 271), (57, 161, 275),
    (70, 194, 309), (64, 188, 284), (48, 166, 249), (50, 185, 297), (62, 210, 355), (65, 192, 327), (66, 179, 291), (58, 163, 247),
    (68, 221, 337), (54, 197, 311), (56, 197, 331), (74, 230, 389), (81, 229, 375), (72, 204, 317), (70, 219, 333), (71, 247, 387),
)  # fmt: skip
MONTHS: Final = tuple(f"{2024 + (10 + k) // 12}-{(10 + k) % 12 + 1:02d}" for k in range(24))
NOW: Final = datetime(2026, 11, 21, 2, 31, 8, tzinfo=UTC)

# One-character names on the neutral grid of tiles (look 7.13): (short, name, column, row, nodes or None).
PROVINCES: Final = (
    ("黑", "黑龙江", 10, 1, 5), ("蒙", "内蒙古", 8, 2, 12), ("吉", "吉林", 10, 2, 9), ("新", "新疆", 1, 3, 7), ("甘", "甘肃", 5, 3, 14),
    ("宁", "宁夏", 6, 3, 8), ("晋", "山西", 7, 3, 31), ("京", "北京", 8, 3, 58), ("冀", "河北", 9, 3, 36), ("辽", "辽宁", 10, 3, 24),
    ("青", "青海", 4, 4, None), ("陕", "陕西", 6, 4, 27), ("豫", "河南", 7, 4, 62), ("津", "天津", 8, 4, 29), ("鲁", "山东", 9, 4, 96),
    ("藏", "西藏", 3, 5, None), ("川", "四川", 5, 5, 66), ("渝", "重庆", 6, 5, 47), ("鄂", "湖北", 7, 5, 52), ("皖", "安徽", 8, 5, 49),
    ("苏", "江苏", 9, 5, 118), ("沪", "上海", 10, 5, 71), ("贵", "贵州", 5, 6, 22), ("湘", "湖南", 6, 6, 44), ("赣", "江西", 7, 6, 33),
    ("浙", "浙江", 8, 6, 124), ("闽", "福建", 9, 6, 46), ("台", "台湾", 10, 6, None), ("云", "云南", 4, 7, 17), ("桂", "广西", 6, 7, 25),
    ("粤", "广东", 7, 7, 131), ("港", "香港", 8, 7, None), ("琼", "海南", 6, 8, 11), ("澳", "澳门", 7, 8, None),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a refusal in the ledger always carries."""

    words: str
    code: str
    nearest: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger."""

    kind: str
    icon: str
    at: datetime
    sentence: str
    facts: str
    proof: int | None = None
    actions: tuple[tuple[str, str, str], ...] = ()
    refusal: Refusal | None = field(default=None)


def _at(day: int, hour: int, minute: int, second: int) -> datetime:
    return datetime(2026, 11, day, hour, minute, second, tzinfo=UTC)


def shell(layout: str, language: Language, theme: str) -> Shell:
    """The frame of a gallery page."""
    other = "zh" if language is Language.EN else "en"
    foot = (FootLink(_("数据与授权说明"), "#"), FootLink(_("无障碍"), "#"), FootLink(_("开发文档"), "#"))
    href = f"../{other}/index.html"
    if layout == "enterprise":
        items = (
            NavItem("home", _("首页"), "home.html", "home"),
            NavItem("consents", _("授权"), "consent.html", "shield-check", 2),
            NavItem("market", _("融资"), "states.html", "building-bank"),
            NavItem("ledger", _("记录"), "ledger.html", "history"),
            NavItem("me", _("我的"), "login.html", "user-circle"),
        )
        person = Person(_("澄州禾木家具"), _("陈禾 · 法定代表人"), "#", _("禾"))
        return Shell(
            language,
            "home.html",
            (NavGroup(items),),
            "consents",
            _("企业"),
            person=person,
            demo=True,
            theme=theme,
            language_href=href,
            foot=foot,
        )
    if layout == "rail":
        groups = (
            NavGroup(
                (
                    NavItem("desk", _("工作台"), "components.html", "layout-list", 5),
                    NavItem("firms", _("企业"), "components.html", "building-store"),
                    NavItem("requests", _("授权申请"), "states.html", "shield-check", 3),
                    NavItem("reports", _("报告"), "report.html", "report-analytics"),
                )
            ),
            NavGroup(
                (
                    NavItem("products", _("融资产品"), "#", "package"),
                    NavItem("cases", _("申请与办理"), "#", "inbox", 4),
                    NavItem("receivables", _("应收账款"), "#", "file-invoice"),
                    NavItem("alerts", _("贷后提醒"), "#", "bell", 2),
                ),
                _("业务"),
            ),
            NavGroup(
                (
                    NavItem("queries", _("查询记录"), "#", "history"),
                    NavItem("people", _("人员与权限"), "#", "users"),
                    NavItem("keys", _("接口与密钥"), "#", "key"),
                ),
                _("管理"),
            ),
        )
        return Shell(
            language, "home.html", groups, "reports", _("机构"), _("远山银行 · 小企业信贷部"), Person(_("林知远"), _("客户经理"), "#"),
            Search("#", _("企业名称或统一社会信用代码")), True, theme, logout_href="#", language_href=href, foot=foot,
        )  # fmt: skip
    places = tuple(
        NavItem(key, label, "#", "link")
        for key, label in (
            ("products", _("融资产品")),
            ("data", _("数据怎么用")),
            ("policies", _("政策")),
            ("verify", _("核验报告")),
            ("join", _("接入")),
        )
    )
    return Shell(
        language,
        "home.html",
        (NavGroup(places),),
        demo=True,
        theme=theme,
        login_href="login.html",
        language_href=href,
        foot=foot,
    )


def _wan(values: Sequence[int]) -> list[float]:
    return [value / 10_000 for value in values]  # coordinates of a picture, not amounts


def context() -> dict[str, object]:
    """Everything the gallery's templates show, in the language in force."""
    words = {"in": _("经营流入"), "out": _("经营流出"), "net": _("净额")}
    month_words = [fmt.month_short(m) for m in MONTHS[:12]]
    labels = [f"{h % 24:02d}:00" for h in range(11, 35)]
    served = [105, 63, 72, 106, 121, 100, 76, 36, 23, 18, 14, 9, 6, 4, 3, 2, 2, 1, 2, 6, 14, 48, 96, 118]
    refused = [1, 1, 1, 2, 4, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 2, 6]
    wan = fmt.money_unit("wan")
    return {
        "definition": Definition("F05", 1, _("经营净额"), _("经营流入减去经营流出，是还款的来源。"), "F02 − F02", _("730 / 730 天"), "2026-10-31"),
        "promises": (
            (_("无授权不调用"), _("放行的那一刻，授权必须还有效。撤回以后，一次也不会再放行。")),
            (_("不使用不出域"), _("原始流水不离开您的银行，平台也不保存。")),
            (_("最小必要"), _("只给您勾选的账户、产品、月份和用途。")),
            (_("可证明"), _("每次使用、每次拒绝都留存证，离线也能核验。")),
            (_("一物一次"), _("同一笔应收账款或抵押物，不会押给两家。")),
        ),
        "flow": {"months": MONTHS, "in": _wan(OPERATING_IN), "out": _wan(OPERATING_OUT), "unit": wan, "words": words, "month_words": [fmt.month_short(f"2026-{m:02d}") for m in range(1, 13)]},
        "flow_columns": ({"label": _("月份")}, {"label": f"{words['in']}，{wan}", "num": True}, {"label": f"{words['out']}，{wan}", "num": True}, {"label": f"{words['net']}，{wan}", "num": True}),
        "flow_rows": [(fmt.month(m), fmt.money_number(i * 100, scale="wan"), fmt.money_number(o * 100, scale="wan"), fmt.money_number((i - o) * 100, scale="wan", signed=True)) for m, i, o in zip(MONTHS, OPERATING_IN, OPERATING_OUT, strict=True)],
        "spark": {"months": MONTHS[-12:], "values": _wan(OPERATING_IN[-12:]), "words": {"value": words["in"]}, "month_words": [fmt.month_short(f"2026-{m:02d}") for m in range(1, 13)]},
        "band": {"months": MONTHS, "low": [b[0] / 10 for b in BALANCES], "mean": [b[1] / 10 for b in BALANCES], "high": [b[2] / 10 for b in BALANCES], "average": 18.6, "unit": wan, "month_words": [fmt.month_short(f"2026-{m:02d}") for m in range(1, 13)], "words": {"low": _("最低"), "mean": _("日均"), "high": _("最高"), "average": _("区间日均 {n}").format(n="18.60")}},
        "mirror": {"rows": [{"name": n, "in": i, "out": o} for n, i, o in ((_("企业"), 62.4, 58.2), (_("支付机构"), 23.5, 0), (_("自然人"), 3.1, 17.9), (_("个体工商户"), 8.6, 6.1), (_("金融机构"), 0, 6.4), (_("税务"), 0, 4.1), (_("其他（合并）"), 2.4, 7.3))], "words": {"none": _("无")}},
        "mirror_columns": ({"label": _("类型")}, {"label": _("流入"), "num": True}, {"label": _("流出"), "num": True}),
        "mirror_rows": ((_("企业"), "62.4%", "58.2%"), (_("支付机构"), "23.5%", "–"), (_("自然人"), "3.1%", "17.9%")),
        "lines": {"labels": [f"{m:02d}" for m in (12, *range(1, 12))], "unit": fmt.money_unit("yi"), "end": 96, "min": 0, "series": [{"name": _("本年"), "values": [3.9, 4.2, 2.6, 4.4, 4.8, 5.1, 5.6, 5.3, 5.4, 5.9, 6.3, 6.6]}, {"name": _("上年同期"), "values": [3.1, 3.4, 2.4, 3.6, 3.9, 4.0, 4.4, 4.3, 4.2, 4.7, 4.9, 5.2], "dashed": True}]},
        "line_columns": ({"label": _("月份")}, {"label": _("本年"), "num": True}, {"label": _("上年同期"), "num": True}),
        "line_rows": (("2026-10", "6.30", "4.90"), ("2026-11", "6.60", "5.20")),
        "stack": {"labels": labels, "unit": _("次"), "every": 4, "series": [{"name": _("已服务"), "values": served}, {"name": _("已拒绝"), "values": refused, "hollow": True}]},
        "stack_columns": ({"label": _("时刻")}, {"label": _("已服务"), "num": True}, {"label": _("已拒绝"), "num": True}),
        "stack_rows": [(label, str(s), str(r)) for label, s, r in zip(labels, served, refused, strict=True)],
        "shares": ((_("第 1"), "0.184"), (_("第 2–3"), "0.188"), (_("第 4–5"), "0.114"), (_("第 6–10"), "0.175"), (_("其余 {n}").format(n=41), "0.339")),
        "month_words": month_words,
        "calendar_rows": (
            (_("工资"), [("y", "15", "")] * 12, "12 / 12"),
            (_("社保公积金"), [("y", "20", "")] * 6 + [("late", "27!", _("比常见日晚"))] + [("y", "20", "")] * 5, "12 / 12"),
            (_("水电"), [("y", "8", "")] * 3 + [("miss", _("缺"), _("没有看到支付"))] + [("y", "8", "")] * 8, "11 / 12"),
            (_("房租"), [("na", "–", _("这个月不用付")), ("y", "5", ""), ("na", "–", _("这个月不用付"))] * 4, "4 / 4"),
        ),
        "queue_columns": ({"label": _("企业")}, {"label": f"{_('金额')}，{wan}", "num": True}, {"label": _("状态")}, {"label": _("说明"), "cls": "hide-s"}, {"label": _("已用"), "num": True}, {"label": _("下一步"), "hidden": True}),
        "queue": (
            {"name": _("澄州禾木家具有限公司"), "facts": _("家具制造 · 小型 · 要报告"), "amount": "1200000", "state": "authorisation.active", "note": _("到 {day}").format(day="12-21"), "used": "1 / 3", "action": _("查询"), "kind": "primary"},
            {"name": _("沐阳山禾米业合作社"), "facts": _("农产品加工 · 合作社 · 要报告"), "amount": "600000", "state": "authorisation.requested", "note": ngettext("剩 {n} 天", "剩 {n} 天", 9).format(n=9), "used": "", "action": _("提醒"), "kind": "plain"},
            {"name": _("澄州恒络包装有限公司"), "facts": _("纸制品 · 微型 · 要报告"), "amount": "800000", "state": "query.denied", "note": _("超出月份"), "used": "2 / 3", "action": _("看原因"), "kind": "plain"},
            {"name": _("岚江北麓冷链有限公司"), "facts": _("仓储 · 中型 · 要报告"), "amount": "5000000", "state": "query.failed", "note": _("10 秒未答"), "used": "1 / 6", "action": _("重试"), "kind": "plain"},
            {"name": _("青岫家庭农场"), "facts": _("种植 · 家庭农场 · 要报告"), "amount": "300000", "state": "authorisation.refused", "note": "11-19", "used": "", "action": "", "kind": ""},
        ),
        "tiles": [{"short": short, "name": name, "col": col, "row": row, "value": value, "href": "#", "words": _("暂无数据") if value is None else _("{n} 个").format(n=value)} for short, name, col, row, value in PROVINCES],
        "states": [key for key in STATES if not key.endswith(".firm")],
        "progress_steps": ((_("授权有效，签发一次性许可证"), "done", 0.02), (_("岚江农商银行复核委托协议"), "done", 0.01), (_("在银行内计算 24 个月的指标"), "now", 1.4), (_("加密送达，写入存证"), "next", None)),
        "conditions": (
            {"state": "met", "words": _("成立满 2 年"), "value": _("7 年 8 个月")},
            {"state": "not_met", "words": _("申请金额不超过年经营流入的 20%"), "value": _("120.00 / 111.46 万元"), "fix": _("把金额降到 111.00 万元就满足；或者增加一位保证人，上限升到 30%。")},
            {"state": "unknown", "words": _("近 12 个月没有水电欠费"), "value": _("不知道"), "fix": _("您还没有同意给出水电数据。同意后马上就能判断。")},
        ),
        "rights": ((_("看记录、看自己的报告"), _("可以")), (_("绑定、解绑账户"), _("委托了才行")), (_("同意、追加、撤回授权"), _("委托了才行")), (_("委托和取消代办人"), _("不行"))),
        "ask": Markup(_("想看您 <b>1 个账户</b> 近 <b>24 个月</b> 的<b>资金流报告</b>，用来审查您 11 月 18 日申请的 <b>{amount}</b> 贷款。")).format(amount=fmt.money("1200000")),  # noqa: S704 - format escapes what it puts in
        "days": (
            ("2026-11-21", (Entry("use", "eye-check", _at(21, 1, 42, 17), _("澄湖银行看了您的资金流报告"), _("贷后管理 · 尾号 3017 · 近 12 个月 · 第 2 次，共 6 次"), 18402066, ((_("看它看到的"), "#", "file-search"), (_("对这次使用提异议"), "#", ""))),)),
            ("2026-11-20", (
                Entry("deny", "shield-x", _at(20, 8, 10, 3), _("没有放行：安禾融资担保的查询"), _("它要 2023-11 至 2026-10（36 个月），您同意的是 24 个月。"), 18399871, ((_("去看追加申请"), "#", ""),), Refusal(_("超出企业同意的月份。"), "OUT_OF_SCOPE_PERIOD", _("同一账户，报告，2024-11 至 2026-10"))),
                Entry("ask", "clock", _at(20, 8, 14, 40), _("安禾融资担保申请追加授权"), _("再看 12 个月 · 担保资格审查 · 剩 3 天")),
            )),
            ("2026-11-18", (
                Entry("give", "link", _at(18, 3, 25, 52), _("绑定了澄湖银行尾号 8852"), _("户名、信用代码一致 · 委托协议第 2 版 · 代办人 李沐"), 18377205),
                Entry("", "arrow-back-up", _at(18, 1, 57, 30), _("您撤回了给江岸小贷的授权"), _("撤回即时生效。撤回后它又查了 1 次，没有放行。"), 18376940),
            )),
        ),
    }  # fmt: skip
