"""Repair results of other platforms: hand a file in, see which records it means, apply those, keep the rest in view."""

import csv
from io import StringIO

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinqiao.domain.errors import Code, Conflict, Forbidden, Invalid, NotFound, XinqiaoError
from xinqiao.hub.actors import OperatorRole
from xinqiao.hub.apps.redress import import_selectors as selectors
from xinqiao.hub.apps.redress import services
from xinqiao.hub.apps.redress.imports import MOST_BYTES, MOST_ROWS
from xinqiao.hub.portals.access import Visit, operator_page
from xinqiao.hub.portals.denials import record_refusal
from xinqiao.hub.portals.files import attachment
from xinqiao.hub.portals.import_words import column_words, reason_word, refusal
from xinqiao.hub.portals.institution.records import safe_cell
from xinqiao.hub.portals.operation.shell import Staff, has, manager, staff_page
from xinqiao.hub.portals.posted import number_field, seen_version
from xinqiao.hub.portals.source.cards import item_word
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.states import state_word

ACCEPT = ".csv,.jsonl,.xlsx"


def _desk(visit: Visit[Staff]) -> bool:
    return has(visit, OperatorRole.ADMIN) or has(visit, OperatorRole.SERVICE)


@require_http_methods(["GET", "POST"])
@operator_page
def listing(visit: Visit[Staff]) -> HttpResponse:
    """The files so far. POST reads another one and leads to it; nothing is applied yet."""
    error, status, platform = "", 200, visit.request.POST.get("platform", "")
    if visit.request.method == "POST":
        try:
            return _read(visit, platform)
        except (Forbidden, NotFound):
            raise
        except XinqiaoError as refused:
            record_refusal(visit.request, refused)
            error, status = refusal(refused), refused.status
    context = {
        "rows": selectors.repair_imports(visit.actor),
        "may": _desk(visit),
        "error": error,
        "platform": platform,
        "accept": ACCEPT,
        "columns": column_words(),
        "most_rows": MOST_ROWS,
        "most_mb": MOST_BYTES >> 20,
    }
    return staff_page(visit, "operation/repair_imports.html", "redress", context, status=status)


def _read(visit: Visit[Staff], platform: str) -> HttpResponse:
    actor, file = manager(visit), visit.request.FILES.get("file")
    if file is None:
        raise Invalid(Code.FILE_EMPTY, "no file", facts={"field": "file"})
    done = services.read_results(
        actor=actor, platform=platform, file_name=file.name or "", chunks=file.chunks(1 << 16), at=visit.at
    )
    again = "?repeated=1" if done.repeated else ""
    return HttpResponseRedirect(reverse("operator:repair_import", args=[done.row.id]) + again)


@require_GET
@operator_page
def one(visit: Visit[Staff], import_id: str) -> HttpResponse:
    """One file, row by row."""
    return _page(visit, import_id)


def _page(visit: Visit[Staff], import_id: str, *, error: str = "", status: int = 200) -> HttpResponse:
    row, results = selectors.repair_import(visit.actor, import_id)
    context = {
        "row": row,
        "results": [
            (one, reason_word(one.reason), item_word(one.item) if one.item else "") for one in results
        ],
        "may": _desk(visit),
        "error": error,
        "repeated": "repeated" in visit.request.GET,
    }
    return staff_page(visit, "operation/repair_import.html", "redress", context, status=status)


@require_POST
@operator_page
def act(visit: Visit[Staff], import_id: str) -> HttpResponse:
    """Apply what means a record exactly, or take one applied row back."""
    row, _results = selectors.repair_import(visit.actor, import_id)
    actor, post = manager(visit), visit.request.POST
    try:
        match post.get("act"):
            case "apply":
                services.apply_results(
                    actor=actor, import_id=row.id, expected_version=seen_version(visit.request, row.version),
                    at=visit.at,
                )  # fmt: skip
            case "undo":
                services.undo_result(
                    actor=actor, import_id=row.id, line=number_field(visit.request, "line", 1, 10**7),
                    reason=post.get("words", ""), at=visit.at,
                )  # fmt: skip
            case _:
                raise NotFound
    except (Invalid, Conflict) as refused:
        record_refusal(visit.request, refused)
        return _page(visit, import_id, error=refusal(refused), status=refused.status)
    return HttpResponseRedirect(reverse("operator:repair_import", args=[row.id]))


@require_GET
@operator_page
def receipt(visit: Visit[Staff], import_id: str) -> HttpResponse:
    """What became of every row, as a table to send back to the platform the file came from."""
    row, results = selectors.repair_import(visit.actor, import_id)
    out = StringIO()
    write = csv.writer(out, lineterminator="\r\n")
    write.writerow([
        _("编号"), _("文件"), "SHA-256", _("行"), _("统一社会信用代码"), _("文书号"), _("结果"), _("日期"), _("情况"), _("原因"),
        _("事项"), _("记录标识"),
    ])  # fmt: skip
    for one in sorted(results, key=lambda one: one.line):
        write.writerow([safe_cell(cell) for cell in (
            row.number, row.file_name, row.digest, one.line, one.uscc, one.document, one.decision, one.decided_on,
            state_word(f"result.{one.state}").word, reason_word(one.reason), item_word(one.item) if one.item else "",
            one.record,
        )])  # fmt: skip
    return attachment("\ufeff" + out.getvalue(), "text/csv; charset=utf-8", f"{row.number}.csv")
