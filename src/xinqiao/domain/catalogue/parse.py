"""Data files of a catalogue in, a :class:`Catalogue` out; or every mistake in them, with its file and place.

Texts come in and values go out: who reads files is ``xinqiao.catalogue``. An edition is ``list.toml``,
``code_lists.toml`` and ``items/*.toml``; what a province adds is files of the shape of the items, and a
``code_lists.toml`` of its own.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace

from xinqiao.domain.catalogue._checks import check_code_lists, check_item, check_whole
from xinqiao.domain.catalogue._reader import CatalogueError, Problem, Reader
from xinqiao.domain.catalogue.model import (
    Adverse,
    Catalogue,
    Category,
    CodeList,
    CrossKind,
    CrossRule,
    Field,
    FieldType,
    Frequency,
    Item,
    Mention,
    Sensitivity,
    SharingMode,
    Standing,
)
from xinqiao.domain.repair import Gravity

__all__ = [
    "EXTENSION_ID",
    "FIRST_EXTENSION_NO",
    "CatalogueError",
    "Problem",
    "extend_catalogue",
    "parse_catalogue",
    "read_code_lists",
    "read_field",
]

LIST_FILE = "list.toml"
CODES_FILE = "code_lists.toml"
#: What a province adds is told from the national list by its name, for ever: ``x_shanxi_coal_permit``.
EXTENSION_ID = re.compile(r"x_[a-z]{2,20}_[a-z0-9_]{1,40}")
#: Numbers below are kept for the national list.
FIRST_EXTENSION_NO = 1001


def parse_catalogue(texts: Mapping[str, str]) -> Catalogue:
    """An edition from the texts of its files (path inside the edition → text).

    Raises:
        CatalogueError: with every mistake of every file.
    """
    problems: list[Problem] = []
    tables = _tables(texts, problems)
    lists = read_code_lists(tables.get(CODES_FILE, {}), CODES_FILE, problems)
    check_code_lists(lists, CODES_FILE, problems)
    files: dict[str, str] = {}
    items: list[Item] = []
    for path in sorted(tables):
        if path in (LIST_FILE, CODES_FILE):
            continue
        item = _item(tables[path], path, "national", problems)
        _take(item, path, items, files, problems)
    if LIST_FILE not in texts:
        problems.append(Problem(LIST_FILE, "", "缺少这个文件 file is missing"))
    catalogue = _edition(tables.get(LIST_FILE, {}), items, lists, problems)
    for item in items:
        check_item(item, lists, files[item.id], problems)
    check_whole(catalogue, LIST_FILE, problems)
    if problems:
        raise CatalogueError(sorted(problems))
    return catalogue


def extend_catalogue(catalogue: Catalogue, texts: Mapping[str, str], *, origin: str) -> Catalogue:
    """The catalogue with the items and code lists a province adds.

    Args:
        catalogue: what is extended; nothing in it can be changed by an extension.
        texts: file name → text.
        origin: name of the folder, kept on the items.

    Raises:
        CatalogueError: with every mistake of every file.
    """
    problems: list[Problem] = []
    tables = _tables(texts, problems)
    added = read_code_lists(tables.get(CODES_FILE, {}), CODES_FILE, problems)
    check_code_lists(added, CODES_FILE, problems)
    for name in added:
        if name in catalogue.code_lists or not EXTENSION_ID.fullmatch(name):
            what = "扩展代码表的名字应当是 x_<省>_… 且不与已有的重名 must be a new x_<province>_… name"
            problems.append(Problem(CODES_FILE, name, what))
    lists = {**added, **catalogue.code_lists}
    items: list[Item] = []
    files: dict[str, str] = {}
    for path in sorted(tables):
        if path == CODES_FILE:
            continue
        item = _item(tables[path], path, origin, problems)
        _check_extension(item, catalogue, path, problems)
        _take(item, path, items, files, problems)
        check_item(item, lists, path, problems)
    if problems:
        raise CatalogueError(sorted(problems))
    categories = tuple(
        replace(one, items=one.items + tuple(item.id for item in items if item.category_no == one.no))
        for one in catalogue.categories
    )
    together = {**catalogue.items, **{item.id: item for item in sorted(items, key=lambda item: item.no)}}
    return replace(catalogue, categories=categories, items=together, code_lists=lists)


def _check_extension(item: Item, catalogue: Catalogue, file: str, problems: list[Problem]) -> None:
    if not EXTENSION_ID.fullmatch(item.id):
        problems.append(
            Problem(file, "id", f"“{item.id}”：扩展事项应当以 x_<省>_ 开头 must begin with x_<province>_")
        )
    if item.id in catalogue.items:
        problems.append(Problem(file, "id", "已经有这个事项，不能改写 exists already, may not be overridden"))
    if item.no < FIRST_EXTENSION_NO or item.no in {one.no for one in catalogue.items.values()}:
        what = f"扩展事项的编号从 {FIRST_EXTENSION_NO} 起且不重复 a free number from {FIRST_EXTENSION_NO}"
        problems.append(Problem(file, "no", what))
    if item.category_no not in {one.no for one in catalogue.categories}:
        problems.append(Problem(file, "category_no", "没有这个类别 no such category"))


def _tables(texts: Mapping[str, str], problems: list[Problem]) -> dict[str, dict[str, object]]:
    tables: dict[str, dict[str, object]] = {}
    for path, text in texts.items():
        try:
            tables[path] = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            problems.append(Problem(path, "", f"不是 TOML not TOML: {error}"))
    return tables


def _take(item: Item, path: str, items: list[Item], files: dict[str, str], problems: list[Problem]) -> None:
    """Keep an item unless an earlier file has its id or its number."""
    for known in items:
        if known.id == item.id or known.no == item.no:
            what = f"编号或标识与 {files[known.id]} 相同 same id or number"
            problems.append(Problem(path, "id" if known.id == item.id else "no", what))
            return
    items.append(item)
    files[item.id] = path


def _edition(
    table: Mapping[str, object], items: list[Item], lists: Mapping[str, CodeList], problems: list[Problem]
) -> Catalogue:
    top = Reader(table, LIST_FILE, "", problems)
    found = Catalogue(
        id=top.text("id"),
        title=top.text("title"),
        document=top.text("document"),
        issued=top.day("issued"),
        published=top.maybe_day("published"),
        categories=tuple(_category(one) for one in top.tables("categories")),
        items={item.id: item for item in sorted(items, key=lambda item: item.no)},
        code_lists=lists,
        declared_categories=top.whole("declared_categories"),
        declared_items=top.whole("declared_items"),
        reproduced=top.flag("reproduced"),
        note=top.text("note", ""),
        predecessor=top.maybe_text("predecessor"),
        mentions=tuple(_mention(one) for one in top.tables("mentions")),
    )
    top.finish()
    return found


def _category(table: Reader) -> Category:
    found = Category(
        no=table.whole("no"),
        id=table.text("id"),
        name=table.text("name"),
        items=table.texts("items"),
        name_en=table.text("name_en", ""),
    )
    table.finish()
    return found


def _mention(table: Reader) -> Mention:
    found = Mention(
        name=table.text("name"),
        name_en=table.text("name_en"),
        standing=table.choice("standing", Standing, Standing.NAMED),
        categories=table.wholes("categories"),
        verified=table.flag("verified"),
    )
    table.finish()
    return found


def read_code_lists(table: Mapping[str, object], file: str, problems: list[Problem]) -> dict[str, CodeList]:
    """The code lists of a table; mistakes are noted."""
    found: dict[str, CodeList] = {}
    for name, value in table.items():
        entries = value.get("entries") if isinstance(value, dict) else None
        if not isinstance(value, dict) or not isinstance(entries, dict):
            problems.append(Problem(file, name, "应当有 entries 表 needs a table of entries"))
            continue
        given = {key: one for key, one in value.items() if key not in ("entries", "english")}
        reader = Reader(given, file, name, problems)
        proposed = reader.flag("proposed")
        reader.finish()
        labels = Reader(entries, file, f"{name}.entries", problems)
        spoken = value.get("english", {})
        words = Reader(spoken if isinstance(spoken, dict) else {}, file, f"{name}.english", problems)
        english = {code: words.text(code) for code in entries} if spoken else {}
        words.finish()
        found[name] = CodeList(name, {code: labels.text(code) for code in entries}, proposed, english)
    return found


def _item(table: Mapping[str, object], file: str, origin: str, problems: list[Problem]) -> Item:
    top = Reader(table, file, "", problems)
    found = Item(
        id=top.text("id"),
        no=top.whole("no"),
        version=top.whole("version"),
        name=top.text("name"),
        name_en=top.text("name_en"),
        category_no=top.whole("category_no"),
        mode=top.choice("mode", SharingMode, SharingMode.LOCAL_COLLECTED),
        providers=top.texts("providers"),
        natural_key=top.texts("natural_key"),
        subject=top.texts("subject"),
        frequency=top.choice("frequency", Frequency, Frequency.ON_REQUEST),
        fields=tuple(read_field(one) for one in top.tables("fields", needed=True)),
        rules=tuple(_rule(one) for one in top.tables("rules")),
        as_of_field=top.maybe_text("as_of_field"),
        annex_fields=top.texts("annex_fields", ()),
        annex_names_fields=top.flag("annex_names_fields", default=False),
        authorisation_required=top.flag("authorisation_required"),
        retention_months=top.maybe_whole("retention_months"),
        valid_from=top.maybe_day("valid_from"),
        valid_to=top.maybe_day("valid_to"),
        origin=origin,
        adverse=_adverse(top.maybe_table("adverse")),
    )
    top.finish()
    return found


def _adverse(table: Reader | None) -> Adverse | None:
    if table is None:
        return None
    gravity = table.choice("gravity", Gravity, Gravity.GENERAL) if table.has("gravity") else None
    found = Adverse(
        determined_on=table.text("determined_on"),
        gravity=gravity,
        gravity_field=table.maybe_text("gravity_field"),
        publish_field=table.maybe_text("publish_field"),
        ends=table.texts("ends", ()),
        least_months=table.maybe_whole("least_months"),
        duty=table.text("duty", ""),
    )
    table.finish()
    return found


def read_field(table: Reader) -> Field:
    """A field of an item or of a form; mistakes are noted."""
    found = Field(
        name=table.text("name"),
        label=table.text("label"),
        type=table.choice("type", FieldType, FieldType.STRING),
        required=table.flag("required", default=False),
        sensitivity=table.choice("sensitivity", Sensitivity, Sensitivity.PERSONAL),
        code_list=table.maybe_text("code_list"),
        max_length=table.maybe_whole("max_length"),
        pattern=table.maybe_text("pattern"),
        precision=table.maybe_whole("precision"),
        scale=table.maybe_whole("scale"),
        minimum=table.number("minimum"),
        maximum=table.number("maximum"),
        multiple=table.flag("multiple", default=False),
        id_type_field=table.maybe_text("id_type_field"),
        unit=table.text("unit", ""),
        note=table.text("note", ""),
        label_en=table.text("label_en", ""),
        note_en=table.text("note_en", ""),
        example=table.text("example", ""),
        proposed=table.flag("proposed", default=True),
    )
    table.finish()
    return found


def _rule(table: Reader) -> CrossRule:
    tolerance = table.number("tolerance")
    found = CrossRule(
        id=table.text("id"),
        kind=table.choice("kind", CrossKind, CrossKind.NOT_FUTURE),
        fields=table.texts("fields"),
        values=table.texts("values", ()),
    )
    table.finish()
    return found if tolerance is None else replace(found, tolerance=tolerance)
