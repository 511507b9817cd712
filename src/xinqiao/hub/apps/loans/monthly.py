"""Monthly files: read, kept row by row, taken in portions; what cannot be taken keeps its cells and the reason.

A row goes the way of every report: the contract and the drawdown where they are not known yet, the position of the month's
end, and the events that follow from it. The same file twice is one; a corrected file of the refused rows is another.
"""

import csv
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from django.db import transaction

from xinqiao.domain.errors import Code, Conflict, Fact, Invalid, NotFound, TooLarge, XinqiaoError
from xinqiao.domain.loans.book import Reported
from xinqiao.domain.loans.monthly import COLUMNS, NEEDED, MonthRow, read_row
from xinqiao.domain.loans.said import EventSaid
from xinqiao.domain.loans.states import LIVE, LoanEvent, LoanState
from xinqiao.hub.actors import Actor, InstitutionActor
from xinqiao.hub.apps.audit.services import Refs, append_leaf
from xinqiao.hub.apps.consents.records import actor_columns, next_number
from xinqiao.hub.apps.identity.models import Institution
from xinqiao.hub.apps.loans.models import (
    Drawdown,
    LoanContract,
    LoanFile,
    LoanFileRow,
    ReportedPosition,
)
from xinqiao.hub.apps.loans.rows import last_day, not_before_now, require_reporter
from xinqiao.hub.apps.loans.services import report_contract, report_drawdown, report_event
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.lake.small_table import read_small

#: Rows of one file: they are taken while somebody waits. More are sent in several files.
MOST_ROWS = 2_000
MOST_BYTES = 4 << 20
#: Rows of one moment; the log says what was taken portion by portion.
PORTION = 100
_LIVE = {state.value for state in LIVE}
#: A cell that begins so would be run by a program for tables.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
#: The column of reasons in a file to correct; it is left alone when the file comes back.
REASON_COLUMN = "退回原因"


@dataclass(frozen=True, slots=True)
class Sent:
    """A file as it was taken; ``repeated``: sent before with the same bytes."""

    row: LoanFile
    repeated: bool


def send_file(*, actor: InstitutionActor, file_name: str, chunks: Iterable[bytes], at: datetime) -> Sent:
    """Report a month by a file, CSV or XLSX. The same bytes once more go on where they stopped and change nothing else.

    Raises:
        Forbidden: ``ROLE_FORBIDDEN``. Invalid: ``HEADER_MISMATCH``, ``FILE_EMPTY`` and the other codes of foreign files.
        TooLarge: ``BODY_TOO_LARGE``, ``FILE_LIMITS``.
    """
    require_reporter(actor)
    with TemporaryDirectory(prefix="xinqiao-loans-") as folder:
        path, digest, size = _keep(Path(folder), file_name, chunks)
        known = LoanFile.objects.for_viewer(actor).filter(digest=digest).first()
        if known is None:
            rows = read_small(path, Path(folder), COLUMNS, needed=NEEDED, most=MOST_ROWS)
            lines = [
                # a line of another width may have its cells under the wrong columns
                LoanFileRow(line=row.line, cells=dict(row.cells), code=Code.FILE_VALUE.value if row.ragged else "",
                            field="", reason="WIDTH" if row.ragged else "")
                for row in rows
            ]  # fmt: skip
    made, repeated = (
        (known, True) if known is not None else _register(actor, file_name, digest, size, lines, at)
    )
    _take(actor, made, at)
    made.refresh_from_db()
    return Sent(made, repeated)


