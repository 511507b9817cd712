"""The frame around the node's pages: navigation, words of products and states, definitions of figures."""

from urllib.parse import urlencode

from xinqiao.domain.consent import Product
from xinqiao.provider.config import NodeConfig
from xinqiao.provider.portal.sessions import Session
from xinqiao.ui import i18n
from xinqiao.ui.figures import Definition
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.shell import NavGroup, NavItem, Person, Search, Shell


def make_shell(
    config: NodeConfig, *, session: Session | None, current: str, path: str, query: dict[str, str], theme: str,
    token: str, refused: int = 0,
) -> Shell:  # fmt: skip
    """The frame of one page, in the language in force."""
    other = "zh" if i18n.language() is i18n.Language.EN else "en"
    kept = {name: value for name, value in query.items() if name != "lang"}
    href = f"{path}?{urlencode(kept | {'lang': other})}"
    if session is None:
        return Shell(
            language=i18n.language(), home_href="/", portal_word=_("数源"), demo=config.demo, theme=theme,
            language_href=href, csrf_token=token,
        )  # fmt: skip
    work = (
        NavItem("overview", _("节点概览"), "/", "activity"),
        NavItem("permits", _("许可证"), "/permits", "ticket"),
        NavItem("entrustments", _("委托协议"), "/entrustments", "link"),
        NavItem("refusals", _("拒绝与异常"), "/refusals", "shield-x", refused),
    )
    manage = (
        NavItem("keys", _("密钥"), "/keys", "key"),
        NavItem("rules", _("规则"), "/rules", "adjustments"),
    )
    return Shell(
        language=i18n.language(),
        home_href="/",
        nav=(NavGroup(work), NavGroup(manage, _("管理"))),
        current=current,
        portal_word=_("数源"),
        organisation=_("{name} · 信息提供节点").format(name=config.name),
        person=Person(session.user.name, _("节点人员"), "/"),
        search=Search("/permits", _("许可证号、报告编号"), value=query.get("q", "")),
        demo=config.demo,
        theme=theme,
        logout_href="/logout",
        language_href=href,
        csrf_token=token,
    )


def product_word(product: str | None) -> str:
    """A product in words."""
    match product:
        case Product.REPORT:
            return _("报告")
        case Product.SUMMARY:
            return _("明细汇总")
        case str() if product:
            return product  # an item of the catalogue, by its id
        case _:
            return "–"


def status_word(status: str) -> tuple[str, str]:
    """(state key, sentence) of the node's health."""
    match status:
        case "ok":
            return "node.online", _("能查、能算、能证明。")
        case "no_directory":
            return "node.slow", _("平台目录已过期或没有取到，机构的查询都会被拒绝。")
        case "no_data":
            return "node.slow", _("数据文件夹里还没有流水。")
        case _:
            return "node.offline", _("读不到数据，所有查询都会被拒绝。")


def definitions(as_of: str) -> dict[str, Definition]:
    """What the figures of the overview count."""
    day = _("过去 24 个整点小时，含正在进行的一小时")
    return {
        "served": Definition(
            "N01", 1, _("24 小时服务"), _("核对无误、算好并封好交给平台的产品份数。每份许可证只用一次。"),
            _("计数：台账中「已服务」的行"), day, as_of,
        ),
        "refused": Definition(
            "N02", 1, _("24 小时拒绝"), _("签名有效但没有放行的请求，每个请求记一次。没有签名的来信不记入台账。"),
            _("计数：台账中「已拒绝」和「未完成」的行"), day, as_of,
        ),
        "p50": Definition(
            "N03", 1, _("中位用时"), _("一半的产品在这么久之内算好并封好。"),
            _("从许可证写入磁盘到封好产品，毫秒，最近秩法"), day, as_of,
        ),
        "p99": Definition(
            "N04", 1, _("p99 用时"), _("一百份里有九十九份在这么久之内完成。约定上限是 10 秒。"),
            _("同上，第 99 百分位"), day, as_of,
        ),
        "entrusted": Definition(
            "N05", 1, _("生效的委托"), _("客户签署、还没有解除的委托提供协议。"),
            _("计数：本节点自己保存的协议减去已解除的"), "", as_of,
        ),
    }  # fmt: skip
