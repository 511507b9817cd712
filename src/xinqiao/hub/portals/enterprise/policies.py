"""适合我的政策: the consent to be found, what was found, applications, one application. Phone first."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import partial

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Conflict, Invalid, NotFound, Stale, XinqiaoError
from xinqiao.domain.machine import Role
from xinqiao.domain.money import format_fen
from xinqiao.domain.period import business_day, parse_date
from xinqiao.domain.policies.claim import LIVE, POLICY_CLAIM, ClaimState, Said
from xinqiao.domain.policies.policy import LOAN_KINDS, ApplyMode, PolicyKind, PolicyTerms
from xinqiao.hub.actors import AgentScope, EnterpriseActor
from xinqiao.hub.apps.policies import claims, finding, selectors
from xinqiao.hub.apps.policies.files import claim_file, claim_files
from xinqiao.hub.apps.policies.models import Claim, PolicyVersion
from xinqiao.hub.portals.access import Visit, enterprise_page
from xinqiao.hub.portals.denials import record_refusal
from xinqiao.hub.portals.enterprise.redress import files_of
from xinqiao.hub.portals.enterprise.shell import firm_page
from xinqiao.hub.portals.policy_cards import (
    HitCard,
    PolicyCard,
    claim_story,
    problem,
    said_lines,
    said_of,
    told,
    why,
)
from xinqiao.hub.portals.posted import seen_version, whole_number
from xinqiao.hub.portals.redress_cards import ACCEPT, file_response, new_key
from xinqiao.ui import policy_words
from xinqiao.ui.i18n import gettext as _

#: Stretches of one balance that the form has rows for.
ROWS = 4
_PLAIN = ("lender", "contract_no", "principal", "annual_rate", "fee_rate", "fee")


@require_GET
@enterprise_page
def listing(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """What was found, what was applied for, and whether the firm wants to be found."""
    day = business_day(visit.at)
    rows = selectors.claims(visit.actor)
    live = {row.policy_id for row in rows if ClaimState(row.state) in LIVE}
    consent = finding.consent_of(visit.actor)
    found = finding.hits(visit.actor, at=visit.at) if consent and consent.on else []
    cards = [HitCard.of(row, day, asked=row.policy_id in live) for row in found]
    context = {
        "sure": [card for card in cards if card.sure], "maybe": [card for card in cards if not card.sure], "claims": rows,
        "consent": consent, "version": consent.version if consent else 0, "may": visit.actor.may(AgentScope.AUTHORISE),
    }  # fmt: skip
    return firm_page(visit, "enterprise/policies.html", "policies", context)


@require_POST
@enterprise_page
def consent(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """Agree to be found, or take it back."""
    on, seen = visit.request.POST.get("on"), whole_number(visit.request.POST.get("version", ""), 0, 10**8)
    if on not in ("yes", "no") or seen is None:
        raise Invalid(Code.INVALID, "yes or no", facts={"field": "on"})
    finding.set_consent(actor=visit.actor, on=on == "yes", expected_version=seen, at=visit.at)
    return HttpResponseRedirect(reverse("enterprise:policies"))


@dataclass(frozen=True, slots=True)
class SaidForm:
    """What stands in the form of an application, as typed: texts, and rows of first day, last day, balance in yuan."""

    texts: dict[str, str]
    rows: list[tuple[str, str, str]]

    @classmethod
    def read(cls, post: QueryDict) -> "SaidForm":
        """What was posted."""
        texts = {name: post.get(name, "").strip() for name in _PLAIN}
        rows = [
            (post.get(f"b{n}-from", ""), post.get(f"b{n}-last", ""), post.get(f"b{n}-balance", "").strip())
            for n in range(ROWS)
        ]
        return cls(texts, rows)

    @classmethod
    def of(cls, said: Said) -> "SaidForm":
        """What was said before, in the units of the form."""
        texts = dict.fromkeys(_PLAIN, "") | {"lender": said.lender, "contract_no": said.contract_no}
        texts |= {
            name: format_fen(fen) if fen else ""
            for name, fen in (("principal", said.principal_fen), ("fee", said.fee_fen))
        }
        rates = (("annual_rate", said.annual_rate), ("fee_rate", said.fee_rate))
        texts |= {name: format((rate * 100).normalize(), "f") if rate else "" for name, rate in rates}
        rows = [
            (one.start.isoformat(), (one.end - date.resolution).isoformat(), format_fen(one.balance_fen))
            for one in said.stretches
        ]
        return cls(texts, (rows + [("", "", "")] * ROWS)[: max(ROWS, len(rows))])

    def said(self) -> dict[str, Json]:
        """The JSON of it. Raises Invalid naming what is no number or no day."""
        found: dict[str, Json] = {"lender": self.texts["lender"], "contract_no": self.texts["contract_no"]}
        found |= {name: _yuan(self.texts[name]) for name in ("principal", "fee")}
        found |= {name: _fraction(self.texts[name], name) for name in ("annual_rate", "fee_rate")}
        balances: list[Json] = []
        for first, last, balance in self.rows:
            if first or last or balance:
                end = parse_date(last, field="balances") + timedelta(days=1)
                balances.append({"from": first, "to": end.isoformat(), "balance": _yuan(balance)})
        return found | {"balances": balances}


def _yuan(text: str) -> str | None:
    plain = text.replace(",", "")
    if not plain:
        return None
    whole, _point, decimals = plain.partition(".")
    return f"{whole}.{decimals.ljust(2, '0')}"


def _fraction(text: str, name: str) -> str | None:
    if not text:
        return None
    whole, point, decimals = text.partition(".")
    if (
        not (whole + decimals).isascii()
        or not (whole + decimals).isdigit()
        or len(text) > 10
        or (point and not decimals)
    ):
        raise Invalid(Code.INVALID, name, facts={"field": name, "reason": "NUMBER"})
    return format(Decimal(text).scaleb(-2), "f")


def _form_context(version: PolicyVersion, terms: PolicyTerms, form: SaidForm, day: date) -> dict[str, object]:
    return {
        "row": version, "card": PolicyCard.of(version, day), "form": form, "accept": ACCEPT,
        "has_loan": terms.kind in LOAN_KINDS, "kind": terms.kind.value, "materials": terms.materials,
        "is_full": terms.mode is ApplyMode.FULL, "last_label": _("最后一天"), "is_turnover": terms.kind is PolicyKind.TURNOVER,
    }  # fmt: skip


@require_http_methods(["GET", "POST"])
@enterprise_page
def apply(visit: Visit[EnterpriseActor], policy_id: str) -> HttpResponse:
    """Apply. What the firm said the last time stands in the form already."""
    day = business_day(visit.at)
    version = selectors.open_version(policy_id, day)
    terms = selectors.terms_of(version)
    if not terms.pays_firms:
        raise NotFound
    if visit.request.method == "GET":
        before = selectors.said_before(visit.actor, policy_id)
        return _apply_page(visit, version, SaidForm.of(said_of(before) if before else Said()), new_key())
    form, key = SaidForm.read(visit.request.POST), visit.request.POST.get("key", "")
    kept: list[str] = []
    try:
        said = form.said() if terms.kind is not PolicyKind.GRANT else {}
        kept = files_of(visit.request, visit, AgentScope.AUTHORISE)
        row = claims.apply(
            actor=visit.actor, policy_id=policy_id, said=said, evidence=kept, key=key, at=visit.at
        )
    except (Invalid, Conflict) as refused:
        record_refusal(visit.request, refused)
        return _apply_page(visit, version, form, key, refused, kept)
    return HttpResponseRedirect(reverse("enterprise:policy_claim", args=[row.id]))


def _apply_page(
    visit: Visit[EnterpriseActor], version: PolicyVersion, form: SaidForm, key: str, refused: XinqiaoError | None = None,
    kept: list[str] | None = None,
) -> HttpResponse:  # fmt: skip
    terms = selectors.terms_of(version)
    context = _form_context(version, terms, form, business_day(visit.at)) | {
        "key": key, "errors": _errors(refused), "kept": kept or [], "told": told(terms),
    }  # fmt: skip
    status = refused.status if refused else 200
    return firm_page(visit, "enterprise/policy_apply.html", "policies", context, status=status)


def _errors(refused: XinqiaoError | None) -> dict[str, str]:
    """The sentence at its field."""
    if refused is None:
        return {}
    if refused.code is Code.CONFLICT_DUPLICATE:
        return {"balances": _("这笔贷款的这些日子，或这项政策，已经申请过了。")}
    return {str(refused.facts.get("field", "balances")): problem(refused)}


@require_GET
@enterprise_page
def show(visit: Visit[EnterpriseActor], claim_id: str) -> HttpResponse:
    """One application: where it stands, what comes next, what the firm can do."""
    return _claim_page(visit, selectors.claim(visit.actor, claim_id))


def _claim_page(
    visit: Visit[EnterpriseActor], row: Claim, refused: XinqiaoError | None = None
) -> HttpResponse:
    terms = selectors.terms_of(row.version)
    may = visit.actor.may(AgentScope.AUTHORISE)
    events = POLICY_CLAIM.allowed(ClaimState(row.state), Role.ENTERPRISE) if may else []
    context = _form_context(row.version, terms, SaidForm.of(said_of(row)), business_day(visit.at)) | {
        "claim": row, "said": said_lines(said_of(row)), "why": why(row.findings), "files": claim_files(row),
        "events": [event.value for event in events], "story": claim_story(row), "errors": _errors(refused),
        "may_rate": may and row.closed_at is not None and row.stars is None, "payment": selectors.payment(row),
        "reason": policy_words.reason_word(row.reason) if row.reason else "", "at": visit.at, "kept": [],
        "stars": [(str(n), _("{n} 星").format(n=n)) for n in range(5, 0, -1)],
    }  # fmt: skip
    status = refused.status if refused else 200
    return firm_page(visit, "enterprise/policy_claim.html", "policies", context, status=status)


@require_POST
@enterprise_page
def act(visit: Visit[EnterpriseActor], claim_id: str) -> HttpResponse:
    """Supply what is lacking, withdraw, say how it went."""
    row = selectors.claim(visit.actor, claim_id)
    verbs: Mapping[str, Callable[..., Claim]] = {
        "supply": partial(_supply, visit.request, visit),
        "withdraw": claims.withdraw,
        "feedback": partial(_rate, visit.request),
    }
    verb = verbs.get(visit.request.POST.get("act", ""))
    if verb is None:
        raise NotFound
    try:
        seen = seen_version(visit.request, row.revision)
        verb(actor=visit.actor, claim_id=row.id, at=visit.at, expected_revision=seen)
    except Stale:
        raise
    except (Invalid, Conflict) as refused:
        record_refusal(visit.request, refused)
        return _claim_page(visit, row, refused)
    return HttpResponseRedirect(reverse("enterprise:policy_claim", args=[row.id]))


def _supply(request: HttpRequest, visit: Visit[EnterpriseActor], **asked: object) -> Claim:
    said = SaidForm.read(request.POST).said() if "lender" in request.POST or "fee" in request.POST else {}
    return claims.supply(said=said, evidence=files_of(request, visit, AgentScope.AUTHORISE), **asked)  # type: ignore[arg-type]


def _rate(request: HttpRequest, **asked: object) -> Claim:
    stars = whole_number(request.POST.get("stars", ""), 1, 5) or 0
    return claims.give_feedback(stars=stars, words=request.POST.get("words", ""), **asked)  # type: ignore[arg-type]


@require_GET
@enterprise_page
def evidence(visit: Visit[EnterpriseActor], evidence_id: str) -> HttpResponse:
    """A file of one of the firm's applications."""
    return file_response(*claim_file(visit.actor, evidence_id))