def _register(
    actor: InstitutionActor, file_name: str, digest: str, size: int, lines: list[LoanFileRow], at: datetime
) -> tuple[LoanFile, bool]:
    with transaction.atomic():
        institution = Institution.objects.select_for_update().get(id=actor.institution_id)
        known = LoanFile.objects.for_viewer(actor).filter(digest=digest).first()
        if known is not None:
            return known, True
        row_id, number = new_id(Prefix.LOAN_FILE), next_number("LF", at)
        leaf = append_leaf(
            type="STATEMENT",
            at=at,
            facts={"act": "loan_file", "number": number, "digest": digest, "rows": len(lines), "by": actor.user_id},
            refs=Refs(institution=institution.id, object=row_id),
        )  # fmt: skip
        made = LoanFile.objects.create(
            id=row_id, number=number, institution=institution, file_name=_name(file_name), digest=digest, size=size,
            rows=len(lines), at=at, actor_label=actor_columns(actor)[2][:120], leaf_index=leaf.index,
        )  # fmt: skip
        for one in lines:
            one.source_file = made
        LoanFileRow.objects.bulk_create(lines)
    return made, False


def _take(actor: InstitutionActor, made: LoanFile, at: datetime) -> None:
    """Take what was not looked at yet, portion by portion; two who send the same file at once take each row once."""
    while True:
        with transaction.atomic():
            held = LoanFile.objects.select_for_update().get(id=made.id)
            rows = list(made.lines.filter(contract=None, code="").order_by("line")[:PORTION])
            if not rows:
                if held.done_at is None:
                    refused = made.lines.exclude(code="").count()
                    LoanFile.objects.filter(id=made.id).update(
                        refused=refused, taken=held.rows - refused, done_at=at
                    )
                return
            for row in rows:
                _one(actor, made, row, at)
            _portion_leaf(made, rows, at)


def _portion_leaf(made: LoanFile, rows: list[LoanFileRow], at: datetime) -> None:
    text = "\n".join(f"{row.line} {row.contract_id or row.code}" for row in rows)
    append_leaf(
        type="STATEMENT",
        at=at,
        facts={
            "act": "loan_positions",
            "number": made.number,
            "first": rows[0].line,
            "last": rows[-1].line,
            "taken": sum(row.contract_id is not None for row in rows),
            "digest": hashlib.sha256(text.encode()).hexdigest(),
        },
        refs=Refs(institution=made.institution_id, object=made.id),
    )


def _one(actor: InstitutionActor, made: LoanFile, row: LoanFileRow, at: datetime) -> None:
    try:
        with transaction.atomic():
            row.contract = _taken(actor, made, row, read_row(row.cells), at)
    except XinqiaoError as refused:
        row.contract, row.code = None, refused.code.value
        row.field, row.reason = (str(refused.facts.get(name) or "") for name in ("field", "reason"))
    else:
        row.cells = {}  # what was taken stands in its tables
    row.save(update_fields=["contract", "code", "field", "reason", "cells"])


def _taken(
    actor: InstitutionActor, made: LoanFile, row: LoanFileRow, said: MonthRow, at: datetime
) -> LoanContract:
    not_before_now(said.reported.day, at, "as_of")
    contract = _contract(actor, said, at)
    if contract.state not in _LIVE:
        raise Conflict(Code.CONFLICT_STATE, "it has ended", facts={"field": "contract_no", "reason": "ENDED"})
    last = last_day(contract)
    if ReportedPosition.objects.filter(contract=contract, source_file=made).exists():
        raise Invalid(Code.INVALID, "twice in a file", facts={"field": "contract_no", "reason": "TWICE"})
    told = said.reported
    ReportedPosition.objects.create(
        contract=contract, source_file=made, on=told.day, balance_fen=told.balance_fen, overdue_fen=told.overdue_fen,
        overdue_days=told.overdue_days, five_class=told.five_class.value,
    )  # fmt: skip
    if told.day >= last:  # an older month's end says nothing about today
        _follow(actor, contract, told, f"{made.number}:{row.line}", at)
        LoanContract.objects.filter(id=contract.id).update(balance_fen=told.balance_fen, reported_at=at)
    return contract


