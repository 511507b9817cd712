"""Words and numbers of the portrait's figures."""

from decimal import Decimal

from xinqiao.domain.portrait import Figure, Unit
from xinqiao.ui import format as fmt
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.i18n import ngettext
from xinqiao.ui.report.words import english

#: Below this, money stands in yuan: 318.40 yuan is 0.03 in ten thousands.
_SMALL = Decimal(10_000)


def label(figure: Figure) -> str:
    """Its name."""
    return figure.en if english() else figure.zh


def quantity(figure: Figure, value: Decimal) -> fmt.Quantity:
    """A value in its unit."""
    match figure.unit:
        case Unit.YUAN:
            scale = fmt.Scale.YUAN if abs(value) < _SMALL else fmt.Scale.AUTO
            return fmt.money_parts(value, scale=scale)
        case Unit.RATIO:
            return fmt.percent_parts(value)
        case _:
            return fmt.Quantity(number(value), unit_word(figure, value))


def rounded(figure: Figure, value: Decimal) -> fmt.Quantity:
    """A quantile of peers in its unit, with no more digits than it has: they were rounded for a reason."""
    if figure.unit is Unit.YUAN:
        if english():
            return fmt.Quantity(_short(value), "CNY", unit_first=True)
        scale = Decimal(100_000_000) if abs(value) >= 100_000_000 else _SMALL
        if abs(value) < scale:
            return fmt.Quantity(_short(value), "元")
        return fmt.Quantity(_short(value / scale), "万元" if scale == _SMALL else "亿元")
    if figure.unit is Unit.RATIO:
        return fmt.Quantity(_short(value * 100), "%")
    return fmt.Quantity(_short(value), unit_word(figure, value))


def _short(value: Decimal) -> str:
    return f"{Decimal(f'{value.normalize():f}'):,}"


def number(value: Decimal) -> str:
    """A number as short as it is exact: whole where it is whole, else two places."""
    return fmt.decimal(value, digits=0 if value == value.to_integral_value() else 2)


def unit_word(figure: Figure, value: Decimal) -> str:
    """The unit after a number that is neither money nor a share."""
    many = 1 if value == 1 else 2
    match figure.unit:
        case Unit.PERSONS:
            return ngettext("人", "人", many)
        case Unit.KWH:
            return _("千瓦时")
        case Unit.KVA:
            return _("千伏安")
        case Unit.M3:
            return _("立方米")
        case Unit.COUNT:
            return _count_word(figure, many)
        case _:
            return ""


def _count_word(figure: Figure, many: int) -> str:
    match figure.key:
        case "utility_late" | "wins_12m":
            return _("次")
        case "dishonest_listings":
            return ngettext("条", "条", many)
        case _:
            return ngettext("件", "件", many)
