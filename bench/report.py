"""A credit report on paper, as full as one can be: all 37 items with lines, every part beside them, its own product.

From the composed report to the signed PDF; the peer is the sample fund-flow report of one account, set by the same
template and signed with the same key in the same run. A second report goes to an institution, without the own product.

Every paper says something else, because the typesetter remembers what it has set before; time is that of the processor,
of all threads, so that a busy neighbour is not counted, with the wall beside it.
"""

import io
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

from bench._table import BenchRow, p50, verdict

AT = datetime(2026, 11, 21, 2, tzinfo=UTC)
LINES = 5
ROUNDS = 5
MUST, MOONSHOT = 0.300, 0.150


def _value(field: object, codes: Mapping[str, object], line: int) -> object:
    """Something of a field's type, other in every line as real records are."""
    from xinqiao.domain.catalogue.model import Field, FieldType

    assert isinstance(field, Field)
    match field.type:
        case FieldType.DECIMAL:
            return Decimal(f"{12345 * (line + 1)}.00")
        case FieldType.INTEGER:
            return 2020 + line
        case FieldType.BOOLEAN:
            return line % 2 == 0
        case FieldType.DATE:
            return date(2026, 10, 1) - timedelta(days=31 * line)
        case FieldType.ENUM:
            entries = [*codes[field.code_list or ""].entries]  # type: ignore[attr-defined]
            one = entries[line % len(entries)]
            return (one,) if field.multiple else one
        case _:
            return f"{field.example or field.label}{line + 1}"


def full_report(*, own: bool, seed: int = 0) -> tuple[object, object]:
    """A report with every item shown where it can be, and its paper."""
    from xinqiao.catalogue import load
    from xinqiao.catalogue.declared import load_form
    from xinqiao.domain.report import (
        Answered,
        Beside,
        Call,
        Declaration,
        Declared,
        Held,
        Inquiries,
        Inquiry,
        OwnProduct,
        Record,
        Sight,
        Supply,
        compose,
        compose_declared,
    )
    from xinqiao.ui.gallery_report import product
    from xinqiao.ui.pdf import CreditPaper
    from xinqiao.ui.report.beside import Names, build_beside
    from xinqiao.ui.report.own_product import build_own_view

    catalogue = load()
    records = {
        item.id: [
            Record(
                {f.name: _value(f, catalogue.code_lists, line + seed * LINES) for f in item.fields},  # type: ignore[misc]
                "演示数源",
                f"B-{line}",
                date(2026, 10, 31),
                AT,
            )
            for line in range(LINES)
        ]
        for item in catalogue.items.values()
    }
    supplies = {item: Supply(("演示数源",), date(2026, 10, 31)) for item in catalogue.items}
    sight = Sight(is_subject=True) if own else Sight(items=frozenset(catalogue.items))
    report = compose(catalogue, sight=sight, records=records, supplies=supplies)
    form = load_form()
    said = Declaration(2, AT, shared=True, texts={f.name: f.example for f in form.fields})
    verified = [item.id for item in catalogue.items.values() if "verification" in item.mode]
    beside = Beside(
        answers=tuple(
            Answered(one, ("x",), True, f"VF-{n}", "演示部门", AT) for n, one in enumerate(verified)
        ),
        calls=tuple(Call(one, f"itq-{n}", True, f"IA-{n}", LINES) for n, one in enumerate(catalogue.items)),
        holdings=(Held("IU-1", "aut-1", ("6222****2222",), ("FLOW_REPORT",), AT, "FR-1", "a" * 64, "C", AT),),
        declared=(Declared("九月停产检修。", AT),),
        inquiries=Inquiries(
            "all" if own else "own",
            AT,
            tuple(
                Inquiry("岚江农商银行", "item", one, "loan_application", AT, "released")
                for one in catalogue.items
            ),
        ),
        said=compose_declared(form, said, own=own, on=date(2026, 11, 21)),
    )
    names = Names(
        lambda one: catalogue.items[one].name,
        lambda _item, fields: "、".join(fields),
        str,
        lambda _code: "贷款申请",
    )
    paper = CreditPaper(
        "CR-20261121-0001", 1, "远山农机有限公司", "91330100MA2XQA0010", catalogue.id, AT, AT,
        build_beside(beside, names, own=own), own, "" if own else "岚江农商银行", "" if own else "贷款申请",
    )  # fmt: skip
    if own:
        bank = OwnProduct("6222****2222", 24, "青屿银行", "FR-2", "b" * 64, "C2", AT, product(), "s")
        paper = replace(paper, product=build_own_view(bank))
    return report, paper


def _timed(make: Callable[[], bytes]) -> tuple[bytes, tuple[float, float]]:
    """A paper, and the processor's and the wall's seconds it took."""
    cpu, wall = time.process_time(), time.perf_counter()
    paper = make()
    return paper, (time.process_time() - cpu, time.perf_counter() - wall)


def rows(keep: Path | None = None) -> list[BenchRow]:
    """Both reports; ``keep``: a folder for the papers, to look at them."""
    import pikepdf
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from xinqiao.ui.gallery_report import product
    from xinqiao.ui.pdf import (
        PdfFacts,
        render_credit_pdf,
        render_report_pdf,
        self_signed_certificate,
        sign_pdf,
    )

    key = Ed25519PrivateKey.generate()
    certificate = self_signed_certificate(key, "hub", at=AT)
    facts = PdfFacts(
        "7KQ4-M2XD-09TF", "https://example.invalid/verify?code=7", "SHA-256 " + "0" * 64, "信桥", 7, demo=True
    )
    sample = product()

    def signed(pdf: bytes) -> bytes:
        return sign_pdf(pdf, key=key, certificate=certificate, name="信桥", reason="出具")

    def of(report: object, paper: object) -> bytes:
        return signed(render_credit_pdf(report, paper, facts))  # type: ignore[arg-type]

    def own(number: PdfFacts) -> bytes:
        return signed(render_report_pdf(sample, number))

    reports = [[full_report(own=own, seed=seed) for seed in range(ROUNDS + 1)] for own in (True, False)]
    spent: list[list[tuple[float, float]]] = [[], [], []]
    papers = [b"", b""]
    for turn in range(ROUNDS + 1):
        for place in (0, 1):
            papers[place], took = _timed(partial(of, *reports[place][turn]))
            spent[place].append(took)
        number = replace(facts, verification_code=f"7KQ4-M2XD-{turn:04d}")
        _, took = _timed(partial(own, number))
        spent[2].append(took)
    peer = p50([cpu for cpu, _ in spent[2][1:]])  # the first of each warms
    found: list[BenchRow] = []
    for name, paper, taken in zip(
        ("own, with its product", "for an institution"), papers, spent, strict=False
    ):
        if keep is not None:
            (keep / f"report-{len(found)}.pdf").write_bytes(paper)
        with pikepdf.open(io.BytesIO(paper)) as document:
            pages = len(document.pages)
        middle, wall = p50([cpu for cpu, _ in taken[1:]]), p50([wall for _, wall in taken[1:]])
        found.append(
            BenchRow(
                "PDF",
                f"credit report on paper, 37 items, {name}: {pages} pages, {len(paper) // 1024} KiB, signed",
                f"{middle * 1000:.0f} ms CPU (wall {wall * 1000:.0f})",
                f"fund-flow report {peer * 1000:.0f} ms CPU",
                f"{peer / middle:.2f}×",
                "300 ms",
                "150 ms",
                verdict(middle <= MUST, middle <= MOONSHOT),
            )
        )
    return found
