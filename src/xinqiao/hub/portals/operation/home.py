"""The overview: what happened today, and what needs a person."""

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from xinqiao.domain.period import start_of_day
from xinqiao.hub.actors import SystemActor
from xinqiao.hub.apps.consents import desk
from xinqiao.hub.apps.fundflow import figures
from xinqiao.hub.apps.fundflow import selectors as fundflow
from xinqiao.hub.apps.identity import oversight
from xinqiao.hub.apps.quality.ticket_selectors import ticket_counts
from xinqiao.hub.apps.redress import selectors as redress
from xinqiao.hub.portals.access import Visit, operator_page
from xinqiao.hub.portals.institution.cards import code_title
from xinqiao.hub.portals.institution.figures import Figure
from xinqiao.hub.portals.operation.health import Look, checks
from xinqiao.hub.portals.operation.nodes import NodeCard, node_cards
from xinqiao.hub.portals.operation.shell import Staff, staff_page
from xinqiao.hub.portals.words import product_short, short_name
from xinqiao.ui import format as fmt
from xinqiao.ui.figures import Definition
from xinqiao.ui.i18n import gettext as _


@dataclass(frozen=True, slots=True)
class Task:
    """Something that waits for a person: what, why, where to go. ``kind`` is wait or no."""

    kind: str
    icon: str
    words: str
    hint: str
    href: str
    action: str


def _tasks(look: Look, cards: list[NodeCard]) -> list[Task]:
    tasks: list[Task] = []
    if look.audit.failing:
        tasks.append(Task(
            "no", "alert-triangle", _("平台已停止放行：存证没有新的检查点"),
            _("从 {time} 起有存证没有被检查点覆盖。").format(time=fmt.instant(look.audit.uncovered_since)),
            reverse("operator:health"), _("看运行状况"),
        ))  # fmt: skip
    if look.parked:
        tasks.append(Task(
            "no", "send", _("{n} 件投递停下来等人").format(n=len(look.parked)), look.parked[0].last_error,
            reverse("operator:health"), _("看发件箱"),
        ))  # fmt: skip
    for card in cards:
        if card.state_key in ("node.offline", "node.unchecked"):
            why = _("没有应答") if card.state_key == "node.offline" else _("很久没有检查")
            tasks.append(Task(
                "no" if card.state_key == "node.offline" else "wait", "plug-x",
                _("节点{why}：{name}").format(why=why, name=card.name),
                _("这家银行的账户现在查不到。") if card.state_key == "node.offline" else _("看后台程序是否在跑。"),
                reverse("operator:node", args=[card.id]), _("去看"),
            ))  # fmt: skip
    tasks += [
        Task(
            "wait",
            "key",
            _("{who}的新密钥等安全管理员同意").format(who=key.institution.short_name),
            key.kid,
            reverse("operator:institution", args=[key.institution_id]),
            _("去核对"),
        )
        for key in oversight.proposed_keys()
    ]
    tasks += [
        Task(
            "wait",
            "key",
            _("{who}的新密钥等安全管理员同意").format(who=key.source.short_name),
            key.kid,
            reverse("operator:source", args=[key.source_id]),
            _("去核对"),
        )
        for key in oversight.proposed_source_keys()
    ]
    tasks += [
        Task(
            "wait",
            "key",
            _("{who}的新密钥等安全管理员同意").format(who=system.name),
            system.kid,
            reverse("operator:systems"),
            _("去核对"),
        )
        for system in oversight.proposed_desk_systems()
    ]
    if escalated := ticket_counts(SystemActor("home"))["escalated"]:
        tasks.append(Task(
            "wait", "ticket", _("{n} 张协调工单已升级").format(n=escalated),
            _("过了答复期限没有答复，或过了答应的日子没有到。"),
            reverse("operator:tickets") + "?show=escalated", _("去看"),
        ))  # fmt: skip
    return tasks


def _overdue(visit: Visit[Staff]) -> list[Task]:
    """Objections and applications for repair whose time is over."""
    late = redress.counts(visit.actor, at=visit.at)["late"]
    if not late:
        return []
    hint = _("平台受理、转办、催办；更正和修复由数源单位作出。")
    where = f"{reverse('operator:redress')}?show=late"
    return [Task("no", "scale", _("{n} 件异议或修复已逾期").format(n=late), hint, where, _("去看"))]


def _figures(visit: Visit[Staff], since: datetime) -> list[Figure]:
    until = visit.at
    span = _("{start} 至 {end}").format(start=fmt.moment(since), end=fmt.moment(until))
    asked = figures.record_counts(visit.actor, since=since, kind="institution")
    own = figures.record_counts(visit.actor, since=since, kind="self")
    moves = desk.events(visit.actor, since=since, until=until)
    rows = (
        ("O01", _("已放行"), asked["released"], _("机构查询"), _("今天放行给机构的产品次数。"), _("计数：状态为已放行的机构查询")),
        ("O02", _("未放行"), asked["denied"], _("都没有数据给出"), _("今天被拒绝的机构查询。"), _("计数：状态为未放行的机构查询")),
        ("O03", _("数源未应答"), asked["failed"] + own["failed"], _("没有用旧报告代替"), _("今天因数源没有正确应答而没有办成的查询。"), _("计数：状态为数源未应答的查询")),
        ("O04", _("自主查询"), own["released"], _("企业自己查，不计次数"), _("今天企业自己看自己的次数。"), _("计数：已放行的自主查询")),
        ("O05", _("新申请"), moves.get("authorisation.request", 0), _("{n} 件同意").format(n=moves.get("authorisation.confirm", 0)), _("今天机构提出的授权申请。"), _("计数：授权的申请事件")),
        ("O06", _("撤回"), moves.get("authorisation.withdraw", 0), _("立即生效"), _("今天企业撤回的授权。"), _("计数：授权的撤回事件")),
    )  # fmt: skip
    return [
        Figure(label, (fmt.count(n), _("次")), meaning, Definition(id_, 1, label, sentence, formula, span))
        for id_, label, n, meaning, sentence, formula in rows
    ]


@require_GET
@operator_page
def start(visit: Visit[Staff]) -> HttpResponse:
    """Does it work, and what needs a person?"""
    look = Look.now(visit.at)
    cards = node_cards(look.nodes, visit.at)
    since = start_of_day(fmt.shanghai(visit.at).date())
    context = {
        "tasks": [*_tasks(look, cards), *_overdue(visit)],
        "figures": _figures(visit, since),
        "cards": cards[:8],
        "nodes": len(cards),
        "checks": checks(look),
        "recent_rows": [
            (row, product_short(row.product), short_name(row.institution_name) or _("企业自己"),
             code_title(row.code) if row.code else "")
            for row in fundflow.records(visit.actor, limit=8)
        ],
        "checkpoint": look.checkpoint,
    }  # fmt: skip
    return staff_page(visit, "operation/home.html", "home", context)
