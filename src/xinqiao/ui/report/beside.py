"""What stands in a credit report beside its records, as values for the page and the PDF, in the reader's language.

The rules of masking are behind this: here are only words. Names of items, products and purposes come with the caller,
who knows the catalogue in force.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from xinqiao.domain.report import (
    Answered,
    Availability,
    Beside,
    Call,
    Declared,
    Held,
    Inquiries,
    Inquiry,
    SelfDeclared,
)
from xinqiao.ui import format as fmt
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.report.words import english

#: As much of a digest as people compare by eye; the document has it whole.
DIGEST_SHOWN = 16


@dataclass(frozen=True, slots=True)
class Names:
    """Words of the caller: an item's id, its fields, a product's code, a purpose's code → what people read."""

    item: Callable[[str], str]
    fields: Callable[[str, Sequence[str]], str]
    product: Callable[[str], str]
    purpose: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Part:
    """One part: a table, or the sentence that says why there is none; ``source`` names origin and mode.

    ``kind``: the kind of nothing, where it is one of those of the records.
    """

    id: str
    title: str
    source: str
    mode: str
    heads: tuple[dict[str, object], ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    nothing: str = ""
    note: str = ""
    as_of: str = ""
    kind: str = ""


def build_beside(beside: Beside, names: Names, *, own: bool) -> tuple[Part, ...]:
    """The parts in their order; ``own``: the firm reads about itself."""
    parts = [_answers(beside.answers, names, own=own)]
    if not own:
        parts.append(_calls(beside.calls, names))
    return (
        *parts,
        _holdings(beside.holdings, names),
        _said(beside.said),
        _declared(beside.declared),
        _inquiries(beside.inquiries, names),
    )


def _heads(*labels: str) -> tuple[dict[str, object], ...]:
    return tuple({"label": label} for label in labels)


def _answers(answers: Sequence[Answered], names: Names, *, own: bool) -> Part:
    return Part(
        "answers", _("核验结果"), _("各部门，按机构说出的值核验"), _("数据核验"),
        _heads(_("事项"), _("核验的字段"), _("答复"), _("数源"), _("时间"), _("核验编号")),
        tuple(
            (
                names.item(one.item), names.fields(one.item, one.fields), _("是") if one.yes else _("否"),
                one.source or fmt.NOTHING, fmt.moment(one.at), one.number,
            )
            for one in answers
        ),
        nothing=_("还没有机构核验过，或者结果已过保存期。") if own else _("没有凭这些授权核验过，或者结果已过保存期。"),
        note=_("答复只有是、否；“否”包括查无此人，不能看出差在哪里。"),
    )  # fmt: skip


def _calls(calls: Sequence[Call], names: Names) -> Part:
    return Part(
        "calls", _("向数源的调用"), _("各部门节点，生成报告时"), _("国家接口调用"),
        _heads(_("事项"), _("结果"), _("没有给出的"), _("答复编号")),
        tuple(
            (
                names.item(one.item),
                _("{n} 条记录").format(n=one.records) if one.answered else _("数源未答"),
                _withheld(one),
                one.number or fmt.NOTHING,
            )
            for one in calls
        ),
        nothing=_("这份报告没有向数源调用。"),
        note=_("每一次调用都有自己的记录，也各用一次；没有得到答复的不计次数。"),
    )  # fmt: skip


def _withheld(call: Call) -> str:
    parts = [_("{n} 条不合规则").format(n=call.withheld)] if call.withheld else []
    parts += [_("后面还有")] if call.cut else []
    return _("、").join(parts) or fmt.NOTHING


def _holdings(holdings: Sequence[Held], names: Names) -> Part:
    return Part(
        "fundflow", _("资金流产品"), _("开户行"), _("密封产品"),
        _heads(_("授权编号"), _("账户"), _("产品"), _("有效到"), _("最近一份"), _("核验码"), _("产品摘要")),
        tuple(
            (
                one.authorisation_no,
                _("、").join(one.accounts) or fmt.NOTHING,
                _("、").join(names.product(product) for product in one.products),
                fmt.moment(one.valid_to) if one.valid_to else fmt.NOTHING,
                f"{one.number} {fmt.moment(one.released_at)}" if one.released_at else _("还没有"),
                one.verify_code or fmt.NOTHING,
                one.digest[:DIGEST_SHOWN] or fmt.NOTHING,
            )
            for one in holdings
        ),
        nothing=_("没有有效的资金流授权。"),
        note=_("产品由开户行密封给读它的一方，平台打不开，数字不在这份报告里；用摘要和核验码对上。"),
    )  # fmt: skip


def _said(said: SelfDeclared) -> Part:
    """The three sentences of nothing are those of the records, about what the firm says."""
    nothing = {
        Availability.NO_RECORD: _("企业没有申报。"),
        Availability.NOT_AUTHORISED: _("企业没有授权看这一项；有没有申报，这里不说。"),
    }.get(said.availability, _("平台不收企业自行申报的内容。"))
    return Part(
        "said", _("企业自行申报"), _("企业自己"), _("企业自行申报，未经核实"),
        _heads(_("项目"), _("企业自己说的")),
        tuple((one.label_en if english() else one.label, one.cell.text) for one in said.lines),
        nothing=nothing,
        note=_("第 {n} 版。平台和数源都没有核实；没有列出的，企业没有填。").format(n=said.version),
        as_of=fmt.moment(said.as_of) if said.as_of else "",
        kind=str(said.availability),
    )  # fmt: skip


def _declared(declared: Sequence[Declared]) -> Part:
    return Part(
        "declared", _("企业的声明"), _("企业自己"), _("企业声明，未经核实"),
        _heads(_("声明"), _("关于"), _("时间")),
        tuple((one.text, one.about or _("整个企业"), fmt.moment(one.at)) for one in declared),
        nothing=_("企业没有声明。"),
    )  # fmt: skip


def _inquiries(inquiries: Inquiries, names: Names) -> Part:
    scope = {
        "all": _("所有机构和您自己的查询。"),
        "own": _("只列本机构的查询；别的机构查过没有，这里不说。"),
        "count": _("列出本机构的查询；别的机构只给次数。"),
        "none": _("平台设定不列查询记录。"),
    }[inquiries.scope]
    notes = [scope]
    if inquiries.more:
        notes.append(_("只列最近 {n} 条。").format(n=len(inquiries.lines)))
    if inquiries.others is not None:
        counted = _("别的 {k} 家机构查了 {n} 次。")
        notes.append(counted.format(k=inquiries.institutions, n=inquiries.others))
    return Part(
        "inquiries", _("查询记录"), _("平台的记录"), _("平台自有"),
        _heads(_("时间"), _("机构"), _("查了什么"), _("用途"), _("结果")),
        tuple(
            (
                fmt.moment(one.at), one.institution or _("企业自己"), _what(one, names),
                names.purpose(one.purpose) if one.purpose else fmt.NOTHING, _outcome(one),
            )
            for one in inquiries.lines
        ),
        nothing=_("没有查询记录。") if inquiries.scope != "none" else scope,
        note="" if inquiries.scope == "none" else " ".join(notes),
    )  # fmt: skip


def _what(line: Inquiry, names: Names) -> str:
    match line.kind:
        case "fundflow":
            return names.product(line.what)
        case "credit_report":
            return _("信用报告")
        case "portrait":
            return _("企业画像")
        case "verification":
            return _("核验：{item}").format(item=names.item(line.what))
        case _:
            return names.item(line.what)


def _outcome(line: Inquiry) -> str:
    words = {
        "released": _("已提供"),
        "denied": _("没有放行"),
        "failed": _("数源未答"),
        "permitted": _("进行中"),
    }[line.outcome]
    return f"{words} {line.code}".strip()
