"""What a row is, over columns: label, flags, natural person (3.9 rules 15, 18, 19).

The rules are the shared data of ``domain.fundflow.cues``. Each rule is one bit; each distinct text, name and code
says which bits it sets or forbids, and a row takes its lowest bit that is left.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xinqiao.domain.fundflow import cues
from xinqiao.domain.fundflow.cues import LABEL_RULES, Label
from xinqiao.domain.fundflow.model import Context
from xinqiao.provider.engine.columns import Coded, Codes, Columns
from xinqiao.provider.engine.exact import Bools, Ints

LABELS: tuple[Label, ...] = tuple(Label)
"""Label numbers index this tuple."""
NUMBER: dict[Label, int] = {label: i for i, label in enumerate(LABELS)}
DEFAULT_RULE = next(i for i, rule in enumerate(LABEL_RULES) if rule.id == cues.DEFAULT_RULE)

_RULE_LABEL = np.array([NUMBER[rule.label] for rule in LABEL_RULES], np.int8)
_IN_BITS = sum(1 << i for i, rule in enumerate(LABEL_RULES) if rule.sign >= 0)
_OUT_BITS = sum(1 << i for i, rule in enumerate(LABEL_RULES) if rule.sign <= 0)

# flag bits of a text, beside the rules
_REV, _PENALTY, _RETURNED, _FROZEN, _UNFROZEN = 1, 2, 4, 8, 16


def _bits(items: Iterable[tuple[Iterable[str], int]]) -> dict[str, int]:
    out: dict[str, int] = {}
    for texts, bit in items:
        for text in texts:
            out[text] = out.get(text, 0) | bit
    return out


_TEXT_YES = _bits((rule.text, 1 << i) for i, rule in enumerate(LABEL_RULES))
_TEXT_NO = _bits((rule.unless, 1 << i) for i, rule in enumerate(LABEL_RULES))
_NAME_YES = _bits((rule.names, 1 << i) for i, rule in enumerate(LABEL_RULES))
_KIND_YES = _bits((rule.kinds, 1 << i) for i, rule in enumerate(LABEL_RULES))
_PURPOSE_YES = _bits((rule.purposes, 1 << i) for i, rule in enumerate(LABEL_RULES))
_CHANNEL_YES = _bits((rule.channels, 1 << i) for i, rule in enumerate(LABEL_RULES))
_FLAGS = _bits(
    (
        (cues.REVERSAL_CUES, _REV),
        (cues.PENALTY_CUES, _PENALTY),
        (cues.RETURNED_CUES, _RETURNED),
        (cues.FROZEN_CUES, _FROZEN),
        (cues.UNFROZEN_CUES, _UNFROZEN),
    )
)
# One walk over the texts serves the three tables: the parts of a word of bits.
_NO_SHIFT, _FLAG_SHIFT = 24, 48
_RULES_MASK = (1 << _NO_SHIFT) - 1
_TEXT_WORDS = {
    cue: _TEXT_YES.get(cue, 0) | _TEXT_NO.get(cue, 0) << _NO_SHIFT | _FLAGS.get(cue, 0) << _FLAG_SHIFT
    for cue in (*_TEXT_YES, *_TEXT_NO, *_FLAGS)
}
assert len(LABEL_RULES) <= _NO_SHIFT

_OWN = sum(1 << i for i, rule in enumerate(LABEL_RULES) if rule.own_party)
_RELATED = sum(1 << i for i, rule in enumerate(LABEL_RULES) if rule.related_name)
_REVERSAL = sum(1 << i for i, rule in enumerate(LABEL_RULES) if rule.reversal_flag)
_CASH = sum(1 << i for i, rule in enumerate(LABEL_RULES) if rule.cash_flag)
_ALWAYS = sum(1 << i for i, rule in enumerate(LABEL_RULES) if rule.always)


def cue_bits(texts: Sequence[str], words: dict[str, int]) -> Ints:
    """For each text, the bits of all cues that are a substring of it."""
    out = np.zeros(len(texts), np.int64)
    if not texts:
        return out
    # Normal forms hold no white space, so a line break keeps the texts of one long string apart.
    joined = "\n".join(texts)
    starts = np.cumsum([0, *(len(text) + 1 for text in texts[:-1])])
    find = joined.find
    for cue, bits in words.items():
        at = find(cue)
        if at < 0:
            continue
        hits: list[int] = []
        while at >= 0:
            hits.append(at)
            at = find(cue, at + 1)
        out[np.searchsorted(starts, hits, "right") - 1] |= np.int64(bits)
    return out


def _per_row(column: Coded, table: Ints) -> Ints:
    """``table`` per distinct value, spread over rows; missing (-1) takes the extra last entry, 0."""
    return np.append(table, np.int64(0))[column.codes]


def _code_bits(column: Coded, words: dict[str, int]) -> Ints | None:
    table = np.array([words.get(value, 0) for value in column.values], np.int64)
    return table[column.codes] if table.any() else None


def is_person_name(name: str) -> bool:
    """The name rule of a natural person (rule 15), on a normal form."""
    bare = name.replace("·", "")
    return (
        2 <= len(bare) <= 4
        and all("一" <= sign <= "\u9fff" for sign in bare)
        and not any(word in bare for word in cues.NOT_A_PERSON)
        and not bare.endswith(cues.NOT_A_PERSON_END)
    )


@dataclass(frozen=True, slots=True)
class Labelled:
    """Per row: rule number, label number, and the flags of rule 19 before they look at the label."""

    rule: npt.NDArray[np.int8]
    label: npt.NDArray[np.int8]
    cue: Bools
    penalty: Bools
    returned: Bools
    frozen: Bools
    person: Bools

    def part(self, span: slice) -> "Labelled":
        """The rows of one account."""
        return Labelled(
            self.rule[span], self.label[span], self.cue[span], self.penalty[span], self.returned[span],
            self.frozen[span], self.person[span],
        )  # fmt: skip


def label_rows(c: Columns, context: Context) -> Labelled:
    """Label every row (rule 18), whatever pairing will say later."""
    text = _per_row(c.text, cue_bits(c.text.values, _TEXT_WORDS))
    names = cue_bits(c.name.values, _NAME_YES)
    if context.holder or context.related:
        for i, name in enumerate(c.name.values):
            if name == context.holder:
                names[i] |= _OWN
            if name in context.related:
                names[i] |= _RELATED
    bits = (text & _RULES_MASK) | _per_row(c.name, names)
    for column, words in ((c.kind, _KIND_YES), (c.purpose, _PURPOSE_YES), (c.channel, _CHANNEL_YES)):
        more = _code_bits(column, words)
        if more is not None:
            bits |= more
    if context.bound:
        own = np.array([_OWN if a in context.bound else 0 for a in c.cp_account.values], np.int64)
        bits |= _per_row(c.cp_account, own)
    bits |= c.is_reversal * np.int64(_REVERSAL)
    bits |= c.is_cash * np.int64(_CASH)
    bits |= _ALWAYS
    bits &= ~(text >> _NO_SHIFT)
    bits &= np.where(c.inward, np.int64(_IN_BITS), np.int64(_OUT_BITS))
    rule = np.bitwise_count((bits & -bits) - 1).astype(np.int8)
    flags = text >> _FLAG_SHIFT
    return Labelled(
        rule=rule,
        label=_RULE_LABEL[rule],
        cue=c.is_reversal | ((flags & _REV) != 0),
        penalty=(flags & _PENALTY) != 0,
        returned=(flags & _RETURNED) != 0,
        frozen=(flags & (_FROZEN | _UNFROZEN)) == _FROZEN,
        person=_persons(c),
    )


def _persons(c: Columns) -> Bools:
    sure = np.array([value == "natural_person" for value in c.kind.values], np.bool_)
    open_ = np.array([value in cues.PERSON_KINDS for value in c.kind.values], np.bool_)
    by_name = np.array([*(is_person_name(name) for name in c.name.values), False], np.bool_)
    if not len(c):
        return np.zeros(0, np.bool_)
    person: Bools = sure[c.kind.codes] | (open_[c.kind.codes] & by_name[c.name.codes])
    return person


def in_list(column: Coded, wanted: frozenset[str]) -> Bools:
    """Which rows' value is in a supplied list."""
    table = np.array([*(value in wanted for value in column.values), False], np.bool_)
    found: Bools = table[column.codes]
    return found


__all__ = ["DEFAULT_RULE", "LABELS", "NUMBER", "Codes", "Labelled", "in_list", "is_person_name", "label_rows"]
