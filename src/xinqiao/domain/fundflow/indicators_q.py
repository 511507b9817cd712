"""Q01-Q10: coverage and integrity, literally as the dictionary says (3.9.5)."""

from collections.abc import Mapping

from xinqiao.domain.fundflow.books import Books, total
from xinqiao.domain.fundflow.clean import link_holds
from xinqiao.domain.fundflow.cues import DEFAULT_RULE, Label
from xinqiao.domain.fundflow.figures import Exact, Figure, NullReason, ratio
from xinqiao.domain.fundflow.rules import Rule


def history_days(b: Books) -> int:
    """Q01."""
    return b.r1[-1].day - b.r1[0].day + 1


def coverage(b: Books) -> Figure:
    """Q02, and the coverage that every line carries (rule 11)."""
    return ratio(len(b.known), b.window.window_days)


def active_days(b: Books) -> int:
    """Q03."""
    return len({row.day for row in b.r1_in})


def longest_gap_days(b: Books) -> int:
    """Q04: edges count; without an opening day the days before the first row ever do not."""
    start = b.window.first
    if b.window.opened_on is None:
        start = max(start, b.r1[0].day)
    longest, last = 0, start - 1
    for row in b.r1_in:
        longest = max(longest, row.day - last - 1)
        last = row.day
    return max(longest, b.window.end - last)


def balance_breaks(b: Books) -> int:
    """Q05: each row of E against the row just before it, which may lie before e."""
    breaks = 0
    for before, row in zip((None, *b.r1), b.r1, strict=False):
        if b.window.holds(row.day) and not link_holds(before, row):
            breaks += 1
    return breaks


def unlabelled_share(b: Books) -> Figure:
    """Q06."""
    return ratio(total(e for e in b.flows if e.rule == DEFAULT_RULE), b.gross_in + b.gross_out)


def cp_missing_share(b: Books) -> Figure:
    """Q07, over rows of R1."""
    return ratio(sum(row.cp is None for row in b.r1_in), len(b.r1_in))


def reversal_rate(b: Books) -> Figure:
    """Q08: credits of E inside reversal pairs, each by its own date, over all credits of E before pairing."""
    paired = {position for pair in b.pairs for position in pair}
    came = [(i, row) for i, row in enumerate(b.r1) if row.sign > 0 and b.window.holds(row.day)]
    return ratio(sum(row.amount for i, row in came if i in paired), sum(row.amount for _, row in came))


def account_age_days(b: Books) -> dict[str, Exact]:
    """Q09."""
    opened = b.window.opened_on
    since = b.r1[0].day if opened is None else opened
    return {"account_age_days": b.window.as_of - since, "lower_bound": opened is None}


def bound_account_share(b: Books) -> Figure:
    """Q10."""
    bound = b.context.bound
    if not bound:
        return NullReason.LIST_NOT_SUPPLIED
    seen = {e.row.cp_account for e in b.labelled(Label.SELF) if e.row.cp_account}
    return ratio(len(bound), len(bound | seen))


RULES: Mapping[str, Rule] = {
    "Q01": history_days,
    "Q02": coverage,
    "Q03": active_days,
    "Q04": longest_gap_days,
    "Q05": balance_breaks,
    "Q06": unlabelled_share,
    "Q07": cp_missing_share,
    "Q08": reversal_rate,
    "Q09": account_age_days,
    "Q10": bound_account_share,
}
