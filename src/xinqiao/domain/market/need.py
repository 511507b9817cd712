"""融资需求: what a firm says it needs, read strictly from a form that may still be a draft.

A draft may leave out everything; what is said must be right. Codes of the use and the bounds are this platform's, proposed;
the field's documents name the figures only (3.1 no. 4). Why a need ended is told by the codes of refusal, and by one more for
the good end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256

from xinqiao.domain.canonical import Json, canonical_bytes
from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.loans.plan import MOST_MONTHS, MOST_RATE
from xinqiao.domain.market.case import Refusal
from xinqiao.domain.market.matching import Need
from xinqiao.domain.market.product import RATE_STEP, SECURITIES, Zone, bad
from xinqiao.domain.market.product_json import rate_text
from xinqiao.domain.money import format_fen, parse_amount
from xinqiao.domain.period import parse_date


class LoanPurpose(StrEnum):
    """What the money is for (proposed); conditions speak of it as ``need.purpose``."""

    #: 流动资金周转
    WORKING_CAPITAL = "working_capital"
    #: 采购原料、进货
    PURCHASE = "purchase"
    #: 购置设备
    EQUIPMENT = "equipment"
    #: 厂房、门店
    PREMISES = "premises"
    #: 研发
    RESEARCH = "research"
    #: 农业生产
    AGRI = "agri"
    #: 外贸订单
    EXPORT = "export"
    #: 续贷
    RENEWAL = "renewal"
    OTHER = "other"


#: The good end of a need; every other is a code of refusal.
FINANCED = "financed"
ENDS = frozenset({FINANCED, *(code.value for code in Refusal)})

#: Words of a firm's own, and of a contact.
MOST_WORDS, MOST_CONTACT = 300, 60
_FIELDS = frozenset(
    {
        "amount", "least", "months", "least_months", "purpose", "security", "rate", "wanted_by", "zones", "note",
        "contact",
    }
)  # fmt: skip
_NEEDED = ("amount", "months", "purpose", "security", "contact")


@dataclass(frozen=True, slots=True)
class NeedTerms:
    """What was said, checked; ``None`` and empty for what was not.

    Attributes:
        amount_fen, months: what it would like; ``least_fen``, ``least_months`` what would still help.
        purpose: a :class:`LoanPurpose`, or empty.
        security: what it can offer; the empty tuple is "not said".
        rate: the highest yearly rate it would take, a fraction; ``None`` is "any".
        wanted_by: the day by which the money is wanted.
        zones: special zones that it says it belongs to.
        note, contact: words; the contact is a person's, so it is stored apart and encrypted.
    """

    amount_fen: int | None = None
    least_fen: int | None = None
    months: int | None = None
    least_months: int | None = None
    purpose: str = ""
    security: tuple[str, ...] = ()
    rate: Decimal | None = None
    wanted_by: date | None = None
    zones: tuple[str, ...] = ()
    note: str = ""
    contact: str = ""

    def require_complete(self) -> None:
        """What a need has to say before it is submitted. Raises ``INVALID``, reason ``MISSING``, naming the first gap."""
        said = need_json(self)
        for name in _NEEDED:
            if said[name] in (None, "", []):
                bad(name, "MISSING")

    def asked(self) -> Need:
        """The need as matching reads it. Raises as :meth:`require_complete`."""
        self.require_complete()
        assert self.amount_fen is not None and self.months is not None  # noqa: PT018 - both are among what is required
        return Need(
            amount_fen=self.amount_fen,
            months=self.months,
            purpose=self.purpose,
            security=frozenset(self.security) | {"credit"},
            rate=self.rate,
            least_fen=self.least_fen,
            least_months=self.least_months,
        )


def parse_need(data: Mapping[str, Json], *, today: date) -> NeedTerms:
    """Read what a form says, a draft's too.

    Args:
        data: amounts as text in yuan, the rate as text of a fraction, days ``YYYY-MM-DD``; absent or empty is not said.
        today: the day of the writer; a day before it cannot be wished for.

    Raises:
        Invalid: ``UNKNOWN_FIELD``; ``AMOUNT_FORMAT``, ``TIME_FORMAT``, or ``INVALID`` with ``facts['field']`` and
            ``facts['reason']`` one of ``NUMBER``, ``RANGE``, ``BOUNDS``, ``CODES``, ``TEXT``.
    """
    unknown = sorted(data.keys() - _FIELDS)
    if unknown:
        raise Invalid(Code.UNKNOWN_FIELD, "no such field", facts={"field": unknown[0]})
    amount, least = _amount(data, "amount"), _amount(data, "least")
    months, shortest = _months(data, "months"), _months(data, "least_months")
    if least is not None and (amount is None or least > amount):
        bad("least", "BOUNDS")
    if shortest is not None and (months is None or shortest > months):
        bad("least_months", "BOUNDS")
    wanted = None if not data.get("wanted_by") else parse_date(data["wanted_by"], field="wanted_by")
    if wanted is not None and wanted < today:
        bad("wanted_by", "RANGE")
    return NeedTerms(
        amount, least, months, shortest,
        purpose=_purpose(data.get("purpose")),
        security=_codes(data, "security", SECURITIES),
        rate=_rate(data.get("rate")),
        wanted_by=wanted,
        zones=_codes(data, "zones", tuple(Zone)),
        note=_words(data, "note", MOST_WORDS),
        contact=_words(data, "contact", MOST_CONTACT),
    )  # fmt: skip


def need_json(terms: NeedTerms) -> dict[str, Json]:
    """The one way to write it; :func:`parse_need` reads it back."""
    return {
        "amount": None if terms.amount_fen is None else format_fen(terms.amount_fen),
        "least": None if terms.least_fen is None else format_fen(terms.least_fen),
        "months": terms.months,
        "least_months": terms.least_months,
        "purpose": terms.purpose,
        "security": [*terms.security],
        "rate": None if terms.rate is None else rate_text(terms.rate),
        "wanted_by": terms.wanted_by.isoformat() if terms.wanted_by else None,
        "zones": [*terms.zones],
        "note": terms.note,
        "contact": terms.contact,
    }


def need_digest(terms: NeedTerms) -> str:
    """SHA-256 of the canonical form without the contact: what the log says of a need."""
    said = {name: value for name, value in need_json(terms).items() if name != "contact"}
    return sha256(canonical_bytes(said)).hexdigest()


def check_end(code: str, text: str) -> None:
    """Why a need ended: a known code, and words for "other". Raises ``INVALID`` naming the field."""
    if code not in ENDS:
        bad("code", "CODES")
    if code == Refusal.OTHER.value and not text.strip():
        bad("text", "MISSING")


def _amount(data: Mapping[str, Json], name: str) -> int | None:
    value = data.get(name)
    if value in (None, ""):
        return None
    fen = parse_amount(value, field=name)
    if fen == 0:
        bad(name, "RANGE")
    return fen


def _months(data: Mapping[str, Json], name: str) -> int | None:
    value = data.get(name)
    if value in (None, ""):
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        bad(name, "NUMBER")
    if not 1 <= value <= MOST_MONTHS:
        bad(name, "RANGE")
    return value


def _rate(value: Json) -> Decimal | None:
    if value in (None, ""):
        return None
    if (
        not isinstance(value, str)
        or len(value) > 12
        or not value.isascii()
        or not value.replace(".", "", 1).isdecimal()
    ):
        bad("rate", "NUMBER")
    rate = Decimal(value)
    if rate % RATE_STEP:
        bad("rate", "NUMBER")
    if not 0 < rate <= MOST_RATE:
        bad("rate", "RANGE")
    return rate


def _purpose(value: Json) -> str:
    if value in (None, ""):
        return ""
    if value not in set(LoanPurpose):
        bad("purpose", "CODES")
    return str(value)


def _codes(data: Mapping[str, Json], name: str, known: tuple[str, ...]) -> tuple[str, ...]:
    found = data.get(name) or []
    if not isinstance(found, list) or not all(isinstance(one, str) and one in known for one in found):
        bad(name, "CODES")
    return tuple(str(one) for one in known if one in found)


def _words(data: Mapping[str, Json], name: str, most: int) -> str:
    value = data.get(name) or ""
    if not isinstance(value, str):
        bad(name, "TEXT")
    words = value.strip()
    if len(words) > most or any(ord(one) < 32 or ord(one) == 127 for one in words):
        bad(name, "TEXT")
    return words
