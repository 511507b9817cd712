"""Makes ``catalogue.md`` from the data files of the catalogue: ``python docs/reference/catalogue_pages.py``."""

import sys
from pathlib import Path

from xinqiao.catalogue import load
from xinqiao.catalogue.words import (
    FREQUENCIES,
    MODES,
    NOT_KNOWN,
    SENSITIVITIES,
    TYPES,
    limits,
    mention_words,
    rule_words,
)
from xinqiao.domain.catalogue.model import Catalogue, Field, Item

PAGE = Path(__file__).with_name("catalogue.md")


def page() -> str:
    """The whole page."""
    catalogue = load()
    old = load(catalogue.predecessor or "")
    lines = [
        "# 清单 The catalogue",
        "",
        f"{catalogue.title}，{catalogue.document}附件，{catalogue.issued} 印发、{catalogue.published} 公布。",
        f"{len(catalogue.categories)} 类 {len(catalogue.items)} 项，由数据文件生成：`python docs/reference/catalogue_pages.py`。",
        "Made from the data files.",
        "",
        catalogue.note + "字段后面没有标记的是文件点名的，标“建议”的是本项目的建议。",
        "Fields the annex names carry no mark; those marked 建议 are this project's proposal.",
        "",
        f"前一版 {old.document}（{old.issued}）：{old.declared_categories} 类 {old.declared_items} 项。{old.note}",
        "",
        *(
            f"* {edition.document} {heading.both}：{names.zh}。"
            for edition in (catalogue, old)
            for heading, names in mention_words(edition)
        ),
        "",
        NOT_KNOWN.zh,
        NOT_KNOWN.en,
        "",
        "每个格子怎样读、什么叫错，见 [收一行数据](../rules/collection.md)。查看、检查和空表：",
        "",
        "```sh",
        "xinqiao catalogue check",
        "xinqiao catalogue show water_fee --format json",
        "xinqiao catalogue template water_fee -o water_fee.xlsx",
        "```",
        "",
        "## 扩展事项 Items of a province",
        "",
        "省里的事项是同样形状的 TOML 文件，放进一个文件夹（或每省一个子文件夹）；程序自带的在",
        "`src/xinqiao/catalogue/2024/items/`，可以照抄。标识以 `x_<省>_` 开头，编号从 1001 起，可以带自己的 `code_lists.toml`，",
        "不能改写国家事项和国家代码表。放好以后 `xinqiao catalogue check 文件夹`，每处错误报出文件、位置和原因；",
        "平台由 `XINQIAO_CATALOGUE_DIR` 知道这个文件夹，有错就不启动。",
        "A province drops TOML files of the same shape into a folder; ids begin with `x_<province>_`, numbers with 1001.",
        "",
        "## 全部事项 All items",
        "",
        "| 号 | 事项 item | 标识 id | 方式 mode | 提供 provider | 频率 | 最高敏感级别 |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *(
            f"| {item.no} | {item.name} | [`{item.id}`](#{item.id}) | {MODES[item.mode].zh} | {'、'.join(item.providers)} "
            f"| {FREQUENCIES[item.frequency].zh} | {SENSITIVITIES[item.max_sensitivity].zh} |"
            for item in catalogue.items.values()
        ),
    ]
    for category in catalogue.categories:
        lines += ["", f"## {category.no} {category.name}"]
        for name in category.items:
            lines += _item(catalogue.items[name], catalogue)
    lines += [
        "",
        "## 代码表 Code lists",
        "",
        "文件里写代码或标签都可以，存的是代码。Either may be sent; the code is stored.",
    ]
    for one in catalogue.code_lists.values():
        told = "；".join(f"`{code}` {label}" for code, label in one.entries.items())
        lines += ["", f"**`{one.name}`**{'（建议）' if one.proposed else ''} {told}"]
    return "\n".join([*lines, ""])


def _item(item: Item, catalogue: Catalogue) -> list[str]:
    as_of = f"；截至日 as of `{item.as_of_field}`" if item.as_of_field else ""
    named = "、".join(item.annex_fields) if item.annex_names_fields else "只有标题，没有点名字段 title only"
    return [
        "",
        f"### {item.id}",
        "",
        f"**{item.no}. {item.name}** {item.name_en}，第 {item.version} 版，自 {item.valid_from} 起。",
        f"{MODES[item.mode].both}；{'、'.join(item.providers)}；{FREQUENCIES[item.frequency].both}；",
        f"主键 key `{' + '.join(item.natural_key)}`；主体 subject `{' + '.join(item.subject)}`{as_of}。",
        f"文件写的 in the annex：{named}。",
        "",
        "| 字段 field | 标签 label | 类型 type | 必填 | 敏感级别 | 要求 limits | |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *(_field(field, item, catalogue) for field in item.fields),
        *([""] if item.rules else []),
        *(f"* {rule_words(rule, item, catalogue).both}" for rule in item.rules),
    ]


def _field(field: Field, item: Item, catalogue: Catalogue) -> str:
    told = [one.zh for one in limits(field, item, catalogue)]
    if field.pattern:
        told.append("`" + field.pattern.replace("|", "\\|") + "`")
    if field.note:
        told.append(field.note)
    return (
        f"| `{field.name}` | {field.label} | {TYPES[field.type].zh} | {'是' if field.required else ''} "
        f"| {SENSITIVITIES[field.sensitivity].zh} | {'；'.join(told)} | {'建议' if field.proposed else ''} |"
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n")
