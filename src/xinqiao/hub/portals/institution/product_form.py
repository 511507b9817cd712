"""The form of a product: what was typed and ticked, as the JSON of a version and back. No rules beyond reading units.

Conditions are built from rows of controls over the typed fields: a figure with a bound, ticked codes. A tree that systems
wrote and rows cannot show is kept as it is.
"""

from dataclasses import dataclass, field
from decimal import Decimal

from django.http import QueryDict

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Invalid, XinqiaoError
from xinqiao.domain.fundflow.dictionary import BY_ID
from xinqiao.domain.identifiers.gb4754 import SECTIONS
from xinqiao.domain.identifiers.uscc import FINANCING_SUBJECTS
from xinqiao.domain.loans.plan import DayCount, Method
from xinqiao.domain.market.conditions import (
    AllOf,
    AnyOf,
    Between,
    Condition,
    OneOf,
    condition_json,
    parse_condition,
)
from xinqiao.domain.market.fields import FIELDS
from xinqiao.domain.market.product import SECURITIES, SIZES, ChargeBasis, ChargeKind, ProductKind, Zone
from xinqiao.hub.portals.product_cards import named
from xinqiao.hub.runtime import runtime
from xinqiao.ui import market_words as words
from xinqiao.ui.error_words import words as error_words
from xinqiao.ui.i18n import gettext as _

ROWS, CHARGE_ROWS = 6, 3
#: Code fields that are ticked.
TICKED = ("firm.tax_grade", "firm.tags", "firm.first_loan")
_TAGS = (Zone.SPECIALISED.value, Zone.GREEN.value, Zone.AGRI.value)
_PLAIN = (
    "name", "kind", "security", "amount_min", "amount_max", "months_min", "months_max", "rate_min", "rate_max",
    "day_count", "sla_days", "fee_note", "regions", "materials", "policy_links", "valid_from", "valid_to",
)  # fmt: skip
_LISTS = ("methods", "industries", "sizes", "subjects", "zones", "required_items")


