"""Accounts of an enterprise: the list, binding in three steps (choose, agreement, sign), unbinding."""

from contextlib import suppress

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinqiao.domain.errors import Code, Conflict, NotFound, ProviderFault, ProviderTimeout, XinqiaoError
from xinqiao.hub.actors import EnterpriseActor
from xinqiao.hub.apps.consents import desk, selectors, services
from xinqiao.hub.apps.consents.summary import what_you_entrust
from xinqiao.hub.apps.identity import selectors as identity
from xinqiao.hub.portals.access import Visit, enterprise_page
from xinqiao.hub.portals.denials import record_refusal
from xinqiao.hub.portals.enterprise.cards import AccountCard
from xinqiao.hub.portals.enterprise.shell import enterprise_frame
from xinqiao.hub.portals.enterprise.signing import SignPage, passed_factor, sign_page
from xinqiao.hub.portals.frame import page
from xinqiao.hub.portals.nodes import node_client
from xinqiao.hub.portals.posted import seen_version
from xinqiao.ui import i18n
from xinqiao.ui.error_words import words
from xinqiao.ui.i18n import gettext as _


@require_GET
@enterprise_page
def listing(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """Every account, with its agreement."""
    context = {
        "accounts": [AccountCard.of(row) for row in selectors.bindings(visit.actor, at=visit.at)],
        "agreements": selectors.agreements(visit.actor),
    }
    return page(visit.request, "enterprise/accounts.html", enterprise_frame(visit, "me"), context)


@require_http_methods(["GET", "POST"])
@enterprise_page
def bind(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """Choose the bank and the account; the bank checks that it is the enterprise's own."""
    post, errors = visit.request.POST, []
    values = {
        "node": post.get("node", ""),
        "account_no": post.get("account_no", ""),
        "kind": post.get("kind", "basic"),
        "error": "",
    }
    if visit.request.method == "POST":
        try:
            binding = services.start_binding(
                actor=visit.actor,
                node_id=values["node"],
                account_no=values["account_no"].replace(" ", ""),
                kind=values["kind"],
                client=node_client(),
                at=visit.at,
            )
        except XinqiaoError as refused:
            record_refusal(visit.request, refused)
            values["error"] = _refused(refused)
            errors.append((values["error"], "f-account_no"))
        else:
            if binding.state == "rejected":
                said = words(Code(binding.reason))
                values["error"] = f"{said.title}{_('。')}{said.step}"
                errors.append((values["error"], "f-account_no"))
            else:
                return HttpResponseRedirect(reverse("enterprise:agreement", args=[binding.id]))
    context = {"providers": identity.providers(), "values": values, "errors": errors}
    return page(
        visit.request,
        "enterprise/bind.html",
        enterprise_frame(visit, "me"),
        context,
        status=422 if errors else 200,
    )


def _refused(refused: XinqiaoError) -> str:
    if refused.code is Code.INVALID and refused.facts.get("field") == "account_no":
        # What the code alone does not tell: what a number looks like.
        return _("单位结算账户，8 到 32 位数字")
    said = words(refused.code)
    return f"{said.title}{_('。')}{said.step}"


def _card(visit: Visit[EnterpriseActor], binding_id: str) -> AccountCard:
    for row in selectors.bindings(visit.actor, at=visit.at):
        if row.id == binding_id:
            return AccountCard.of(row)
    raise NotFound


@require_GET
@enterprise_page
def agreement(visit: Visit[EnterpriseActor], binding_id: str) -> HttpResponse:
    """The entrustment agreement, to be read and signed."""
    row = selectors.binding_row(visit.actor, binding_id)
    if row.state != "agreement_presented":
        return HttpResponseRedirect(reverse("enterprise:accounts"))
    say = SignPage(
        title=_("资金流信用信息委托提供协议"),
        button=_("签署协议"),
        target=reverse("enterprise:agreement_sign", args=[row.id]),
        back=reverse("enterprise:accounts"),
        fields={"version": str(row.version)},
        place="me",
        binding=True,
    )
    return sign_page(visit, seen=what_you_entrust(row, language=i18n.language()), object_id=row.id, say=say)


@require_POST
@enterprise_page
def sign(visit: Visit[EnterpriseActor], binding_id: str) -> HttpResponse:
    """Sign, then hand the bank its copy. If the bank is slow the worker goes on; nothing is lost."""
    row = selectors.binding_row(visit.actor, binding_id)
    version = seen_version(visit.request, row.version)
    factor = passed_factor(visit)
    entrustment = services.sign_entrustment(
        actor=visit.actor,
        binding_id=row.id,
        second_factor_id=factor,
        shown_digest=visit.request.POST.get("shown_digest", ""),
        expected_version=version,
        at=visit.at,
    )
    # Signed is signed: whatever keeps the bank from taking its copy now (it is silent, or was suspended), the page
    # shows 待银行确认 and the outbox delivers.
    with suppress(ProviderFault, ProviderTimeout, Conflict):
        services.deliver_entrustment(entrustment_id=entrustment.id, client=node_client(), at=visit.at)
    return HttpResponseRedirect(reverse("enterprise:accounts"))


@require_http_methods(["GET", "POST"])
@enterprise_page
def unbind_account(visit: Visit[EnterpriseActor], binding_id: str) -> HttpResponse:
    """Unbind: says what it ends, then does it at once."""
    row = selectors.binding_row(visit.actor, binding_id)
    if visit.request.method == "POST":
        services.unbind(actor=visit.actor, binding_id=row.id, at=visit.at)
        return HttpResponseRedirect(reverse("enterprise:accounts"))
    covered = [
        one for one in desk.live(visit.actor, at=visit.at) if one.granted and row.id in one.granted.accounts
    ]
    context = {"account": _card(visit, row.id), "covered": covered}
    return page(visit.request, "enterprise/unbind.html", enterprise_frame(visit, "me"), context)
