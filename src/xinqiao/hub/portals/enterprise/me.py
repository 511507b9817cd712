"""我的: the firm, its people and agents, passkeys, statements, notices and recent log-ins."""

from datetime import timedelta

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from xinqiao.domain.errors import Code, Invalid
from xinqiao.hub.actors import AgentScope, EnterpriseActor
from xinqiao.hub.apps.consents import selectors as consents
from xinqiao.hub.apps.fundflow import selectors as fundflow
from xinqiao.hub.apps.fundflow.services import add_statement as make_statement
from xinqiao.hub.apps.fundflow.services import withdraw_statement
from xinqiao.hub.apps.identity import selectors as identity
from xinqiao.hub.apps.identity.services import (
    begin_passkey_registration,
    end_agent,
    finish_passkey_registration,
    name_agent,
)
from xinqiao.hub.apps.notices.selectors import unread_count
from xinqiao.hub.portals.access import Visit, enterprise_page
from xinqiao.hub.portals.enterprise.cards import AccountCard
from xinqiao.hub.portals.enterprise.shell import enterprise_frame, role_word
from xinqiao.hub.portals.frame import page
from xinqiao.hub.portals.notice_words import notice_rows
from xinqiao.hub.portals.posted import start_of_typed_day
from xinqiao.ui import format as fmt
from xinqiao.ui.i18n import gettext as _


def _scopes() -> list[tuple[str, str]]:
    return [
        (AgentScope.BIND.value, _("绑定、解绑账户")),
        (AgentScope.AUTHORISE.value, _("同意、追加、撤回授权")),
        (AgentScope.QUERY.value, _("看自己的报告")),
        (AgentScope.OBJECT.value, _("声明与异议")),
    ]


@require_GET
@enterprise_page
def show(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """One page: everything that belongs to the firm and to the person."""
    registration = begin_passkey_registration(user_id=visit.actor.user_id, at=visit.at)
    words = dict(_scopes())
    context = {
        "firm": identity.enterprise(visit.actor),
        "role": role_word(visit.actor.role),
        "is_legal_rep": visit.actor.role.value == "legal_rep",
        "people": [
            (p, role_word(p.role), _("、").join(words[s.value] for s in p.scopes))
            for p in identity.people(visit.actor, at=visit.at)
        ],
        "scopes": _scopes(),
        "passkeys": identity.passkeys(user_id=visit.actor.user_id),
        "registration": registration,
        "accounts": [
            c for b in consents.bindings(visit.actor, at=visit.at) if not (c := AccountCard.of(b)).over
        ],
        "statements": fundflow.statements(visit.actor),
        "notices": notice_rows(visit.actor, limit=10),
        "unread": unread_count(visit.actor),
        "logins": identity.login_attempts(visit.actor, limit=8),
        "default_end": fmt.shanghai(visit.at + timedelta(days=180)).date().isoformat(),
    }
    return page(visit.request, "enterprise/me.html", enterprise_frame(visit, "me"), context)


def _back(anchor: str) -> HttpResponse:
    return HttpResponseRedirect(f"{reverse('enterprise:me')}#{anchor}")


@require_POST
@enterprise_page
def add_agent(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """The legal representative names an agent until the end of a day."""
    post = visit.request.POST
    known = {s.value for s in AgentScope}
    asked = post.getlist("scope")
    if not set(asked) <= known:
        raise Invalid(Code.INVALID, "no such scope", facts={"field": "scope"})
    end = start_of_typed_day(post.get("valid_to", ""), field="valid_to") + timedelta(days=1)
    name_agent(
        actor=visit.actor,
        name=post.get("name", ""),
        id_no=post.get("id_no", "").replace(" ", "").upper(),
        scopes=frozenset(AgentScope(s) for s in asked),
        valid_to=end,
        at=visit.at,
    )
    return _back("people")


@require_POST
@enterprise_page
def stop_agent(visit: Visit[EnterpriseActor], person_id: str) -> HttpResponse:
    """End an agent's capacity at once."""
    end_agent(actor=visit.actor, person_id=person_id, at=visit.at)
    return _back("people")


@require_POST
@enterprise_page
def add_passkey(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """Keep the public key of a new passkey."""
    post = visit.request.POST
    finish_passkey_registration(
        user_id=visit.actor.user_id,
        factor_id=post.get("factor", ""),
        response=post.get("credential", ""),
        label=post.get("label", "") or _("这台设备"),
        at=visit.at,
    )
    return _back("passkeys")


@require_POST
@enterprise_page
def add_statement(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """声明: a short text that every report carries until it is taken back."""
    post = visit.request.POST
    make_statement(
        actor=visit.actor, text=post.get("text", ""), binding_id=post.get("account") or None, at=visit.at
    )
    return _back("statements")


@require_POST
@enterprise_page
def drop_statement(visit: Visit[EnterpriseActor], statement_id: int) -> HttpResponse:
    """Take a statement back."""
    withdraw_statement(actor=visit.actor, statement_id=statement_id, at=visit.at)
    return _back("statements")
