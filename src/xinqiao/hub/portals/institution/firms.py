"""Firms: finding one by name or any number, inviting one without a data account, and the firms asked before.

The register is public and says nothing of data accounts; whether a firm has one is asked firm by firm, as ever.
"""

import unicodedata

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_POST

from xinqiao.domain.errors import Code, Conflict, Invalid, XinqiaoError
from xinqiao.hub.actors import InstitutionActor
from xinqiao.hub.apps.consents import desk
from xinqiao.hub.apps.consents import selectors as consents
from xinqiao.hub.apps.identity import selectors as identity
from xinqiao.hub.apps.identity.register import has_register
from xinqiao.hub.apps.identity.services import invite_enterprise
from xinqiao.hub.portals.access import Visit, institution_page
from xinqiao.hub.portals.denials import record_refusal
from xinqiao.hub.portals.firm_search import LIMIT, Listed, search_register
from xinqiao.hub.portals.institution.cards import ReqCard
from xinqiao.hub.portals.institution.shell import desk_page, may_query
from xinqiao.ui.error_words import words
from xinqiao.ui.i18n import gettext as _

MESSAGE_MOST = 200


def as_code(text: str) -> str:
    """What was typed as a code: full-width digits narrowed, spaces and hyphens out, upper case."""
    return "".join(unicodedata.normalize("NFKC", text).split()).replace("-", "").upper()


def looks_like_code(text: str) -> bool:
    """Whether somebody typed (or mistyped) a code rather than a name."""
    code = as_code(text)
    return code.isascii() and code.isalnum() and sum(one.isdigit() for one in code) >= 8


@require_GET
@institution_page
def listing(visit: Visit[InstitutionActor]) -> HttpResponse:
    """Find by name or number; below, the firms asked before and the invitations."""
    return _page(visit, visit.request.GET.get("q", "").strip())


def _page(
    visit: Visit[InstitutionActor], q: str, *, message: str = "", refused: XinqiaoError | None = None
) -> HttpResponse:
    by_code = bool(q) and looks_like_code(q)
    found, error, listed = None, "", list[Listed]()
    if by_code:
        found, error, listed = _by_code(visit, q)
    elif q and has_register():
        listed = search_register(visit.actor.user_id or "", q, visit.at)
    ours: list[ReqCard] = []
    if found is not None and found.has_data_account:
        rows = consents.authorisations(visit.actor, at=visit.at, subject_uscc=found.uscc, limit=10)
        ours = [ReqCard.of(row, visit.at) for row in rows]
    invitations = identity.invitations(visit.actor)
    form_error = f"{words(refused.code).title}{_('。')}{words(refused.code).step}" if refused else ""
    context = {
        "q": q,
        "by_code": by_code,
        "found": found,
        "error": error,
        "ours": ours,
        "listed": listed,
        "limit": LIMIT,
        "indexed": has_register(),
        "firms": desk.known_firms(visit.actor, at=visit.at, text="" if by_code else q),
        "invitations": invitations,
        "invited": next(
            (i for i in invitations if found and i.uscc == found.uscc and i.state == "open"), None
        ),
        "message": message,
        "form_error": form_error,
        "may_query": may_query(visit.actor),
    }
    status = 422 if error or form_error else 200
    return desk_page(visit, "institution/firms.html", "firms", context, status=status)


def _by_code(
    visit: Visit[InstitutionActor], q: str
) -> tuple[identity.EnterpriseFound | None, str, list[Listed]]:
    """The firm of a code; of another number that one firm of the register has or had; several when several had it."""
    try:
        return identity.find_enterprise(visit.actor, uscc=as_code(q)), "", []
    except Invalid as wrong:
        listed = search_register(visit.actor.user_id or "", q, visit.at, numbers_only=True) if has_register() else []  # fmt: skip
        if len(listed) == 1:
            return identity.find_enterprise(visit.actor, uscc=listed[0].uscc), "", []
        said = words(wrong.code)
        return None, "" if listed else f"{said.title}{_('。')}{said.step}", listed


@require_POST
@institution_page
def invite(visit: Visit[InstitutionActor]) -> HttpResponse:
    """Ask a firm without a data account to log in for the first time."""
    post = visit.request.POST
    code, message = as_code(post.get("uscc", "")), post.get("message", "").strip()
    back = f"{reverse('institution:firms')}?{urlencode({'q': code})}"
    try:
        if len(message) > MESSAGE_MOST:
            raise Invalid(Code.INVALID, "too long", facts={"field": "message"})
        invite_enterprise(actor=visit.actor, uscc=code, message=message, at=visit.at)
    except Conflict as refused:
        record_refusal(visit.request, refused)
        return HttpResponseRedirect(back)  # it has a data account by now: the page says so
    except Invalid as refused:
        return _page(visit, post.get("uscc", ""), message=message, refused=refused)
    return HttpResponseRedirect(back)
