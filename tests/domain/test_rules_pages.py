"""The worked examples of the rule pages are computed, line by line."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from tests.domain import items_cast
from tests.domain.consent_cast import SCOPE, an_ask, an_authorisation, an_entrustment

from xinqiao.catalogue.size import size_rule
from xinqiao.domain import identifiers as ids
from xinqiao.domain.consent import DEFAULT_CEILINGS, Product, Purpose, append, decide, grant, sealed
from xinqiao.domain.identifiers import Finding, gb2260
from xinqiao.domain.items import ItemKind, decide_item
from xinqiao.domain.msme import Figures, classify
from xinqiao.domain.msme.words import CLASS_WORDS, INDICATOR_WORDS
from xinqiao.domain.verification import BudgetRules

RULES = Path(__file__).parents[2] / "docs" / "rules"
CONSENT = (RULES / "consent.md").read_text("utf-8")
ITEMS = (RULES / "items.md").read_text("utf-8")
IDENTIFIERS = (RULES / "identifiers.md").read_text("utf-8")


def rows(text: str, heading: str, header: str) -> list[list[str]]:
    """The cells of the table that starts with ``header`` under ``heading``."""
    section = text.split(f"{heading}\n", 1)[1]
    lines = section[section.index(f"| {header} |") :].splitlines()
    end = next((i for i, line in enumerate(lines) if not line), len(lines))
    table = lines[2:end]
    assert table, f"no rows under {heading}"
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in table]


CHECKS = {
    "统一社会信用代码": ids.check_uscc,
    "组织机构代码": ids.check_org_code,
    "工商注册号": ids.check_regno15,
    "居民身份证号码": lambda text: ids.check_resident_id(text, today=date(2026, 5, 1)),
    "联行号": ids.check_cnaps,
    "专利号": ids.check_patent,
}


@pytest.mark.parametrize("name", CHECKS)
def test_the_examples_of_identifiers_are_true(name):
    for text, verdict in rows(IDENTIFIERS, f"### 例子：{name}", "输入 | 结果"):
        found = CHECKS[name](text)
        expected = verdict.replace("`", "")
        if isinstance(found, Finding):
            assert expected == f"{found} 提示" if found.warning else expected == str(found), text
        else:
            assert expected == "有效", text


def test_the_types_by_first_characters_are_true():
    for prefixes, kind in rows(IDENTIFIERS, "## 统一社会信用代码（GB 32100-2015）", "前两位 | 类型"):
        for prefix in re.findall(r"\w\w", prefixes):
            assert ids.subject_type(prefix) == kind.split("`")[0].split()[0]


def test_the_divisions_are_true():
    header = "代码 | 级 | 上级 | 给人看的上级 | 是不是一个地方"
    for code, level, parent, shown, place in rows(IDENTIFIERS, "## 行政区划（GB/T 2260）", header):
        assert (gb2260.level(code), gb2260.parent(code), gb2260.shown_parent(code)) == (level, parent, shown)
        assert gb2260.is_place(code) == place.startswith("是")


WORDS = {
    "报告": Product.REPORT,
    "汇总": Product.SUMMARY,
    "贷前审查": Purpose.LOAN_APPLICATION,
    "贷后管理": Purpose.POST_LOAN,
}


def test_the_decisions_are_true():
    scope = replace(SCOPE, accounts=frozenset({"A", "B"}))
    header = "机构要的账户 | 产品 | 月数 | 用途 | 已用次数 | 结果 | 最接近的请求"
    for account, product, months, purpose, uses, verdict, nearest in rows(CONSENT, "## 例子", header):
        ask = an_ask(account=account, product=WORDS[product], months=int(months), purpose=WORDS[purpose])
        decision = decide(
            ask,
            authorisation=an_authorisation(scope=scope, uses=int(uses)),
            entrustment=an_entrustment(account="A") if account == "A" else None,
            account_bound=True,
            at=an_authorisation().valid_from,
        )
        assert verdict == ("允许" if decision.allowed else decision.code)
        if nearest == "–":
            assert decision.nearest is None
        else:
            near = decision.nearest
            assert near is not None
            said = nearest.split()
            assert [near.account, near.product, near.months, near.purpose] == [
                said[0],
                WORDS[said[1]],
                int(said[2]),
                WORDS[said[3]],
            ]


def test_the_order_of_the_codes_is_the_one_of_the_decision():
    codes = [row[1] for row in rows(CONSENT, "## 判断的顺序", "顺序 | 代码 | 什么时候")]
    source = decide.__doc__ or ""
    assert [source.index(f"``{code}``") for code in codes] == sorted(
        source.index(f"``{code}``") for code in codes
    )
    assert len(codes) == 11


def test_the_ceilings_are_true():
    header = "用途 | 代码 | 月数 | 有效天数 | 次数 | 等企业答复的天数"
    table = {row[1]: tuple(map(int, row[2:])) for row in rows(CONSENT, "## 上限", header)}
    assert table == {
        purpose: (c.months_back, c.valid_days, c.max_queries, c.request_ttl_days)
        for purpose, c in DEFAULT_CEILINGS.items()
    }


def a_day(text: str) -> datetime:
    month, day = re.findall(r"\d+", text)
    return datetime(2026, int(month), int(day), tzinfo=UTC)


def test_the_appends_are_true():
    header = "原授权到期 | 追加时刻 | 追加天数 | 新的到期"
    for old_end, at, days, new_end in rows(CONSENT, "## 确认、追加、撤回", header):
        old = sealed(
            grant(id="a", subject="s", institution="i", scope=SCOPE, at=datetime(2026, 5, 1, tzinfo=UTC)), {}
        )
        assert old.valid_to == a_day(old_end)
        more = replace(SCOPE, valid_days=int(days), accounts=frozenset({"link:3"}))
        assert append(old, more, a_day(at)).valid_to == a_day(new_end)


SIZES = (RULES / "enterprise-size.md").read_text("utf-8")
SIZE_WORDS = {word: size for size, (word, _) in CLASS_WORDS.items()}


def test_the_bounds_of_enterprise_sizes_are_true():
    told, at = {}, ("", "")
    for number, _label, scope, figure, *bounds in rows(
        SIZES, "### 下限", "行 | 行业 | 范围 | 指标 | 大型 | 中型 | 小型"
    ):
        at = (number, scope) if number else at
        told[*at, figure.split()[0]] = [Decimal(one.replace(",", "")) for one in bounds]
    ours = {
        (str(group.no), " ".join(group.scope), INDICATOR_WORDS[one.indicator][0]): [
            one.large,
            one.medium,
            one.small,
        ]
        for group in size_rule().groups
        for one in group.thresholds
    }
    assert told == ours


def test_the_examples_of_enterprise_sizes_are_true():
    for industry, people, revenue, assets, size, possible in rows(
        SIZES, "### 例子", "行业 | X | Y | Z | 结果 | 还可能是"
    ):
        money = [Decimal(text).scaleb(4) if text else None for text in (revenue, assets)]
        found = classify(size_rule(), industry, Figures(int(people) if people else None, *money))
        assert found.size is SIZE_WORDS[size], industry
        assert [CLASS_WORDS[one][0] for one in found.possible] == possible.split(), industry


ITEM_WORDS = {
    "历史欠税": items_cast.ARREARS,
    "缓税": "deferred_tax",
    "水费": "water_fee",
    "电费": items_cast.POWER,
    "股东": items_cast.SHAREHOLDERS,
    "婚姻": items_cast.MARRIAGE_CLAIM,
    "不动产": items_cast.HOUSE_CLAIM,
}


def an_item_ask(thing: str, wanted: str, purpose: str):
    item = ITEM_WORDS[thing]
    if isinstance(item, str):
        held = items_cast.TERMS[item].kind is ItemKind.COLLECTED
        return items_cast.an_ask(
            item=item, fields=frozenset(wanted.split()), purpose=WORDS[purpose], held=held
        )
    claim = item if wanted == "授权的那一组" else replace(item, digest="f" * 64)
    return items_cast.a_claim_ask(claim, purpose=WORDS[purpose])


def test_the_decisions_about_items_are_true():
    header = "事项 | 要的字段 | 用途 | 已用次数 | 结果 | 最接近的请求"
    for thing, wanted, purpose, uses, verdict, nearest in rows(ITEMS, "## 例子", header):
        ask = an_item_ask(thing, wanted, purpose)
        held = items_cast.an_authorisation(uses=int(uses))
        decision = decide_item(ask, authorisation=held, terms=items_cast.TERMS[ask.item], at=held.valid_from)
        assert verdict == ("允许" if decision.allowed else decision.code), thing
        near = decision.nearest
        assert nearest == (" ".join(sorted(near.fields)) if near else "–"), thing


def test_the_order_of_the_codes_about_items_is_the_one_of_the_decision():
    codes = [row[1] for row in rows(ITEMS, "## 判断的顺序", "顺序 | 代码 | 什么时候")]
    source = decide_item.__doc__ or ""
    places = [source.index(f"``{code}``") for code in codes]
    assert places == sorted(places)
    assert len(codes) == 11


def test_the_budgets_are_true():
    table = [int(row[1]) for row in rows(ITEMS, "## 猜要花什么", "预算 | 24 小时内 | 出处")]
    rules = BudgetRules()
    assert table == [rules.distinct_guesses, rules.per_pair, rules.per_institution]
    assert rules.window.total_seconds() == 24 * 3600
