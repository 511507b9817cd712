"""Who the firm is compared with, in words, and where its figures lie among them. A place, never a mark."""

from dataclasses import dataclass

from xinqiao.domain.identifiers.gb2260 import PROVINCES
from xinqiao.domain.identifiers.gb4754 import DIVISIONS, SECTIONS
from xinqiao.domain.msme import SizeClass
from xinqiao.domain.msme.words import CLASS_WORDS
from xinqiao.domain.portrait import Group, Position, Reading, position
from xinqiao.domain.portrait.whole import Compared, Portrait
from xinqiao.ui import format as fmt
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.report.portrait_words import label, quantity, rounded
from xinqiao.ui.report.words import english


@dataclass(frozen=True, slots=True)
class PeerRow:
    """A figure beside its group. ``listed``: firms of the group in the register, ``firms``: those that have the figure."""

    label: str
    month: str
    own: str
    p25: str
    p50: str
    p75: str
    where: str
    group: str
    firms: int
    listed: int


@dataclass(frozen=True, slots=True)
class PeersView:
    """The card about peers: what is known of the firm's place, and the rows; ``why`` when there are none."""

    facts: tuple[tuple[str, str], ...]
    rows: tuple[PeerRow, ...]
    why: str
    counted_at: str
    least: int


def peers_view(portrait: Portrait) -> PeersView:
    """Words about the firm's peers."""
    rows = tuple(
        _row(one, compared) for one in portrait.readings if (compared := portrait.peers.get(one.figure.id)) and one.value is not None
    )  # fmt: skip
    return PeersView(
        _facts(portrait),
        rows,
        "" if rows else _why(portrait),
        fmt.moment(portrait.counted_at) if portrait.counted_at else "",
        portrait.least,
    )


def _facts(portrait: Portrait) -> tuple[tuple[str, str], ...]:
    place = portrait.place
    if place is None:
        return ()
    industry = place.division or place.section
    if place.size:
        size = _("{size}（暂定，按参保 {n} 人）").format(
            size=size_word(place.size), n=fmt.count(portrait.insured)
        )
    else:
        size = _("凭参保人数划不出，比较时不分规模")
    return (
        (_("行业"), industry_word(industry) if industry else _("名录没有写")),
        (_("地区"), region_word(place.city or place.province) if place.province else _("名录没有写")),
        (_("规模"), size),
    )


def _why(portrait: Portrait) -> str:
    if portrait.place is None:
        return _("企业名录里没有这家企业，或平台没有配企业名录，比不了同类。")
    if not (portrait.place.division or portrait.place.section):
        return _("企业名录里没有写行业，分不出同类。")
    if portrait.counted_at is None:
        return _("{month} 的同类数字还没有统计出来。").format(month=fmt.month(portrait.month))
    return _("同类企业太少：一组至少另有 {n} 家有同样的数，才会显示。").format(n=portrait.least)


def _row(reading: Reading, compared: Compared) -> PeerRow:
    figure, cell = reading.figure, compared.cell
    assert reading.value is not None
    p25, p50, p75 = (str(rounded(figure, told)) for told in (cell.p25, cell.p50, cell.p75))
    return PeerRow(
        label(figure),
        fmt.month(reading.month),
        str(quantity(figure, reading.value)),
        p25,
        p50,
        p75,
        position_word(position(reading.value, cell)),
        group_word(compared.group),
        cell.firms,
        cell.listed,
    )


def position_word(where: Position) -> str:
    """Between which quantiles a value lies."""
    match where:
        case Position.BELOW:
            return _("低于下四分位")
        case Position.LOWER:
            return _("下四分位到中位")
        case Position.MIDDLE:
            return _("在中位")
        case Position.UPPER:
            return _("中位到上四分位")
        case Position.ABOVE:
            return _("高于上四分位")


def group_word(group: Group) -> str:
    """A group in words."""
    return " · ".join(
        (
            industry_word(group.industry),
            region_word(group.region) if group.region else _("不限地区"),
            size_word(group.size) if group.size else _("不分规模"),
        )
    )


def industry_word(code: str) -> str:
    """A division or section with its code; divisions have only Chinese names."""
    if len(code) == 1:
        return f"{code} {SECTIONS[code][1 if english() else 0]}"
    section, name = DIVISIONS[code[1:]]
    return f"{code} {SECTIONS[section][1]}" if english() else f"{code} {name}"


def region_word(code: str) -> str:
    """A province by its name, a city by its code beside it: names of cities change and are not kept here."""
    full = code.ljust(6, "0")
    if english():
        return full
    province = PROVINCES.get(code[:2], full)
    return province if len(code) == 2 else f"{province} {full}"


def size_word(size: str) -> str:
    """A size class."""
    return CLASS_WORDS[SizeClass(size)][1 if english() else 0]
