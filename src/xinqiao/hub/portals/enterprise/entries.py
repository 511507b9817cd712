"""The enterprise's timeline: bindings, authorisations, uses, refusals and self queries in one order, in words.

The sentence always has its actor first. A refusal carries its reason, its code and the nearest request that would be
allowed, and is never merged into a count.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlencode

from django.urls import reverse

from xinqiao.domain.errors import Code
from xinqiao.domain.period import business_day
from xinqiao.hub.actors import EnterpriseActor
from xinqiao.hub.apps.audit import selectors as audit
from xinqiao.hub.apps.consents import selectors as consents
from xinqiao.hub.apps.fundflow import selectors as fundflow
from xinqiao.hub.apps.items import selectors as items
from xinqiao.hub.apps.items.models import ItemQuery
from xinqiao.hub.apps.reports import selectors as reports
from xinqiao.hub.apps.reports.models import ReportKind
from xinqiao.hub.portals.item_words import item_name, kind_words, nearest_item_words, outcome_words
from xinqiao.hub.portals.words import nearest_words, product_short, purpose_short, short_name
from xinqiao.ui import format as fmt
from xinqiao.ui.error_words import words
from xinqiao.ui.i18n import gettext as _


@dataclass(frozen=True, slots=True)
class RefusalWords:
    """Why something was not released."""

    words: str
    code: str
    nearest: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline, as the macro ``entry`` takes it."""

    at: datetime
    family: str  # use, deny, consent, binding, self, look
    kind: str  # the macro's class
    icon: str
    sentence: str
    facts: str
    proof: int | None
    object_id: str
    refusal: RefusalWords | None = None
    institution: str = ""
    actions: tuple[tuple[str, str, str], ...] = ()


def query_entry(row: fundflow.QueryRow) -> Entry:
    """A use, a refusal, a fault or a self query."""
    who = short_name(row.institution_name)
    product = product_short(row.product)
    account = fmt.tail(row.account_masked) if row.account_masked else ""
    months = _("近 {n} 个月").format(n=row.months)
    purpose = purpose_short(row.purpose) if row.purpose else ""
    reader = {
        "hub_display": _("平台代为显示，不留存"),
        "institution_key": _("只有它能打开"),
    }[row.reader]
    officer = " ".join(part for part in (row.department, row.operator_name) if part)
    facts = [purpose, " ".join(p for p in (short_name(row.bank_name), account) if p), months]
    if row.kind == "self":
        ok = row.state == "released"
        sentence = _("您自己查了{product}").format(product=product) if ok else _("您的自查没有办成")
        return Entry(
            row.asked_at, "self", "" if ok else "deny", "user-search" if ok else "shield-x", sentence,
            " · ".join(f for f in (*facts[1:], _("不计入机构查询次数")) if f), row.leaf_index, row.id,
            None if ok else _refusal(row),
        )  # fmt: skip
    common = " · ".join(f for f in (*facts, officer) if f)
    match row.state:
        case "released":
            left = _("还剩 {n} 次").format(n=row.uses_left) if row.uses_left is not None else ""
            sentence = _("{who}看了您的{product}").format(who=who, product=product)
            return Entry(
                row.asked_at, "use", "use", "eye-check", sentence,
                " · ".join(f for f in (common, reader, left) if f), row.leaf_index, row.id, None, who,
                _query_actions(row, same=True),
            )  # fmt: skip
        case "denied":
            sentence = _("没有放行：{who}的查询").format(who=who)
            return Entry(
                row.asked_at, "deny", "deny", "shield-x", sentence, common, row.leaf_index, row.id, _refusal(row),
                who, _query_actions(row, same=False),
            )  # fmt: skip
        case "failed":
            sentence = _("{who}的查询没有办成：数源没有正确应答").format(who=who)
            return Entry(
                row.asked_at, "deny", "deny", "alert-triangle", sentence, common, row.leaf_index, row.id,
                _refusal(row), who,
            )  # fmt: skip
        case _:
            return Entry(
                row.asked_at, "use", "ask", "loader-2", _("{who}的查询正在计算").format(who=who), common,
                row.permit_leaf, row.id, None, who,
            )  # fmt: skip


