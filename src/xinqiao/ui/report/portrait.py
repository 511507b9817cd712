"""A portrait as values for the page, in the language of the reader: figures, pictures, peers, changes. No score."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from xinqiao.domain.portrait import Change, Nil, Reading, Theme
from xinqiao.domain.portrait.changes import Kind
from xinqiao.domain.portrait.whole import Portrait
from xinqiao.ui import format as fmt
from xinqiao.ui.figures import Definition
from xinqiao.ui.i18n import N_, gettext, ngettext
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.report.charts import Chart
from xinqiao.ui.report.portrait_charts import chart_of
from xinqiao.ui.report.portrait_peers import PeersView, peers_view
from xinqiao.ui.report.portrait_words import label, quantity
from xinqiao.ui.report.words import english

THEMES: Final[dict[Theme, str]] = {
    Theme.PEOPLE: N_("用工和医保"),
    Theme.UTILITIES: N_("水电气"),
    Theme.DEALINGS: N_("公共资源交易"),
    Theme.RIGHTS: N_("资质和知识产权"),
    Theme.FARMING: N_("涉农"),
    Theme.ADVERSE: N_("司法"),
}

_REASONS: Final[dict[Nil, tuple[str, str]]] = {
    Nil.NOT_COLLECTED: ("not_collected", N_("平台还没有归集")),
    Nil.NOT_AUTHORISED: ("not_authorised", N_("企业没有授权")),
    Nil.NO_RECORD: ("no_record", N_("没有记录")),
    Nil.NOT_FILLED: ("no_record", N_("数源没有填")),
    Nil.SHORT_HISTORY: ("no_record", N_("不满 24 个月")),
    Nil.ZERO_DENOMINATOR: ("no_record", N_("分母为零")),
}


@dataclass(frozen=True, slots=True)
class FigureView:
    """A figure ready for the macro ``fig``."""

    label: str
    quantity: fmt.Quantity | None
    meaning: str
    definition: Definition
    uid: str
    reason: str
    objected: bool


@dataclass(frozen=True, slots=True)
class ThemeView:
    """A heading with its figures and pictures, and where they come from."""

    id: str
    title: str
    figures: tuple[FigureView, ...]
    charts: tuple[Chart, ...]
    sources: str
    as_of: str
    known: int
    needed: int

    @property
    def objected(self) -> bool:
        """Whether a record behind one of its figures is under objection."""
        return any(figure.objected for figure in self.figures)


@dataclass(frozen=True, slots=True)
class Missing:
    """Figures without a value for one reason: under which heading, the kind of nothing, and the reason."""

    title: str
    names: str
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """An item that differs since the last report."""

    name: str
    kind: str
    icon: str
    rows: str
    details: str
    as_of: str


@dataclass(frozen=True, slots=True)
class ChangesView:
    """What is compared with, and what differs; no number when there is nothing to compare with."""

    sentence: str
    rows: tuple[ChangeRow, ...]


@dataclass(frozen=True, slots=True)
class PortraitView:
    """The whole page."""

    lead: str
    month: str
    quarterly: bool
    themes: tuple[ThemeView, ...]
    missing: tuple[Missing, ...]
    peers: PeersView
    changes: ChangesView
    absent: str
    notes: tuple[str, ...]


def build_portrait_view(
    portrait: Portrait, names: dict[str, str], *, quarterly: bool = False
) -> PortraitView:
    """The page of a portrait. ``names``: item id → its name in the reader's language."""
    shown, missing = [], []
    for theme in Theme:
        readings = [one for one in portrait.readings if one.figure.theme is theme]
        if any(one.value is not None for one in readings):
            shown.append(_theme(theme, readings, portrait, quarterly))
        else:
            missing += _missing(theme, readings)
    return PortraitView(
        _lead(portrait),
        fmt.month(portrait.month),
        quarterly,
        tuple(shown),
        tuple(missing),
        peers_view(portrait),
        _changes(portrait, names),
        _absent(portrait),
        _notes(portrait),
    )


def _lead(portrait: Portrait) -> str:
    known = sum(one.value is not None for one in portrait.readings)
    sentence = ngettext("{all} 个数里有 {n} 个", "{all} 个数里有 {n} 个", known).format(
        all=len(portrait.readings), n=known
    )
    if portrait.peers:
        beside = _("其中 {n} 个能和同类企业比。").format(n=len(portrait.peers))
        between = ", " if english() else "，"
    else:  # right after a start the register or the counts may not be there yet: that is no word about the firm
        beside = peers_view(portrait).why
        between = ". " if english() else "。"
    return f"{sentence}{between}{beside}"


