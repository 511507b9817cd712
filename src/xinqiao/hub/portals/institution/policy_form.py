"""The form of a policy: what was typed, as the JSON of a version and back. Conditions are those of the form of a product."""

from dataclasses import dataclass, field
from decimal import Decimal

from django.http import QueryDict

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Invalid, XinqiaoError
from xinqiao.domain.market.conditions import parse_condition
from xinqiao.domain.policies.policy import ApplyMode, PolicyKind
from xinqiao.hub.portals.institution.product_form import ProductForm
from xinqiao.hub.portals.institution.product_form import choices as product_choices
from xinqiao.hub.portals.policy_cards import problem
from xinqiao.ui import policy_words
from xinqiao.ui.i18n import gettext as _

#: Typed in 万元, typed in yuan, typed in percent, whole numbers, texts.
_WAN = ("budget", "firm_cap", "claim_cap", "loan_most")
_YUAN = ("each",)
_PERCENT = ("rate", "share", "loan_rate")
_WHOLE = ("most_days", "days_in_year", "quota", "notice_days")
_TEXT = (
    "title",
    "kind",
    "summary",
    "document_no",
    "mode",
    "contact",
    "covers_from",
    "covers_to",
    "open_from",
    "open_to",
)
_ALL = (*_WAN, *_YUAN, *_PERCENT, *_WHOLE, *_TEXT, "materials")
_SHARED = ("regions", "industries", "sizes", "subjects", "condition")


@dataclass(slots=True)
class PolicyForm:
    """What stands in the form; ``who`` holds the conditions, ``errors`` a sentence by field."""

    texts: dict[str, str] = field(default_factory=lambda: dict.fromkeys(_ALL, ""))
    who: ProductForm = field(default_factory=ProductForm)
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, post: QueryDict, kept: Json = None) -> "PolicyForm":
        """What was posted."""
        return cls({name: post.get(name, "").strip() for name in _ALL}, ProductForm.read(post, kept))

    @classmethod
    def of(cls, terms: dict[str, Json]) -> "PolicyForm":
        """A stored version in the units of the form."""
        form = cls()
        for name in (*_TEXT, *_WHOLE, *_YUAN):
            value = terms.get(name)
            form.texts[name] = "" if value is None else str(value)
        for names, places in ((_WAN, -4), (_PERCENT, 2)):
            for name in names:
                value = terms.get(name)
                form.texts[name] = "" if value is None else _shown(Decimal(str(value)).scaleb(places))
        form.texts["materials"] = "\n".join(_listed(terms, "materials"))
        form.who.texts["regions"] = " ".join(_listed(terms, "regions"))
        for name in ("industries", "sizes", "subjects"):
            form.who.ticked[name] = _listed(terms, name)
        form.who.read_condition(parse_condition(terms["condition"]))
        return form

    def terms(self) -> dict[str, Json]:
        """The JSON of a version. Raises Invalid naming what is no number."""
        texts = self.texts
        found: dict[str, Json] = {name: texts[name] or None for name in _TEXT}
        found |= {name: texts[name] or None for name in _YUAN}
        found |= {name: _moved(texts[name], name, 4, 2) for name in _WAN}
        found |= {name: _moved(texts[name], name, -2, 6) for name in _PERCENT}
        found |= {name: _whole(texts[name], name) for name in _WHOLE}
        shared = self.who.terms()
        found["materials"] = [line.strip() for line in texts["materials"].splitlines() if line.strip()]
        return found | {name: shared[name] for name in _SHARED}

    def refuse(self, refused: XinqiaoError) -> None:
        """Keep why the version was not taken, at its field."""
        name = str(refused.facts.get("field", "")).split(".")[0]
        self.errors[name] = problem(refused)
        self.who.errors[name] = self.errors[name]

    @property
    def messages(self) -> list[tuple[str, str]]:
        """Every error with the field it stands at."""
        return [(text, f"f-{name}") for name, text in self.errors.items()]


def _listed(terms: dict[str, Json], name: str) -> list[str]:
    found = terms[name]
    assert isinstance(found, list)
    return [str(one) for one in found]


def _shown(number: Decimal) -> str:
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _moved(text: str, name: str, places: int, digits: int) -> Json:
    """A typed number in the unit of the JSON; nothing typed is nothing."""
    plain = text.replace(",", "")
    if not plain:
        return None
    whole, _point, decimals = plain.partition(".")
    if not (whole + decimals).isascii() or not (whole + decimals).isdigit() or len(plain) > 20 or not whole:
        raise Invalid(Code.INVALID, name, facts={"field": name, "reason": "NUMBER"})
    number = Decimal(plain).scaleb(places)
    rounded = number.quantize(Decimal(1).scaleb(-digits))
    if rounded != number:
        raise Invalid(Code.INVALID, name, facts={"field": name, "reason": "NUMBER"})
    return format(rounded, "f")


def _whole(text: str, name: str) -> Json:
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise Invalid(Code.INVALID, name, facts={"field": name, "reason": "NUMBER"})
    return int(text)


def choices() -> dict[str, list[tuple[str, str]]]:
    """Everything the form offers, in words."""
    return product_choices() | {
        "policy_kinds": [(one.value, policy_words.policy_kind_word(one)) for one in PolicyKind],
        "modes": [(one.value, policy_words.mode_word(one)) for one in ApplyMode],
        "years": [("360", _("一年 360 天")), ("365", _("一年 365 天"))],
    }