def item_entry(row: ItemQuery) -> Entry:
    """A call of an item or a verification: used, refused, failed or under way."""
    who, name = short_name(row.institution.name), item_name(row.item)
    officer = " ".join(part for part in (row.operator_department, row.operator_name) if part)
    left = _("还剩 {n} 次").format(n=row.uses_left) if row.uses_left is not None else ""
    facts = [purpose_short(row.purpose), kind_words(row.kind), officer]
    actions: tuple[tuple[str, str, str], ...] = ()
    if row.authorisation_id:
        actions = ((_("看这份授权"), reverse("enterprise:item", args=[row.authorisation_id]), ""),)
    refusal = None
    match row.state:
        case "released":
            family, kind, icon = "use", "use", "eye-check"
            verified = row.kind == "verification"
            sentence = _("{who}核验了您的{item}") if verified else _("{who}调用了您的{item}")
            facts += [outcome_words(row) if row.result else "", left]
        case "denied":
            family, kind, icon, sentence = "deny", "deny", "shield-x", _("没有放行：{who}的查询")
            facts.insert(0, name)
        case "failed":
            family, kind, icon = "deny", "deny", "alert-triangle"
            sentence = _("{who}的查询没有办成：数源没有正确应答")
            facts.insert(0, name)
        case _:
            family, kind, icon, sentence = "use", "ask", "loader-2", _("{who}的查询正在计算")
            facts.insert(0, name)
    if family == "deny":
        refusal = _no(row.code, nearest_item_words(row.nearest))
    return Entry(
        row.asked_at, family, kind, icon, sentence.format(who=who, item=name), " · ".join(f for f in facts if f),
        row.end_leaf if row.end_leaf is not None else row.permit_leaf, row.id, refusal, who, actions,
    )  # fmt: skip


def _query_actions(row: fundflow.QueryRow, *, same: bool) -> tuple[tuple[str, str, str], ...]:
    """The authorisation behind a query, and for a use the same content for the firm itself (a self query)."""
    actions = []
    if same and row.account_id:
        chosen = urlencode({"account": row.account_id, "product": row.product.value, "months": row.months})
        actions.append((_("看它看到的"), f"{reverse('enterprise:report')}?{chosen}", "file-search"))
    if row.authorisation_id:
        actions.append((_("看这份授权"), reverse("enterprise:consent", args=[row.authorisation_id]), ""))
    return tuple(actions)


def report_entry(row: reports.AskedRow) -> Entry:
    """An institution's credit report or portrait of the firm, or why it got none."""
    portrait = row.kind is ReportKind.PORTRAIT
    who = short_name(row.institution_name)
    officer = " ".join(part for part in (row.department, row.operator_name) if part)
    facts = " · ".join(part for part in (purpose_short(row.purpose), row.authorisation_no, officer) if part)
    actions: tuple[tuple[str, str, str], ...] = ()
    if row.authorisation_id:
        actions = ((_("看这份授权"), reverse("enterprise:item", args=[row.authorisation_id]), ""),)
    if row.issued is None:
        code = Code(row.code) if row.code in Code else Code.NOT_FOUND
        refused = RefusalWords(f"{words(code).title}{_('。')}", row.code, "")
        said = _("没有放行：{who}要的企业画像") if portrait else _("没有放行：{who}要的信用报告")
        sentence = said.format(who=who)
        return Entry(
            row.asked_at, "deny", "deny", "shield-x", sentence, facts, row.leaf_index, row.id, refused, who, actions
        )  # fmt: skip
    left = _("还剩 {n} 次").format(n=row.uses_left) if row.uses_left is not None else ""
    said = _("{who}生成了您的企业画像") if portrait else _("{who}生成了您的信用报告")
    sentence = said.format(who=who)
    shown = _("平台代为显示，不留存") if row.via == "portal" else _("平台合成后交给它，不留存")
    told = " · ".join(part for part in (facts, row.issued.number, shown, left) if part)
    return Entry(
        row.asked_at, "use", "use", "eye-check", sentence, told, row.leaf_index, row.id, None, who, actions
    )


def _refusal(row: fundflow.QueryRow) -> RefusalWords:
    return _no(row.code, nearest_words(dict(row.nearest or {})))


def _no(said: str, nearest: str) -> RefusalWords:
    code = Code(said) if said in Code else Code.NOT_FOUND
    return RefusalWords(f"{words(code).title}{_('。')}", said, nearest)


_LOOKS = ("credit_report", "portrait", "firm_looked_up")
_EVENTS: dict[tuple[str, str], tuple[str, str]] = {
    # (kind, event): (class, icon)
    ("binding", "check"): ("", "search"),
    ("binding", "check_result"): ("", "clipboard-check"),
    ("binding", "sign"): ("give", "signature"),
    ("binding", "activate"): ("give", "link"),
    ("binding", "unbind"): ("", "unlink"),
    ("binding", "close"): ("", "calendar-off"),
    ("authorisation", "request"): ("ask", "clock"),
    ("authorisation", "confirm"): ("give", "circle-check"),
    ("authorisation", "append"): ("give", "plus"),
    ("authorisation", "refuse"): ("", "ban"),
    ("authorisation", "lapse"): ("", "hourglass-off"),
    ("authorisation", "withdraw"): ("", "arrow-back-up"),
}


def _binding_sentence(row: consents.LedgerRow, account: str) -> str:
    match row.event:
        case "check":
            return _("您选了{account}，请银行核对户名").format(account=account)
        case "check_result":
            passed = row.to_state == "agreement_presented"
            return _("银行核对一致，等您签委托协议") if passed else _("银行核对没有通过")
        case "sign":
            return _("您签了{account}的委托提供协议").format(account=account)
        case "activate":
            return _("{account}绑定成功，银行收到了协议").format(account=account)
        case "unbind":
            return _("您解绑了{account}，立即生效").format(account=account)
        case "close":
            return _("银行报告{account}已销户").format(account=account)
        case _:
            return row.event