def _contract(actor: InstitutionActor, said: MonthRow, at: datetime) -> LoanContract:
    """The contract a line is about: as it is known, or reported by this line."""
    known = LoanContract.objects.for_viewer(actor).filter(contract_no=said.contract.contract_no)
    found = known.select_related("enterprise").first()
    if found is None:
        found = report_contract(actor=actor, said=said.contract, at=at)
    for field, here, there in (
        ("uscc", found.enterprise.uscc, said.contract.uscc),
        ("amount", found.amount_fen, said.contract.amount_fen),
        ("annual_rate", found.annual_rate, said.contract.annual_rate),
        ("method", found.method, said.contract.method.value),
    ):
        if here != there:
            raise Invalid(Code.INVALID, "differs", facts={"field": field, "reason": "DIFFERS"})
    if not Drawdown.objects.filter(contract=found).exists():
        report_drawdown(actor=actor, contract_id=found.id, said=said.draw, at=at)
        found.refresh_from_db()
    if found.drawn_fen != said.draw.amount_fen:
        raise Invalid(Code.INVALID, "differs", facts={"field": "drawn_amount", "reason": "DIFFERS"})
    return found


def _follow(actor: InstitutionActor, row: LoanContract, told: Reported, key: str, at: datetime) -> None:
    """The events that a position tells of."""
    events: list[EventSaid] = []
    if told.five_class.value != row.five_class:
        events.append(EventSaid(f"{key}:classify", LoanEvent.CLASSIFY, told.day, five_class=told.five_class))
    if not told.balance_fen:
        events.append(EventSaid(f"{key}:settle", LoanEvent.SETTLE, told.day))
    elif told.overdue_days and row.state != LoanState.OVERDUE.value:
        events.append(EventSaid(f"{key}:overdue", LoanEvent.FALL_OVERDUE, told.day))
    elif not told.overdue_days and row.state == LoanState.OVERDUE.value:
        events.append(EventSaid(f"{key}:cure", LoanEvent.CURE, told.day))
    for said in events:
        report_event(actor=actor, contract_id=row.id, said=said, at=at)


# questions


def files(actor: Actor, *, limit: int = 50) -> list[LoanFile]:
    """The institution's monthly files, newest first."""
    return list(LoanFile.objects.for_viewer(actor).order_by("-at", "-id")[:limit])


def one_file(actor: Actor, file_id: str) -> tuple[LoanFile, list[LoanFileRow]]:
    """One file with the rows that were not taken. Raises NotFound for an absent or foreign one."""
    found = LoanFile.objects.for_viewer(actor).filter(id=file_id).first()
    if found is None:
        raise NotFound
    return found, list(found.lines.exclude(code="").order_by("line"))


def refused_file(rows: Iterable[LoanFileRow]) -> bytes:
    """The refused rows with their reasons, to correct and send again."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([*(words[0] for words in COLUMNS.values()), REASON_COLUMN])
    for row in rows:
        why = " ".join(part for part in (row.code, _head(row.field), row.reason) if part)
        writer.writerow([*(_plain(str(row.cells.get(name, ""))) for name in COLUMNS), why])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def template_file() -> bytes:
    """An empty file: one line of the columns' names."""
    out = StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([words[0] for words in COLUMNS.values()])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _head(field: str) -> str:
    return COLUMNS[field][0] if field in COLUMNS else field


def _plain(cell: str) -> str:
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) else cell


# the file


def _keep(folder: Path, file_name: str, chunks: Iterable[bytes]) -> tuple[Path, str, int]:
    ending = Path(_name(file_name)).suffix.lower()
    path, digest, size = folder / f"upload{ending if ending.isascii() else ''}", hashlib.sha256(), 0
    with path.open("wb") as out:
        for chunk in chunks:
            size += len(chunk)
            if size > MOST_BYTES:
                facts: dict[str, Fact] = {"field": "file", "max_mb": MOST_BYTES >> 20}
                raise TooLarge(Code.BODY_TOO_LARGE, "the file is over the limit", facts=facts)
            digest.update(chunk)
            out.write(chunk)
    if not size:
        raise Invalid(Code.FILE_EMPTY, "there is nothing in the file", facts={"field": "file"})
    return path, digest.hexdigest(), size


def _name(file_name: str) -> str:
    last = file_name.replace("\\", "/").rsplit("/", 1)[-1].strip()
    return (last if last.isprintable() else "")[-160:] or "loans"
