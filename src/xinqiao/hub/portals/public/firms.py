"""Public information about firms, for anybody: found by name or code, shown as an unauthorised reader may see it.

Searches are counted by visitor (abuse cases B5, B7): this is a way to look a firm up, not to copy a register.
"""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from xinqiao.domain.catalogue.model import Sensitivity
from xinqiao.domain.errors import Code, Invalid, NotFound, TooMany
from xinqiao.domain.identifiers import validate_uscc
from xinqiao.domain.report import Sight, compose
from xinqiao.hub.apps.identity.register import firms_called, has_register, registered
from xinqiao.hub.apps.reports.lake import holdings_of
from xinqiao.hub.portals.firm_search import status_word
from xinqiao.hub.portals.frame import page, public_shell
from xinqiao.hub.rate import PerMinute
from xinqiao.hub.runtime import runtime
from xinqiao.lake.firms import Hit
from xinqiao.ui.report.credit import build_credit_view

#: Pages of firms and searches that one visitor may open in a minute.
LOOKS_PER_MINUTE = 30
LIMIT = 20
_looks = PerMinute(LOOKS_PER_MINUTE)


@dataclass(frozen=True, slots=True)
class Found:
    """A firm of the list: ``note`` says by which former name it was found."""

    name: str
    uscc: str
    status: str
    note: str
    href: str


def _count(request: HttpRequest) -> None:
    if not _looks.allows(request.META["REMOTE_ADDR"], runtime.clock.now()):
        raise TooMany(Code.RATE_LIMITED, "too many searches", facts={"retry_after": 60})


def _found(hit: Hit) -> Found:
    firm = hit.firm
    return Found(
        firm.name, firm.uscc, status_word(firm.status), hit.by_name if hit.by_old_name else "", reverse("public:firm", args=[firm.uscc])
    )  # fmt: skip


@require_GET
def search(request: HttpRequest) -> HttpResponse:
    """Search by name, part of it, pinyin or code."""
    text = request.GET.get("q", "").strip()[:100]
    found: list[Found] = []
    if text:
        _count(request)
        found = [_found(hit) for hit in firms_called(text, limit=LIMIT)]
        if not found and (code := _code(text)):
            found = [Found("", code, "", "", reverse("public:firm", args=[code]))]
    context: dict[str, object] = {
        "q": text,
        "found": found,
        "limit": LIMIT,
        "indexed": has_register(),
    }
    return page(request, "public/firms.html", public_shell(request, "firms"), context)


def _code(text: str) -> str:
    try:
        return validate_uscc(text)
    except Invalid:
        return ""


@require_GET
def one(request: HttpRequest, uscc: str) -> HttpResponse:
    """The public items about one firm; what needs an authorisation is not even counted."""
    _count(request)
    code = _code(uscc)
    if not code:
        raise NotFound
    held = holdings_of(code)
    report = compose(held.catalogue, sight=Sight(), records=held.records, supplies=held.supplies)
    public = report.only(lambda section: section.item.max_sensitivity is Sensitivity.PUBLIC)
    context: dict[str, object] = {
        "uscc": code,
        "firm": registered(code),
        "view": build_credit_view(public),
        "locked": len(report.sections) - len(public.sections),
    }
    return page(request, "public/firm.html", public_shell(request, "firms"), context)
