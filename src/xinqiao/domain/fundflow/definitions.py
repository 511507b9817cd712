"""The indicator dictionary as data: 108 lines with keys, units, texts (indicator dictionary 3.1-3.9.5).

The texts are Chinese source strings, wrapped by the pages in gettext. ``plain`` speaks to a shop owner; ``formula``
is the 口径 an analyst reads. docs/rules/indicators.md is generated from this table.
"""

from dataclasses import dataclass
from enum import StrEnum

from xinqiao.domain.fundflow.figures import Unit
from xinqiao.domain.fundflow.model import RULES_VERSION, Channel

__all__ = ["RULES_VERSION", "Family", "Key", "Line", "keys"]


class Family(StrEnum):
    """The seven families of the dictionary."""

    QUALITY = "Q"
    FLOW = "F"
    BALANCE = "B"
    COUNTERPARTY = "K"
    CHANNEL = "C"
    DEBT = "D"
    ANOMALY = "A"


FAMILY_ZH: dict[Family, str] = {
    Family.QUALITY: "覆盖与完整性",
    Family.FLOW: "规模、增长与节奏",
    Family.BALANCE: "余额与流动性",
    Family.COUNTERPARTY: "交易对手与集中度",
    Family.CHANNEL: "现金与渠道",
    Family.DEBT: "债务、税费、工资等固定支出",
    Family.ANOMALY: "真实性与异常信号",
}

SIGNAL_NOTE_ZH = "统计信号，不是结论"
"""Travels with every line of the A family (indicator dictionary 3.8)."""


@dataclass(frozen=True, slots=True)
class Key:
    """One figure of a line: its name in the output, its unit, its short Chinese label."""

    name: str
    unit: Unit
    zh: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the dictionary.

    Attributes:
        keys: in output order; empty for B05, whose keys are dates.
        least_months: below this many full months the line is SHORT_HISTORY (rule 25).
        needs_window: whether an empty observed part makes the line NO_WINDOW (rule 24).
        en, zh: the name; plain: one sentence for a shop owner; formula: 口径.
    """

    id: str
    keys: tuple[Key, ...]
    zh: str
    en: str
    plain: str
    formula: str
    least_months: int = 0
    needs_window: bool = True
    version: int = 1
    implemented: bool = True

    @property
    def family(self) -> Family:
        """The family, from the first letter of the id."""
        return Family(self.id[0])

    @property
    def date_keys(self) -> bool:
        """Whether the keys are dates of the months (B05)."""
        return not self.keys

    def units(self) -> dict[str, Unit]:
        """Key → unit."""
        return {key.name: key.unit for key in self.keys}


def keys(*items: tuple[str, str, str]) -> tuple[Key, ...]:
    """Write keys shortly: (name, unit letter, Chinese label)."""
    return tuple(Key(name, Unit(unit), zh) for name, unit, zh in items)


CHANNEL_ZH: dict[Channel, str] = {
    Channel.COUNTER: "柜台",
    Channel.E_BANKING: "网银",
    Channel.THIRD_PARTY_PAYMENT: "第三方支付",
    Channel.POS: "刷卡",
    Channel.BILL: "票据",
    Channel.CHEQUE: "支票",
    Channel.BATCH: "批量代发代扣",
    Channel.INTEREST: "结息",
    Channel.OTHER: "其他",
}