def _move_sentence(row: consents.LedgerRow, who: str, account: str) -> str:
    if row.kind == "binding":
        return _binding_sentence(row, account)
    match row.event:
        case "request" if row.kind == "items":
            return _("{who}申请调用或核验事项").format(who=who)
        case "request":
            return _("{who}申请授权").format(who=who)
        case "confirm":
            return _("您同意了{who}的申请").format(who=who)
        case "append":
            return _("您给{who}追加了授权").format(who=who)
        case "refuse":
            return _("您没有同意{who}的申请").format(who=who)
        case "lapse":
            return _("{who}的申请逾期未答，已作废").format(who=who)
        case "withdraw":
            return _("您撤回了给{who}的授权").format(who=who)
        case _:
            return row.event


def _move_facts(row: consents.LedgerRow) -> str:
    """What else is worth saying about a move: how much, for which business, who did it."""
    months = _("近 {n} 个月").format(n=row.facts["months"]) if "months" in row.facts else ""
    queries = _("最多 {n} 次").format(n=row.facts["max_queries"]) if "max_queries" in row.facts else ""
    number = str(row.facts.get("request_no", ""))
    people = {
        "enterprise": _("由 {name} 操作").format(name=row.actor_label),
        "institution": _("经办 {name}").format(name=row.actor_label),
    }
    who = people.get(row.actor_kind, "") if row.actor_label else ""
    return " · ".join(part for part in (months, queries, number, who) if part)


def move_entry(row: consents.LedgerRow, accounts: Mapping[str, str]) -> Entry:
    """A move of a binding or of an authorisation; ``accounts`` names bindings by id."""
    who = short_name(row.institution_name)
    kind = "binding" if row.kind == "binding" else "authorisation"
    cls, icon = _EVENTS.get((kind, row.event), ("", "history"))
    account = accounts.get(row.object_id, "") or _("账户")
    actions: tuple[tuple[str, str, str], ...] = ()
    if row.kind != "binding":
        place = "enterprise:item" if row.kind == "items" else "enterprise:consent"
        actions = ((_("看这份授权"), reverse(place, args=[row.object_id]), ""),)
    family = "binding" if row.kind == "binding" else "consent"
    return Entry(
        row.at, family, cls, icon, _move_sentence(row, who, account), _move_facts(row), row.leaf_index, row.object_id,
        None, who, actions,
    )  # fmt: skip


def look_entry(row: audit.LeafRow) -> Entry:
    """A look at what was collected: the firm's own report or portrait, or the platform's staff at how much there is."""
    match row.facts["act"]:
        case "credit_report":
            family, icon, sentence = "self", "report-analytics", _("您生成了信用报告 {number}")
            sentence = sentence.format(number=row.facts.get("number", ""))
            facts = _("不留存内容")
        case "portrait":
            number = row.facts.get("number", "")
            sentence = (
                _("您取走了自己的企业画像 {number}").format(number=number)
                if number
                else _("您看了自己的企业画像")
            )
            family, icon = "self", "chart-line"
            facts = _("到 {month} 为止").format(month=fmt.month(str(row.facts.get("month", ""))))
        case _:
            family, icon = "look", "eye"
            sentence = _("平台工作人员看了平台存有您企业的哪些事项")
            facts = _("{n} 项 · 没有显示记录的内容").format(n=row.facts.get("items", 0))
    return Entry(row.at, family, "", icon, sentence, facts, row.index, f"leaf-{row.index}")


def recent_entries(
    actor: EnterpriseActor,
    bindings: list[consents.BindingRow],
    *,
    limit: int,
    since: datetime | None = None,
) -> list[Entry]:
    """The newest entries of every kind; ``bindings`` are the actor's, whose accounts the sentences name."""
    accounts = {
        row.id: " ".join((short_name(row.node_name), fmt.tail(row.masked) if row.masked else _("的账户")))
        for row in bindings
    }
    rows = [query_entry(row) for row in fundflow.records(actor, since=since, limit=limit)]
    rows += [item_entry(row) for row in items.queries(actor, since=since, limit=limit)]
    rows += [report_entry(row) for row in reports.asked(actor, since=since, limit=limit)]
    rows += [move_entry(row, accounts) for row in consents.ledger(actor, since=since, limit=limit)]
    looked = audit.acts(actor, types=("SELF_USE", "ADMIN"), named=_LOOKS, since=since, limit=limit)
    rows += [look_entry(row) for row in looked]
    return sorted(rows, key=lambda e: e.at, reverse=True)[:limit]


def by_day(entries: list[Entry]) -> Iterator[tuple[date, list[Entry]]]:
    """Entries grouped by their Shanghai day, newest first."""
    current: tuple[date, list[Entry]] | None = None
    for entry in entries:
        day = business_day(entry.at)
        if current is None or current[0] != day:
            if current is not None:
                yield current
            current = (day, [])
        current[1].append(entry)
    if current is not None:
        yield current
