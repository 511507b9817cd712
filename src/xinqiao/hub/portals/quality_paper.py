"""A monthly report in words, for the page and the paper alike: built from the frozen document and from nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xinqiao.domain.quality import Dimension
from xinqiao.hub.portals.quality_words import dimension_word, region_word, told_of, told_word, use_word
from xinqiao.hub.portals.source.cards import item_word
from xinqiao.ui import format as fmt
from xinqiao.ui.i18n import gettext as _

type Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PaperTable:
    """One table: heads with ``num`` for figures, rows of text. ``empty`` stands where there is no row."""

    title: str
    columns: tuple[dict[str, object], ...]
    rows: Sequence[tuple[str, ...]]
    note: str = ""
    empty: str = ""


@dataclass(frozen=True, slots=True)
class ReportView:
    """A report in words."""

    month: str
    catalogue: str
    lead: str
    facts: list[tuple[str, str]]
    tables: list[PaperTable]
    notes: list[str]


def report_view(document: Document) -> ReportView:
    """The words of a frozen report, in the language in force."""
    overview = document["overview"]
    return ReportView(
        month=fmt.month(document["month"]),
        catalogue=document["catalogue"],
        lead=_lead(document),
        facts=[
            (_("得分"), _value(overview["score"])),
            *((dimension_word(one), _percent(overview["rates"][one])) for one in Dimension),
            (_("平均时滞"), _days(overview["mean_lag_days"])),
            (_("批次"), fmt.count(overview["batches"])),
            (_("整批退回"), fmt.count(overview["returned"])),
            (_("收到的行"), fmt.count(overview["rows"])),
            (_("接收的行"), fmt.count(overview["accepted"])),
        ],
        tables=[
            _league(document), _figures(document["items"], _("按目录项"), _("目录项"), _item_name),
            _figures(document["regions"], _("按地区"), _("地区"), lambda one: region_word(one["region"])),
            _agreement(document), _late(document), _missing(document), _tickets(document), _use(document),
        ],
        notes=_notes(document),
    )  # fmt: skip


def _value(text: str | None) -> str:
    return fmt.decimal(text)


def _days(text: str | None) -> str:
    return fmt.NOTHING if text is None else _("{n} 天").format(n=fmt.decimal(text))


def _percent(text: str | None) -> str:
    return fmt.NOTHING if text is None else f"{fmt.decimal(text)}%"


def _item_name(one: Document) -> str:
    return item_word(one["item"])


def _lead(document: Document) -> str:
    overview = document["overview"]
    if overview["score"] is None:
        return _("{month}没有量到任何一项。").format(month=fmt.month(document["month"]))
    said = _("{month}，{n} 个数源单位报送 {b} 批、{r} 行，得分 {s}。").format(
        month=fmt.month(document["month"]), n=overview["sources"], b=fmt.count(overview["batches"]),
        r=fmt.count(overview["rows"]), s=_value(overview["score"]),
    )  # fmt: skip
    if overview["score_before"] is not None:
        said += _("上月 {s}。").format(s=_value(overview["score_before"]))
    if document["late"]:
        said += _("到月末有 {n} 项该到没有到。").format(n=len(document["late"]))
    return said


def _heads(first: str, *rest: str) -> tuple[dict[str, object], ...]:
    return ({"label": first}, *({"label": label, "num": True} for label in rest))


def _rates(one: Document) -> tuple[str, ...]:
    return (
        _value(one["score"]),
        *(_value(one["rates"][each]) for each in Dimension),
        _value(one["mean_lag_days"]),
        fmt.count(one["rows"]),
    )


def _rate_heads(first: str) -> tuple[dict[str, object], ...]:
    return _heads(first, _("得分"), *(dimension_word(each) for each in Dimension), _("时滞，天"), _("行"))


def _league(document: Document) -> PaperTable:
    rows = [(f"{one['place']}　{one['name']}", *_rates(one)) for one in document["league"]]
    missing = _("、").join(one["name"] for one in document["unranked"])
    note = _("没有上榜：{names}").format(names=missing) if missing else ""
    return PaperTable(_("榜"), _rate_heads(_("名次和数源单位")), rows, note, _("本月没有数源单位上榜。"))


def _figures(lines: Sequence[Document], title: str, head: str, named: Any) -> PaperTable:
    rows = [(named(one), *_rates(one)) for one in lines]
    return PaperTable(title, _rate_heads(head), rows, "", _("本月没有。"))


def _agreement(document: Document) -> PaperTable:
    names = {one["source"]: one["name"] for one in (*document["league"], *document["unranked"])}
    rows = [
        (
            _item_name(one), names.get(one["source"], one["source"]), fmt.count(one["compared"]), fmt.count(one["agreed"]),
        )
        for one in document["agreement"]
    ]  # fmt: skip
    heads: tuple[dict[str, object], ...] = (
        {"label": _("目录项")}, {"label": _("数源单位")}, {"label": _("比过的记录"), "num": True}, {"label": _("一致的"), "num": True},
    )  # fmt: skip
    return PaperTable(_("来源之间对得上吗"), heads, rows, "", _("本月没有一项由几个来源报送同一条记录。"))


def _late(document: Document) -> PaperTable:
    rows = [
        (one["name"], _item_name(one) + (_("（从没报过）") if one["never"] else ""), fmt.day(one["due_on"]), fmt.count(one["days"]))
        for one in document["late"]
    ]  # fmt: skip
    heads: tuple[dict[str, object], ...] = (
        {"label": _("数源单位")}, {"label": _("目录项")}, {"label": _("应到")}, {"label": _("晚，天"), "num": True},
    )  # fmt: skip
    return PaperTable(_("到月末该到没有到的"), heads, rows, "", _("没有过了期限还没到的。"))


def _missing(document: Document) -> PaperTable:
    names = [_item_name(one) for one in document["missing_items"]]
    rows = [(_("、").join(names),)] if names else []
    return PaperTable(_("本月没有收到的目录项"), ({"label": _("目录项")},), rows, "", _("每一项都有。"))


def _tickets(document: Document) -> PaperTable:
    found = document["tickets"]
    words = (
        ("opened", _("新开")), ("promise", _("答复")), ("escalate", _("升级")), ("arrive", _("到了办结")), ("close", _("关闭")),
        ("live", _("月末未办结")),
    )  # fmt: skip
    heads: tuple[dict[str, object], ...] = tuple({"label": word, "num": True} for _key, word in words)
    return PaperTable(_("协调工单"), heads, [tuple(fmt.count(found[key]) for key, _word in words)])


def _use(document: Document) -> PaperTable:
    rows = []
    for supplier in document["use"]:
        for one in supplier["items"]:
            uses = _("，").join(
                f"{use_word(kind)} {told_word(told_of(count))}" for kind, count in one["uses"].items()
            )
            rows.append((supplier["name"], _item_name(one), uses, told_word(told_of(one["institutions"]))))
    heads: tuple[dict[str, object], ...] = (
        {"label": _("数源单位")}, {"label": _("目录项")}, {"label": _("用了几次")}, {"label": _("使用机构，家"), "num": True},
    )  # fmt: skip
    note = _("对贷款的成效还没有采集。次数太少的不写明，免得看出是哪一家企业。")
    return PaperTable(_("使用与成效反馈"), heads, rows, note, _("还没有数源单位。"))


def _notes(document: Document) -> list[str]:
    weights = document["rules"]["weights"]
    said = _("、").join(f"{dimension_word(one)} {weights[one]}" for one in Dimension)
    return [
        _("得分 = Σ(权重 × 通过率) ÷ 量到的权重 × 100。权重：{weights}。").format(weights=said),
        _("没有量到的写“–”，不写 0。退回的批次计入，撤回的批次不计。"),
        _("权重、期限、门槛是建议值，由平台设定。清单版本：{catalogue}").format(
            catalogue=document["catalogue"]
        ),
    ]