def _theme(theme: Theme, readings: Sequence[Reading], portrait: Portrait, quarterly: bool) -> ThemeView:
    used = [one for one in readings if one.known]
    days = [one.as_of for one in used if one.as_of is not None]
    charts = (
        chart_of(one, portrait.peers.get(one.figure.id), quarterly=quarterly)
        for one in readings
        if one.has_series
    )
    return ThemeView(
        theme.value,
        gettext(THEMES[theme]),
        tuple(_figure(one) for one in readings),
        tuple(chart for chart in charts if chart is not None),
        "、".join(dict.fromkeys(source for one in used for source in one.sources)),
        fmt.day(min(days)) if days else "",
        len({item for one in used for item in one.figure.items}),
        len({item for one in readings for item in one.figure.items}),
    )


def _figure(reading: Reading) -> FigureView:
    figure = reading.figure
    coverage = (
        _("{n} 个事项里用了 {m} 个").format(n=reading.needed, m=reading.known) if reading.needed > 1 else ""
    )
    definition = Definition(
        figure.id, figure.version, label(figure), gettext(figure.plain), gettext(figure.formula), coverage,
        fmt.day(reading.as_of) if reading.as_of else "",
    )  # fmt: skip
    return FigureView(
        label(figure),
        None if reading.value is None else quantity(figure, reading.value),
        _meaning(reading),
        definition,
        f"d-{figure.id.lower()}",
        gettext(_REASONS[reading.reason][1]) if reading.reason else "",
        reading.objected,
    )


def _meaning(reading: Reading) -> str:
    """The month, and how it compares with a year before."""
    if reading.value is None:
        return ""
    parts = [fmt.month(reading.month)]
    if reading.change is not None:
        parts.append(_("同比 {share}").format(share=fmt.percent(reading.change, signed=True)))
    if reading.objected:
        parts.append(_("有异议"))
    return " · ".join(parts)


def _missing(theme: Theme, readings: Sequence[Reading]) -> list[Missing]:
    together: dict[Nil, list[str]] = {}
    for one in readings:
        if one.reason is not None:
            together.setdefault(one.reason, []).append(label(one.figure))
    return [
        Missing(
            gettext(THEMES[theme]), _("、").join(names), _REASONS[reason][0], gettext(_REASONS[reason][1])
        )
        for reason, names in together.items()
    ]


def _changes(portrait: Portrait, names: dict[str, str]) -> ChangesView:
    since = portrait.since
    if not portrait.own:
        return ChangesView(_("给机构的画像只说现在，不和以前的报告对照。"), ())
    if since is None:
        return ChangesView(_("还没有能对照的信用报告。生成一份以后，这里就会写明之后变了什么。"), ())
    at = fmt.moment(since.generated_at)
    if not since.changes:
        return ChangesView(
            _("和 {at} 的报告 {number} 相比，各项都没有变化。").format(at=at, number=since.number), ()
        )
    sentence = ngettext(
        "和 {at} 的报告 {number} 相比，{n} 项有变化。", "和 {at} 的报告 {number} 相比，{n} 项有变化。", len(since.changes)
    )  # fmt: skip
    return ChangesView(
        sentence.format(at=at, number=since.number, n=len(since.changes)),
        tuple(_change(one, names.get(one.item, one.item)) for one in since.changes),
    )


def _change(change: Change, name: str) -> ChangeRow:
    kind, icon = {
        Kind.NEW: (_("新有记录"), "plus"),
        Kind.CHANGED: (_("内容变了"), "refresh"),
        Kind.GONE: (_("没有记录了"), "x"),
    }[change.kind]
    details = []
    if change.arrived:
        details.append(_("{n} 条是之后收到的").format(n=fmt.count(change.arrived)))
    if change.corrected:
        details.append(_("{n} 条是更正").format(n=fmt.count(change.corrected)))
    return ChangeRow(
        name,
        kind,
        icon,
        f"{fmt.count(change.before)} → {fmt.count(change.now)}",
        _("，").join(details),
        fmt.day(change.as_of) if change.as_of else fmt.NOTHING,
    )


def _notes(portrait: Portrait) -> tuple[str, ...]:
    """What whoever reads the figures must know; page and paper say the same."""
    peers = (
        _("同类企业只给三个四舍五入的数，组太小不给，所以认不出哪一家；您的数也只这样参与。")
        if portrait.own
        else _("同类企业只给三个四舍五入的数，组太小不给，所以认不出哪一家。")
    )
    errors = (
        _("数字来自数源单位，以数源单位的登记为准；有不对的，可以提出异议。")
        if portrait.own
        else _("数字来自数源单位，以数源单位的登记为准；企业没有授权的各项不算，有没有记录也不说。")
    )
    return (
        _("已修复、已撤回、已到期的记录不算；有异议的算，带着标注；不利的数只有现在，没有历史。"),
        peers,
        errors,
    )


def _absent(portrait: Portrait) -> str:
    """What one might look for and does not find, with the reason."""
    if not portrait.absent:
        return ""
    return _(
        "清单里另有 {n} 项（营业收入、纳税、养老保险、海关等）只在授权后现场调用或核验，平台不留存，所以画像里没有，也不用别的数代替。"
    ).format(n=len(portrait.absent))
