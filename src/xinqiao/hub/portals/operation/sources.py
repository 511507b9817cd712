"""Data sources: the list, one with its people and items, letting one in; the batches of all."""

import secrets
from dataclasses import dataclass, field

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinqiao.domain.collection import BATCH, BatchEvent
from xinqiao.domain.errors import Conflict, Invalid
from xinqiao.domain.machine import Role
from xinqiao.hub.actors import OperatorRole
from xinqiao.hub.apps.collection import selectors as collection
from xinqiao.hub.apps.collection.catalogue import collected_item
from xinqiao.hub.apps.collection.selectors import Wanted
from xinqiao.hub.apps.collection.services import retry_batch
from xinqiao.hub.apps.identity import selectors as identity
from xinqiao.hub.apps.identity.services import (
    approve_source_key,
    register_source,
    revoke_source_key,
    set_source_items,
    set_source_status,
)
from xinqiao.hub.portals.access import Visit, operator_page
from xinqiao.hub.portals.denials import record_refusal
from xinqiao.hub.portals.key_pages import key_rows
from xinqiao.hub.portals.operation.shell import Staff, has, manager, needs, staff_page
from xinqiao.hub.portals.posted import seen_version
from xinqiao.hub.portals.source.batches import batch_context, batch_list
from xinqiao.hub.portals.source.cards import BatchCard, item_word
from xinqiao.hub.portals.source.people import colleague_row
from xinqiao.hub.runtime import runtime
from xinqiao.ui.error_words import words
from xinqiao.ui.i18n import gettext as _


def kind_word(kind: str) -> str:
    """What a source is."""
    return {"department": _("政府部门"), "utility": _("公用事业"), "centre": _("数据中心")}[kind]


@require_GET
@operator_page
def listing(visit: Visit[Staff]) -> HttpResponse:
    """Every source."""
    text = visit.request.GET.get("q", "").strip()
    rows = collection.source_rows(visit.actor, text=text)
    context = {
        "rows": [(row, kind_word(row.kind)) for row in rows],
        "q": text,
        "admin": has(visit, OperatorRole.ADMIN),
    }
    return staff_page(visit, "operation/sources.html", "sources", context)


@require_GET
@operator_page
def detail(visit: Visit[Staff], source_id: str) -> HttpResponse:
    """One source."""
    return _show(visit, source_id)


def _show(visit: Visit[Staff], source_id: str, *, made: tuple[str, str] | None = None) -> HttpResponse:
    """The page of a source; ``made`` is its first steward's log-in name and password, shown this once."""
    row = identity.source(visit.actor, source_id)
    last = collection.batches(visit.actor, Wanted(source_id=source_id), limit=8)
    context = {
        "row": row,
        "kind": kind_word(row.kind),
        "items": [(item, item_word(item)) for item in row.items],
        "choices": _choices(),
        "members": [colleague_row(one) for one in identity.source_members(visit.actor, source_id)],
        "last": [BatchCard.of(one) for _seq, one in last],
        "counts": collection.counts(visit.actor, Wanted(source_id=source_id)),
        "keys": key_rows(identity.source_key_rows(visit.actor, source_id), visit.at),
        "admin": has(visit, OperatorRole.ADMIN),
        "security": has(visit, OperatorRole.SECURITY),
        "made": made,
    }
    return staff_page(visit, "operation/source.html", "sources", context)


@require_POST
@operator_page
def approve_key(visit: Visit[Staff], kid: str) -> HttpResponse:
    """The security officer makes a source's proposed key count."""
    row = approve_source_key(actor=manager(visit), kid=kid, at=visit.at)
    return HttpResponseRedirect(reverse("operator:source", args=[row.source_id]))


@require_POST
@operator_page
def revoke_key(visit: Visit[Staff], kid: str) -> HttpResponse:
    """Stop believing a source's key."""
    source_id = revoke_source_key(actor=manager(visit), kid=kid, at=visit.at)
    return HttpResponseRedirect(reverse("operator:source", args=[source_id]))


def _choices() -> list[tuple[str, str]]:
    """The items that can be supplied as batches."""
    return [(item.id, item_word(item.id)) for item in runtime.catalogue.collected()]


