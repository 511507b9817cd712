"""What a catalogue says: items, their fields, code lists, sharing modes and the rules a row must keep.

The lists themselves are data (``xinqiao.catalogue``): the national list of 国办发〔2024〕15号, the one it replaced, and
whatever a province adds. This module is their shape; ``parse`` reads them, ``rows`` says what is wrong with a row.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from xinqiao.domain.repair import Gravity


class SharingMode(StrEnum):
    """How an item reaches who needs it (the four modes of the 2024 list)."""

    NATIONAL_INTERFACE = "national_interface_authorised"
    NATIONAL_COLLECTED = "national_collected"
    LOCAL_COLLECTED = "local_collected"
    VERIFICATION = "verification_authorised"

    @property
    def is_collected(self) -> bool:
        """Whether records of it are physically collected and stored."""
        return self in (SharingMode.NATIONAL_COLLECTED, SharingMode.LOCAL_COLLECTED)


class Sensitivity(StrEnum):
    """Who may see a field: anybody; who the enterprise authorised; who the person concerned authorised (masked else)."""

    PUBLIC = "public"
    COMMERCIAL_SECRET = "commercial_secret"  # noqa: S105  a level, no password
    PERSONAL = "personal"


class FieldType(StrEnum):
    """Types of fields. Files carry text; the canonical value is what a text of the type means."""

    STRING = "string"
    TEXT = "text"
    DATE = "date"
    DECIMAL = "decimal"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    ENUM = "enum"
    USCC = "uscc"
    ID_NUMBER = "id_number"
    DIVISION = "division"
    INDUSTRY = "industry"
    LIST = "list"
    URL = "url"


class Frequency(StrEnum):
    """How often a source renews an item."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    ANNUAL = "annual"
    ON_CHANGE = "on_change"
    ON_REQUEST = "on_request"


class RowRule(StrEnum):
    """Why a row was put aside: stable codes of receipts, one per finding."""

    REQUIRED = "REQUIRED"
    TOO_LONG = "TOO_LONG"
    BAD_FORMAT = "BAD_FORMAT"
    BAD_DATE = "BAD_DATE"
    BAD_DECIMAL = "BAD_DECIMAL"
    BAD_INTEGER = "BAD_INTEGER"
    BAD_BOOLEAN = "BAD_BOOLEAN"
    BAD_USCC = "BAD_USCC"
    BAD_ID_NUMBER = "BAD_ID_NUMBER"
    BAD_DIVISION = "BAD_DIVISION"
    BAD_INDUSTRY = "BAD_INDUSTRY"
    BAD_URL = "BAD_URL"
    BAD_LIST = "BAD_LIST"
    NOT_IN_LIST = "NOT_IN_LIST"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    DATE_ORDER = "DATE_ORDER"
    SUM_MISMATCH = "SUM_MISMATCH"
    REQUIRED_WHEN = "REQUIRED_WHEN"
    FUTURE_DATE = "FUTURE_DATE"
    #: two rows of one batch with one natural key and different content; the same content twice is only counted
    DUPLICATE_KEY = "DUPLICATE_KEY"
    #: a row with more or fewer cells than the header: its cells may stand under the wrong columns; no field is named
    RAGGED = "RAGGED"


class CrossKind(StrEnum):
    """Kinds of rules over several fields of one row."""

    #: ``fields[0] <= fields[1]``, dates; an absent one is in order
    NOT_BEFORE = "not_before"
    #: ``fields[0] = fields[1] + … `` with a leading ``-`` for what is subtracted, within ``tolerance``; not asked when
    #: one of them is absent
    SUM = "sum"
    #: ``fields[0]`` must be there when ``fields[1]`` has one of ``values`` (canonical text; none: whenever it is there)
    REQUIRED_WHEN = "required_when"
    #: ``fields[0]``, a date, a month (``YYYY-MM``) or a year, may not lie after the day the batch came
    NOT_FUTURE = "not_future"


