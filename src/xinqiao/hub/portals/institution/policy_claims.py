"""Applications for the policies of a department: the list, one application, every step, its files."""

import secrets
from collections.abc import Callable, Mapping
from functools import partial

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from xinqiao.domain.errors import Conflict, Forbidden, Invalid, NotFound
from xinqiao.domain.machine import Role
from xinqiao.domain.money import parse_amount
from xinqiao.domain.policies.claim import POLICY_CLAIM, ClaimEvent, ClaimState, Reason
from xinqiao.hub.actors import InstitutionActor, InstitutionRole
from xinqiao.hub.apps.policies import claims, selectors
from xinqiao.hub.apps.policies.files import claim_file, claim_files
from xinqiao.hub.apps.policies.models import Claim
from xinqiao.hub.portals.access import Visit, institution_page
from xinqiao.hub.portals.denials import record_refusal
from xinqiao.hub.portals.institution.shell import desk_page
from xinqiao.hub.portals.policy_cards import claim_story, problem, said_lines, said_of, why
from xinqiao.hub.portals.posted import seen_version
from xinqiao.hub.portals.redress_cards import file_response
from xinqiao.ui import policy_words
from xinqiao.ui.i18n import gettext as _

#: Steps of who holds the fund; the others are the policy officer's.
_FUND = {
    ClaimEvent.PUBLISH_NOTICE,
    ClaimEvent.CONFIRM,
    ClaimEvent.SEND_BACK,
    ClaimEvent.PAY,
    ClaimEvent.GIVE_BACK,
}


@require_GET
@institution_page
def listing(visit: Visit[InstitutionActor]) -> HttpResponse:
    """All applications, newest first."""
    return desk_page(
        visit, "institution/policy_claims.html", "claims", {"rows": selectors.claims(visit.actor)}
    )


@require_GET
@institution_page
def show(visit: Visit[InstitutionActor], claim_id: str) -> HttpResponse:
    """One application: what is asked, what was found, how much, what may be done."""
    return _page(visit, selectors.claim(visit.actor, claim_id))


def _page(visit: Visit[InstitutionActor], row: Claim, *, error: str = "", status: int = 200) -> HttpResponse:
    payment = selectors.payment(row)
    context = {
        "row": row, "said": said_lines(said_of(row)), "why": why(row.findings), "files": claim_files(row),
        "events": _events(visit.actor, row), "story": claim_story(row), "payment": payment, "error": error,
        "reasons": [(one.value, policy_words.reason_word(one)) for one in Reason], "key": f"back-{secrets.token_hex(12)}",
        "reason": policy_words.reason_word(row.reason) if row.reason else "",
        "same_person": visit.actor.user_id == row.reviewed_by and row.state in ("reviewed", "payable"),
    }  # fmt: skip
    return desk_page(visit, "institution/policy_claim.html", "claims", context, status=status)


def _events(actor: InstitutionActor, row: Claim) -> list[str]:
    """What the actor may do now; the services decide."""
    officer, payer = (
        role in actor.roles for role in (InstitutionRole.POLICY_OFFICER, InstitutionRole.FUND_OFFICER)
    )
    payer = payer and actor.user_id != row.reviewed_by
    allowed = POLICY_CLAIM.allowed(ClaimState(row.state), Role.DEPARTMENT)
    return [event.value for event in allowed if (payer if event in _FUND else officer)]


@require_POST
@institution_page
def act(visit: Visit[InstitutionActor], claim_id: str) -> HttpResponse:
    """One step."""
    row = selectors.claim(visit.actor, claim_id)
    post = visit.request.POST
    words = post.get("words", "")
    verbs: Mapping[str, Callable[..., Claim]] = {
        "accept": claims.accept,
        "ask": partial(claims.ask, words=words),
        "turn_down": partial(claims.turn_down, reason=post.get("reason", ""), words=words),
        "review": claims.review,
        "confirm": claims.confirm,
        "send_back": partial(claims.send_back, words=words),
        "pay": partial(claims.pay, voucher=post.get("voucher", "")),
        "give_back": partial(_book, post.get("amount", ""), post.get("key", "")),
    }
    verb = verbs.get(post.get("act", ""))
    if verb is None:
        raise NotFound
    try:
        verb(
            actor=visit.actor,
            claim_id=row.id,
            at=visit.at,
            expected_revision=seen_version(visit.request, row.revision),
        )
    except (Invalid, Conflict) as refused:
        return _refused(visit, row, refused)
    except Forbidden as refused:
        if refused.facts.get("reason") != "FOUR_EYES":
            raise
        return _refused(visit, row, refused)
    return HttpResponseRedirect(reverse("institution:policy_claim", args=[row.id]))


def _refused(
    visit: Visit[InstitutionActor], row: Claim, refused: Invalid | Conflict | Forbidden
) -> HttpResponse:
    record_refusal(visit.request, refused)
    named = refused.facts.get("field") in ("reason", "words")
    said = _("选一个原因；要写理由的，写 1 到 500 个字。") if named else problem(refused)
    return _page(visit, row, error=said, status=refused.status)


def _book(amount: str, key: str, **asked: object) -> Claim:
    return claims.book_return(amount_fen=parse_amount(amount.replace(",", "")), key=key, **asked)  # type: ignore[arg-type]


@require_GET
@institution_page
def evidence(visit: Visit[InstitutionActor], evidence_id: str) -> HttpResponse:
    """A file of an application."""
    return file_response(*claim_file(visit.actor, evidence_id))
