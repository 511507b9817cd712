"""C01-C09: cash and channels, literally as the dictionary says (3.9.5)."""

from collections.abc import Mapping

from xinqiao.domain.fundflow.books import Books, Entry, total
from xinqiao.domain.fundflow.cues import Label
from xinqiao.domain.fundflow.figures import Figure, NullReason, ratio
from xinqiao.domain.fundflow.model import Channel
from xinqiao.domain.fundflow.rules import Rule

_THOUSAND_YUAN = 100_000
_NIGHT_FROM, _NIGHT_UNTIL = 22 * 3600, 6 * 3600


def cash_in_share(b: Books) -> Figure:
    """C01."""
    return ratio(total(b.labelled(Label.CASH, 1)), b.gross_in)


def cash_out_share(b: Books) -> Figure:
    """C02."""
    return ratio(total(b.labelled(Label.CASH, -1)), b.gross_out)


def cash_in_rounding(b: Books) -> Figure:
    """C03."""
    deposits = b.labelled(Label.CASH, 1)
    return ratio(sum(e.amount % _THOUSAND_YUAN == 0 for e in deposits), len(deposits))


def large_cash_count(b: Books) -> int:
    """C04, the limit included."""
    return sum(e.amount >= b.context.cash_limit for e in b.labelled(Label.CASH))


def platform_settlement_share(b: Books) -> Figure:
    """C05."""
    return ratio(total(b.labelled(Label.PLATFORM, 1)), b.oi)


def platform_days_share(b: Books) -> Figure:
    """C06."""
    return ratio(len({e.day for e in b.labelled(Label.PLATFORM, 1)}), b.window.days)


def channel_of(entry: Entry) -> Channel:
    """The channel's code; an empty or unlisted one is other (C07)."""
    code = entry.row.channel
    return Channel(code) if code in Channel else Channel.OTHER


def channel_mix(b: Books) -> dict[str, Figure]:
    """C07, all 18 keys always."""
    figures: dict[str, Figure] = {}
    for sign, way, base in ((1, "in", b.gross_in), (-1, "out", b.gross_out)):
        for channel in Channel:
            amount = total(e for e in b.directed(sign) if channel_of(e) is channel)
            figures[f"{way}.{channel.value}"] = ratio(amount, base)
    return figures


def night_share(b: Books) -> Figure:
    """C08: rows with a time only."""
    timed = [(e.row.second, e.amount) for e in b.flows if e.row.second is not None]
    if not timed:
        return NullReason.NO_TIME
    night = sum(amount for at, amount in timed if at >= _NIGHT_FROM or at < _NIGHT_UNTIL)
    return ratio(night, sum(amount for _, amount in timed))


def bill_shares(b: Books) -> dict[str, Figure]:
    """C09: collection in over OI; discount over gross_in.

    Rule 13 gives a direction to every label that stands alone in a sum, and BILL_DISC is not in its list: a bare
    Σ BILL_DISC is every row with that label.
    """
    return {
        "bill_share_in": ratio(total(b.labelled(Label.BILL_COLL, 1)), b.oi),
        "discount_share": ratio(total(b.labelled(Label.BILL_DISC)), b.gross_in),
    }


RULES: Mapping[str, Rule] = {
    "C01": cash_in_share,
    "C02": cash_out_share,
    "C03": cash_in_rounding,
    "C04": large_cash_count,
    "C05": platform_settlement_share,
    "C06": platform_days_share,
    "C07": channel_mix,
    "C08": night_share,
    "C09": bill_shares,
}