@dataclass
class SourceForm:
    """What was typed, kept when something was wrong; ``errors`` by field."""

    name: str = ""
    short_name: str = ""
    code: str = ""
    kind: str = "department"
    division: str = ""
    items: list[str] = field(default_factory=list)
    display_name: str = ""
    username: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, request: HttpRequest) -> "SourceForm":
        """The posted values, and what is missing or too long."""
        post = request.POST
        form = cls(items=[one for one in post.getlist("items") if collected_item(one) is not None])
        for name, longest in _LENGTHS.items():
            text = post.get(name, "").strip()
            setattr(form, name, text)
            if not text and name != "division":
                form.errors[name] = _("请填写。")
            elif len(text) > longest:
                form.errors[name] = _("最多 {n} 个字。").format(n=longest)
        if not form.items:
            form.errors["items"] = _("至少选一项。")
        return form

    def blame(self, refused: Invalid | Conflict) -> None:
        """Put the service's refusal beside the field it is about."""
        named = str(refused.facts.get("field", "code"))
        if isinstance(refused, Conflict):
            taken = _("这个登录名已经有人用，换一个。")
            self.errors[named] = taken if named == "username" else _("这个代码已经登记过。")
            return
        self.errors[named] = {
            "code": _("小写字母、数字和横线，2 到 32 个字符。"),
            "division": _("6 位行政区划代码，全国性的单位不填。"),
            "username": _("登录名用小写字母、数字、点和横线。"),
        }.get(named, words(refused.code).title)

    @property
    def messages(self) -> list[tuple[str, str]]:
        """The list at the top of the form: text and the field it leads to."""
        return [(text, f"f-{name}") for name, text in self.errors.items()]


_LENGTHS = {
    "name": 120, "short_name": 40, "code": 32, "kind": 12, "division": 6, "display_name": 80, "username": 40,
}  # fmt: skip


@require_http_methods(["GET", "POST"])
@operator_page
def new(visit: Visit[Staff]) -> HttpResponse:
    """Let a source in. POST leads to its page, with the first password, which is stored as a hash only."""
    actor = needs(visit, OperatorRole.ADMIN)
    if visit.request.method == "GET":
        return _form_page(visit, SourceForm())
    form = SourceForm.read(visit.request)
    if form.errors:
        return _form_page(visit, form)
    password = secrets.token_urlsafe(12)
    try:
        member = register_source(
            actor=actor, code=form.code, name=form.name, short_name=form.short_name, kind=form.kind,
            division=form.division, items=form.items, username=form.username, password=password,
            display_name=form.display_name, at=visit.at,
        )  # fmt: skip
    except (Invalid, Conflict) as refused:
        record_refusal(visit.request, refused)
        form.blame(refused)
        return _form_page(visit, form)
    return _show(visit, member.source_id, made=(form.username, password))


def _form_page(visit: Visit[Staff], form: SourceForm) -> HttpResponse:
    kinds = [(one, kind_word(one)) for one in ("department", "utility", "centre")]
    context = {"form": form, "choices": _choices(), "kinds": kinds}
    status = 422 if form.errors else 200
    return staff_page(visit, "operation/source_new.html", "sources", context, status=status)


@require_POST
@operator_page
def set_status(visit: Visit[Staff], source_id: str) -> HttpResponse:
    """Suspend a source, or let it back in."""
    active = visit.request.POST.get("active") == "1"
    set_source_status(actor=manager(visit), source_id=source_id, active=active, at=visit.at)
    return HttpResponseRedirect(reverse("operator:source", args=[source_id]))


@require_POST
@operator_page
def set_items(visit: Visit[Staff], source_id: str) -> HttpResponse:
    """Decide anew what a source may send."""
    chosen = [one for one in visit.request.POST.getlist("items") if collected_item(one) is not None]
    set_source_items(actor=manager(visit), source_id=source_id, items=chosen, at=visit.at)
    return HttpResponseRedirect(reverse("operator:source", args=[source_id]))


@require_GET
@operator_page
def batches(visit: Visit[Staff]) -> HttpResponse:
    """The batches of all sources, newest first."""
    context = batch_list(visit.actor, visit.request.GET, "source")
    return staff_page(visit, "operation/batches.html", "batches", context)


@require_GET
@operator_page
def batch(visit: Visit[Staff], batch_id: str) -> HttpResponse:
    """One batch: its counts and findings without the values, which are the source's."""
    row = collection.batch(visit.actor, batch_id)
    may = has(visit, OperatorRole.ADMIN) or has(visit, OperatorRole.SERVICE)
    retry = may and BatchEvent.RETRY in BATCH.allowed(row.state, Role.OPERATOR)
    return staff_page(visit, "operation/batch.html", "batches", {**batch_context(row), "may_retry": retry})


@require_POST
@operator_page
def retry(visit: Visit[Staff], batch_id: str) -> HttpResponse:
    """Let the hub try a failed batch again."""
    row = collection.batch(visit.actor, batch_id)
    version = seen_version(visit.request, row.version)
    retry_batch(actor=manager(visit), batch_id=batch_id, expected_version=version, at=visit.at)
    return HttpResponseRedirect(reverse("operator:batch", args=[batch_id]))
