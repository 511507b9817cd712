"""Arrow tables in, columns (or a table of figures) out: what stores, batch runs and Spark's ``mapInArrow`` use.

A table holds *text* columns under the canonical names (fund-flow rules 10.1). Each distinct text is read once. The
common forms of dates and amounts are read by whole columns; a table that holds anything else (another currency, a
time offset, a value that breaks rule 1) is read row by row by ``domain.fundflow.parse``, which also names the row
and field it refuses.
"""

from collections.abc import Callable
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from xinqiao.domain.fundflow.model import COLUMNS, Context, Parity, ParsedRows, truth
from xinqiao.domain.fundflow.normal import account_key, normal_account, normal_name, normal_text
from xinqiao.domain.fundflow.parse import MAX_FEN, parse_rows
from xinqiao.domain.period import FIRST_YEAR, LAST_YEAR
from xinqiao.provider.engine.columns import Coded, Codes, Columns, columns_of, encode
from xinqiao.provider.engine.exact import Bools, Ints, distinct
from xinqiao.provider.engine.run import PreparedStatement, compute, prepare_columns

_AMOUNT = r"^-?[0-9]{1,13}(\.[0-9]{1,2})?$"
_EPOCH = date(1970, 1, 1).toordinal()
_CNY = frozenset({"", "CNY", "RMB", "156"})

FIGURES = pa.schema(
    [
        ("account", pa.string()),
        ("id", pa.string()),
        ("key", pa.string()),
        ("value", pa.string()),
        ("null_reason", pa.string()),
        ("coverage", pa.string()),
        ("version", pa.int32()),
    ]
)
"""One row per account and figure; counts and truth values as text too, so that one column holds all."""


class _Slow(Exception):
    """The table holds something that whole columns cannot read."""


def prepare_table(
    table: pa.Table, context: Context, *, parity: Parity | None = None, separate: bool = False
) -> PreparedStatement:
    """Read, clean, order, pair and label every account of a table.

    Args:
        separate: the accounts belong to different holders (a batch), so none looks at another.

    Raises:
        Invalid: ``FILE_VALUE`` with row and field, as :func:`xinqiao.domain.fundflow.parse.parse_rows`.
    """

    def literal() -> ParsedRows:
        text = pa.table({name: _text(table, name) for name in COLUMNS})
        return parse_rows(text.to_pylist(), parity=parity)

    try:
        columns, accounts = _read(table)
    except _Slow:
        parsed = literal()
        columns, accounts = columns_of(parsed)
        return prepare_columns(
            columns, accounts, context, parsed.foreign_left_out, lambda: parsed, separate=separate
        )
    return prepare_columns(columns, accounts, context, {}, literal, separate=separate)


def figures_table(table: pa.Table, context: Context, *, parity: Parity | None = None) -> pa.Table:
    """Every figure of every account of a batch of whole accounts, as rows of :data:`FIGURES`.

    ``context`` holds for all accounts (their opening days by account); each account is looked at alone.
    """
    statement = prepare_table(table, context, parity=parity, separate=True)
    out: dict[str, list[str | int | None]] = {name: [] for name in FIGURES.names}
    for account in statement.accounts:
        for line, value in compute(statement, account).items():
            keys = list(value.values) or [""]
            n = len(keys)
            out["account"] += [account] * n
            out["id"] += [line] * n
            out["key"] += keys
            out["value"] += [None if shown is None else str(shown) for shown in value.values.values()] or [
                None
            ]
            reasons = [value.null_reasons.get(key, value.alone) for key in keys]
            out["null_reason"] += [None if reason is None else reason.value for reason in reasons]
            out["coverage"] += [value.coverage] * n
            out["version"] += [value.version] * n
    return pa.table(out, schema=FIGURES)


# --- columns


def _text(table: pa.Table, name: str) -> pa.Array:
    """A column as one array of texts without nulls; empty texts when the table has no such column."""
    if name not in table.column_names:
        return pa.repeat(pa.scalar(""), table.num_rows)
    column = table.column(name)
    if not pa.types.is_string(column.type):
        column = column.cast(pa.string())
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0) if array.num_chunks else pa.array([], pa.string())
    return pc.fill_null(array, "") if array.null_count else array


def _distinct_texts(array: pa.Array) -> tuple[Codes, list[str]]:
    encoded = array.dictionary_encode()
    codes: Codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int32, copy=False)
    return codes, encoded.dictionary.to_pylist()


def _mapped(array: pa.Array, form: Callable[[str], str], *, has_missing: bool) -> Coded:
    """Codes of the normal forms: the form is taken once per distinct text."""
    codes, texts = _distinct_texts(array)
    table, values = encode([form(text) for text in texts], "", has_missing=has_missing)
    return Coded(table[codes] if len(texts) else codes, values)


def _flags(array: pa.Array) -> Bools:
    codes, texts = _distinct_texts(array)
    table = np.array([truth(text) for text in texts] or [False], np.bool_)
    flags: Bools = table[codes]
    return flags