@dataclass(frozen=True, slots=True)
class CrossRule:
    """A rule over several fields of a row, as data."""

    id: str
    kind: CrossKind
    fields: tuple[str, ...]
    values: tuple[str, ...] = ()
    tolerance: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an item.

    ``pattern``: an anchored expression in the subset that Python's ``re`` and RE2 read alike. ``precision`` and
    ``scale``: digits in all and after the point, of decimals. ``multiple``: several codes in one cell, separated by
    ``;`` or ``；``. ``id_type_field``: the field that says by which rule an ``id_number`` is checked. ``proposed``: not
    named by the source document, so a province may well see it otherwise. ``example``: a text that passes, where the type
    alone does not give one.
    """

    name: str
    label: str
    type: FieldType
    required: bool = False
    sensitivity: Sensitivity = Sensitivity.PUBLIC
    code_list: str | None = None
    max_length: int | None = None
    pattern: str | None = None
    precision: int | None = None
    scale: int | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    multiple: bool = False
    id_type_field: str | None = None
    unit: str = ""
    note: str = ""
    label_en: str = ""
    note_en: str = ""
    example: str = ""
    proposed: bool = True


@dataclass(frozen=True, slots=True)
class Adverse:
    """That records of an item are dishonest information 失信信息, and which fields say how long they are published.

    ``determined_on``: the date of the determining document, from which months count. ``gravity``: the class of every
    record, unless ``gravity_field`` is there, an enum of the codes ``minor``, ``general``, ``serious``. ``duty``: what
    performing means for this item, for people. ``publish_field``: a boolean by which the department publishes a minor
    one after all. ``ends``: dates that end publication by rules of their sector, the earliest counts; where they are
    named the longest term of the class is not applied. ``least_months``: another shortest term than the class's.
    """

    determined_on: str
    gravity: Gravity | None = None
    gravity_field: str | None = None
    publish_field: str | None = None
    ends: tuple[str, ...] = ()
    least_months: int | None = None
    duty: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One kind of information, in one version.

    ``subject``: the fields that say whom a record is about: one field (a USCC, a resident identity number, or a text
    that may be either), or an id type and an id number (of which the platform keeps a keyed hash). ``natural_key``:
    fields by which a newer record replaces an older one; an absent part counts as empty. ``as_of_field``: what the
    facts are true for, where the item has it: a date, a month ``YYYY-MM`` (its last day) or a year (its last day).
    """

    id: str
    no: int
    version: int
    name: str
    name_en: str
    category_no: int
    mode: SharingMode
    providers: tuple[str, ...]
    natural_key: tuple[str, ...]
    subject: tuple[str, ...]
    frequency: Frequency
    fields: tuple[Field, ...]
    rules: tuple[CrossRule, ...] = ()
    as_of_field: str | None = None
    annex_fields: tuple[str, ...] = ()
    annex_names_fields: bool = False
    authorisation_required: bool = False
    retention_months: int | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    #: ``national``, or the name of the folder a province dropped it in
    origin: str = "national"
    #: what can be repaired: ``None`` for everything that is no dishonest information
    adverse: Adverse | None = None

    def field(self, name: str) -> Field:
        """A field by name. Raises KeyError."""
        for found in self.fields:
            if found.name == name:
                return found
        raise KeyError(name)

    @property
    def max_sensitivity(self) -> Sensitivity:
        """The strictest level of its fields."""
        order = list(Sensitivity)
        return max((field.sensitivity for field in self.fields), key=order.index)


@dataclass(frozen=True, slots=True)
class Category:
    """A category of the list."""

    no: int
    id: str
    name: str
    items: tuple[str, ...]
    name_en: str = ""


@dataclass(frozen=True, slots=True)
class CodeList:
    """Codes and their Chinese labels. Files may carry either; the canonical value is the code. ``english``: words for pages
    in English only, where the list has them.

    ``proposed``: not the restatement of a published classification.
    """

    name: str
    entries: Mapping[str, str]
    proposed: bool = True
    english: Mapping[str, str] = field(default_factory=dict)


class Standing(StrEnum):
    """What a document says of a kind of information it speaks of."""

    NAMED = "named"  # to be shared
    PLANNED = "planned"  # to be added by and by
    BROUGHT_IN = "brought_in"  # new in its list


@dataclass(frozen=True, slots=True)
class Mention:
    """A kind of information the text of a document speaks of; no item of a list.

    ``categories``: those of the document's own list that carry it, by their numbers; none where the list does not say.
    ``verified``: read in the document; otherwise recalled, with words that nobody has compared.
    """

    name: str
    name_en: str
    standing: Standing
    categories: tuple[int, ...]
    verified: bool


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A list in one edition.

    ``declared_categories`` and ``declared_items`` are the counts the document states; they are all that is known of an
    edition whose list is not reproduced here (``reproduced`` false, the reason in ``note``).
    """

    id: str
    title: str
    document: str
    issued: date
    published: date | None
    categories: tuple[Category, ...]
    items: Mapping[str, Item]
    code_lists: Mapping[str, CodeList]
    declared_categories: int = 0
    declared_items: int = 0
    reproduced: bool = True
    note: str = ""
    predecessor: str | None = None
    mentions: tuple[Mention, ...] = ()

    def collected(self) -> tuple[Item, ...]:
        """The items that are physically collected, in their order."""
        return tuple(item for item in self.items.values() if item.mode.is_collected)
