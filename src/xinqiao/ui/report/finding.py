"""The first sentence of the report: what the figures say, before the figures. No judgement, no adjective of ours."""

from collections.abc import Sequence
from decimal import Decimal

from markupsafe import Markup, escape

from xinqiao.ui import format as fmt
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.i18n import ngettext
from xinqiao.ui.report.obligations import by_quarter, gettext_kind
from xinqiao.ui.report.reader import Node
from xinqiao.ui.report.words import english

_B = Markup("<b>{}</b>")


def _bold(template: str, **values: str) -> Markup:
    # Translators write **bold**; everything else in the template is text, and so are the values.
    pieces = template.split("**")
    return (
        Markup()
        .join(_B.format(piece) if k % 2 else escape(piece) for k, piece in enumerate(pieces))
        .format(**values)
    )


def finding(features: Node, monthly: Sequence[Node], obligations: Sequence[Node]) -> Markup:
    """Growth, months in which more came in than went out, the low month, and what was or was not paid regularly."""
    parts = [
        part
        for part in (_growth(features), _ahead(monthly), _low_month(monthly), *_regular(obligations))
        if part
    ]
    if not parts:
        return escape(_("统计期内的流水不够说出结论，下面只列出有的数字。"))
    between, end = (". ", ".") if english() else ("；", "。")
    return escape(between).join(parts) + escape(end)


def _growth(features: Node) -> Markup | None:
    growth = features["growth_12m"]["value"].decimal
    if growth is None:
        return None
    if round(growth, 3) == 0:
        return _bold(_("近 12 个月经营流入和前 12 个月**持平**"))
    share = fmt.percent(abs(growth))
    template = (
        _("近 12 个月经营流入比前 12 个月**多 {share}**")
        if growth > 0
        else _("近 12 个月经营流入比前 12 个月**少 {share}**")
    )
    return _bold(template, share=share)


def _ahead(monthly: Sequence[Node]) -> Markup | None:
    nets = [row["operating_net"].decimal for row in monthly if row["full"].truth]
    known = [net for net in nets if net is not None]
    if not known:
        return None
    ahead = sum(1 for net in known if net > 0)
    return _bold(
        ngettext("{all} 个整月里有 **{n}** 个月收大于支", "{all} 个整月里有 **{n}** 个月收大于支", ahead),
        all=str(len(known)),
        n=str(ahead),
    )


def _low_month(monthly: Sequence[Node]) -> Markup | None:
    """The calendar month that was the lowest of both of the last two years, if there is one."""
    full = [
        (row["month"].text, row["operating_in"].decimal or Decimal(0)) for row in monthly if row["full"].truth
    ]
    if len(full) < 24:
        return None
    lows = {min(year, key=lambda item: item[1])[0][5:7] for year in (full[-24:-12], full[-12:])}
    if len(lows) != 1:
        return None
    return _bold(_("两年都是 {month}最低"), month=fmt.month_short(f"2000-{lows.pop()}"))


def _regular(obligations: Sequence[Node]) -> list[Markup]:
    kept, parts = [], []
    for row in obligations:
        name = gettext_kind(row["kind"].text)
        if by_quarter(row) and not row["regular"].truth:
            kept.append(name)
        elif row["regular"].truth:
            missed = sum(1 for _month in row["missed_months"])
            if missed:
                parts.append(
                    _bold(
                        ngettext("{name}缺 **{n}** 个月", "{name}缺 **{n}** 个月", missed),
                        name=name,
                        n=str(missed),
                    )
                )
            else:
                kept.append(name)
    if kept:
        parts.insert(0, _bold(_("{names}**没有缺过**"), names=_("、").join(kept)))
    return parts
