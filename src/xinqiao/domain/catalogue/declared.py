"""自愿填报: what a firm is asked to say about itself, as data, and how an answer is read. Nobody has verified it.

The fields have the shape of an item's, so that the same rules read and mask them; they are in no catalogue, because no
department supplies them and no figure is made of them. The sources give no list of fields: all of it is proposed.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from xinqiao.domain.catalogue._checks import check_code_lists, check_fields
from xinqiao.domain.catalogue._reader import CatalogueError, Problem, Reader
from xinqiao.domain.catalogue.model import CodeList, Field, FieldType, Frequency, Item, RowRule, SharingMode
from xinqiao.domain.catalogue.parse import read_code_lists, read_field
from xinqiao.domain.catalogue.values import Value, read_value, trim

FORM_ID = "self_declared"
#: Types that cannot be typed by hand into one field, or need another field to be judged.
_NOT_TYPED = frozenset({FieldType.LIST, FieldType.ID_NUMBER})


@dataclass(frozen=True, slots=True)
class Group:
    """A heading of the form with the names of its fields."""

    id: str
    title: str
    title_en: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """The form in one version. ``commitment``: the words of 信用承诺 that go with every declaration."""

    version: int
    name: str
    name_en: str
    commitment: str
    commitment_en: str
    groups: tuple[Group, ...]
    fields: tuple[Field, ...]
    code_lists: Mapping[str, CodeList]

    @property
    def item(self) -> Item:
        """The fields as an item, for the rules of sight; its mode and frequency mean nothing."""
        return Item(
            id=FORM_ID, no=0, version=self.version, name=self.name, name_en=self.name_en, category_no=0,
            mode=SharingMode.LOCAL_COLLECTED, providers=(), natural_key=(), subject=(),
            frequency=Frequency.ON_CHANGE, fields=self.fields, origin="enterprise",
        )  # fmt: skip

    def codes(self, one: Field) -> CodeList | None:
        """The code list of a field that has one."""
        return self.code_lists.get(one.code_list) if one.code_list else None


@dataclass(frozen=True, slots=True)
class Answers:
    """What was typed, read: canonical values and trimmed texts by field, and the rule each bad one breaks."""

    values: Mapping[str, Value] = field(repr=False)
    texts: Mapping[str, str] = field(repr=False)
    broken: Mapping[str, RowRule]


def read_answers(form: Form, cells: Mapping[str, str], *, on: date) -> Answers:
    """Read what was typed into the form. Blank fields are not there; what is no field of the form is not looked at.

    Args:
        form: the form in force.
        cells: field name → text.
        on: the day, in Shanghai.
    """
    texts = {one.name: text for one in form.fields if (text := trim(cells.get(one.name, "")))}
    values: dict[str, Value] = {}
    broken = {one.name: RowRule.REQUIRED for one in form.fields if one.required and one.name not in texts}
    for one in form.fields:
        if one.name not in texts:
            continue
        found = read_value(one, texts[one.name], form.code_lists, id_type=None, on=on)
        if isinstance(found, RowRule):
            broken[one.name] = found
        else:
            values[one.name] = found
    return Answers(values, texts, broken)


def parse_form(text: str, file: str) -> Form:
    """A form from the text of its file. Raises CatalogueError with every mistake."""
    problems: list[Problem] = []
    table: dict[str, object] = {}
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise CatalogueError([Problem(file, "", f"不是 TOML not TOML: {error}")]) from error
    lists_table = table.pop("code_lists", {})
    lists = read_code_lists(lists_table if isinstance(lists_table, dict) else {}, file, problems)
    check_code_lists(lists, file, problems)
    form = _form(Reader(table, file, "", problems), lists)
    check_fields(form.item, lists, file, problems)
    problems += [
        Problem(file, f"fields[{one.name}].type", "申报里不能用这种类型 not in a form")
        for one in form.fields
        if one.type in _NOT_TYPED
    ]
    if form.version < 1:
        problems.append(Problem(file, "version", "从 1 起 starts at 1"))
    if problems:
        raise CatalogueError(sorted(problems))
    return form


def _form(top: Reader, lists: Mapping[str, CodeList]) -> Form:
    form = Form(
        version=top.whole("version"),
        name=top.text("name"),
        name_en=top.text("name_en"),
        commitment=top.text("commitment"),
        commitment_en=top.text("commitment_en"),
        groups=(),
        fields=(),
        code_lists=lists,
    )
    groups, fields = [], []
    for one in top.tables("groups", needed=True):
        found = [read_field(table) for table in one.tables("fields", needed=True)]
        names = tuple(part.name for part in found)
        groups.append(Group(one.text("id"), one.text("title"), one.text("title_en"), names))
        fields += found
        one.finish()
    top.finish()
    return replace(form, groups=tuple(groups), fields=tuple(fields))
