"""Batches: the list, one with its progress or its receipt, the rows to correct, taking one back."""

import json
from typing import Literal

from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinqiao.domain.collection import BATCH, BatchEvent, BatchState
from xinqiao.domain.errors import Code, Invalid, NotFound
from xinqiao.domain.machine import Role
from xinqiao.hub.actors import Actor, SourceActor
from xinqiao.hub.apps.collection import selectors as collection
from xinqiao.hub.apps.collection.refused import refused_rows
from xinqiao.hub.apps.collection.selectors import BatchRow, Wanted
from xinqiao.hub.apps.collection.services import retry_batch, withdraw_batch
from xinqiao.hub.portals.access import Visit, source_page
from xinqiao.hub.portals.denials import record_refusal
from xinqiao.hub.portals.files import attachment
from xinqiao.hub.portals.posted import seen_version, whole_number
from xinqiao.hub.portals.source.cards import BatchCard, item_of, item_word, labelled
from xinqiao.hub.portals.source.findings import findings
from xinqiao.hub.portals.source.items import KINDS
from xinqiao.hub.portals.source.shell import is_steward, may_send, source_page_of
from xinqiao.ui import format as fmt
from xinqiao.ui.error_words import words
from xinqiao.ui.figures import Definition
from xinqiao.ui.file_words import whereabouts
from xinqiao.ui.i18n import gettext as _

MOST = 30
_SHOWS = ("", "correct", "waiting", "failed")


def chips(counts: dict[str, int]) -> list[tuple[str, str, int]]:
    """The lists of batches."""
    said = {"": _("全部"), "correct": _("要改的"), "waiting": _("校验中"), "failed": _("处理失败")}
    return [(key, word, counts[key]) for key, word in said.items()]


def batch_list(actor: Actor, get: QueryDict, narrow: Literal["item", "source"]) -> dict[str, object]:
    """A list of batches as its page shows it, whoever looks; ``narrow``: by what it can be narrowed."""
    show = get.get("show", "") if get.get("show", "") in _SHOWS else ""
    only = get.get(narrow, "")
    wanted = Wanted(
        show=show,
        text=get.get("q", "").strip(),
        item=only if narrow == "item" else "",
        source_id=only if narrow == "source" else "",
    )
    before = whole_number(get.get("before", ""), 1, 10**14)
    rows = collection.batches(actor, wanted, before=before, limit=MOST + 1)
    shown = rows[:MOST]
    kept = {"show": show, "q": wanted.text, narrow: only}
    more = {**{name: value for name, value in kept.items() if value}, "before": shown[-1][0] if shown else ""}
    return {
        "cards": [BatchCard.of(row) for _seq, row in shown],
        "chips": chips(collection.counts(actor, wanted)),
        "show": show,
        "q": wanted.text,
        narrow: only,
        "next_href": f"?{urlencode(more)}" if len(rows) > MOST else "",
    }


@require_GET
@source_page
def listing(visit: Visit[SourceActor]) -> HttpResponse:
    """Everything the source sent, newest first."""
    found = batch_list(visit.actor, visit.request.GET, "item")
    item = str(found["item"])
    context = {**found, "item_word": item_word(item) if item else "", "may_send": may_send(visit.actor)}
    return source_page_of(visit, "source/batches.html", "batches", context)


def batch_context(row: BatchRow) -> dict[str, object]:
    """What the page of a batch shows, whoever looks."""
    item = item_of(row)
    found = findings(row.receipt, item)
    lasted = (row.finished_at - row.received_at).total_seconds() if row.finished_at else None
    return {
        "row": row,
        "card": BatchCard.of(row),
        "findings": found,
        "lasted": lasted,
        "steps": _steps(row),
        "percent": _percent(row),
        "why": _why(row),
        "channel": _channel(row.channel),
        "defs": _definitions(row),
    }


def _channel(channel: str) -> str:
    """By which way a file came."""
    words = {
        "portal": _("门户"),
        "folder": _("监听文件夹"),
        "command": _("命令行"),
        "api": _("接口"),
    }
    return words[channel]


def _definitions(row: BatchRow) -> dict[str, Definition]:
    """What the figures of a receipt count."""
    as_of = fmt.instant(row.finished_at) if row.finished_at else ""
    said = {
        "received": ("B01", _("收到"), _("文件里有内容的行，不算表头和空行。"), _("接收 + 去重 + 退回")),
        "accepted": ("B02", _("接收"), _("合格、已经入库的行。"), _("计数：没有违反任何规则，且内容是新的")),
        "duplicate": (
            "B03",
            _("去重"),
            _("合格，但文件里已有一字不差的一行，只入库一次。"),
            _("计数：主键和内容都相同"),
        ),
        "returned": (
            "B04",
            _("退回"),
            _("至少违反一条规则、没有入库的行，都在下载的文件里。"),
            _("计数：行，不是违反的次数"),
        ),
    }
    return {
        key: Definition(no, 1, title, sentence, formula, "", as_of)
        for key, (no, title, sentence, formula) in said.items()
    }