@dataclass(slots=True)
class ProductForm:
    """What stands in the form: texts by name, ticked values by name, rows; ``errors`` a sentence by field."""

    texts: dict[str, str] = field(default_factory=lambda: dict.fromkeys(_PLAIN, ""))
    ticked: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in (*_LISTS, *TICKED)})
    charges: list[tuple[str, str, str]] = field(default_factory=list)
    rows: list[tuple[str, str, str, str]] = field(default_factory=list)
    guarantee_ok: bool = False
    #: a condition that rows cannot show
    kept: Json = None
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, post: QueryDict, kept: Json = None) -> "ProductForm":
        """What was posted."""
        rows = [
            (post.get(f"c{n}-field", ""), post.get(f"c{n}-op", "from"), post.get(f"c{n}-value", "").strip(), post.get(f"c{n}-group", "all"))
            for n in range(ROWS)
        ]  # fmt: skip
        charges = [
            (post.get(f"f{n}-kind", ""), post.get(f"f{n}-basis", ""), post.get(f"f{n}-value", "").strip())
            for n in range(CHARGE_ROWS)
        ]
        return cls(
            {name: post.get(name, "").strip() for name in _PLAIN},
            {name: post.getlist(name) for name in (*_LISTS, *TICKED)},
            charges, rows, "guarantee_ok" in post, kept,
        )  # fmt: skip

    @classmethod
    def of(cls, terms: dict[str, Json]) -> "ProductForm":
        """A stored version in the units of the form."""
        form = cls()
        for name in _PLAIN:
            value = terms.get(name)
            form.texts[name] = "" if value is None or isinstance(value, list) else str(value)
        for name in ("amount_min", "amount_max"):
            form.texts[name] = _shown(Decimal(str(terms[name])).scaleb(-4))
        for name in ("rate_min", "rate_max"):
            form.texts[name] = _shown(Decimal(str(terms[name])).scaleb(2))
        form.texts["regions"] = " ".join(_texts(terms["regions"]))
        for name in ("materials", "policy_links"):
            form.texts[name] = "\n".join(_texts(terms[name]))
        for name in _LISTS:
            form.ticked[name] = _texts(terms[name])
        form.guarantee_ok = terms["guarantee_ok"] is True
        charges = terms["charges"]
        assert isinstance(charges, list)
        form.charges = [_charge_row(one) for one in charges if isinstance(one, dict)]
        form.read_condition(parse_condition(terms["condition"]))
        return form

    def read_condition(self, condition: Condition) -> None:
        """A stored condition as ticks and rows; kept as it is where they cannot show it."""
        parts = condition.parts if isinstance(condition, AllOf) else (condition,)
        rows: list[tuple[str, str, str, str]] = []
        ticked: dict[str, list[str]] = {}
        for part in parts:
            inside = part.parts if isinstance(part, AnyOf) else (part,)
            group = "any" if isinstance(part, AnyOf) else "all"
            for leaf in inside:
                match leaf:
                    case Between(of, low, None) if low is not None:
                        rows.append((of.name, "from", _shown(low), group))
                    case Between(of, None, high) if high is not None:
                        rows.append((of.name, "to", _shown(high), group))
                    case OneOf(of, codes) if of.name in TICKED and group == "all" and of.name not in ticked:
                        ticked[of.name] = sorted(codes)
                    case _:
                        self.kept = condition_json(condition)
                        return
        if len(rows) > ROWS or sum(isinstance(part, AnyOf) for part in parts) > 1:
            self.kept = condition_json(condition)
            return
        self.rows = rows
        self.ticked |= ticked

    def terms(self) -> dict[str, Json]:
        """The JSON of a version. Raises Invalid naming what is no number."""
        texts = self.texts
        found: dict[str, Json] = {
            "name": texts["name"], "kind": texts["kind"], "security": texts["security"] or None,
            "fee_note": texts["fee_note"], "day_count": texts["day_count"] or None,
            "guarantee_ok": self.guarantee_ok, "regions": [*texts["regions"].replace(",", " ").split()],
            "materials": [*_lines(texts["materials"])], "policy_links": [*_lines(texts["policy_links"])],
            "valid_from": texts["valid_from"] or None, "valid_to": texts["valid_to"] or None,
            "charges": [_charge(*row) for row in self.charges if row[2]],
            "condition": self.kept if self.kept is not None else self._condition(),
        }  # fmt: skip
        for name in ("amount_min", "amount_max"):
            found[name] = _moved(texts[name], name, 4, 2) if texts[name] else None
        for name in ("rate_min", "rate_max"):
            found[name] = _moved(texts[name], name, -2, 6) if texts[name] else None
        for name in ("months_min", "months_max", "sla_days"):
            found[name] = _whole(texts[name], name) if texts[name] else None
        return found | {name: [*self.ticked[name]] for name in _LISTS}

    def _condition(self) -> Json:
        ticked: list[Json] = [
            {"field": name, "one_of": [*self.ticked[name]]} for name in TICKED if self.ticked[name]
        ]
        groups: dict[str, list[Json]] = {"all": [], "any": []}
        for name, bound, value, group in self.rows:
            if name and value:
                groups[group if group in groups else "all"].append(
                    {"field": name, bound if bound in {"from", "to"} else "from": value}
                )
        some: list[Json] = [{"any": groups["any"]}] if groups["any"] else []
        return {"all": [*ticked, *groups["all"], *some]}

    def refuse(self, refused: XinqiaoError) -> None:
        """Keep why the version was not taken, at its field."""
        name = str(refused.facts.get("field", "")).split(".")[0]
        place = {"amount": "amount_max", "months": "months_max", "rate": "rate_max"}.get(name, name)
        self.errors[place] = problem(refused)

    @property
    def messages(self) -> list[tuple[str, str]]:
        """Every error with the field it stands at."""
        return [(text, f"f-{name}") for name, text in self.errors.items()]

    def padded(self) -> dict[str, list[tuple[str, ...]]]:
        """Rows and charges with empty ones to fill in."""
        rows = [*self.rows, *[("", "from", "", "all")] * ROWS][:ROWS]
        charges = [*self.charges, *[("other", "once_rate", "")] * CHARGE_ROWS][:CHARGE_ROWS]
        return {"rows": list(rows), "charges": list(charges)}