def _read(table: pa.Table) -> tuple[Columns, tuple[str, ...]]:
    currencies = _distinct_texts(_text(table, "currency"))[1]
    if any(text.strip().upper() not in _CNY for text in currencies):
        raise _Slow
    account = _mapped(_text(table, "account_no"), account_key, has_missing=False)
    if "" in account.values:
        raise _Slow
    day, second = _moments(_text(table, "booked_at"))
    amount = _fen(_text(table, "amount"))
    if len(amount) and int(amount.min()) <= 0:
        raise _Slow
    shown = _text(table, "balance_after")
    known = pc.not_equal(shown, "").to_numpy(zero_copy_only=False)
    balance = _fen(shown if known.all() else pc.if_else(pc.equal(shown, ""), "0", shown))
    directions, words = _distinct_texts(_text(table, "direction"))
    if not {word.strip() for word in words} <= {"in", "out"}:
        raise _Slow
    name = _mapped(_text(table, "counterparty_name"), normal_name, has_missing=True)
    party = _text(table, "counterparty_account")
    cp_account = _mapped(party, normal_account, has_missing=True)
    text = _text(table, "summary_text")
    raw_party, raw_text = (
        _mapped(party, str.strip, has_missing=False),
        _mapped(text, str.strip, has_missing=False),
    )
    raw = raw_party.codes.astype(np.int64) * max(len(raw_text.values), 1) + raw_text.codes
    n = table.num_rows
    return Columns(
        account=account.codes,
        day=day,
        second=second,
        inward=np.array([word.strip() == "in" for word in words] or [False], np.bool_)[directions],
        amount=amount,
        balance=balance,
        known=known,
        is_cash=_flags(_text(table, "is_cash")),
        is_reversal=_flags(_text(table, "is_reversal")),
        foreign=np.zeros(n, np.bool_),
        cp=_parties(cp_account, name),
        cp_account=cp_account,
        name=name,
        bank=_mapped(_text(table, "counterparty_bank"), normal_name, has_missing=True),
        text=_mapped(text, normal_text, has_missing=True),
        kind=_mapped(_text(table, "counterparty_kind"), str.strip, has_missing=False),
        purpose=_mapped(_text(table, "purpose_kind"), str.strip, has_missing=False),
        channel=_mapped(_text(table, "channel"), str.strip, has_missing=False),
        txn=_mapped(_text(table, "txn_id"), str.strip, has_missing=True),
        reversal_of=_mapped(_text(table, "reversal_of"), str.strip, has_missing=True),
        raw=np.searchsorted(distinct(raw), raw).astype(np.int32),
    ), tuple(account.values)


def _parties(account: Coded, name: Coded) -> Coded:
    """Rule 9: the account if there is one, else the name, else missing."""
    n = len(account.values)
    codes = np.where(account.codes >= 0, account.codes, np.where(name.codes >= 0, name.codes + n, -1))
    values = [f"A:{value}" for value in account.values] + [f"N:{value}" for value in name.values]
    return Coded(codes.astype(np.int32), values)


def _fixed(array: pa.Array, width: int) -> npt.NDArray[np.uint8]:
    """The bytes of texts that are all ``width`` long, as a matrix."""
    offsets = np.frombuffer(array.buffers()[1], np.int32)[array.offset : array.offset + len(array) + 1]
    if (np.diff(offsets) != width).any():
        raise _Slow
    data = np.frombuffer(array.buffers()[2], np.uint8)[offsets[0] : offsets[-1]]
    return data.reshape(len(array), width)


def _moments(array: pa.Array) -> tuple[Ints, Ints]:
    """Day ordinals and seconds of ``YYYY-MM-DD`` and ``YYYY-MM-DD HH:MM:SS`` (also with T)."""
    n = len(array)
    day, second = np.zeros(n, np.int64), np.zeros(n, np.int64)
    lengths = pc.binary_length(array).to_numpy(zero_copy_only=False)
    short = lengths == 10
    for width, at in ((10, np.flatnonzero(short)), (19, np.flatnonzero(~short))):
        if not len(at):
            continue
        signs = _fixed(array if len(at) == n else array.take(pa.array(at)), width)
        day[at] = _days(signs)
        if width == 19:
            second[at] = _seconds(signs)
    return day, second


def _number(signs: npt.NDArray[np.uint8], *places: int) -> Ints:
    value = np.zeros(len(signs), np.int64)
    for place in places:
        digit = signs[:, place].astype(np.int64) - 48
        if ((digit < 0) | (digit > 9)).any():
            raise _Slow
        value = value * 10 + digit
    return value


def _days(signs: npt.NDArray[np.uint8]) -> Ints:
    if (signs[:, [4, 7]] != ord("-")).any():
        raise _Slow
    year, month, day = _number(signs, 0, 1, 2, 3), _number(signs, 5, 6), _number(signs, 8, 9)
    if ((year < FIRST_YEAR) | (year > LAST_YEAR) | (month < 1) | (month > 12) | (day < 1)).any():
        raise _Slow
    months = (year - 1970) * 12 + month - 1
    first = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    after = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    days: Ints = first + day - 1
    if (days >= after).any():
        raise _Slow
    return days + _EPOCH


def _seconds(signs: npt.NDArray[np.uint8]) -> Ints:
    between = signs[:, 10]
    if ((between != ord(" ")) & (between != ord("T"))).any() or (signs[:, [13, 16]] != ord(":")).any():
        raise _Slow
    hour, minute, second = _number(signs, 11, 12), _number(signs, 14, 15), _number(signs, 17, 18)
    if ((hour > 23) | (minute > 59) | (second > 59)).any():
        raise _Slow
    return hour * 3600 + minute * 60 + second


def _fen(array: pa.Array) -> Ints:
    """Decimal texts with at most two places as integer fen."""
    if not pc.all(pc.match_substring_regex(array, _AMOUNT), min_count=0).as_py():
        raise _Slow
    decimal = array.cast(pa.decimal128(20, 2))
    # The unscaled value is a little-endian 128-bit integer; up to 15 digits fit its lower half.
    halves = np.frombuffer(decimal.buffers()[1], np.int64)[
        2 * decimal.offset : 2 * (decimal.offset + len(decimal))
    ]
    fen = halves[::2].copy()
    if len(fen) and int(np.abs(fen).max()) > MAX_FEN:
        raise _Slow
    return fen


__all__ = ["FIGURES", "figures_table", "prepare_table"]