_STEPS = ("read", "check", "store")


def _steps(row: BatchRow) -> list[tuple[str, str, None]]:
    """The named steps of a batch that is being checked."""
    now = str(row.progress.get("step", "")) if row.state is BatchState.CHECKING else ""
    at = _STEPS.index(now) if now in _STEPS else (0 if row.state is BatchState.CHECKING else -1)
    said = (_("读文件"), _("逐行校验"), _("入库，写回执"))
    return [
        (word, "done" if place < at else "now" if place == at else "next", None)
        for place, word in enumerate(said)
    ]


def _percent(row: BatchRow) -> int:
    """How far it is, in hundredths: the steps weigh alike, the present one by what it says itself."""
    now, done, of = (row.progress.get(name) for name in ("step", "done", "of"))
    if now not in _STEPS or not isinstance(done, int) or not isinstance(of, int) or of <= 0:
        return 3
    return min(99, 100 * (_STEPS.index(str(now)) * of + min(done, of)) // (len(_STEPS) * of))


def _why(row: BatchRow) -> tuple[str, str] | None:
    """Why a batch was returned or failed: what, and what to do."""
    if not row.code or row.state not in (BatchState.RETURNED, BatchState.FAILED):
        return None
    said = words(Code(row.code))
    item = item_of(row)
    return said.title, "".join([said.step, *whereabouts(row.code_facts, lambda name: labelled(item, name))])


def _page(visit: Visit[SourceActor], row: BatchRow, *, error: str = "", status: int = 200) -> HttpResponse:
    events = BATCH.allowed(row.state, Role.SOURCE)
    context = {
        **batch_context(row),
        "again": visit.request.GET.get("again") == "1",
        "may_withdraw": BatchEvent.REQUEST_WITHDRAWAL in events and is_steward(visit.actor),
        "may_retry": BatchEvent.RETRY in events and may_send(visit.actor),
        "may_send": may_send(visit.actor),
        "error": error,
    }
    return source_page_of(visit, "source/batch.html", "batches", context, status=status)


@require_GET
@source_page
def detail(visit: Visit[SourceActor], batch_id: str) -> HttpResponse:
    """One batch: how far it is, or its receipt."""
    return _page(visit, collection.batch(visit.actor, batch_id))


@require_GET
@source_page
def state(visit: Visit[SourceActor], batch_id: str) -> HttpResponse:
    """How far a batch is; once it is done, the page is asked to come again whole."""
    row = collection.batch(visit.actor, batch_id)
    response = source_page_of(visit, "source/batch_state.html", "batches", batch_context(row))
    if not row.unfinished:
        response.headers["HX-Refresh"] = "true"
    return response


@require_GET
@source_page
def refused(visit: Visit[SourceActor], batch_id: str, kind: str) -> HttpResponse:
    """The refused rows as a file to correct."""
    if kind not in KINDS:
        raise NotFound
    row = collection.batch(visit.actor, batch_id)
    return attachment(refused_rows(visit.actor, row.id, kind), KINDS[kind], f"{row.number}-refused.{kind}")


@require_GET
@source_page
def receipt(visit: Visit[SourceActor], batch_id: str) -> HttpResponse:
    """The receipt as JSON, for a program of the source. Raises NotFound before there is one."""
    said = collection.receipt(visit.actor, batch_id)
    return attachment(
        json.dumps(said, ensure_ascii=False, indent=1), "application/json", f"{said['number']}.json"
    )


@require_http_methods(["GET", "POST"])
@source_page
def withdraw(visit: Visit[SourceActor], batch_id: str) -> HttpResponse:
    """Take a batch back: what that means, a reason, the button."""
    row = collection.batch(visit.actor, batch_id)
    errors: dict[str, str] = {}
    reason = visit.request.POST.get("reason", "").strip()
    if visit.request.method == "POST":
        try:
            withdraw_batch(
                actor=visit.actor, batch_id=batch_id, reason=reason,
                expected_version=seen_version(visit.request, row.version), at=visit.at,
            )  # fmt: skip
        except Invalid as refused_:
            record_refusal(visit.request, refused_)
            errors["reason"] = _("写明原因，最多 200 个字。")
        else:
            return HttpResponseRedirect(reverse("source:batch", args=[batch_id]))
    context = {**batch_context(row), "reason": reason, "errors": errors, "may": is_steward(visit.actor)}
    return source_page_of(visit, "source/withdraw.html", "batches", context, status=422 if errors else 200)


@require_POST
@source_page
def retry(visit: Visit[SourceActor], batch_id: str) -> HttpResponse:
    """Let the hub try a failed batch again."""
    row = collection.batch(visit.actor, batch_id)
    retry_batch(
        actor=visit.actor,
        batch_id=batch_id,
        expected_version=seen_version(visit.request, row.version),
        at=visit.at,
    )
    return HttpResponseRedirect(reverse("source:batch", args=[batch_id]))