def problem(refused: XinqiaoError) -> str:
    """Why something in a version was not taken, and what to do."""
    reason = str(refused.facts.get("reason", ""))
    sentences = {
        "MISSING": _("请填写。"),
        "BOUNDS": _("下限不能高于上限，也不能超出允许的范围。"),
        "RANGE": _("超出了允许的范围。"),
        "NUMBER": _("请填数字，注意单位和小数位数。"),
        "CODES": _("有不认识的代码，或者重复了。"),
        "KIND": _("担保方式要和类别一致。"),
        "TEXT": _("字数太多，或者有不能用的字符。"),
        "FIELD": _("没有这一项，或者它不能用作条件。"),
    }
    found = error_words(refused.code)
    return sentences.get(reason, f"{found.title}{_('：')}{found.step}")


def choices() -> dict[str, list[tuple[str, str]]]:
    """Everything the form offers, in words."""
    items = [item.id for item in runtime.catalogue.items.values()]
    figures = ["firm.age_months", *(f"records.{item}" for item in items)]
    figures += [f"fundflow.{line}" for line in BY_ID]
    return {
        "kinds": [(one.value, words.kind_word(one)) for one in ProductKind],
        "securities": [("", _("按类别")), *((one, words.security_word(one)) for one in SECURITIES)],
        "methods": [(one.value, words.method_word(one)) for one in Method],
        "day_counts": [(one.value, words.day_count_word(one)) for one in DayCount],
        "charge_kinds": [(one.value, words.charge_word(one)) for one in ChargeKind],
        "bases": [(one.value, words.basis_word(one)) for one in ChargeBasis],
        "industries": [(one, words.industry_word(one)) for one in SECTIONS],
        "sizes": [(one, words.size_word(one)) for one in SIZES],
        "subjects": [(one.value, words.subject_word(one)) for one in sorted(FINANCING_SUBJECTS)],
        "zones": [(one.value, words.zone_word(one)) for one in Zone],
        "items": [(one, named(f"records.{one}")) for one in items],
        "figures": [("", _("不用这一行")), *((one, words.field_word(one, named)) for one in figures)],
        "ops": [("from", _("不低于")), ("to", _("不高于"))],
        "groups": [("all", _("必须满足")), ("any", _("这几行满足一行即可"))],
        "firm.tax_grade": [(one, one) for one in FIELDS["firm.tax_grade"].codes],
        "firm.tags": [(one, words.zone_word(one)) for one in _TAGS],
        "firm.first_loan": [("yes", _("只给首贷户"))],
    }


def _lines(text: str) -> list[str]:
    return [one.strip() for one in text.splitlines() if one.strip()]


def _texts(value: Json) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []


def _shown(number: Decimal) -> str:
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _moved(text: str, name: str, places: int, digits: int) -> str:
    """A typed number in another unit, as decimal text with at most ``digits`` decimals."""
    plain = text.replace(",", "")
    whole, _point, decimals = plain.partition(".")
    if not (whole.isascii() and whole.isdigit()) or len(plain) > 16 or (decimals and not decimals.isdigit()):
        raise Invalid(Code.INVALID, f"{name} is no number", facts={"field": name, "reason": "NUMBER"})
    moved = Decimal(f"{whole}.{decimals or 0}").scaleb(places).normalize()
    exponent = moved.as_tuple().exponent
    if isinstance(exponent, int) and -exponent > digits:
        raise Invalid(Code.INVALID, f"{name}: too many decimals", facts={"field": name, "reason": "NUMBER"})
    return format(moved, "f")


def _whole(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 6:
        raise Invalid(Code.INVALID, f"{name} is no number", facts={"field": name, "reason": "NUMBER"})
    return int(text)


def _charge(kind: str, basis: str, value: str) -> Json:
    by_rate = basis != ChargeBasis.ONCE_FEN.value
    return {
        "kind": kind,
        "basis": basis,
        "value": _moved(value, "charges", -2 if by_rate else 0, 6 if by_rate else 2),
    }


def _charge_row(one: dict[str, Json]) -> tuple[str, str, str]:
    value = Decimal(str(one["value"]))
    by_rate = one["basis"] != ChargeBasis.ONCE_FEN.value
    return str(one["kind"]), str(one["basis"]), _shown(value.scaleb(2) if by_rate else value)
