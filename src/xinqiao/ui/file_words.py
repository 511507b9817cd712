"""Where in a file the trouble is, in sentences for whoever has to correct it: columns, rows, lines, cells."""

from collections.abc import Callable, Mapping

from xinqiao.ui.i18n import gettext as _


def whereabouts(facts: Mapping[str, object], label: Callable[[str], str]) -> list[str]:
    """The facts of a refused file as sentences, in the language in force; none for facts that name no place.

    ``label``: the words of a column that is told by its field's name; other names stay as they are.
    """
    said = []
    if facts.get("file"):
        said.append(_("压缩包里的文件：{name}。").format(name=facts["file"]))
    for name, words in (
        ("missing", _("缺少的列：{names}。")),
        ("repeated", _("出现了不止一次的列：{names}。")),
    ):
        names = facts.get(name)
        if isinstance(names, list) and names:
            said.append(words.format(names=_("、").join(label(str(one)) for one in names)))
    if facts.get("row"):
        said.append(_("第 {n} 行。").format(n=facts["row"]))
    if facts.get("row") and facts.get("field"):
        said.append(_("列或单元格：{name}。").format(name=label(str(facts["field"]))))
    if facts.get("line"):
        said.append(_("用文本编辑器打开，在第 {n} 行（表头也算）。").format(n=facts["line"]))
    elif facts.get("byte_offset") is not None:
        said.append(_("从第 {n} 个字节起读不出来。").format(n=facts["byte_offset"]))
    return said
