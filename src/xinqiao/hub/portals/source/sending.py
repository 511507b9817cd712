"""Sending a file: by a plain form, or in pieces by the page's script, which shows how far it is and goes on after a break."""

import json
from collections.abc import Iterator
from datetime import date

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from xinqiao.domain.errors import Code, Conflict, Forbidden, Invalid, XinqiaoError
from xinqiao.domain.period import parse_date
from xinqiao.hub.actors import SourceActor
from xinqiao.hub.apps.collection.services import (
    Submitted,
    begin_upload,
    continue_upload,
    finish_upload,
    submit_whole,
)
from xinqiao.hub.portals.access import Visit, source_page
from xinqiao.hub.portals.denials import record_refusal
from xinqiao.hub.portals.posted import whole_number
from xinqiao.hub.portals.source.items import item_page
from xinqiao.ui.error_words import words
from xinqiao.ui.i18n import gettext as _

_BLOCK = 1 << 16
#: A piece fits the bridge's limit of a form with room to spare; the page's script cuts smaller ones.
_PIECE = 8 << 20
_PARTS = 16 << 10


def _where(done: Submitted) -> str:
    address = reverse("source:batch", args=[done.batch.id])
    return f"{address}?again=1" if done.repeated else address


def _day(text: str) -> date | None:
    return parse_date(text, field="data_as_of") if text else None


def _said(error: XinqiaoError) -> str:
    """Why a file was not taken, and what to do."""
    if error.facts.get("field") == "data_as_of":
        return _("数据日期写成 2026-10-31，不能晚于今天。")
    if error.code is Code.MEDIA_TYPE_UNSUPPORTED:
        return _("这种文件读不了。请存成 XLSX、CSV、JSONL、Parquet，或它们的 ZIP。")
    if error.code is Code.BODY_TOO_LARGE:
        return _("文件超过 {n} MB。请分成几个再报。").format(n=error.facts.get("max_mb", ""))
    if error.code is Code.FILE_EMPTY:
        return _("文件是空的。")
    said = words(error.code)
    return f"{said.title}{_('。')}{said.step}"


@require_POST
@source_page
def send(visit: Visit[SourceActor], item: str) -> HttpResponse:
    """A file by a plain form. What was wrong is said on the page of the item."""
    post, given = visit.request.POST, visit.request.FILES.get("file")
    as_of, corrects = post.get("data_as_of", "").strip(), post.get("corrects", "")
    try:
        if given is None or not given.name:
            raise Invalid(Code.FILE_EMPTY, "no file was chosen", facts={"field": "file"})
        done = submit_whole(
            actor=visit.actor, item=item, file_name=given.name, chunks=given.chunks(_BLOCK), at=visit.at,
            data_as_of=_day(as_of), corrects_id=corrects or None,
        )  # fmt: skip
    except Forbidden:
        raise
    except XinqiaoError as refused:
        record_refusal(visit.request, refused)
        return item_page(
            visit, item, corrects_id=corrects, error=_said(refused), as_of=as_of, status=refused.status
        )
    return HttpResponseRedirect(_where(done))


def _refusal(request: HttpRequest, error: XinqiaoError) -> JsonResponse:
    record_refusal(request, error)
    facts = {name: error.facts[name] for name in ("received", "retry_after") if name in error.facts}
    return JsonResponse({"code": error.code.value, "say": _said(error), **facts}, status=error.status)


def _announced(request: HttpRequest) -> dict[str, str]:
    """The small JSON object that announces a file. Raises Invalid."""
    try:
        found = json.loads(request.read(_PARTS))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or "\x00" in str(found):
        raise Invalid(Code.INVALID, "not an announcement", facts={"field": "file"})
    return {str(name): str(value) for name, value in found.items()}


@require_POST
@source_page
def begin(visit: Visit[SourceActor], item: str) -> HttpResponse:
    """Announce a file; the answer says where its pieces go and from where on."""
    try:
        said = _announced(visit.request)
        size = whole_number(said.get("size", ""), 0, 10**14)
        if size is None:
            raise Invalid(Code.INVALID, "no size", facts={"field": "size"})
        row = begin_upload(
            actor=visit.actor, item=item, file_name=said.get("name", ""), key=said.get("key", ""), size=size,
            at=visit.at, data_as_of=_day(said.get("data_as_of", "")), corrects_id=said.get("corrects") or None,
        )  # fmt: skip
    except XinqiaoError as error:
        return _refusal(visit.request, error)
    return JsonResponse(
        {
            "piece": reverse("source:upload_piece", args=[row.id]),
            "finish": reverse("source:upload_finish", args=[row.id]),
            "received": row.received,
        }
    )


def _blocks(request: HttpRequest) -> Iterator[bytes]:
    left = _PIECE
    while left > 0 and (block := request.read(min(_BLOCK, left))):
        left -= len(block)
        yield block


@require_POST
@source_page
def piece(visit: Visit[SourceActor], upload_id: str) -> HttpResponse:
    """One piece of a file, at the place the query says."""
    offset = whole_number(visit.request.GET.get("at", ""), 0, 10**14)
    try:
        if offset is None or visit.request.content_type != "application/octet-stream":
            raise Invalid(Code.INVALID, "no piece", facts={"field": "at"})
        row = continue_upload(
            actor=visit.actor, upload_id=upload_id, offset=offset, chunks=_blocks(visit.request), at=visit.at
        )
    except Conflict as late:  # the page goes on from where the hub says; nothing was refused
        return JsonResponse({"code": late.code.value, "received": late.facts.get("received", 0)}, status=409)
    except XinqiaoError as error:
        return _refusal(visit.request, error)
    return JsonResponse({"received": row.received})


@require_POST
@source_page
def finish(visit: Visit[SourceActor], upload_id: str) -> HttpResponse:
    """The file is whole: it becomes a batch."""
    try:
        done = finish_upload(actor=visit.actor, upload_id=upload_id, at=visit.at)
    except XinqiaoError as error:
        return _refusal(visit.request, error)
    return JsonResponse({"href": _where(done), "again": done.repeated})
