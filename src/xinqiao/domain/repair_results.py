"""Repair results of other platforms (信用中国 and others): what a row of such a file says, and which record it means.

No format of such files is published in the field's documents: columns and words here are ours, and a file that says
something else is listed, not guessed at. Only an exact match is a match; what is merely alike waits for a person. A row
may also take back what an earlier file of the same platform brought.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from xinqiao.domain.errors import XinqiaoError
from xinqiao.domain.identifiers import validate_uscc
from xinqiao.domain.period import parse_date

#: What a column may be called. The first is what people are told.
COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "uscc": ("统一社会信用代码", "uscc"),
        "document": ("文书号", "决定书文号", "行政处罚决定书文号", "案号", "document_no"),
        "record": ("记录标识", "record"),
        "decision": ("修复结果", "修复决定", "decision"),
        "decided_on": ("修复日期", "决定日期", "decided_on"),
    }
)
#: Without these a file is no list of results; of ``document`` and ``record`` one is enough.
NEEDED = ("uscc", "decision", "decided_on")

_GRANTED = frozenset({"准予修复", "同意修复", "已修复", "修复", "repaired"})
_WITHDRAWN = frozenset({"撤销修复", "恢复公示", "restored", "revoked"})
_OTHER = frozenset({"不予修复", "未修复", "not_repaired"})
_REF = re.compile(r"[0-9a-f]{64}")
_LONGEST = 200


class Unmatched(StrEnum):
    """Why a row was not applied."""

    #: the code, the number, the word or the day is no such thing
    USCC = "uscc"
    DOCUMENT = "document"
    DECISION = "decision"
    DATE = "date"
    #: a decision that repairs nothing
    NOT_GRANTED = "not_granted"
    #: an earlier row of the file says the same
    REPEATED = "repeated"
    #: no adverse record of the firm is held
    NO_FIRM = "no_firm"
    #: none of the firm's adverse records has this number
    NO_RECORD = "no_record"
    #: one has nearly this number
    CLOSE = "close"
    #: several have it
    SEVERAL = "several"
    #: decided before the record was determined
    EARLY = "early"
    #: in no answer already
    GONE = "gone"
    #: an application for its repair is pending here
    PENDING = "pending"
    #: a later decision that was taken over took this one back
    WITHDRAWN = "withdrawn"
    #: takes back what is not in force here
    NOT_IN_FORCE = "not_in_force"
    #: takes back what came from another platform
    ELSEWHERE = "elsewhere"
    #: takes back what was decided here
    HERE = "here"


@dataclass(frozen=True, slots=True)
class ResultRow:
    """What one row says, sound by itself. ``record``: what the record is known by on every platform, or empty.

    ``withdraws``: it takes a repair of before back.
    """

    uscc: str
    document: str
    record: str
    decided_on: date
    withdraws: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """An adverse record of the firm: what it is known by, its numbers, when it was determined, whether answers carry it."""

    item: str
    ref: str
    numbers: frozenset[str]
    determined_on: date
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Former:
    """A repair in force: its record, the record's numbers, when it was decided, and by which platform's file it came.

    ``platform`` is empty for one that was decided here.
    """

    ref: str
    numbers: frozenset[str]
    decided_on: date
    platform: str = ""


def takes_back(decision: str) -> bool:
    """Whether the word of a decision takes a repair back."""
    return decision.strip() in _WITHDRAWN


def read_row(cells: Mapping[str, str], *, today: date) -> ResultRow | Unmatched:
    """A row's cells (by the names of :data:`COLUMNS`) as a result that can be looked up, or why it is none."""
    given = {name: (cells.get(name) or "").strip() for name in COLUMNS}
    try:
        uscc = validate_uscc(given["uscc"], canonical=True)
    except XinqiaoError:
        return Unmatched.USCC
    back = takes_back(given["decision"])
    if given["decision"] not in _GRANTED and not back:
        return Unmatched.NOT_GRANTED if given["decision"] in _OTHER else Unmatched.DECISION
    document, record = given["document"], given["record"]
    # a number has a digit: a firm's name, which keys may hold too, is none
    wrong = len(document) > _LONGEST or not any(sign.isdigit() for sign in document)
    if (document and wrong) or (record and not _REF.fullmatch(record)) or not (document or record):
        return Unmatched.DOCUMENT
    try:
        decided_on = parse_date(given["decided_on"])
    except XinqiaoError:
        return Unmatched.DATE
    return Unmatched.DATE if decided_on > today else ResultRow(uscc, document, record, decided_on, back)


def match(row: ResultRow, candidates: Collection[Candidate]) -> Candidate | Unmatched:
    """The one record a row means exactly, or why there is none; where a row says both number and record, both must fit."""
    if not candidates:
        return Unmatched.NO_FIRM
    found = [one for one in candidates if _is_meant(row, one)]
    if len(found) > 1:
        return Unmatched.SEVERAL
    if not found:
        return Unmatched.CLOSE if _is_near(row, candidates) else Unmatched.NO_RECORD
    (one,) = found
    if row.decided_on < one.determined_on:
        return Unmatched.EARLY
    return Unmatched.GONE if one.gone else one


def match_withdrawal(row: ResultRow, formers: Collection[Former], platform: str) -> Former | Unmatched:
    """The one repair a row of a platform's file takes back exactly, or why there is none.

    Only the platform a repair came from takes it back, and not before it was decided.
    """
    found = [one for one in formers if _is_meant(row, one)]
    if len(found) > 1:
        return Unmatched.SEVERAL
    if not found:
        return Unmatched.CLOSE if _is_near(row, formers) else Unmatched.NOT_IN_FORCE
    (one,) = found
    if one.platform != platform:
        return Unmatched.ELSEWHERE if one.platform else Unmatched.HERE
    return Unmatched.EARLY if row.decided_on < one.decided_on else one


def _is_near(row: ResultRow, records: Collection[Candidate] | Collection[Former]) -> bool:
    near = plain(row.document)
    return bool(row.document) and any(near == plain(one) for each in records for one in each.numbers)


def _is_meant(row: ResultRow, one: Candidate | Former) -> bool:
    by_number = not row.document or row.document in one.numbers
    return by_number and row.record in ("", one.ref)


_BRACKETS = str.maketrans(dict.fromkeys("()[]{}〔〕【】〈〉《》「」", ""))


def plain(number: str) -> str:
    """A number without what people write differently: width, brackets, spaces, case."""
    text = unicodedata.normalize("NFKC", number).translate(_BRACKETS)
    return "".join(text.split()).casefold()
