"""Lines C01-C09 (cash and channels) of the dictionary."""

import numpy as np

from xinqiao.domain.fundflow.cues import Label
from xinqiao.domain.fundflow.figures import NullReason
from xinqiao.provider.engine.window import Lines, View, ratio


def cash(v: View, out: Lines) -> None:
    """All C lines."""
    p, t = v.p, v.t
    out["C01"] = (ratio(v.sum_of(Label.CASH, 1), v.gross_in),)
    out["C02"] = (ratio(v.sum_of(Label.CASH, 0), v.gross_out),)
    out["C03"] = (ratio(t["cash_in_round"], t["cash_in_rows"]),)
    out["C04"] = (t["large_cash"],)
    out["C05"] = (ratio(v.sum_of(Label.PLATFORM, 1), v.oi),)
    first, last = np.searchsorted(p.platform_days, (v.d0, v.d1))
    out["C06"] = (ratio(int(last - first), v.d_e),)
    mix: list[list[int]] = p.channel_cells[v.em0 : v.em1].sum(axis=0).tolist()
    out["C07"] = (*(ratio(c[1], v.gross_in) for c in mix), *(ratio(c[0], v.gross_out) for c in mix))
    out["C08"] = (ratio(t["night"], t["timed"]) if t["timed_rows"] else NullReason.NO_TIME,)
    discounted = v.sum_of(Label.BILL_DISC, 1) + v.sum_of(Label.BILL_DISC, 0)
    out["C09"] = (ratio(v.sum_of(Label.BILL_COLL, 1), v.oi), ratio(discounted, v.gross_in))
