"""Credit repair by the firm: what is missing, the proof, the promise, and what became of the application."""

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinqiao.domain.adverse import dishonesty
from xinqiao.domain.errors import Code, Forbidden, NotFound, XinqiaoError
from xinqiao.domain.machine import Role
from xinqiao.domain.period import business_day
from xinqiao.domain.repair import REPAIR, Missing, RepairEvent, RepairState, lacking
from xinqiao.hub.actors import AgentScope, EnterpriseActor
from xinqiao.hub.apps.redress import selectors, services
from xinqiao.hub.apps.redress.lookups import Found
from xinqiao.hub.apps.redress.models import Repair
from xinqiao.hub.apps.redress.promise import what_you_promise
from xinqiao.hub.portals.access import Visit, enterprise_page
from xinqiao.hub.portals.denials import record_refusal
from xinqiao.hub.portals.enterprise.redress import files_of, wanted
from xinqiao.hub.portals.enterprise.shell import enterprise_frame
from xinqiao.hub.portals.enterprise.signing import SignPage, passed_factor, sign_page
from xinqiao.hub.portals.frame import page
from xinqiao.hub.portals.posted import seen_version
from xinqiao.hub.portals.redress_cards import (
    ACCEPT,
    gravity_word,
    matter_context,
    messages,
    missing_word,
    new_key,
    record_facts,
    said,
)
from xinqiao.hub.portals.source.cards import item_word
from xinqiao.hub.runtime import runtime
from xinqiao.ui import i18n
from xinqiao.ui.i18n import gettext as _


def _asked(visit: Visit[EnterpriseActor], evidence: list[str]) -> services.Asked:
    post = visit.request.POST
    return services.Asked(
        item=post.get("item", ""),
        record_ref=post.get("record", ""),
        explanation=post.get("explanation", ""),
        performed=post.get("performed") == "on",
        evidence=evidence,
        key=post.get("key", ""),
    )


@require_http_methods(["GET", "POST"])
@enterprise_page
def new(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """The conditions and the form. POST checks them all, keeps the files and shows the promise to be signed."""
    found = wanted(visit)
    if dishonesty(found.item, found.record.values) is None:
        raise NotFound
    if visit.request.method == "GET":
        return _form(visit, found, {"key": new_key()}, [])
    post, kept = visit.request.POST, [one for one in visit.request.POST.getlist("kept") if one]
    try:
        kept = files_of(visit.request, visit)
        asked = _asked(visit, kept)
        promised = services.prepare_repair(actor=visit.actor, asked=asked, at=visit.at)
    except (Forbidden, NotFound):
        raise
    except XinqiaoError as refused:
        record_refusal(visit.request, refused)
        typed = {name: post.get(name, "") for name in ("key", "explanation", "performed")}
        return _form(visit, found, typed, kept, _wrong(refused, found), refused.status)
    say = SignPage(
        title=_("签署信用承诺书"),
        button=_("签署并申请"),
        target=reverse("enterprise:repair_confirm"),
        back=reverse("enterprise:redress"),
        fields={
            "item": asked.item,
            "record": asked.record_ref,
            "explanation": asked.explanation,
            "performed": "on" if asked.performed else "off",
            "kept": kept,
            "key": asked.key,
        },
        place="report",
    )
    seen = what_you_promise(promised, language=i18n.language())
    return sign_page(visit, seen=seen, object_id=asked.key, say=say)


def _wrong(error: XinqiaoError, found: Found) -> list[tuple[str, str]]:
    if error.code is not Code.REPAIR_LACKING:
        return [said(error)]
    record = dishonesty(found.item, found.record.values)
    first = record.first_repair_day(runtime.redress_rules.terms) if record else None
    missing = error.facts.get("missing")
    told = missing if isinstance(missing, list) else []
    return [(missing_word(one, first), "evidence" if one == Missing.DUTY else "") for one in told]


def _form(
    visit: Visit[EnterpriseActor],
    found: Found,
    typed: dict[str, str],
    kept: list[str],
    errors: list[tuple[str, str]] | None = None,
    status: int = 200,
) -> HttpResponse:
    record, terms = dishonesty(found.item, found.record.values), runtime.redress_rules.terms
    assert record is not None
    first = record.first_repair_day(terms)
    day = business_day(visit.at)
    term_over = Missing.TERM not in lacking(
        record, day=day, duty_performed=True, commitment_signed=True, terms=terms
    )
    context = {
        "found": found,
        "item": item_word(found.item.id),
        "gravity": gravity_word(record.gravity),
        "adverse": record,
        "first": first,
        "until": record.publication_end(terms),
        "term_over": term_over,
        "record_rows": record_facts(found),
        "typed": typed,
        "kept": kept,
        "errors": messages(errors or []),
        "wrong": {name: text for text, name in errors or []},
        "accept": ACCEPT,
        "rules": runtime.redress_rules,
    }
    return page(
        visit.request, "enterprise/repair_new.html", enterprise_frame(visit, "report"), context, status=status
    )


@require_POST
@enterprise_page
def confirm(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """The second step: the factor is finished, the application is written."""
    post = visit.request.POST
    asked = _asked(visit, [one for one in post.getlist("kept") if one])
    signed = services.Signed(passed_factor(visit), post.get("shown_digest", ""))
    row = services.apply_repair(actor=visit.actor, asked=asked, signed=signed, at=visit.at)
    return HttpResponseRedirect(reverse("enterprise:repair", args=[row.id]))


@require_GET
@enterprise_page
def repair(visit: Visit[EnterpriseActor], repair_id: str) -> HttpResponse:
    """One application: where it is, by when it is decided, what was said, the promise."""
    return _show(visit, selectors.repair(visit.actor, repair_id))


def _show(visit: Visit[EnterpriseActor], row: Repair, *, error: str = "", status: int = 200) -> HttpResponse:
    events = (
        REPAIR.allowed(RepairState(row.state), Role.ENTERPRISE) if visit.actor.may(AgentScope.OBJECT) else []
    )
    context = {
        **matter_context(row, at=visit.at),
        "may_withdraw": RepairEvent.WITHDRAW in events,
        "may_resubmit": RepairEvent.RESUBMIT in events,
        "promise_lines": row.commitment.strip().splitlines(),
        "accept": ACCEPT,
        "error": error,
    }
    return page(
        visit.request, "enterprise/repair.html", enterprise_frame(visit, "report"), context, status=status
    )


@require_POST
@enterprise_page
def act(visit: Visit[EnterpriseActor], repair_id: str) -> HttpResponse:
    """Complete what was sent back, or take the application back."""
    row = selectors.repair(visit.actor, repair_id)
    version = seen_version(visit.request, row.version)
    try:
        match visit.request.POST.get("act"):
            case "withdraw":
                services.withdraw_repair(
                    actor=visit.actor, repair_id=row.id, expected_version=version, at=visit.at
                )
            case "resubmit":
                services.resubmit_repair(
                    actor=visit.actor, repair_id=row.id, explanation=visit.request.POST.get("explanation", ""),
                    evidence=files_of(visit.request, visit), expected_version=version, at=visit.at,
                )  # fmt: skip
            case _:
                raise NotFound
    except (Forbidden, NotFound):
        raise
    except XinqiaoError as refused:
        record_refusal(visit.request, refused)
        return _show(visit, row, error=said(refused)[0], status=refused.status)
    return HttpResponseRedirect(reverse("enterprise:repair", args=[row.id]))
